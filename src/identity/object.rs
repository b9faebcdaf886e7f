//! Reading Clerk's objects: what is absent, empty, too long or of another type is not there.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// An object as Clerk sends it.
pub(super) type Object = Map<String, Value>;

/// Longest id of Clerk's, whose own have some 32 characters.
const LONGEST_ID: usize = 128;
/// The end of the year 9998: what is written with four digits, and well within what D1 binds.
const LAST_MILLIS: i64 = 253_370_764_800_000;

/// A text of at most `longest` characters, without spaces around it.
pub(super) fn text<'a>(object: &'a Object, member: &str, longest: usize) -> Option<&'a str> {
    let text = object.get(member).and_then(Value::as_str)?.trim();
    (!text.is_empty() && text.chars().count() <= longest).then_some(text)
}

/// The beginning of a text, of at most `longest` characters, without spaces around it.
pub(super) fn beginning(object: &Object, member: &str, longest: usize) -> Option<String> {
    let text = object.get(member).and_then(Value::as_str)?.trim();
    let beginning: String = text.chars().take(longest).collect();
    (!beginning.is_empty()).then(|| beginning.trim_end().to_owned())
}

/// An id: visible ASCII characters.
pub(super) fn id<'a>(object: &'a Object, member: &str) -> Option<&'a str> {
    text(object, member, LONGEST_ID).filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// An id that every object of its kind has.
pub(super) fn required_id(object: &Object, member: &'static str) -> Result<String> {
    id(object, member).map(str::to_owned).ok_or_else(|| missing(member))
}

/// An object inside.
pub(super) fn inner<'a>(object: &'a Object, member: &str) -> Option<&'a Object> {
    object.get(member).and_then(Value::as_object)
}

/// Milliseconds since the epoch.
pub(super) fn millis(object: &Object, member: &str) -> Option<i64> {
    object.get(member).and_then(Value::as_i64).filter(|millis| (0..=LAST_MILLIS).contains(millis))
}

/// Whether a member says `true`.
pub(super) fn is_set(object: &Object, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or(false)
}

/// The refusal of an object that lacks what it must have.
#[track_caller]
pub(super) fn missing(member: &'static str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint(format!("data.{member} is missing or of another form."))
}
