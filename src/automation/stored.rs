//! JSON that people wrote into flows and actions: anything may be stored, and a list must not break on it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::db::{Cell, Column};

/// JSON of any kind; an empty object where there is none, or where it does not parse.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Stored(Value);

impl Column for Stored {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        Some(Self(match Value::from_cell(cell)? {
            Value::Null => Value::Object(Map::new()),
            value => value,
        }))
    }
}

/// What starts a flow; a call to the API where nothing else is said.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Trigger(Value);

impl Column for Trigger {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        Some(Self(match Value::from_cell(cell)? {
            trigger @ Value::Object(_) => trigger,
            _ => json!({"type": "api", "config": {}}),
        }))
    }
}
