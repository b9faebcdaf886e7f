//! Session tokens of demo users, shaped like Clerk's (session token version 2).

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::{demo, dev_keys};

/// `https://` and `CLERK_DOMAIN` of the local environment in wrangler.toml.
const ISSUER: &str = "https://clerk.koby-portal.localhost";

/// Options of `cargo xtask token`.
#[derive(Args)]
pub(crate) struct TokenArgs {
    /// Whose token: demo-owner, demo-admin, demo-member, demo-viewer, demo-other, demo-staff …
    #[arg(long)]
    user: String,
    /// How long it is valid, in seconds
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    ttl_s: u32,
    /// The origin of the page that asked for it
    #[arg(long, value_name = "ORIGIN", default_value = "http://localhost:3000")]
    azp: String,
}

/// Runs `cargo xtask token`: prints the token and a line end, nothing else.
pub(crate) fn command(args: &TokenArgs) -> Result<()> {
    let user = demo::find(&args.user).with_context(|| {
        format!("there is no demo user {}; known are {}", args.user, demo::names())
    })?;
    let key = dev_keys::signing_key()?;
    let now_s =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?.as_secs();
    let claims = claims(user.subject, &args.azp, now_s, args.ttl_s)?;
    println!("{}", signed(&key, &claims)?);
    Ok(())
}

fn claims(subject: &str, azp: &str, now_s: u64, ttl_s: u32) -> Result<Value> {
    Ok(json!({
        "azp": azp,
        "exp": now_s + u64::from(ttl_s),
        // Minutes since the first factor was verified; there was no second one.
        "fva": [0, -1],
        "iat": now_s,
        "iss": ISSUER,
        "jti": dev_keys::random_text()?,
        "nbf": now_s - 10,
        "sid": format!("sess_{}", dev_keys::random_text()?),
        "sub": subject,
        "v": 2,
    }))
}

fn signed(key: &RsaKeyPair, claims: &Value) -> Result<String> {
    let header = json!({
        "alg": "RS256",
        "cat": "cl_B7d4PD111AAA",
        "kid": "local_dev",
        "typ": "JWT",
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed_text = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed_text.as_bytes(), &mut signature)
        .ok()
        .context("the token could not be signed")?;
    Ok(format!("{signed_text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::claims;

    #[test]
    fn a_token_is_valid_from_ten_seconds_ago_until_its_end() -> anyhow::Result<()> {
        let claims = claims("user_demo_owner", "http://localhost:3000", 1_000, 60)?;
        assert_eq!(
            (&claims["nbf"], &claims["iat"], &claims["exp"]),
            (&990.into(), &1_000.into(), &1_060.into())
        );
        Ok(())
    }
}
