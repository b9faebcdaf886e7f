//! A site's own key: `sk_{client}_{environment}_{random}`.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::config::Environment;
use crate::error::Result;
use crate::ids::random_bytes;

/// Longest name of the client in a key.
const LONGEST_CLIENT: usize = 24;

/// A new key. `client` is the org's slug or name; whoever reads a key in a page's source sees whose it is.
pub(super) fn new_site_key(client: &str, environment: Environment) -> Result<String> {
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
    Ok(format!("sk_{client}_{environment}_{random}"))
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
}
