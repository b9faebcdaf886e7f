//! Parameters as Stripe takes them: forms whose names have brackets, `items[0][price]`, read into one tree.

use serde_json::{Map, Value};

use crate::error::{ApiError, Outcome};
use crate::object::Read as _;

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Params(Value);

impl Params {
    /// Reads a query and a body of a form.
    pub(crate) fn parse(query: &str, body: &str) -> Self {
        let mut tree = Value::Object(Map::new());
        for part in [query, body] {
            for (name, value) in form_urlencoded::parse(part.as_bytes()) {
                insert(&mut tree, &segments(&name), &value);
            }
        }
        Self(with_lists(tree, false))
    }

    /// A part of the tree as parameters of its own.
    pub(crate) fn of(value: &Value) -> Self {
        Self(value.clone())
    }

    /// Whether there is anything at the path, be it empty.
    pub(crate) fn has(&self, path: &str) -> bool {
        !self.0.at(path).is_null()
    }

    /// The tree below the path.
    pub(crate) fn at(&self, path: &str) -> &Value {
        self.0.at(path)
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.at(path).as_str().filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub(crate) fn required(&self, path: &str) -> Outcome<&str> {
        self.text(path).ok_or_else(|| ApiError::missing(path))
    }

    /// The text as JSON, null if it is missing or empty.
    pub(crate) fn text_or_null(&self, path: &str) -> Value {
        self.text(path).map_or(Value::Null, Value::from)
    }

    /// A whole number.
    pub(crate) fn integer(&self, path: &str) -> Outcome<Option<i64>> {
        let Some(text) = self.text(path) else { return Ok(None) };
        let invalid = || ApiError::invalid_integer(path, text);
        text.parse().map(Some).map_err(|_| invalid())
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, path: &str) -> Outcome<Option<bool>> {
        match self.text(path) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid(path, &format!("Invalid boolean: {other}"))),
        }
    }

    /// Whether the parameter is `true`.
    pub(crate) fn is(&self, path: &str) -> Outcome<bool> {
        Ok(self.boolean(path)?.unwrap_or(false))
    }

    /// One of some words.
    pub(crate) fn one_of(
        &self,
        path: &str,
        words: &[&'static str],
    ) -> Outcome<Option<&'static str>> {
        let Some(text) = self.text(path) else { return Ok(None) };
        let found = words.iter().find(|word| **word == text);
        found.copied().map(Some).ok_or_else(|| {
            let list = words.join(", ");
            ApiError::invalid(path, &format!("Invalid {path}: must be one of {list}"))
        })
    }

    /// The members of a list, each as parameters.
    pub(crate) fn list(&self, path: &str) -> Vec<Self> {
        self.0.items(path).iter().map(Self::of).collect()
    }

    /// Texts of a list such as `expand[]`.
    pub(crate) fn texts(&self, path: &str) -> Vec<String> {
        self.0.items(path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Refuses names that the endpoint does not know, as Stripe does.
    pub(crate) fn allow(&self, known: &[&str]) -> Outcome<()> {
        let names =
            self.0.as_object().map(|tree| tree.keys().cloned().collect()).unwrap_or_default();
        let names: Vec<String> = names;
        match names.iter().find(|name| *name != "expand" && !known.contains(&name.as_str())) {
            Some(name) => Err(ApiError::unknown_parameter(name)),
            None => Ok(()),
        }
    }

    /// One text for all: what is compared when an idempotency key comes again.
    pub(crate) fn fingerprint(&self) -> String {
        self.0.to_string()
    }
}

/// `items[0][price]` in parts; an empty part appends.
fn segments(name: &str) -> Vec<String> {
    let (head, rest) = name.split_once('[').unwrap_or((name, ""));
    let mut parts = vec![head.to_owned()];
    if !rest.is_empty() {
        parts.extend(rest.trim_end_matches(']').split("][").map(str::to_owned));
    }
    parts
}

fn insert(tree: &mut Value, path: &[String], value: &str) {
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    let (Value::Object(members), Some((head, rest))) = (tree, path.split_first()) else { return };
    let name = if head.is_empty() { members.len().to_string() } else { head.clone() };
    let member = members.entry(name).or_insert(Value::Null);
    if rest.is_empty() {
        *member = Value::from(value);
    } else {
        insert(member, rest, value);
    }
}

/// Members that are numbered become lists, but for keys of metadata, which anybody may choose.
fn with_lists(tree: Value, is_metadata: bool) -> Value {
    let Value::Object(members) = tree else { return tree };
    let is_list = !is_metadata
        && !members.is_empty()
        && members.keys().all(|name| name.parse::<usize>().is_ok());
    if !is_list {
        let deeper = |(name, value): (String, Value)| {
            let value = with_lists(value, name == "metadata");
            (name, value)
        };
        return Value::Object(members.into_iter().map(deeper).collect());
    }
    let mut numbered: Vec<(usize, Value)> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.parse().ok()?, with_lists(value, false))))
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    Value::Array(numbered.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_become_a_tree() {
        let form = "items[0][price]=a&items[1][price]=b&items[10][price]=c&metadata[0]=x&expand[]=y&expand[]=z&name=";
        let params = Params::parse("limit=3", form);
        let prices: Vec<_> = params
            .list("items")
            .iter()
            .map(|item| item.text("price").unwrap().to_owned())
            .collect();
        assert_eq!(prices, ["a", "b", "c"]);
        assert_eq!(params.at("metadata").to_string(), r#"{"0":"x"}"#);
        assert_eq!(params.texts("expand"), ["y", "z"]);
        assert_eq!(params.integer("limit").unwrap(), Some(3));
        assert!(params.has("name") && params.text("name").is_none());
    }

    #[test]
    fn what_is_no_number_is_named() {
        let params = Params::parse("", "limit=many");
        let error = params.integer("limit").unwrap_err();
        assert_eq!(error.body()["error"]["param"], "limit");
        assert_eq!(error.body()["error"]["code"], "parameter_invalid_integer");
    }
}
