//! The signature of Clerk's events, which Svix delivers: HMAC-SHA256 of `<id>.<timestamp>.<raw body>` (Standard
//! Webhooks, "Signature scheme"; Svix docs, "Verifying payloads manually"), with what the vendors' libraries let pass
//! beyond that refused.

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

use crate::secret::Secret;
use crate::time::Timestamp;

/// Seconds between the sender's clock and ours, either way.
const TOLERANCE_S: i64 = 300;
/// Longest header of signatures that is looked at.
const LONGEST_HEADER: usize = 4096;
/// Most signatures that are looked at.
const MOST_SIGNATURES: usize = 16;
/// Digits of a timestamp.
const MOST_DIGITS: usize = 12;
/// Characters of an id, which is a key of the database.
const LONGEST_ID: usize = 256;
/// Bytes of a key (Standard Webhooks: 24 to 64).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The names of id, timestamp and signatures: Svix's own, then those of Standard Webhooks.
const FAMILIES: [[&str; 3]; 2] = [
    ["svix-id", "svix-timestamp", "svix-signature"],
    ["webhook-id", "webhook-timestamp", "webhook-signature"],
];

/// The key of an endpoint's signing secret.
#[derive(Debug, Clone)]
pub struct SigningKey(Secret<Vec<u8>>);

impl SigningKey {
    /// Reads a secret: `whsec_` and the base64 of 24 to 64 bytes. Nothing if it is another text.
    pub fn parse(secret: &str) -> Option<Self> {
        let bytes = Base64::decode_vec(secret.strip_prefix("whsec_")?).ok()?;
        KEY_BYTES.contains(&bytes.len()).then(|| Self(Secret::new(bytes)))
    }
}

/// Why a signature was refused; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("id, timestamp and signature are not all there, once each")]
    Headers,
    #[error("the header is too long or has too many signatures")]
    Oversized,
    #[error("the id is not of visible characters without a dot")]
    Id,
    #[error("the timestamp is not of digits")]
    Timestamp,
    #[error("the timestamp is more than 300 s from now")]
    Tolerance,
    #[error("no signature matches")]
    Mismatch,
}

/// Verifies the raw `body` with any of the `keys`; gives the id of the message, which all its deliveries share.
pub(super) fn verify<'a>(
    headers: &'a HeaderMap,
    body: &[u8],
    keys: &[SigningKey],
    now: Timestamp,
) -> Result<&'a str, SignatureError> {
    let [id, timestamp, signatures] = FAMILIES
        .into_iter()
        .find_map(|family| of_family(headers, family))
        .ok_or(SignatureError::Headers)?;
    if signatures.len() > LONGEST_HEADER {
        return Err(SignatureError::Oversized);
    }
    judge_id(id)?;
    judge_time(timestamp, now)?;
    let signatures = parse(signatures)?;
    let matches = signatures
        .iter()
        .any(|signature| keys.iter().any(|key| is_mac(key, [id, timestamp], body, signature)));
    if matches { Ok(id) } else { Err(SignatureError::Mismatch) }
}

/// The three headers of one family, if each is there once.
fn of_family<'a>(headers: &'a HeaderMap, names: [&str; 3]) -> Option<[&'a str; 3]> {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?.trim();
        (values.next().is_none() && !value.is_empty()).then_some(value)
    };
    let [id, timestamp, signatures] = names;
    Some([one(id)?, one(timestamp)?, one(signatures)?])
}

fn judge_id(id: &str) -> Result<(), SignatureError> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    if is_plain && id.len() <= LONGEST_ID { Ok(()) } else { Err(SignatureError::Id) }
}

fn judge_time(text: &str, now: Timestamp) -> Result<(), SignatureError> {
    let digits = text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(SignatureError::Timestamp);
    }
    let sent: i64 = text.parse().map_err(|_| SignatureError::Timestamp)?;
    if (now.seconds() - sent).abs() > TOLERANCE_S {
        return Err(SignatureError::Tolerance);
    }
    Ok(())
}

/// The `v1` signatures; other versions are ignored, never trusted.
fn parse(header: &str) -> Result<Vec<Vec<u8>>, SignatureError> {
    let mut signatures = Vec::new();
    for text in header.split(' ').filter_map(|entry| entry.strip_prefix("v1,")) {
        if signatures.len() == MOST_SIGNATURES {
            return Err(SignatureError::Oversized);
        }
        // One that does not decode counts, and matches nothing.
        signatures.push(Base64::decode_vec(text).unwrap_or_default());
    }
    Ok(signatures)
}

/// Compares in constant time.
fn is_mac(key: &SigningKey, [id, timestamp]: [&str; 2], body: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.0.expose()) else {
        return false;
    };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use serde_json::Value;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NOW: i64 = 1_614_265_330;

    fn headers(entries: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in entries {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn judge(headers: &HeaderMap) -> Result<&str, SignatureError> {
        let keys = [SigningKey::parse(SECRET).unwrap()];
        verify(headers, br#"{"test": 2432232314}"#, &keys, Timestamp::from_seconds(NOW))
    }

    const GENUINE: [(&str, &str); 3] = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];

    #[test]
    fn the_public_vector_passes_and_names_its_message() {
        assert_eq!(judge(&headers(&GENUINE)), Ok("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    }

    /// The table that `tests/runtime/signatures.test.mjs` asks the vendors' own libraries.
    #[test]
    fn the_shared_table_is_judged_as_it_says() {
        let table = include_str!("../../tests/fixtures/svix_signatures.json");
        let cases: Vec<Value> = serde_json::from_str(table).unwrap();
        assert!(cases.len() >= 40);
        for case in &cases {
            let text = |member: &str| case[member].as_str().unwrap();
            let keys: Vec<SigningKey> = case["secrets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|secret| SigningKey::parse(secret.as_str().unwrap()).unwrap())
                .collect();
            let entries: Vec<(&str, &str)> = case["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let now = Timestamp::from_seconds(case["now"].as_i64().unwrap());
            let headers = headers(&entries);
            let judged = verify(&headers, text("body").as_bytes(), &keys, now);
            let ours = if judged.is_ok() { "accept" } else { "reject" };
            assert_eq!(ours, text("ours"), "{}: {judged:?}", text("name"));
            let stricter = [text("svix"), text("standardwebhooks")].contains(&"accept");
            if ours == "reject" && stricter {
                assert!(case["why"].is_string(), "{} has no reason", text("name"));
            }
        }
    }

    #[test]
    fn reasons_are_told_apart_for_the_log() {
        use SignatureError::{Headers, Id, Mismatch, Oversized, Timestamp, Tolerance};
        let many = "v1,AA== ".repeat(17);
        let long = "x".repeat(4097);
        for (at, value, reason) in [
            (0, " ", Headers),
            (0, "msg.1", Id),
            (0, "msg 1", Id),
            (1, "1614265330.0", Timestamp),
            (1, "1614265631", Tolerance),
            (1, "1614265029", Tolerance),
            (2, "v1,AA==", Mismatch),
            (2, &many, Oversized),
            (2, &long, Oversized),
        ] {
            let mut entries = GENUINE;
            entries[at].1 = value;
            assert_eq!(judge(&headers(&entries)), Err(reason), "{value}");
        }
    }

    #[test]
    fn spaces_around_are_nothing_and_headers_come_once() {
        let padded = GENUINE.map(|(name, value)| (name, format!(" {value} ")));
        let padded: Vec<(&str, &str)> =
            padded.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(judge(&headers(&padded)).is_ok());
        let mut twice = GENUINE.to_vec();
        twice.push(("webhook-id", "msg_other"));
        assert_eq!(judge(&headers(&twice)), Err(SignatureError::Headers));
    }

    #[test]
    fn keys_have_24_to_64_bytes_behind_their_prefix() {
        let secret = |bytes: usize| format!("whsec_{}", Base64::encode_string(&vec![7; bytes]));
        for (secret, is_good) in [
            (secret(24), true),
            (secret(32), true),
            (secret(64), true),
            (secret(23), false),
            (secret(65), false),
            (secret(0), false),
            (secret(32).replace("whsec_", ""), false),
            (secret(32).replace('=', ""), false),
            ("whsec_not base64 at all, but long enough".to_owned(), false),
        ] {
            assert_eq!(SigningKey::parse(&secret).is_some(), is_good, "{secret}");
        }
    }

    #[test]
    fn without_a_key_nothing_passes() {
        let headers = headers(&GENUINE);
        let judged =
            verify(&headers, br#"{"test": 2432232314}"#, &[], Timestamp::from_seconds(NOW));
        assert_eq!(judged, Err(SignatureError::Mismatch));
    }
}
