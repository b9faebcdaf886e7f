//! Webhook signatures (Stripe docs, "Verify webhook signatures manually").

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The `Stripe-Signature` header of a body that is sent at `t` seconds: one `v1` for each secret that is active. The
/// whole secret, `whsec_` included, is the key.
pub fn signed<S: AsRef<str>>(body: &str, secrets: &[S], t: i64) -> String {
    let mut header = format!("t={t}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&mac(secret.as_ref(), t, body));
    }
    header
}

fn mac(secret: &str, t: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{t}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_active_secret_signs() {
        let header = signed("{}", &["whsec_old", "whsec_new"], 1_700_000_000);
        let both = signed("{}", &["whsec_new"], 1_700_000_000);
        assert_eq!(header.matches("v1=").count(), 2);
        assert!(header.starts_with("t=1700000000,v1=") && header.ends_with(&both[13..]));
    }
}
