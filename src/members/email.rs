//! E-mail addresses in bodies.

use serde_json::Value;

use crate::http::body::Member;

/// Longest address (RFC 5321, 4.5.3.1.3).
const LONGEST: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;

/// An address in lower case. Whether it exists and whose it is, only a message to it can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an address without surrounding blanks.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let local_fits = local.len() <= LONGEST_LOCAL_PART
            && local.split('.').all(|part| !part.is_empty() && part.chars().all(is_atom));
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let domain_fits = domain.contains('.') && domain.split('.').all(is_label);
        let fits = text.len() <= LONGEST && local_fits && domain_fits;
        fits.then(|| Self(text.to_ascii_lowercase()))
    }
}

impl Member for Email {
    fn from_member(value: Value) -> Result<Self, String> {
        let text = value.as_str().ok_or("must be a text")?;
        Self::parse(text)
            .ok_or_else(|| "must be an e-mail address such as name@example.com".to_owned())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use std::borrow::Cow;

    use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::{Email, LONGEST};

    impl PartialSchema for Email {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
                .max_length(Some(LONGEST))
                .into()
        }
    }

    impl ToSchema for Email {
        fn name() -> Cow<'static, str> {
            Cow::Borrowed("Email")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_case_and_checked() {
        for (text, expected) in [
            (" Ada.Lovelace+x@Example.COM ", "ada.lovelace+x@example.com"),
            ("a@b.co", "a@b.co"),
            ("o'neill@mail.example.org", "o'neill@mail.example.org"),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), expected);
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a da@example.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@-x.com",
            "ada@exa mple.com",
            "ada@example.com\nbcc: x@y.z",
            "a@b@example.com",
            "<ada@example.com>",
            "ada@example..com",
            &long,
        ] {
            assert_eq!(Email::parse(text), None, "{text}");
        }
    }
}
