//! Keys, tokens and signatures as the vendors make them.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, Mac as _};
use koby_portal::app::BoxFuture;
use koby_portal::auth::jwks::PublicKey;
use koby_portal::auth::session::SignatureVerifier;
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// DER that stands before the RSA key in a `SubjectPublicKeyInfo` of 2048 bits.
const SPKI_PREFIX: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// A key of the fixtures and the id it is published under.
#[derive(Clone)]
pub struct SigningKey {
    pub id: &'static str,
    pem: &'static str,
}

impl SigningKey {
    pub fn clerk() -> Self {
        Self { id: "ins_clerk", pem: include_str!("../../fixtures/clerk.key.pem") }
    }

    /// The key that Clerk rotates to.
    pub fn rotated() -> Self {
        Self { id: "ins_rotated", pem: include_str!("../../fixtures/rotated.key.pem") }
    }

    /// A key that Clerk never published.
    pub fn stranger() -> Self {
        Self { id: "ins_clerk", pem: include_str!("../../fixtures/stranger.key.pem") }
    }

    /// The same key under another id.
    pub fn named(self, id: &'static str) -> Self {
        Self { id, ..self }
    }

    fn pair(&self) -> RsaKeyPair {
        let body: String = self.pem.lines().filter(|line| !line.starts_with("-----")).collect();
        RsaKeyPair::from_pkcs8(&Base64::decode_vec(&body).unwrap()).unwrap()
    }

    pub fn jwk(&self) -> Value {
        let pair = self.pair();
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
        let n = Base64UrlUnpadded::encode_string(&public.n);
        let e = Base64UrlUnpadded::encode_string(&public.e);
        json!({"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256", "n": n, "e": e})
    }

    /// The public half as a PEM on one line, as variables hold it.
    pub fn public_pem(&self) -> String {
        let mut der = SPKI_PREFIX.to_vec();
        der.extend(self.pair().public_key().as_ref());
        let body = Base64::encode_string(&der);
        format!("-----BEGIN PUBLIC KEY-----\\n{body}\\n-----END PUBLIC KEY-----\\n")
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let pair = self.pair();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .unwrap();
        signature
    }
}

/// A token in the making.
#[derive(Clone)]
pub struct Token {
    key: SigningKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token {
    /// A session token as Clerk issues it, valid for a minute.
    pub fn issued(user: &str, now: i64) -> Self {
        let header =
            json!({"alg": "RS256", "typ": "JWT", "kid": "ins_clerk", "cat": "cl_B7d4PD111AAA"});
        let claims = json!({
            "sub": user, "sid": "sess_1", "iss": "https://clerk.example.com",
            "azp": "https://app.example.com", "iat": now, "nbf": now - 10, "exp": now + 60, "v": 2,
        });
        Self {
            key: SigningKey::clerk(),
            header: header.as_object().unwrap().clone(),
            claims: claims.as_object().unwrap().clone(),
        }
    }

    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signed by this key, under its id.
    pub fn by(mut self, key: SigningKey) -> Self {
        self.header.insert("kid".to_owned(), key.id.into());
        self.key = key;
        self
    }

    pub fn sign(&self) -> String {
        let part = |map: &Map<String, Value>| {
            Base64UrlUnpadded::encode_string(serde_json::to_string(map).unwrap().as_bytes())
        };
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = Base64UrlUnpadded::encode_string(&self.key.sign(&signed));
        format!("{signed}.{signature}")
    }
}

/// RS256 by ring, in place of the runtime's WebCrypto.
pub struct RingVerifier;

impl SignatureVerifier for RingVerifier {
    fn verify<'a>(
        &'a self,
        key: &'a PublicKey,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool, String>> {
        let genuine = match key {
            PublicKey::Components { n, e } => {
                let n = Base64UrlUnpadded::decode_vec(n).unwrap_or_default();
                let e = Base64UrlUnpadded::decode_vec(e).unwrap_or_default();
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                    .is_ok()
            }
            PublicKey::Spki(der) => {
                let key = der.strip_prefix(&SPKI_PREFIX).unwrap_or_default();
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                    .verify(signed, signature)
                    .is_ok()
            }
        };
        Box::pin(std::future::ready(Ok(genuine)))
    }
}

/// Stripe's signature of a body.
pub fn stripe_signature(body: &str, secret: &str, now: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{now}.{body}").as_bytes());
    format!("t={now},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The signing secret of Clerk's endpoint: that of Standard Webhooks' public vector.
pub const CLERK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A signature of a message, as Svix makes it.
pub fn svix_signature(id: &str, body: &[u8], secret: &str, now: i64) -> String {
    let key = Base64::decode_vec(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{now}.").as_bytes());
    mac.update(body);
    format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
}
