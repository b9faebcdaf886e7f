//! The secret of a gateway token, `kgw_` and 43 random characters, and how a request brings it.

use axum::extract::FromRequestParts;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::request::Parts;
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

use crate::app::Op;
use crate::error::{Error, Kind, Result};
use crate::ids::random_bytes;

const PREFIX: &str = "kgw_";
/// 32 random bytes in base64url.
const RANDOM_CHARACTERS: usize = 43;
/// Characters of a secret that are kept to tell tokens apart; the rest is 222 random bits.
const HINT_CHARACTERS: usize = 10;

/// A new secret.
pub(super) fn new_secret() -> Result<String> {
    Ok(format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&random_bytes::<32>()?)))
}

/// The start of a secret, for people.
pub(super) fn hint(secret: &str) -> String {
    secret.chars().take(HINT_CHARACTERS).collect()
}

/// What is kept of a secret. Looked up whole in an index, so that the time it takes tells nothing of one.
pub(super) fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// What a request brings as `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}

fn is_secret(text: &str) -> bool {
    let random = text.strip_prefix(PREFIX).unwrap_or_default();
    random.len() == RANDOM_CHARACTERS
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The digest of the secret that a request brings, if it has the form of one.
pub fn token_digest(headers: &HeaderMap) -> Option<String> {
    bearer(headers).filter(|text| is_secret(text)).map(digest)
}

/// A request that brings what looks like a gateway token. What it opens is judged in SQL, by its digest.
pub struct ServerToken {
    /// The operation.
    pub op: Op,
    /// SHA-256 of the secret, in hexadecimal.
    pub digest: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ServerToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let op = Op::from_request_parts(parts, state).await?;
        match token_digest(&parts.headers) {
            Some(digest) => Ok(Self { op, digest }),
            None => Err(not_a_token(&parts.headers)),
        }
    }
}

fn not_a_token(headers: &HeaderMap) -> Error {
    let brought = bearer(headers).filter(|text| !text.is_empty());
    if brought.is_some_and(|text| text.starts_with("sk_")) || headers.contains_key("x-site-key") {
        return Error::new(Kind::Unauthenticated, "gateway_token_invalid", "Invalid gateway token").hint(
            "A site's key is public and is for its pages; servers send a gateway token: Authorization: Bearer kgw_….",
        );
    }
    match brought {
        Some(_) => invalid(),
        None => {
            Error::new(Kind::Unauthenticated, "gateway_token_missing", "Gateway token required")
                .hint("Send it as Authorization: Bearer kgw_….")
        }
    }
}

/// The refusal of a token that opens nothing: one text whatever the cause.
#[cold]
#[track_caller]
pub(super) fn invalid() -> Error {
    Error::new(Kind::Unauthenticated, "gateway_token_invalid", "Invalid gateway token")
        .hint("It is unknown, expired, rotated away or revoked; an admin of the organization can make another.")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        headers
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert!(is_secret(&one) && one.len() == 47);
        assert_ne!(one, other);
        assert_eq!((digest(&one).len(), hint(&one).as_str()), (64, &one[..10]));
        assert_ne!(digest(&one), digest(&other));
    }

    #[test]
    fn only_what_has_the_form_of_a_token_is_looked_up() {
        let secret = new_secret().unwrap();
        for good in [format!("Bearer {secret}"), format!("bearer  {secret} ")] {
            assert_eq!(token_digest(&headers(&good)), Some(digest(&secret)), "{good}");
        }
        for bad in [
            secret.clone(),
            format!("Basic {secret}"),
            format!("Bearer {secret}x"),
            format!("Bearer {}", secret.replace("kgw_", "sk__")),
            "Bearer kgw_short".to_owned(),
            "Bearer".to_owned(),
        ] {
            assert_eq!(token_digest(&headers(&bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_site_key_is_told_what_it_is() {
        let hint = |authorization: &str| {
            let error = not_a_token(&headers(authorization));
            (error.code(), error.public_hint().unwrap_or_default().to_owned())
        };
        assert!(hint("Bearer sk_alpha_live_x").1.contains("public"));
        assert_eq!(hint("Bearer eyJx").0, "gateway_token_invalid");
        assert_eq!(hint("Bearer").0, "gateway_token_missing");
    }
}
