//! A source's configuration as people may read it. It is the natural place for what opens the source, so
//! whatever is named like a secret is left out of answers.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::db::{Cell, Column};

/// Stands where a secret was.
const HIDDEN: &str = "[redacted]";
/// Parts of a member's name, without case and separators, that tell a secret.
const SECRET_PARTS: [&str; 9] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
    "signature",
    "connectionstring",
];
/// The same for the end of the name, as in `apiKey`.
const SECRET_ENDS: [&str; 3] = ["key", "auth", "pass"];

/// A stored object without its secrets; empty where it is none.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Redacted(Map<String, Value>);

impl Column for Redacted {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let mut object = Map::from_cell(cell)?;
        redact_object(&mut object);
        Some(Self(object))
    }
}

fn redact_object(object: &mut Map<String, Value>) {
    for (name, value) in object {
        if is_secret(name) && !value.is_null() {
            *value = Value::from(HIDDEN);
        } else {
            redact(value);
        }
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => redact_object(object),
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => {
            if let Some(open) = without_userinfo(text) {
                *text = open;
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// A URL without the name and password in it; nothing when it has none. Its query may open it as well,
/// and is left out.
fn without_userinfo(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = authority.rsplit_once('@').map(|(_, host)| host);
    let (path, has_query) =
        path.split_once('?').map_or((path, false), |(path, _query)| (path, true));
    if host.is_none() && !has_query {
        return None;
    }
    let query = if has_query { "?[redacted]" } else { "" };
    Some(format!("{scheme}://{}{path}{query}", host.unwrap_or(authority)))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;

    fn redacted(stored: &Value) -> Value {
        let text = stored.to_string();
        let Redacted(object) = Redacted::from_cell(Cell::Text(Cow::Owned(text))).unwrap();
        Value::Object(object)
    }

    #[test]
    fn what_opens_a_source_is_hidden() {
        let stored = json!({
            "url": "https://help.example/start", "depth": 2, "keywords": ["a"], "token": null,
            "apiKey": "k1", "access_key": "k2", "x-auth": {"user": "u"}, "Refresh-Token": "t",
            "clientSecret": 7, "nested": [{"password": "p", "folder": "Docs"}],
            "feed": "https://u:p@feed.example/a?sig=1#x", "drive": "https://files.example?key=1",
        });
        assert_eq!(
            redacted(&stored),
            json!({
                "url": "https://help.example/start", "depth": 2, "keywords": ["a"], "token": null,
                "apiKey": HIDDEN, "access_key": HIDDEN, "x-auth": HIDDEN, "Refresh-Token": HIDDEN,
                "clientSecret": HIDDEN, "nested": [{"password": HIDDEN, "folder": "Docs"}],
                "feed": "https://feed.example/a?[redacted]", "drive": "https://files.example?[redacted]",
            })
        );
    }

    #[test]
    fn what_is_no_object_is_empty() {
        for stored in [json!(["secret"]), json!("secret"), json!(null)] {
            assert_eq!(redacted(&stored), json!({}));
        }
    }
}
