//! Stripe's webhook signature: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>…]`, HMAC-SHA256 of
//! `<t>.<raw body>` (Stripe docs, "Verify webhook signatures manually"), with the ambiguous forms that
//! Stripe's libraries let pass refused.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;
use crate::time::Timestamp;

/// Seconds between Stripe's clock and ours, either way.
const TOLERANCE_S: i64 = 300;
/// Longest header that is looked at.
const LONGEST_HEADER: usize = 4096;
/// Most signatures that are looked at.
const MOST_SIGNATURES: usize = 16;
/// Digits of a timestamp.
const MOST_DIGITS: usize = 12;

/// Why a signature was refused; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("the header is too long or has too many signatures")]
    Oversized,
    #[error("the header has no single timestamp of digits")]
    Timestamp,
    #[error("the timestamp is more than 300 s from now")]
    Tolerance,
    #[error("no signature matches")]
    Mismatch,
}

/// Verifies `header` over the raw `body` with any of the `secrets`.
pub(super) fn verify(
    header: &str,
    body: &[u8],
    secrets: &[Secret<String>],
    now: Timestamp,
) -> Result<(), SignatureError> {
    if header.len() > LONGEST_HEADER {
        return Err(SignatureError::Oversized);
    }
    let (timestamp, signatures) = parse(header)?;
    let sent: i64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
    if (now.seconds() - sent).abs() > TOLERANCE_S {
        return Err(SignatureError::Tolerance);
    }
    let matches = signatures
        .iter()
        .any(|signature| secrets.iter().any(|secret| is_mac(secret, timestamp, body, signature)));
    if matches { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The timestamp and the `v1` signatures; other schemes are ignored, never trusted.
fn parse(header: &str) -> Result<(&str, Vec<Vec<u8>>), SignatureError> {
    let mut timestamp = None;
    let mut signatures = Vec::new();
    for item in header.split(',') {
        match item.split_once('=') {
            Some(("t", text)) => {
                let digits = !text.is_empty()
                    && text.len() <= MOST_DIGITS
                    && text.bytes().all(|b| b.is_ascii_digit());
                if !digits || timestamp.is_some() {
                    return Err(SignatureError::Timestamp);
                }
                timestamp = Some(text);
            }
            Some(("v1", text)) => {
                if signatures.len() == MOST_SIGNATURES {
                    return Err(SignatureError::Oversized);
                }
                signatures.extend(hex::decode(text).ok());
            }
            _ => {}
        }
    }
    Ok((timestamp.ok_or(SignatureError::Timestamp)?, signatures))
}

/// Compares in constant time.
fn is_mac(secret: &Secret<String>, timestamp: &str, body: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return false;
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_700_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn mac(secret: &str, timestamp: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(BODY);
        hex::encode(mac.finalize().into_bytes())
    }

    fn judge(header: &str) -> Result<(), SignatureError> {
        let secrets = ["whsec_new", "whsec_old"].map(|secret| Secret::new(secret.to_owned()));
        verify(header, BODY, &secrets, Timestamp::from_seconds(NOW))
    }

    fn at(seconds: i64) -> String {
        format!("t={seconds},v1={}", mac("whsec_new", &seconds.to_string()))
    }

    /// The table that `tests/runtime/signatures.test.mjs` asks Stripe's own library.
    #[test]
    fn the_shared_table_is_judged_as_it_says() {
        let table = include_str!("../../../tests/fixtures/stripe_signatures.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(table).unwrap();
        assert!(cases.len() >= 40);
        for case in &cases {
            let text = |member: &str| case[member].as_str().unwrap();
            let secrets: Vec<Secret<String>> = case["secrets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|secret| Secret::new(secret.as_str().unwrap().to_owned()))
                .collect();
            let now = Timestamp::from_seconds(case["now"].as_i64().unwrap());
            let judged = verify(text("header"), text("body").as_bytes(), &secrets, now);
            let ours = if judged.is_ok() { "accept" } else { "reject" };
            assert_eq!(ours, text("ours"), "{}: {judged:?}", text("name"));
            let differs = ours != text("stripe");
            assert_eq!(differs, case["why"].is_string(), "{}: a reason", text("name"));
        }
    }

    #[test]
    fn genuine_headers_pass() {
        let good = mac("whsec_new", &NOW.to_string());
        let old = mac("whsec_old", &NOW.to_string());
        for header in [
            format!("t={NOW},v1={good}"),
            format!("t={NOW},v1={}", good.to_uppercase()),
            format!("t={NOW},v1={old}"),
            format!("t={NOW},v1={},v1={good}", "00".repeat(32)),
            format!("t={NOW},v0=abc,v1={good}"),
            format!("t={NOW},v2=abc,v1={good},x"),
            format!("v1={good},t={NOW}"),
        ] {
            assert_eq!(judge(&header), Ok(()), "{header}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use SignatureError::{Mismatch, Oversized, Timestamp};
        let good = mac("whsec_new", &NOW.to_string());
        for (header, reason) in [
            (String::new(), Timestamp),
            (format!("v1={good}"), Timestamp),
            (format!("t={NOW}"), Mismatch),
            (format!("t={NOW},v0={good}"), Mismatch),
            (format!("t={NOW},v1="), Mismatch),
            (format!("t={NOW},v1={}", &good[..62]), Mismatch),
            (format!("t={NOW}, v1={good}"), Mismatch),
            (format!("t={NOW},v1={}", mac("whsec_other", &NOW.to_string())), Mismatch),
            (format!("t=1,t={NOW},v1={good}"), Timestamp),
            (format!("t={NOW}.5,v1={good}"), Timestamp),
            (format!("t=+{NOW},v1={good}"), Timestamp),
            (format!("t=-1,v1={good}"), Timestamp),
            (format!("t=1{},v1={good}", "0".repeat(12)), Timestamp),
            (format!("t={NOW}{}", format!(",v1={good}").repeat(17)), Oversized),
            (format!("t={NOW},v1={good},{}", "x".repeat(4096)), Oversized),
        ] {
            assert_eq!(judge(&header), Err(reason), "{header}");
        }
    }

    #[test]
    fn five_minutes_either_way() {
        assert_eq!(judge(&at(NOW - 300)), Ok(()));
        assert_eq!(judge(&at(NOW + 300)), Ok(()));
        assert_eq!(judge(&at(NOW - 301)), Err(SignatureError::Tolerance));
        assert_eq!(judge(&at(NOW + 301)), Err(SignatureError::Tolerance));
    }

    #[test]
    fn without_a_secret_nothing_passes() {
        assert_eq!(
            verify(&at(NOW), BODY, &[], Timestamp::from_seconds(NOW)),
            Err(SignatureError::Mismatch)
        );
    }
}
