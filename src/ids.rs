//! Typed ids, and how new ones are made.

use std::fmt;

use serde::Serialize;

use crate::db::{Cell, Column, Param};
use crate::error::{Error, Result};
use crate::time::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        pub struct $name(String);

        impl $name {
            /// The id as stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&$name> for Param {
            fn from(id: &$name) -> Self {
                Self::from(id.as_str())
            }
        }

        impl Column for $name {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                String::from_cell(cell).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(/// `orgs.id`.
    OrgId);
id!(/// `users.clerk_user_id`: Clerk's id of a person, the `sub` of a session token.
    ClerkUserId);
id!(/// `portal_sites.id`.
    SiteId);
id!(/// `chat_sessions.id`.
    SessionId);
id!(/// `knowledge_documents.id`.
    DocumentId);

/// A new primary key: a version 7 UUID, so that rows made later sort later.
///
/// # Errors
/// When the platform gives no randomness.
pub fn new_id(now: Timestamp) -> Result<String> {
    let random = random_bytes::<10>()?;
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    Ok(id.hyphenated().to_string())
}

/// The first id that [`new_id`] could make at a moment.
pub fn first_id(moment: Timestamp) -> String {
    let millis = u64::try_from(moment.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().hyphenated().to_string()
}

/// Random bytes from the platform's secure source.
///
/// # Errors
/// When the platform gives no randomness.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::internal(format!("no randomness from the platform: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_that_sort_by_time() {
        let earlier = new_id(Timestamp::from_millis(1_700_000_000_000)).unwrap();
        let later = new_id(Timestamp::from_millis(1_700_000_000_001)).unwrap();
        assert_eq!(earlier.len(), 36);
        assert_eq!(earlier.as_bytes()[14], b'7');
        assert!(earlier < later);
    }
}
