//! The API's resources, one file each; what Stripe does with the larger ones is spread over several.

pub(crate) mod account;
pub(crate) mod checkout;
pub(crate) mod checkout_completion;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod intents;
pub(crate) mod invoice_items;
pub(crate) mod invoice_lines;
pub(crate) mod invoice_payment;
pub(crate) mod invoices;
pub(crate) mod meters;
pub(crate) mod payment_methods;
pub(crate) mod portal;
pub(crate) mod prices;
pub(crate) mod products;
pub(crate) mod proration;
pub(crate) mod subscription_items;
pub(crate) mod subscription_status;
pub(crate) mod subscription_update;
pub(crate) mod subscriptions;
pub(crate) mod test_clocks;
pub(crate) mod webhook_endpoints;

use serde_json::{Value, json};

use crate::error::Outcome;
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

/// A list of a kind, newest first, of what fits.
fn list_of(
    stripe: &Stripe,
    kind: &str,
    url: &str,
    params: &Params,
    fits: impl Fn(&Value) -> bool,
) -> Outcome<Value> {
    page(stripe.store.all(kind).rev().filter(|object| fits(object)), params, url)
}

/// Whether a member is what the parameter of that name asks, if it asks anything.
fn is_asked(object: &Value, params: &Params, name: &str) -> bool {
    params.text(name).is_none_or(|asked| match object.at(name) {
        Value::Bool(value) => value.to_string() == asked,
        other => other.as_str() == Some(asked),
    })
}

/// Metadata at the start.
fn metadata(params: &Params) -> Value {
    let mut object = json!({"metadata": {}});
    merge_metadata(&mut object, params);
    object["metadata"].take()
}

/// Metadata is merged key by key; an empty value takes a key out, an empty `metadata` all of them.
fn merge_metadata(object: &mut Value, params: &Params) {
    match params.at("metadata") {
        Value::String(_) => object.put("metadata", json!({})),
        Value::Object(entries) => {
            for (key, value) in entries {
                let Some(kept) = object.at_mut("metadata").as_object_mut() else { return };
                if value.as_str() == Some("") {
                    kept.remove(key);
                } else {
                    kept.insert(key.clone(), value.clone());
                }
            }
        }
        _ => {}
    }
}

/// Takes texts over as they are; an empty one becomes null.
fn take_texts(object: &mut Value, params: &Params, names: &[&str]) {
    for name in names {
        if params.has(name) {
            object.put(name, params.text_or_null(name));
        }
    }
}

/// What is answered when an object was deleted.
fn deleted(kind: &str, id: &str) -> Value {
    json!({"id": id, "object": kind, "deleted": true})
}
