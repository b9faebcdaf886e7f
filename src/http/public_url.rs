//! Addresses that customers give us to call.

use crate::config::Environment;
use crate::origin::Origin;

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is no public host's.
    NotPublic,
}

impl Reason {
    /// In words that follow the name of a member: `"url" must …`.
    pub fn expected(self) -> &'static str {
        "must be an https:// address of a public host"
    }
}

/// An address that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether an address may be called: `https` and a public name, but for the machine of a developer.
pub fn judge_secure(text: &str, environment: Environment) -> Result<PublicUrl, Reason> {
    let authority_end = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
    let (authority, _) = text.split_at_checked(authority_end).ok_or(Reason::NotPublic)?;
    let origin = Origin::parse(authority).ok_or(Reason::NotPublic)?.to_string();
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let name = host.split(':').next().unwrap_or_default();
    let own = matches!(name, "localhost" | "127.0.0.1");
    if own && environment == Environment::Development {
        return Ok(PublicUrl(text.to_owned()));
    }
    let top = name.rsplit('.').next().unwrap_or_default();
    let is_public = origin.starts_with("https://")
        && !host.contains(':')
        && name.contains('.')
        && top.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !top.starts_with("0x")
        && !matches!(
            top,
            "local" | "localhost" | "internal" | "lan" | "home" | "corp" | "arpa" | "test"
        );
    if is_public { Ok(PublicUrl(text.to_owned())) } else { Err(Reason::NotPublic) }
}
