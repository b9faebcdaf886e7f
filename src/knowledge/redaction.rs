//! A source's configuration as people may read it. It is the natural place for what opens the source, so
//! whatever is named like a secret is left out of answers.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::db::{Cell, Column};

/// Stands where a secret was.
const HIDDEN: &str = "[redacted]";
/// Parts of a member's name, without case and separators, that tell a secret.
const SECRET_PARTS: [&str; 14] = [
    "pwd",
    "bearer",
    "serviceaccount",
    "privatekey",
    "apikey",
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
const SECRET_ENDS: [&str; 5] = ["key", "auth", "pass", "dsn", "jwt"];
/// Members that name what stands beside them, as in `{"name": "X-Api-Key", "value": "…"}`.
const NAMES: [&str; 4] = ["name", "key", "header", "field"];
/// Members that hold it.
const VALUES: [&str; 2] = ["value", "val"];
/// Nested JSON texts are read so deep; a deeper one is hidden.
const DEEPEST: usize = 4;

/// A stored object without its secrets; empty where it is none.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Redacted(Map<String, Value>);

impl Column for Redacted {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let mut object = Map::from_cell(cell)?;
        redact_object(&mut object, DEEPEST);
        Some(Self(object))
    }
}

/// The name of a member that holds a secret, or what stands for one; it may be anywhere within.
pub(super) fn secret_of(object: &Map<String, Value>) -> Option<&str> {
    object.iter().find_map(|(name, value)| {
        let is_told = value.as_str().is_some_and(|text| text.contains(HIDDEN));
        if is_told || (is_secret(name) && !value.is_null()) {
            return Some(name.as_str());
        }
        secret_in(value)
    })
}

fn secret_in(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) => secret_of(object),
        Value::Array(items) => items.iter().find_map(secret_in),
        _ => None,
    }
}

fn redact_object(object: &mut Map<String, Value>, depth: usize) {
    let names_secret = object
        .iter()
        .any(|(name, value)| is_one_of(name, &NAMES) && value.as_str().is_some_and(is_secret));
    for (name, value) in object {
        let is_hidden = is_secret(name) || (names_secret && is_one_of(name, &VALUES));
        if is_hidden && !value.is_null() {
            *value = Value::from(HIDDEN);
        } else {
            redact(value, depth);
        }
    }
}

fn redact(value: &mut Value, depth: usize) {
    match value {
        Value::Object(object) => redact_object(object, depth),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, depth)),
        Value::String(text) => *text = redacted_text(text, depth),
        _ => {}
    }
}

/// A text that is JSON is read like what it holds.
fn redacted_text(text: &str, depth: usize) -> String {
    if text.trim_start().starts_with(['{', '[', '"'])
        && let Ok(mut inner) = serde_json::from_str::<Value>(text)
    {
        if depth == 0 {
            return HIDDEN.to_owned();
        }
        let before = inner.clone();
        redact(&mut inner, depth - 1);
        return if inner == before { text.to_owned() } else { inner.to_string() };
    }
    without_openers(text)
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// A text whose URLs lost what may open them: name and password, query and fragment.
fn without_openers(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = url_length(after);
        let (url, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        written.push_str(before);
        written.push_str("://");
        push_url(&mut written, url);
        rest = tail;
    }
    written.push_str(rest);
    written
}

/// How long the URL is of which this follows `://`: to a space or a quote, or to where another begins that
/// is none of its query.
fn url_length(after: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`');
    let whole = after.get(..after.find(ends).unwrap_or(after.len())).unwrap_or_default();
    let place = whole.get(..whole.find(['?', '#']).unwrap_or(whole.len())).unwrap_or_default();
    match place.split_once("://") {
        Some((before, _)) => before.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len(),
        None => whole.len(),
    }
}

/// Writes what follows `://`.
fn push_url(written: &mut String, url: &str) {
    let (url, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let (place, query) = url.split_once('?').map_or((url, false), |(place, _)| (place, true));
    let end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at_checked(end).unwrap_or((place, ""));
    written.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
    written.push_str(path);
    if query {
        written.push_str("?[redacted]");
    }
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
    fn secrets_are_found_where_they_hide() {
        let stored = json!({
            "pwd": "a", "dsn": "b", "serviceAccount": {"id": "c"}, "bearer": "d",
            "headers": [{"name": "X-Api-Key", "value": "e"}, {"name": "Accept", "value": "text/html"},
                        {"key": "Authorization", "value": "f"}],
            "inner": "{\"token\": \"g\", \"depth\": 2}", "list": "[1, 2]", "quoted": "{not json",
            "page": "https://a.example/x#access=h",
            "comma": "https://u:p,w@a.example,https://u:q;r@b.example/?next=https://v:s@c.example&sig=t",
            "several": "https://u:i@a.example, then https://b.example/?j=1 and ftp://c.example/k",
        });
        assert_eq!(
            redacted(&stored),
            json!({
                "pwd": HIDDEN, "dsn": HIDDEN, "serviceAccount": HIDDEN, "bearer": HIDDEN,
                "headers": [{"name": "X-Api-Key", "value": HIDDEN}, {"name": "Accept", "value": "text/html"},
                            {"key": HIDDEN, "value": HIDDEN}],
                "inner": "{\"depth\":2,\"token\":\"[redacted]\"}", "list": "[1, 2]", "quoted": "{not json",
                "page": "https://a.example/x",
                "comma": "https://a.example,https://b.example/?[redacted]",
                "several": "https://a.example, then https://b.example/?[redacted] and ftp://c.example/k",
            })
        );
        let mut deep = json!({"token": "t"}).to_string();
        for _ in 0..8 {
            deep = json!({ "a": deep }).to_string();
        }
        assert!(!redacted(&json!({ "a": deep })).to_string().contains("token"));
    }

    #[test]
    fn secrets_are_told_by_their_names() {
        let secret = |config: Value| secret_of(config.as_object().unwrap()).map(str::to_owned);
        assert_eq!(secret(json!({"start_url": "https://a.example/?page=1", "keywords": []})), None);
        assert_eq!(secret(json!({"a": [{"apiKey": "k"}]})).as_deref(), Some("apiKey"));
        assert_eq!(secret(json!({"url": "https://a.example?[redacted]"})).as_deref(), Some("url"));
        assert_eq!(secret(json!({"token": null})), None);
    }

    #[test]
    fn what_is_no_object_is_empty() {
        for stored in [json!(["secret"]), json!("secret"), json!(null)] {
            assert_eq!(redacted(&stored), json!({}));
        }
    }
}
