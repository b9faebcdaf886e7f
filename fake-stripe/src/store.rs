//! Every object there is, by its id, and in the order it was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{ApiError, Outcome};
use crate::object::Read as _;
use crate::params::Params;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    objects: BTreeMap<String, Value>,
    /// Ids of each kind, oldest first.
    made: BTreeMap<String, Vec<String>>,
}

impl Store {
    /// Puts a new object in; its kind is its member `object`.
    pub(crate) fn insert(&mut self, object: Value) {
        let (kind, id) = (object.word("object").to_owned(), object.word("id").to_owned());
        if self.objects.insert(id.clone(), object).is_none() {
            self.made.entry(kind).or_default().push(id);
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let Some(object) = self.objects.remove(id) else { return };
        if let Some(ids) = self.made.get_mut(object.word("object")) {
            ids.retain(|other| other != id);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.objects.get_mut(id)
    }

    /// An object of a kind, which the address names.
    pub(crate) fn find(&self, kind: &str, id: &str) -> Outcome<&Value> {
        let found = self.objects.get(id).filter(|object| object.word("object") == kind);
        found.ok_or_else(|| ApiError::not_found(shown(kind), id))
    }

    /// An object of a kind, which a parameter names.
    pub(crate) fn named(&self, kind: &str, id: &str, param: &str) -> Outcome<&Value> {
        self.find(kind, id).map_err(|_| ApiError::no_such(shown(kind), id, param))
    }

    /// The objects of a kind, oldest first.
    pub(crate) fn all(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.made.get(kind).into_iter().flatten().filter_map(|id| self.objects.get(id))
    }

    /// The ids of the objects of a kind that fit, oldest first.
    pub(crate) fn ids(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Vec<String> {
        self.all(kind)
            .filter(|object| fits(object))
            .map(|object| object.word("id").to_owned())
            .collect()
    }
}

/// The word of Stripe's messages: `payment method` is `PaymentMethod` there.
fn shown(kind: &str) -> &str {
    match kind {
        "payment_method" => "PaymentMethod",
        "checkout.session" => "checkout.session",
        other => other.rsplit('.').next().unwrap_or(other),
    }
}

/// A page of a list: newest first, between the cursors.
pub(crate) fn page<'a>(
    newest_first: impl Iterator<Item = &'a Value>,
    params: &Params,
    url: &str,
) -> Outcome<Value> {
    let limit = limit(params)?;
    let mut all: Vec<&Value> = Vec::new();
    for object in newest_first {
        if is_created_within(object, params)? {
            all.push(object);
        }
    }
    let place = |param: &str| -> Outcome<Option<usize>> {
        let Some(id) = params.text(param) else { return Ok(None) };
        let at = all.iter().position(|object| object.word("id") == id);
        at.map(Some).ok_or_else(|| ApiError::no_such("object", id, param))
    };
    let (from, to, has_more) = match (place("starting_after")?, place("ending_before")?) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "You cannot parameterize both starting_after and ending_before.",
            ));
        }
        (None, Some(end)) => (end.saturating_sub(limit), end, end > limit),
        (after, None) => {
            let from = after.map_or(0, |at| at + 1);
            let to = all.len().min(from + limit);
            (from, to, to < all.len())
        }
    };
    let data: Vec<Value> = all[from..to].iter().map(|object| (*object).clone()).collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": url}))
}

fn limit(params: &Params) -> Outcome<usize> {
    let limit = params.integer("limit")?.unwrap_or(10);
    match usize::try_from(limit) {
        Ok(limit @ 1..=100) => Ok(limit),
        _ => Err(ApiError::invalid(
            "limit",
            "Invalid limit: must be greater than or equal to 1 and less than or equal to 100",
        )),
    }
}

/// `created[gte]` and its like, or `created` itself.
fn is_created_within(object: &Value, params: &Params) -> Outcome<bool> {
    let created = object.amount("created");
    let bound = |name: &str| params.integer(&format!("created.{name}"));
    let exact = match params.at("created") {
        Value::String(_) => params.integer("created")?,
        _ => None,
    };
    Ok(bound("gte")?.is_none_or(|bound| created >= bound)
        && bound("gt")?.is_none_or(|bound| created > bound)
        && bound("lte")?.is_none_or(|bound| created <= bound)
        && bound("lt")?.is_none_or(|bound| created < bound)
        && exact.is_none_or(|exact| created == exact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(page: &Value) -> Vec<&str> {
        page.items("data").iter().map(|object| object.word("id")).collect()
    }

    fn ask(query: &str) -> Outcome<Value> {
        let objects: Vec<Value> =
            (0..5).rev().map(|n| json!({"id": format!("x_{n}"), "created": n})).collect();
        page(objects.iter(), &Params::parse(query, ""), "/v1/x")
    }

    #[test]
    fn lists_are_paged_both_ways() {
        let first = ask("limit=2").unwrap();
        assert_eq!((ids(&first), first.is("has_more")), (vec!["x_4", "x_3"], true));
        let last = ask("limit=2&starting_after=x_1").unwrap();
        assert_eq!((ids(&last), last.is("has_more")), (vec!["x_0"], false));
        let before = ask("limit=2&ending_before=x_1").unwrap();
        assert_eq!((ids(&before), before.is("has_more")), (vec!["x_3", "x_2"], true));
        assert!(
            ask("starting_after=x_9").is_err()
                && ask("limit=0").is_err()
                && ask("limit=101").is_err()
        );
    }

    #[test]
    fn lists_are_bounded_by_time() {
        assert_eq!(ids(&ask("created[gte]=3").unwrap()), ["x_4", "x_3"]);
        assert_eq!(ids(&ask("created[gt]=1&created[lt]=3").unwrap()), ["x_2"]);
        assert_eq!(ids(&ask("created=0").unwrap()), ["x_0"]);
    }
}
