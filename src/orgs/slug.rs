//! Slugs: the org's name as a part of an address.

use serde_json::Value;

use crate::http::body::Member;

/// Longest slug.
const LONGEST: usize = 60;

/// `a`–`z` and digits, in words that a dash joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Nothing if it is no slug.
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        (text.len() <= LONGEST && text.split('-').all(is_word)).then(|| Self(text.to_owned()))
    }

    /// A name's slug. Letters of other alphabets cannot be told in it; a name of nothing else is `org`.
    pub(super) fn of_name(name: &str) -> Self {
        let mut slug = String::new();
        for c in name.to_ascii_lowercase().chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() >= LONGEST {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "org".to_owned() } else { slug.to_owned() })
    }

    /// The slug to take when this one is taken: `suffix` is letters and digits.
    pub(super) fn with_suffix(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.0)
    }
}

impl Member for Slug {
    fn from_member(value: Value) -> Result<Self, String> {
        let text = value.as_str().ok_or("must be a text")?.trim().to_ascii_lowercase();
        Self::parse(&text).ok_or_else(|| {
            "must be words of a to z and digits, joined by dashes, of at most 60 characters"
                .to_owned()
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use std::borrow::Cow;

    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::{LONGEST, Slug};

    impl PartialSchema for Slug {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
                .max_length(Some(LONGEST))
                .into()
        }
    }

    impl ToSchema for Slug {
        fn name() -> Cow<'static, str> {
            Cow::Borrowed("Slug")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_slug() {
        for (name, slug) in [
            ("Bright Smile Dental Group", "bright-smile-dental-group"),
            ("  --Koby & Co. (2)! ", "koby-co-2"),
            ("Zahnärzte Köln", "zahn-rzte-k-ln"),
            ("株式会社", "org"),
            ("", "org"),
        ] {
            assert_eq!(Slug::of_name(name).as_str(), slug, "{name}");
        }
        let long = Slug::of_name(&"word ".repeat(50));
        assert_eq!(Slug::parse(long.as_str()), Some(long));
    }

    #[test]
    fn slugs_are_words_and_dashes() {
        assert!(Slug::parse("a-1").is_some());
        for text in ["", "-a", "a-", "a--b", "A", "a_b", "é", &"a".repeat(61)] {
            assert_eq!(Slug::parse(text), None, "{text}");
        }
    }
}
