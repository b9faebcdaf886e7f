//! Telephone numbers as the world dials them (ITU-T E.164): `+`, a country's code, and at most 15 digits in all.

use serde_json::Value;

use crate::http::body::Member;

const FEWEST_DIGITS: usize = 7;
const MOST_DIGITS: usize = 15;

/// A number. Whether it rings, and with whom, only a call can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number, such as `+14155550100`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a number; blanks, hyphens, dots and brackets between its digits are left out.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('+')?;
        let is_filler = |c: &char| !matches!(c, ' ' | '-' | '.' | '(' | ')');
        let digits: String = digits.chars().filter(is_filler).collect();
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let fits = is_plain
            && !digits.starts_with('0')
            && (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len());
        fits.then(|| Self(format!("+{digits}")))
    }
}

impl Member for PhoneNumber {
    fn from_member(value: Value) -> Result<Self, String> {
        let text = value.as_str().filter(|text| text.len() <= 40);
        text.and_then(Self::parse)
            .ok_or_else(|| "must be a telephone number such as +14155550100".to_owned())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use std::borrow::Cow;

    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::PhoneNumber;

    impl PartialSchema for PhoneNumber {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .description(Some("A telephone number, such as +14155550100"))
                .max_length(Some(40))
                .into()
        }
    }

    impl ToSchema for PhoneNumber {
        fn name() -> Cow<'static, str> {
            Cow::Borrowed("PhoneNumber")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("+14155550100", "+14155550100"),
            (" +1 (415) 555-0100 ", "+14155550100"),
            ("+49.30.901820", "+4930901820"),
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap().as_str(), number);
        }
        for odd in [
            "",
            "+",
            "4155550100",
            "+0415555010",
            "+123456",
            "+1234567890123456",
            "+1415555010a",
            "+1415555\n0100",
            "++14155550100",
            "+１４１５５５５０１００",
        ] {
            assert_eq!(PhoneNumber::parse(odd), None, "{odd}");
        }
    }
}
