//! Secrets at rest: what customers entrust to us is stored encrypted, bound to the place where it lies.
//!
//! AES-256-GCM (NIST SP 800-38D) under the first key of `ENCRYPTION_KEYS`; all of its keys decrypt, so
//! that a key can be rolled. A stored text is `enc:v1:<key id>:<base64url(nonce | ciphertext)>`. One
//! without `enc:` was written before there was encryption and is read as it is.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

use crate::error::{Error, Kind, Result};
use crate::ids::random_bytes;
use crate::secret::Secret;

const ENCRYPTED: &str = "enc:";
const VERSION_1: &str = "v1:";
const NONCE_BYTES: usize = 12;
/// Longest id of a key, in bytes.
const LONGEST_KEY_ID: usize = 32;

/// Where a secret lies. A text that is moved to another row does not decrypt there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's id.
    pub row: &'a str,
}

impl Place<'_> {
    /// The additional data. Names of tables and columns hold no NUL, so no two places are alike.
    fn bytes(&self) -> Vec<u8> {
        [self.table, self.column, self.row].join("\0").into_bytes()
    }
}

#[derive(Debug, Clone)]
struct Key {
    id: String,
    bytes: Secret<[u8; 32]>,
}

impl Key {
    fn parse(entry: &str) -> Option<Self> {
        let (id, encoded) = entry.split_once(':')?;
        let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if id.is_empty() || id.len() > LONGEST_KEY_ID || !id.bytes().all(is_id) {
            return None;
        }
        let bytes: [u8; 32] = Base64::decode_vec(encoded.trim()).ok()?.try_into().ok()?;
        Some(Self { id: id.to_owned(), bytes: Secret::new(bytes) })
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.bytes.expose().into())
    }
}

/// The keys that secrets at rest are encrypted with.
#[derive(Debug, Clone, Default)]
pub struct Vault {
    keys: Vec<Key>,
}

impl Vault {
    /// Reads a comma list of `id:base64(32 bytes)`. The second part tells what is wrong with entries
    /// that are not taken, in words that follow the list's name and hold nothing of a key.
    pub fn parse(list: &str) -> (Self, Vec<String>) {
        let mut vault = Self::default();
        let mut problems = Vec::new();
        for (at, entry) in list.split(',').map(str::trim).enumerate() {
            match Key::parse(entry) {
                None => problems
                    .push(format!("entry {} is not an id, a colon and 32 bytes in base64", at + 1)),
                Some(key) if vault.key(&key.id).is_some() => {
                    problems.push(format!("entry {} has the id of one before it", at + 1));
                }
                Some(key) => vault.keys.push(key),
            }
        }
        (vault, problems)
    }

    fn key(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Encrypts a secret for its place.
    ///
    /// # Errors
    /// 503 `encryption_not_configured` without a key.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<String> {
        let key = self.keys.first().ok_or_else(not_configured)?;
        let nonce = random_bytes::<NONCE_BYTES>()?;
        let payload = Payload { msg: secret.as_bytes(), aad: &place.bytes() };
        let ciphertext = key
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::internal("a secret is too long to encrypt"))?;
        let text = Base64UrlUnpadded::encode_string(&[&nonce[..], &ciphertext].concat());
        Ok(format!("{ENCRYPTED}{VERSION_1}{}:{text}", key.id))
    }

    /// Decrypts what is stored at a place.
    ///
    /// # Errors
    /// 503 `encryption_not_configured` when its key is not configured; 500 when it was changed or moved.
    pub fn open(&self, place: Place<'_>, stored: &str) -> Result<Secret<String>> {
        let Some(sealed) = stored.strip_prefix(ENCRYPTED) else {
            return Ok(Secret::new(stored.to_owned()));
        };
        let (id, text) = sealed
            .strip_prefix(VERSION_1)
            .and_then(|sealed| sealed.split_once(':'))
            .ok_or_else(|| unreadable(place, "its form is unknown"))?;
        let key = self
            .key(id)
            .ok_or_else(|| not_configured().context(format!("{place:?} needs the key {id:?}")))?;
        let bytes = Base64UrlUnpadded::decode_vec(text)
            .map_err(|_| unreadable(place, "it is no base64url"))?;
        let (nonce, ciphertext) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(|| unreadable(place, "it is too short"))?;
        let payload = Payload { msg: ciphertext, aad: &place.bytes() };
        let secret = key
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| unreadable(place, "it was changed, moved, or sealed by another key"))?;
        let secret = String::from_utf8(secret).map_err(|_| unreadable(place, "it is no text"))?;
        Ok(Secret::new(secret))
    }
}

#[cold]
#[track_caller]
fn not_configured() -> Error {
    Error::new(Kind::Unavailable, "encryption_not_configured", "Encryption is not configured").hint(
        "Secrets are stored encrypted only, and nothing was stored. The operator sets ENCRYPTION_KEYS.",
    )
}

#[cold]
#[track_caller]
fn unreadable(place: Place<'_>, why: &str) -> Error {
    Error::internal(format!("{place:?} does not decrypt: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "one:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "two:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    const HERE: Place<'_> =
        Place { table: "portal_sites", column: "google_api_key", row: "site_1" };

    fn vault(list: &str) -> Vault {
        let (vault, problems) = Vault::parse(list);
        assert_eq!(problems, Vec::<String>::new());
        vault
    }

    fn code(opened: Result<Secret<String>>) -> &'static str {
        opened.unwrap_err().code()
    }

    #[test]
    fn what_is_sealed_opens_at_its_place() {
        let vault = vault(ONE);
        let sealed = vault.seal(HERE, "AIza-secret é").unwrap();
        assert!(sealed.starts_with("enc:v1:one:") && !sealed.contains("AIza"), "{sealed}");
        assert_eq!(vault.open(HERE, &sealed).unwrap().expose(), "AIza-secret é");
        assert_ne!(vault.seal(HERE, "AIza-secret é").unwrap(), sealed, "a nonce is used once");
    }

    #[test]
    fn it_opens_nowhere_else() {
        let vault = vault(ONE);
        let sealed = vault.seal(HERE, "secret").unwrap();
        for place in [
            Place { row: "site_2", ..HERE },
            Place { column: "elevenlabs_api_key", ..HERE },
            Place { table: "integration_connections", ..HERE },
        ] {
            assert_eq!(code(vault.open(place, &sealed)), "internal_error");
        }
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let vault = vault(ONE);
        let sealed = vault.seal(HERE, "secret").unwrap();
        let (head, text) = sealed.rsplit_once(':').unwrap();
        let bytes = Base64UrlUnpadded::decode_vec(text).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = format!("{head}:{}", Base64UrlUnpadded::encode_string(&changed));
            assert_eq!(code(vault.open(HERE, &changed)), "internal_error", "byte {at}");
        }
        for odd in ["enc:", "enc:v2:one:AAAA", "enc:v1:one", "enc:v1:one:", "enc:v1:one:%"] {
            assert_eq!(code(vault.open(HERE, odd)), "internal_error", "{odd}");
        }
    }

    #[test]
    fn a_key_is_rolled_by_putting_the_next_before_it() {
        let old = vault(ONE).seal(HERE, "secret").unwrap();
        let both = vault(&format!("{TWO}, {ONE}"));
        assert_eq!(both.open(HERE, &old).unwrap().expose(), "secret");
        let new = both.seal(HERE, "secret").unwrap();
        assert!(new.starts_with("enc:v1:two:"));
        let two = vault(TWO);
        assert_eq!(two.open(HERE, &new).unwrap().expose(), "secret");
        assert_eq!(code(two.open(HERE, &old)), "encryption_not_configured");
        let renamed = vault(&TWO.replace("two", "one"));
        assert_eq!(code(renamed.open(HERE, &old)), "internal_error", "another key of that id");
    }

    #[test]
    fn what_was_stored_before_is_read_as_it_is() {
        assert_eq!(Vault::default().open(HERE, "AIza").unwrap().expose(), "AIza");
    }

    #[test]
    fn without_a_key_nothing_is_sealed() {
        let error = Vault::default().seal(HERE, "secret").unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "encryption_not_configured"));
    }

    #[test]
    fn entries_that_are_no_keys_are_told_by_their_place() {
        let short = "three:AAAA";
        let (vault, problems) = Vault::parse(&format!("{ONE},{short},{ONE},:x,é:AA=="));
        assert_eq!(vault.keys.len(), 1);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].starts_with("entry 2 ") && !problems.concat().contains("AAAA"));
        assert_eq!(problems[1], "entry 3 has the id of one before it");
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(
            format!("{:?}", vault(ONE)),
            "Vault { keys: [Key { id: \"one\", bytes: Secret(…) }] }"
        );
    }
}
