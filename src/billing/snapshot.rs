//! Reading Stripe's objects: what is absent, empty or of another type is not there.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// An object as Stripe sends it.
pub(super) type Object = Map<String, Value>;

/// A member that every object of its kind has.
pub(super) fn required(object: &Object, member: &'static str) -> Result<String> {
    owned(object, member).ok_or_else(|| missing(member))
}

#[track_caller]
pub(super) fn missing(member: &'static str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint(format!("data.object.{member} is missing."))
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}

pub(super) fn owned(object: &Object, member: &str) -> Option<String> {
    text(object, member).map(str::to_owned)
}

pub(super) fn integer(object: &Object, member: &str) -> Option<i64> {
    object.get(member).and_then(Value::as_i64)
}

pub(super) fn boolean(object: &Object, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn moment(object: &Object, member: &str) -> Option<Timestamp> {
    integer(object, member).map(Timestamp::from_seconds)
}

/// The id of a reference, expanded or not.
pub(super) fn id_of(reference: Option<&Value>) -> Option<String> {
    match reference? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Object(expanded) => owned(expanded, "id"),
        _ => None,
    }
}

pub(super) fn json_text(object: &Object, member: &str) -> String {
    object.get(member).filter(|value| value.is_object()).map_or_else(|| "{}".to_owned(), to_text)
}

fn to_text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `metadata.org_id`: a hint, believed only for a customer that no org has yet.
pub(super) fn org_hint(object: &Object) -> Option<String> {
    object.get("metadata").and_then(Value::as_object).and_then(|metadata| owned(metadata, "org_id"))
}
