//! Clerk's key set: fetched when needed, kept ten minutes, asked again for an unknown `kid` at most
//! every 30 seconds. When keys cannot be had the answer is 503: we cannot know whether a token is good.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::app::Op;
use crate::error::{Error, Result};
use crate::http::client::HttpRequest;
use crate::time::Timestamp;

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_AGE: Duration = Duration::from_mins(10);
const COOL_DOWN: Duration = Duration::from_secs(30);
const LARGEST_SET: usize = 64 * 1024;
/// A Clerk instance has one or two keys.
const MOST_KEYS: usize = 16;

/// An RSA public key in the form it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// Base64url modulus and exponent, as in a key set.
    Components {
        /// Modulus.
        n: String,
        /// Exponent.
        e: String,
    },
    /// `SubjectPublicKeyInfo` in DER, as inside a PEM.
    Spki(Vec<u8>),
}

/// The keys of this isolate. No lock is held while a set is fetched, and no fetch is shared between
/// requests: on Workers a request may not wait for what another one started.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Option<KeySet>>);

#[derive(Debug, Clone)]
struct KeySet {
    keys: Vec<(String, PublicKey)>,
    fetched: Timestamp,
}

impl KeySet {
    fn find(&self, key_id: &str) -> Option<PublicKey> {
        self.keys.iter().find(|(id, _)| id == key_id).map(|(_, key)| key.clone())
    }

    fn is_younger_than(&self, age: Duration, now: Timestamp) -> bool {
        self.fetched.plus(age) > now
    }
}

impl KeyCache {
    /// The key that `key_id` names.
    ///
    /// # Errors
    /// 401 when a current set does not hold it, 503 when no current set can be had.
    pub async fn key(&self, op: &Op, key_id: &str) -> Result<PublicKey> {
        let now = op.now();
        let cached = self.cached().filter(|set| set.is_younger_than(MAX_AGE, now));
        if let Some(set) = &cached {
            if let Some(key) = set.find(key_id) {
                return Ok(key);
            }
            if set.is_younger_than(COOL_DOWN, now) {
                return Err(unknown_key());
            }
        }
        let set = KeySet { keys: fetch(op).await?, fetched: op.now() };
        let key = set.find(key_id).ok_or_else(unknown_key);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(set);
        key
    }

    fn cached(&self) -> Option<KeySet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[track_caller]
fn unknown_key() -> Error {
    Error::unauthenticated("no key of that id in Clerk's current set")
}

/// Fetches the set; one failure is tried again.
async fn fetch(op: &Op) -> Result<Vec<(String, PublicKey)>> {
    let unavailable = |reason: String| Error::unavailable("keys_unavailable", reason);
    let Some(url) = op.app.config.clerk_jwks_url.as_deref() else {
        return Err(unavailable("no key set address is configured".to_owned()));
    };
    let mut reason = String::new();
    for _attempt in 0..2 {
        let request = HttpRequest {
            method: "GET",
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout: FETCH_TIMEOUT,
            max_bytes: LARGEST_SET,
        };
        match op.app.ports.http.send(request).await {
            Ok(answer) if answer.status == 200 => match parse(&answer.body) {
                Ok(keys) => return Ok(keys),
                Err(problem) => problem.clone_into(&mut reason),
            },
            Ok(answer) => reason = format!("the key set answered {}", answer.status),
            Err(failure) => reason = format!("the key set cannot be fetched: {failure}"),
        }
    }
    Err(unavailable(reason))
}

/// Reads a key set, and refuses one that mixes in private or symmetric keys or repeats an id.
fn parse(body: &[u8]) -> Result<Vec<(String, PublicKey)>, &'static str> {
    let set: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "the key set does not parse")?;
    let Some(documents) = set.get("keys").and_then(Value::as_array) else {
        return Err("the key set has no keys member");
    };
    if documents.len() > MOST_KEYS {
        return Err("the key set has too many keys");
    }
    let mut keys: Vec<(String, PublicKey)> = Vec::new();
    for key in documents {
        if key.get("d").is_some() || key.get("k").is_some() || member(key, "kty") == Some("oct") {
            return Err("the key set shows private keys");
        }
        let Some((id, public)) = usable(key) else {
            continue;
        };
        if keys.iter().any(|(known, _)| *known == id) {
            return Err("the key set repeats a key id");
        }
        keys.push((id, public));
    }
    Ok(keys)
}

fn member<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

fn usable(key: &Value) -> Option<(String, PublicKey)> {
    let verifies =
        |ops: &Value| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    let for_signatures = member(key, "kty") == Some("RSA")
        && key.get("use").is_none_or(|purpose| purpose == "sig")
        && key.get("key_ops").is_none_or(verifies)
        && key.get("alg").is_none_or(|algorithm| algorithm == "RS256");
    // 65537, the only exponent in use.
    let e = member(key, "e").filter(|e| *e == "AQAB")?;
    let (id, n) = (member(key, "kid")?, member(key, "n")?);
    for_signatures
        .then(|| (id.to_owned(), PublicKey::Components { n: n.to_owned(), e: e.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(set: &str) -> Result<Vec<String>, &'static str> {
        parse(set.as_bytes()).map(|keys| keys.into_iter().map(|(id, _)| id).collect())
    }

    #[test]
    fn keys_for_rs256_are_kept_and_others_skipped() {
        let set = r#"{"keys":[
            {"kty":"RSA","kid":"a","use":"sig","alg":"RS256","n":"xx","e":"AQAB"},
            {"kty":"RSA","kid":"b","n":"xx","e":"AQAB"},
            {"kty":"RSA","kid":"enc","use":"enc","n":"xx","e":"AQAB"},
            {"kty":"RSA","kid":"ops","key_ops":["encrypt"],"n":"xx","e":"AQAB"},
            {"kty":"RSA","kid":"alg","alg":"RS512","n":"xx","e":"AQAB"},
            {"kty":"RSA","kid":"exp","n":"xx","e":"Aw"},
            {"kty":"EC","kid":"ec","crv":"P-256","x":"x","y":"y"},
            {"kty":"RSA","n":"xx","e":"AQAB"}]}"#;
        assert_eq!(ids(set).unwrap(), ["a", "b"]);
    }

    #[test]
    fn sets_not_to_be_trusted_are_refused() {
        for set in [
            r#"{"keys":[{"kty":"RSA","kid":"a","n":"x","e":"AQAB"},{"kty":"RSA","kid":"a","n":"y","e":"AQAB"}]}"#,
            r#"{"keys":[{"kty":"oct","kid":"a","k":"secret"}]}"#,
            r#"{"keys":[{"kty":"RSA","kid":"a","n":"x","e":"AQAB","d":"private"}]}"#,
            "{}",
            "not json",
        ] {
            assert!(ids(set).is_err(), "{set}");
        }
    }
}
