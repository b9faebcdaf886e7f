//! Bodies of writes: a type is declared with [`body!`], read member by member by one reader, and
//! described in the API's document from the same declaration.
//!
//! Members that a type does not know are ignored, as old clients send some; a member that does not fit
//! is a 400 that names it and says what is expected.

use axum::body::Body;
use axum::extract::FromRequest;
use http::Request;
use serde_json::{Map, Value};

use super::extract::{RawBody, parse_json, require_json};
use crate::error::{Error, Result};

/// A body's members.
pub type Members = Map<String, Value>;

/// A type that a member can be read into. The error says what is expected, such as `a text`.
pub trait Member: Sized {
    /// Reads a value that is there.
    fn from_member(value: Value) -> Result<Self, String>;

    /// What it means that the member is absent.
    fn absent() -> Result<Self, String> {
        Err("is required".to_owned())
    }

    /// What it means that the member is `null`.
    fn null() -> Result<Self, String> {
        Self::absent()
    }
}

/// A type that a body can be read into.
pub trait FromBody: Sized {
    /// Takes what it knows out of `members`.
    fn from_members(members: Members) -> Result<Self>;
}

/// Declares the type of a body; each field is the member of its name in camelCase, or of the name given
/// with `as "…"`.
#[macro_export]
macro_rules! body {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field:ident as $member:literal: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        $vis struct $name { $(
            $(#[$field_meta])*
            #[cfg_attr(not(target_arch = "wasm32"), schema(rename = $member))]
            pub(crate) $field: $type
        ),* }

        impl $crate::http::body::FromBody for $name {
            #[allow(unused_mut, reason = "a body may have no member")]
            fn from_members(mut members: $crate::http::body::Members) -> $crate::error::Result<Self> {
                Ok(Self { $($field: $crate::http::body::take(&mut members, $member)?),* })
            }
        }
    };
}

/// Takes a member out of a body.
pub fn take<T: Member>(members: &mut Members, name: &str) -> Result<T> {
    let read = match members.remove(name) {
        None => T::absent(),
        Some(Value::Null) => T::null(),
        Some(value) => T::from_member(value),
    };
    read.map_err(|expected| invalid(name, &expected))
}

/// The refusal of a member, in words that follow its name.
#[cold]
#[track_caller]
pub fn invalid(name: &str, expected: &str) -> Error {
    Error::bad_request("invalid_body", "Invalid request body")
        .hint(format!("\"{name}\" {expected}."))
        .about(name.to_owned())
}

/// A body read into `T`.
#[derive(Debug)]
pub struct Read<T>(pub T);

impl<S: Send + Sync, T: FromBody> FromRequest<S> for Read<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self> {
        require_json(request.headers())?;
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        T::from_members(parse_json(&bytes)?).map(Self)
    }
}

/// A body that may be left out: nothing is an object without members.
#[derive(Debug)]
pub struct ReadOrNothing<T>(pub T);

impl<S: Send + Sync, T: FromBody> FromRequest<S> for ReadOrNothing<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self> {
        let is_json = require_json(request.headers());
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        if bytes.is_empty() {
            return T::from_members(Members::new()).map(Self);
        }
        is_json?;
        T::from_members(parse_json(&bytes)?).map(Self)
    }
}

/// A nested object; the refusal of its member follows the name of what holds it.
pub fn nested<T: FromBody>(value: Value) -> Result<T, String> {
    let Value::Object(members) = value else { return Err("must be an object".to_owned()) };
    T::from_members(members).map_err(|error| {
        let why = error.public_hint().unwrap_or_default().trim_end_matches('.');
        format!("does not fit: {why}")
    })
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $is_allowed:expr, $told:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name<const MIN: usize, const MAX: usize>(pub String);

        impl<const MIN: usize, const MAX: usize> $name<MIN, MAX> {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const MIN: usize, const MAX: usize> Member for $name<MIN, MAX> {
            fn from_member(value: Value) -> Result<Self, String> {
                text_within(&value, MIN, MAX, $is_allowed, $told).map(Self)
            }
        }

        impl<const MIN: usize, const MAX: usize> From<$name<MIN, MAX>> for String {
            fn from(text: $name<MIN, MAX>) -> Self {
                text.0
            }
        }
    };
}

text_type!(
    /// One line of text without surrounding blanks, of `MIN` to `MAX` characters.
    Text,
    |_| false,
    "must be one line without control characters"
);
text_type!(
    /// Text of any number of lines without surrounding blanks, of `MIN` to `MAX` characters.
    Lines,
    |c| matches!(c, '\n' | '\r' | '\t'),
    "must have no control characters but ends of lines and tabs"
);

#[inline(never)]
fn text_within(
    value: &Value,
    min: usize,
    max: usize,
    is_allowed: fn(char) -> bool,
    told: &str,
) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a text")?.trim();
    if !(min..=max).contains(&text.chars().count()) {
        return Err(match min {
            0 => format!("must have at most {max} characters"),
            _ => format!("must have {min} to {max} characters"),
        });
    }
    if text.chars().any(|c| c.is_control() && !is_allowed(c)) {
        return Err(told.to_owned());
    }
    Ok(text.to_owned())
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Member for Whole<MIN, MAX> {
    fn from_member(value: Value) -> Result<Self, String> {
        let number = value.as_i64().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
    }
}

/// A text as it came, for the handler to judge.
impl Member for String {
    fn from_member(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err("must be a text".to_owned()),
        }
    }
}

impl Member for bool {
    fn from_member(value: Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "must be true or false".to_owned())
    }
}

impl Member for Map<String, Value> {
    fn from_member(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(object) => Ok(object),
            _ => Err("must be an object".to_owned()),
        }
    }
}

impl<T: Member> Member for Vec<T> {
    fn from_member(value: Value) -> Result<Self, String> {
        let Value::Array(items) = value else { return Err("must be an array".to_owned()) };
        items
            .into_iter()
            .map(|item| {
                T::from_member(item).map_err(|expected| format!("has an entry that {expected}"))
            })
            .collect()
    }
}

/// Absent and `null` alike are none.
impl<T: Member> Member for Option<T> {
    fn from_member(value: Value) -> Result<Self, String> {
        T::from_member(value).map(Some)
    }

    fn absent() -> Result<Self, String> {
        Ok(None)
    }
}

/// A change to a value that may be none: absent leaves it, `null` clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// Stays as it is.
    Keep,
    /// Becomes none.
    Clear,
    /// Becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether there is something to do.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The new value; none when it is kept or cleared.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T: Member> Member for Change<T> {
    fn from_member(value: Value) -> Result<Self, String> {
        T::from_member(value).map(Self::Set)
    }

    fn absent() -> Result<Self, String> {
        Ok(Self::Keep)
    }

    fn null() -> Result<Self, String> {
        Ok(Self::Clear)
    }
}

/// What is expected of a member that is one of a closed list.
#[cold]
pub fn expected_one_of(texts: &[&str]) -> String {
    format!("must be one of {}", texts.join(", "))
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use std::borrow::Cow;

    use utoipa::__dev::ComposeSchema;
    use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::{Change, Lines, Text, Whole};

    impl<T: ToSchema> ComposeSchema for Change<T> {
        fn compose(_generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
            let null = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
            OneOfBuilder::new().item(null).item(T::schema()).into()
        }
    }

    impl<T: ToSchema> ToSchema for Change<T> {
        fn name() -> Cow<'static, str> {
            Cow::Owned(format!("{}OrNull", T::name()))
        }
    }

    macro_rules! text_schema {
        ($name:ident) => {
            impl<const MIN: usize, const MAX: usize> PartialSchema for $name<MIN, MAX> {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new()
                        .schema_type(SchemaType::Type(Type::String))
                        .min_length(Some(MIN))
                        .max_length(Some(MAX))
                        .into()
                }
            }

            impl<const MIN: usize, const MAX: usize> ToSchema for $name<MIN, MAX> {
                fn name() -> Cow<'static, str> {
                    Cow::Owned(format!("{}{MIN}To{MAX}", stringify!($name)))
                }
            }
        };
    }

    text_schema!(Text);
    text_schema!(Lines);

    #[expect(clippy::cast_precision_loss, reason = "bounds are small")]
    impl<const MIN: i64, const MAX: i64> PartialSchema for Whole<MIN, MAX> {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::Integer))
                .minimum(Some(MIN as f64))
                .maximum(Some(MAX as f64))
                .into()
        }
    }

    impl<const MIN: i64, const MAX: i64> ToSchema for Whole<MIN, MAX> {
        fn name() -> Cow<'static, str> {
            Cow::Owned(format!("Whole{MIN}To{MAX}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    body! {
        /// Test.
        struct Sample {
            title as "title": Text<1, 5>,
            note as "note": Option<Text<0, 3>>,
            reply as "reply": Change<Text<0, 3>>,
            seats as "maxSeats": Option<Whole<1, 10>>,
            tags as "tags": Option<Vec<Text<1, 9>>>,
            prompt as "prompt": Option<Lines<0, 9>>,
        }
    }

    fn read(body: &Value) -> Result<Sample> {
        Sample::from_members(body.as_object().unwrap().clone())
    }

    #[test]
    fn members_are_read_and_others_ignored() {
        let sample =
            read(&json!({"title": " hey\n", "note": null, "maxSeats": 3, "tags": ["a"], "more": 1, "prompt": "a\r\n\tb"}))
                .unwrap();
        assert_eq!(sample.title.as_str(), "hey");
        assert_eq!(sample.prompt.unwrap().as_str(), "a\r\n\tb");
        assert_eq!((sample.note, sample.seats), (None, Some(Whole(3))));
        assert_eq!(sample.reply, Change::Keep);
        assert_eq!(sample.tags.unwrap()[0].as_str(), "a");
    }

    #[test]
    fn a_member_that_does_not_fit_is_named() {
        for (body, hint) in [
            (json!({}), "\"title\" is required."),
            (json!({"title": null}), "\"title\" is required."),
            (json!({"title": "  "}), "\"title\" must have 1 to 5 characters."),
            (json!({"title": 7}), "\"title\" must be a text."),
            (json!({"title": "a\0"}), "\"title\" must be one line without control characters."),
            (json!({"title": "a\nb"}), "\"title\" must be one line without control characters."),
            (
                json!({"title": "a\u{85}b"}),
                "\"title\" must be one line without control characters.",
            ),
            (
                json!({"title": "a", "prompt": "a\u{1b}[2J"}),
                "\"prompt\" must have no control characters but ends of lines and tabs.",
            ),
            (json!({"title": "a", "note": "long"}), "\"note\" must have at most 3 characters."),
            (
                json!({"title": "a", "maxSeats": 1.5}),
                "\"maxSeats\" must be a whole number from 1 to 10.",
            ),
            (
                json!({"title": "a", "maxSeats": "3"}),
                "\"maxSeats\" must be a whole number from 1 to 10.",
            ),
            (json!({"title": "a", "tags": "x"}), "\"tags\" must be an array."),
            (json!({"title": "a", "tags": [1]}), "\"tags\" has an entry that must be a text."),
        ] {
            let error = read(&body).unwrap_err();
            assert_eq!(error.public_hint(), Some(hint));
        }
    }
}
