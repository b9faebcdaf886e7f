//! Keys that say which site a page talks to: `sk_{client}_{environment}_{random}` is a site's own,
//! `dk_{client}_{environment}_{random}` that of one of its deployments. They are public. One that is replaced goes on
//! for some hours, so that pages that still hold it keep working, and then opens nothing for ever.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::body;
use crate::config::Environment;
use crate::error::Result;
use crate::http::body::Whole;
use crate::ids::random_bytes;
use crate::time::Timestamp;

/// Longest name of the client in a key.
const LONGEST_CLIENT: usize = 24;
/// How long a replaced key goes on, unless the request says otherwise.
const OVERLAP_HOURS: i64 = 24;

/// A new key of a site. `client` is the org's slug or name; whoever reads a key in a page's source sees whose it is.
pub(super) fn new_site_key(client: &str, environment: Environment) -> Result<String> {
    new_key("sk", client, environment)
}

/// A new key of a deployment in this environment.
pub(crate) fn new_deploy_key(client: &str, environment: Environment) -> Result<String> {
    new_key("dk", client, environment)
}

fn new_key(kind: &str, client: &str, environment: Environment) -> Result<String> {
    let client: String = client
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(char::is_ascii_alphanumeric)
        .take(LONGEST_CLIENT)
        .collect();
    // A name in another script leaves nothing.
    let client = if client.is_empty() { "org" } else { &client };
    let environment = match environment {
        Environment::Development => "dev",
        Environment::Staging => "stg",
        Environment::Production => "live",
    };
    let random = Base64UrlUnpadded::encode_string(&random_bytes::<16>()?);
    Ok(format!("{kind}_{client}_{environment}_{random}"))
}

body! {
    /// How a key is replaced.
    pub struct KeyRotationIn {
        /// How many hours the key goes on, 24 if absent. 0 is for a key in wrong hands: it, and any that was replaced
        /// before, end at once.
        overlap_hours as "overlapHours": Option<Whole<0, 72>>,
    }
}

/// When the keys end that a rotation replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overlap {
    /// When the present key ends.
    pub(crate) ends: Timestamp,
    /// Whether those that were replaced before end now, too.
    pub(crate) is_at_once: bool,
}

impl KeyRotationIn {
    /// The overlap of a rotation at this moment.
    pub(crate) fn overlap(&self, now: Timestamp) -> Overlap {
        let hours = self.overlap_hours.map_or(OVERLAP_HOURS, |hours| hours.0);
        let hours = u64::try_from(hours).unwrap_or_default();
        Overlap { ends: now.plus(Duration::from_hours(hours)), is_at_once: hours == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_whose_it_is_and_where() {
        for (client, environment, head) in [
            ("bright-smile", Environment::Production, "sk_brightsmile_live_"),
            ("Zahn & Ärzte 24", Environment::Staging, "sk_zahnrzte24_stg_"),
            ("歯科", Environment::Development, "sk_org_dev_"),
            (&"a".repeat(80), Environment::Staging, "sk_aaaaaaaaaaaaaaaaaaaaaaaa_stg_"),
        ] {
            let key = new_site_key(client, environment).unwrap();
            assert!(key.starts_with(head), "{key}");
            assert_eq!(key.len(), head.len() + 22);
            assert_ne!(new_site_key(client, environment).unwrap(), key);
        }
    }

    #[test]
    fn a_replaced_key_goes_on_for_a_day_unless_it_is_said_otherwise() {
        let now = Timestamp::from_millis(0);
        let overlap = |hours| KeyRotationIn { overlap_hours: hours }.overlap(now);
        assert_eq!(overlap(None).ends.seconds(), 24 * 3_600);
        assert_eq!(overlap(Some(Whole(72))).ends.seconds(), 72 * 3_600);
        assert!(!overlap(Some(Whole(1))).is_at_once);
        let none = overlap(Some(Whole(0)));
        assert_eq!((none.ends, none.is_at_once), (now, true));
    }
}
