//! Clerk session tokens: the rules of Clerk's own SDK, stricter where it is lax
//! (Clerk docs, "Manual JWT verification"; RFC 8725).
//!
//! The signature is judged before the claims, so that an answer tells a forger nothing about them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};
use jwt_compact::UntrustedToken;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::jwks::PublicKey;
use crate::app::{BoxFuture, Op};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::ClerkUserId;
use crate::origin::Origin;
use crate::time::Timestamp;

/// `kid` of tokens made by `cargo xtask token`.
pub const LOCAL_KEY_ID: &str = "local_dev";
/// `iss` of tokens made by `cargo xtask token`.
pub const LOCAL_ISSUER: &str = "https://clerk.koby-portal.localhost";

/// Tolerance between Clerk's clock and ours.
const SKEW: Duration = Duration::from_secs(5);
/// Longest a verified token is remembered, so that a withdrawn key is noticed.
const LONGEST_CACHED: Duration = Duration::from_mins(5);
/// Verified tokens that one isolate remembers.
const MOST_CACHED: usize = 2_048;
/// Clerk's tokens are about 1 KiB; a cookie could not hold more than 4.
const LONGEST_TOKEN: usize = 8 * 1024;

/// Checks RS256 signatures, and refuses RSA keys under 2048 bits.
pub trait SignatureVerifier: Send + Sync {
    /// Whether `signature` is `key`'s over `signed`. The error is private text about the key.
    fn verify<'a>(
        &'a self,
        key: &'a PublicKey,
        signed: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool, String>>;
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `sub`.
    pub user: ClerkUserId,
    /// `sid`: the session that the token is of.
    pub id: Option<String>,
    /// `act.sub`: who impersonates the user.
    pub impersonator: Option<String>,
    /// What the token says of the person; unverified, for display only.
    pub profile: Profile,
    /// `iat`.
    pub issued_at: Timestamp,
    expires: Timestamp,
}

/// Display claims; Clerk's default token has none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// `email` or `primary_email_address`.
    pub email: Option<String>,
    /// `name`, or `first_name` and `last_name`.
    pub name: Option<String>,
    /// `image_url` or `profile_image_url`.
    pub avatar_url: Option<String>,
}

/// Verified tokens by digest, so that a page that sends one token for a minute is verified once.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<HashMap<[u8; 32], Remembered>>);

/// Until when a session counts.
type Remembered = (Timestamp, Arc<Session>);

impl TokenCache {
    fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<Arc<Session>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(digest).filter(|(until, _)| *until > now).map(|(_, session)| Arc::clone(session))
    }

    fn put(&self, digest: [u8; 32], session: Arc<Session>, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MOST_CACHED {
            tokens.retain(|_, (until, _)| *until > now);
            if tokens.len() >= MOST_CACHED {
                tokens.clear();
            }
        }
        let until = session.expires.plus(SKEW).min(now.plus(LONGEST_CACHED));
        tokens.insert(digest, (until, session));
    }
}

/// Verifies the request's bearer token.
///
/// # Errors
/// 401 with one text for every cause; 503 when Clerk's keys cannot be had.
pub async fn authenticate(op: &Op, headers: &HeaderMap) -> Result<Arc<Session>> {
    let token = bearer(headers)?;
    let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    if let Some(session) = op.app.tokens.get(&digest, op.now()) {
        return Ok(session);
    }
    let session = Arc::new(verify(op, token).await?);
    op.app.tokens.put(digest, Arc::clone(&session), op.now());
    Ok(session)
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let value = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Error::unauthenticated("no Authorization header"))?;
    let text = value.to_str().map_err(|_| Error::unauthenticated("Authorization is not text"))?;
    let (scheme, token) =
        text.split_once(' ').ok_or_else(|| Error::unauthenticated("Authorization has no token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::unauthenticated("Authorization is not Bearer"));
    }
    let token = token.trim();
    if token.is_empty() || token.len() > LONGEST_TOKEN {
        return Err(Error::unauthenticated("the token's length is out of bounds"));
    }
    Ok(token)
}

async fn verify(op: &Op, token: &str) -> Result<Session> {
    let parsed: UntrustedToken<'_, Members> = token
        .try_into()
        .map_err(|error| Error::unauthenticated(format!("the token does not parse: {error}")))?;
    let key_id = judge_header(&parsed).map_err(Error::unauthenticated)?;
    let (key, issuer) = key_and_issuer(op, &key_id).await?;

    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    let genuine = op
        .app
        .ports
        .signatures
        .verify(&key, signed.as_bytes(), parsed.signature_bytes())
        .await
        .map_err(|error| Error::unauthenticated(format!("the key cannot be used: {error}")))?;
    if !genuine {
        return Err(Error::unauthenticated("the signature does not match"));
    }

    let claims = parsed
        .deserialize_claims_unchecked::<Members>()
        .map_err(|error| Error::unauthenticated(format!("the claims do not parse: {error}")))?;
    judge_claims(&claims, &issuer, &op.app.config, op.now()).map_err(Error::unauthenticated)
}

/// The key that a `kid` names, and the issuer that tokens of that key must state.
async fn key_and_issuer(op: &Op, key_id: &str) -> Result<(PublicKey, String)> {
    let config = &op.app.config;
    if key_id == LOCAL_KEY_ID {
        return match &config.local_jwt_key {
            Some(der) => Ok((PublicKey::Spki(der.clone()), LOCAL_ISSUER.to_owned())),
            None => Err(Error::unauthenticated("the local key is not accepted here")),
        };
    }
    let Some(domain) = &config.clerk_domain else {
        return Err(Error::unavailable("not_configured", "CLERK_DOMAIN is missing or refused"));
    };
    let key = match &config.clerk_jwt_key {
        Some(der) => PublicKey::Spki(der.clone()),
        None => op.app.keys.key(op, key_id).await?,
    };
    Ok((key, format!("https://{domain}")))
}

/// Token categories (`cat`): a session token, or an instance that states none.
const ACCEPTED_CATEGORIES: [&str; 2] = ["cl_B7d4PD111AAA", "cl_I7d4PD111III"];

/// Gives the key id of a header that may be trusted to name one.
fn judge_header(token: &UntrustedToken<'_, Members>) -> Result<String, &'static str> {
    let header = token.header();
    if token.algorithm() != "RS256" {
        return Err("the algorithm is not RS256");
    }
    if header.token_type.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err("the token is not a JWT by its type");
    }
    // RFC 7515, 4.1.11: extensions that must be understood. None is.
    if header.other_fields.contains_key("crit") {
        return Err("the token demands extensions");
    }
    let category = header.other_fields.get("cat");
    if category
        .is_some_and(|cat| !cat.as_str().is_some_and(|cat| ACCEPTED_CATEGORIES.contains(&cat)))
    {
        return Err("the token is of another category");
    }
    match header.key_id.as_deref() {
        Some(key_id) if !key_id.is_empty() => Ok(key_id.to_owned()),
        _ => Err("the token names no key"),
    }
}

/// Members of a token's header or claims beyond those that the JWT library reads (`alg`, `typ`, `kid`;
/// `exp`, `nbf` and `iat`, which must be numbers).
type Members = Map<String, Value>;

/// A claim that is text; one of another type is as good as absent.
fn text<'a>(claims: &'a Members, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Judges the claims of a token whose signature holds.
fn judge_claims(
    claims: &jwt_compact::Claims<Members>,
    issuer: &str,
    config: &Config,
    now: Timestamp,
) -> Result<Session, &'static str> {
    let [expires, not_before, issued_at] = [claims.expiration, claims.not_before, claims.issued_at]
        .map(|moment| moment.map(|moment| Timestamp::from_seconds(moment.timestamp())));
    let claims = &claims.custom;

    let user = text(claims, "sub").ok_or("no subject")?;
    if text(claims, "iss") != Some(issuer) {
        return Err("another issuer");
    }
    judge_party(claims.get("azp"), config)?;
    let expires = expires.ok_or("no expiry")?;
    if expires <= now.minus(SKEW) {
        return Err("expired");
    }
    if [not_before, issued_at].into_iter().flatten().any(|start| start > now.plus(SKEW)) {
        return Err("not valid yet");
    }
    if claims.get("sts").is_some_and(|status| status != "active") {
        return Err("the session is pending");
    }
    let owned = |name: &str| text(claims, name).map(str::to_owned);
    Ok(Session {
        user: ClerkUserId::from(user.to_owned()),
        id: owned("sid"),
        impersonator: claims.get("act").map(impersonator),
        profile: Profile {
            email: owned("email").or_else(|| owned("primary_email_address")),
            name: owned("name").or_else(|| full_name(claims)),
            avatar_url: owned("image_url").or_else(|| owned("profile_image_url")),
        },
        issued_at: issued_at.unwrap_or(Timestamp::from_seconds(0)),
        expires,
    })
}

/// `act.sub`; an actor that cannot be named is still one.
fn impersonator(act: &Value) -> String {
    act.get("sub").and_then(Value::as_str).unwrap_or("unknown").to_owned()
}

/// `azp`, the page that asked Clerk for the token, must be on the list once there is one.
fn judge_party(azp: Option<&Value>, config: &Config) -> Result<(), &'static str> {
    if !config.azp_is_judged {
        return Ok(());
    }
    let Some(azp) = azp.and_then(Value::as_str) else {
        return Err("no authorized party");
    };
    match Origin::parse(azp) {
        // Clerk writes serialized origins; another spelling is another party.
        Some(origin) if origin.to_string() == azp && config.allowed_origins.allows(&origin) => {
            Ok(())
        }
        _ => Err("another authorized party"),
    }
}

fn full_name(claims: &Members) -> Option<String> {
    let parts = ["first_name", "last_name"].into_iter().filter_map(|name| text(claims, name));
    let name = parts.collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}
