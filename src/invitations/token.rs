//! The token of an invitation's link: known to who gets the link alone.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

use crate::error::Result;
use crate::ids::random_bytes;

/// A new token: 256 random bits as 43 characters that need no escape in a URL.
pub(super) fn new() -> Result<String> {
    Ok(Base64UrlUnpadded::encode_string(&random_bytes::<32>()?))
}

/// What is kept of a token. Looked up whole in an index, so that the time it takes tells nothing of one.
pub(super) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (new().unwrap(), new().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
        assert_eq!(hash(&one).len(), 64);
        assert_ne!(hash(&one), hash(&other));
    }
}
