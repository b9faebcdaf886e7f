//! Reading Stripe's objects: what is absent, empty or of another type is not there.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// An object as Stripe sends it.
pub(in crate::billing) type Object = Map<String, Value>;

/// Which step of an object's life an event reports: its rank among events of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::billing) enum Step {
    Created,
    Updated,
    Deleted,
}

impl Step {
    /// The column `stripe_event_rank`. [`Step::Deleted`] is final.
    pub(in crate::billing) fn rank(self) -> i64 {
        match self {
            Self::Created => 0,
            Self::Updated => 1,
            Self::Deleted => 2,
        }
    }
}

/// A member that every object of its kind has.
pub(in crate::billing) fn required(object: &Object, member: &'static str) -> Result<String> {
    owned(object, member).ok_or_else(|| missing(member))
}

#[track_caller]
pub(in crate::billing) fn missing(member: &'static str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint(format!("data.object.{member} is missing."))
}

pub(in crate::billing) fn text<'a>(object: &'a Object, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}

pub(in crate::billing) fn owned(object: &Object, member: &str) -> Option<String> {
    text(object, member).map(str::to_owned)
}

pub(in crate::billing) fn integer(object: &Object, member: &str) -> Option<i64> {
    object.get(member).and_then(Value::as_i64)
}

pub(in crate::billing) fn boolean(object: &Object, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or(false)
}

pub(in crate::billing) fn moment(object: &Object, member: &str) -> Option<Timestamp> {
    integer(object, member).map(Timestamp::from_seconds)
}

/// The id of a reference, expanded or not.
pub(in crate::billing) fn id_of(reference: Option<&Value>) -> Option<String> {
    match reference? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Object(expanded) => owned(expanded, "id"),
        _ => None,
    }
}

pub(in crate::billing) fn json_text(object: &Object, member: &str) -> String {
    object.get(member).filter(|value| value.is_object()).map_or_else(|| "{}".to_owned(), to_text)
}

fn to_text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The objects of a list, embedded as `{"data": […]}`.
pub(in crate::billing) fn list<'a>(object: &'a Object, member: &str) -> Vec<&'a Object> {
    let data = object.get(member).and_then(|list| list.get("data")).and_then(Value::as_array);
    data.into_iter().flatten().filter_map(Value::as_object).collect()
}

/// `metadata.org_id`: a hint, believed only for a customer that no org has yet.
pub(in crate::billing) fn org_hint(object: &Object) -> Option<String> {
    object.get("metadata").and_then(Value::as_object).and_then(|metadata| owned(metadata, "org_id"))
}
