//! Objects of the API are JSON trees. This reads and writes members by their path, `items.data.0.price.id`.

use serde_json::{Map, Value};

const NOTHING: Value = Value::Null;

/// Reading by path.
pub(crate) trait Read {
    /// What is at the path; null where nothing is.
    fn at(&self, path: &str) -> &Value;

    /// A text.
    fn text(&self, path: &str) -> Option<&str> {
        self.at(path).as_str()
    }

    /// A text; empty where there is none.
    fn word(&self, path: &str) -> &str {
        self.text(path).unwrap_or_default()
    }

    /// A whole number.
    fn integer(&self, path: &str) -> Option<i64> {
        self.at(path).as_i64()
    }

    /// A whole number; 0 where there is none.
    fn amount(&self, path: &str) -> i64 {
        self.integer(path).unwrap_or_default()
    }

    /// Whether the member is true.
    fn is(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or(false)
    }

    /// The members of a list.
    fn items(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

impl Read for Value {
    fn at(&self, path: &str) -> &Value {
        let mut found = self;
        for name in path.split('.') {
            let next = match found {
                Self::Array(items) => name.parse().ok().and_then(|at: usize| items.get(at)),
                other => other.get(name),
            };
            let Some(next) = next else { return &NOTHING };
            found = next;
        }
        found
    }
}

/// Writing by path.
pub(crate) trait Write {
    /// Puts a value at the path; members that lack are made.
    fn put(&mut self, path: &str, value: impl Into<Value>);

    /// The list at the path; made where there is none.
    fn list_mut(&mut self, path: &str) -> &mut Vec<Value>;

    /// The tree at the path; made where there is none.
    fn at_mut(&mut self, path: &str) -> &mut Value;
}

impl Write for Value {
    fn put(&mut self, path: &str, value: impl Into<Self>) {
        *self.at_mut(path) = value.into();
    }

    fn list_mut(&mut self, path: &str) -> &mut Vec<Value> {
        let place = self.at_mut(path);
        if !place.is_array() {
            *place = Self::Array(Vec::new());
        }
        place.as_array_mut().expect("it was made a list")
    }

    fn at_mut(&mut self, path: &str) -> &mut Value {
        let mut place = self;
        for name in path.split('.') {
            place = match name.parse::<usize>() {
                Ok(at) if place.as_array().is_some_and(|items| at < items.len()) => &mut place[at],
                _ => member(place, name),
            };
        }
        place
    }
}

fn member<'a>(place: &'a mut Value, name: &str) -> &'a mut Value {
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let members = place.as_object_mut().expect("it was made a tree");
    members.entry(name).or_insert(Value::Null)
}

/// What of `before` is not the same in `after`: `previous_attributes` of an event. Trees are compared member by member,
/// lists as a whole.
pub(crate) fn difference(before: &Value, after: &Value) -> Map<String, Value> {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return Map::new();
    };
    let mut changed = Map::new();
    for (name, value) in new {
        let previous = old.get(name).unwrap_or(&NOTHING);
        if previous == value {
            continue;
        }
        let part = match (previous, value) {
            (Value::Object(_), Value::Object(_)) => Value::Object(difference(previous, value)),
            _ => previous.clone(),
        };
        changed.insert(name.clone(), part);
    }
    for (name, value) in old {
        if !new.contains_key(name) {
            changed.insert(name.clone(), value.clone());
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_and_written_by_path() {
        let mut object = json!({"items": {"data": [{"price": {"id": "price_1"}}]}});
        assert_eq!(object.word("items.data.0.price.id"), "price_1");
        object.put("items.data.0.price.id", "price_2");
        object.put("pause.behavior", "void");
        assert_eq!(object.word("items.data.0.price.id"), "price_2");
        assert_eq!(object.word("pause.behavior"), "void");
        assert!(object.at("items.data.7").is_null());
    }

    #[test]
    fn previous_attributes_hold_what_changed_and_no_more() {
        let before = json!({"status": "trialing", "metadata": {"a": "1", "b": "2"}, "id": "x"});
        let after =
            json!({"status": "active", "metadata": {"a": "1", "c": "3"}, "id": "x", "new": 1});
        let previous = Value::Object(difference(&before, &after));
        let expected =
            json!({"status": "trialing", "metadata": {"b": "2", "c": null}, "new": null});
        assert_eq!(previous, expected);
    }
}
