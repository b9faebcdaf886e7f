//! `POST /v1/subscriptions/{id}`: other prices and quantities, the end of a trial, cancellation, pauses of collection.

use serde_json::{Value, json};

use super::subscriptions::{self, ItemSpec};
use super::{merge_metadata, payment_methods, prices, proration, subscription_status, take_texts};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KNOWN: [&str; 19] = [
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "invoice_settings",
    "items",
    "metadata",
    "off_session",
    "pause_collection",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "trial_settings",
];

/// One change of the items.
enum ItemChange {
    Add(ItemSpec),
    /// The item's id, another price, another quantity, metadata.
    Alter(String, Option<Value>, Option<i64>, Params),
    Remove(String),
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    params.allow(&KNOWN)?;
    let before = subscriptions::read(stripe, id)?;
    let only_metadata = !KNOWN.iter().any(|name| *name != "metadata" && params.has(name));
    if subscription_status::is_over(&before) && !only_metadata {
        return Err(ApiError::bad_request(
            "A canceled subscription can only update its cancellation_details and metadata.",
        ));
    }
    let changes = item_changes(stripe, &before, params)?;
    let behavior = params
        .one_of("proration_behavior", &["create_prorations", "always_invoice", "none"])?
        .unwrap_or("create_prorations");
    let card = match params.text("default_payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "default_payment_method")?),
        None => None,
    };
    let members = Members::read(params, card)?;
    let ends_trial = params.text("trial_end") == Some("now");
    let trial_end = subscriptions::trial_end(stripe, params)?;
    let ends = params.boolean("cancel_at_period_end")?;

    stripe.alter(id, |subscription| members.put(subscription, params));
    let is_new_cycle = apply(stripe, id, &before, changes, behavior != "none");
    if let Some(end) = trial_end {
        stripe.alter(id, |subscription| extend_trial(subscription, end));
    }
    if let Some(ends) = ends {
        set_end(stripe, id, ends);
    }
    stripe.emit_change("customer.subscription.updated", before);
    if ends_trial {
        stripe.end_trial(id);
    }
    if is_new_cycle {
        let invoice = subscriptions::bill_period(stripe, id);
        subscriptions::collect(stripe, &invoice);
    } else if behavior == "always_invoice" && waits(stripe, id) {
        let invoice = proration::bill_now(stripe, id);
        subscriptions::collect(stripe, &invoice);
    }
    Ok(stripe.read(id))
}

/// Members that are taken over as they come.
struct Members {
    card: Option<String>,
    cancel_at: Option<i64>,
    pause: Option<Value>,
}

impl Members {
    fn read(params: &Params, card: Option<String>) -> Outcome<Self> {
        let pause = match params.at("pause_collection") {
            Value::Null => None,
            Value::String(_) => Some(Value::Null),
            _ => {
                params.required("pause_collection.behavior")?;
                let words = ["keep_as_draft", "mark_uncollectible", "void"];
                let behavior = params.one_of("pause_collection.behavior", &words)?;
                Some(
                    json!({"behavior": behavior, "resumes_at": params.integer("pause_collection.resumes_at")?}),
                )
            }
        };
        Ok(Self { card, cancel_at: params.integer("cancel_at")?, pause })
    }

    fn put(self, subscription: &mut Value, params: &Params) {
        merge_metadata(subscription, params);
        take_texts(subscription, params, &["description", "collection_method"]);
        if params.has("default_payment_method") {
            subscription.put("default_payment_method", self.card);
        }
        if params.has("cancel_at") {
            subscription.put("cancel_at", self.cancel_at);
            subscription.put("cancel_at_period_end", false);
        }
        if let Some(pause) = self.pause {
            subscription.put("pause_collection", pause);
        }
        if let Some(end) = params.text("trial_settings.end_behavior.missing_payment_method") {
            subscription.put("trial_settings.end_behavior.missing_payment_method", end);
        }
    }
}

fn set_end(stripe: &mut Stripe, id: &str, ends: bool) {
    let now = stripe.now;
    stripe.alter(id, |subscription| {
        if subscription.is("cancel_at_period_end") == ends {
            return;
        }
        let end = subscriptions::period_end(subscription);
        subscription.put("cancel_at_period_end", ends);
        subscription.put("cancel_at", ends.then_some(end));
        subscription.put("canceled_at", ends.then_some(now));
        subscription.put("cancellation_details.reason", ends.then_some("cancellation_requested"));
    });
}

fn extend_trial(subscription: &mut Value, end: i64) {
    subscription.put("trial_end", end);
    subscription.put("billing_cycle_anchor", end);
    subscription.put("status", "trialing");
    subscription.put("_is_warned", false);
    for item in subscription.list_mut("items.data") {
        item.put("current_period_end", end);
    }
}

fn item_changes(
    stripe: &mut Stripe,
    subscription: &Value,
    params: &Params,
) -> Outcome<Vec<ItemChange>> {
    let mut changes = Vec::new();
    for (at, item) in params.list("items").iter().enumerate() {
        let path = format!("items.{at}");
        let Some(id) = item.text("id").map(str::to_owned) else {
            changes.push(ItemChange::Add(subscriptions::item_spec(stripe, item, &path)?));
            continue;
        };
        if !subscription.items("items.data").iter().any(|item| item.word("id") == id) {
            return Err(ApiError::no_such("subscription_item", &id, &format!("{path}.id")));
        }
        if item.is("deleted")? {
            changes.push(ItemChange::Remove(id));
            continue;
        }
        let price = if item.has("price") || item.has("price_data") {
            Some(subscriptions::item_spec(stripe, item, &path)?.price)
        } else {
            None
        };
        changes.push(ItemChange::Alter(id, price, item.integer("quantity")?, item.clone()));
    }
    let removed = changes.iter().filter(|change| matches!(change, ItemChange::Remove(_))).count();
    let added = changes.iter().filter(|change| matches!(change, ItemChange::Add(_))).count();
    if removed > 0 && removed >= subscription.items("items.data").len() + added {
        return Err(ApiError::bad_request("A subscription must have at least one active item."));
    }
    Ok(changes)
}

/// Makes the changes of items, with what they cost; whether a new period begins, as one of another length does.
fn apply(
    stripe: &mut Stripe,
    id: &str,
    before: &Value,
    changes: Vec<ItemChange>,
    prorates: bool,
) -> bool {
    let mut is_new_cycle = false;
    for change in changes {
        match change {
            ItemChange::Add(spec) => {
                let item =
                    subscriptions::item(stripe, id, &spec, Some(subscriptions::period_end(before)));
                if prorates {
                    proration::charge(stripe, before, &item);
                }
                stripe.alter(id, |subscription| subscription.list_mut("items.data").push(item));
            }
            ItemChange::Remove(item_id) => {
                if let Some(item) = item_of(before, &item_id).filter(|_| prorates) {
                    proration::credit(stripe, before, item);
                }
                stripe.alter(id, |subscription| {
                    subscription.list_mut("items.data").retain(|item| item.word("id") != item_id);
                });
            }
            ItemChange::Alter(item_id, price, quantity, params) => {
                let Some(old) = item_of(before, &item_id) else { continue };
                let new = altered(old, price, quantity, &params);
                let keeps_cycle = ["interval", "interval_count"].iter().all(|name| {
                    old.at("price.recurring").at(name) == new.at("price.recurring").at(name)
                });
                is_new_cycle |= !keeps_cycle && before.word("status") == "active";
                let costs_else = old.at("price.id") != new.at("price.id")
                    || old.at("quantity") != new.at("quantity");
                if prorates && costs_else {
                    proration::credit(stripe, before, old);
                    if keeps_cycle {
                        proration::charge(stripe, before, &new);
                    }
                }
                put_item(stripe, id, &item_id, &new);
            }
        }
    }
    let now = stripe.now;
    stripe.alter(id, |subscription| {
        let count = subscription.items("items.data").len();
        subscription.put("items.total_count", count);
        if is_new_cycle {
            subscription.put("billing_cycle_anchor", now);
            subscription_status::restart(subscription, now);
        }
    });
    is_new_cycle
}

fn item_of<'a>(subscription: &'a Value, id: &str) -> Option<&'a Value> {
    subscription.items("items.data").iter().find(|item| item.word("id") == id)
}

fn altered(old: &Value, price: Option<Value>, quantity: Option<i64>, params: &Params) -> Value {
    let mut item = old.clone();
    if let Some(price) = price {
        item.put("plan", prices::plan_of(&price));
        item.put("price", price);
    }
    if let Some(quantity) = quantity {
        item.put("quantity", quantity);
    }
    merge_metadata(&mut item, params);
    item
}

fn put_item(stripe: &mut Stripe, id: &str, item_id: &str, new: &Value) {
    stripe.alter(id, |subscription| {
        for item in
            subscription.list_mut("items.data").iter_mut().filter(|item| item.word("id") == item_id)
        {
            *item = new.clone();
        }
    });
}

fn waits(stripe: &Stripe, id: &str) -> bool {
    stripe.store.all("invoiceitem").any(|item| {
        item.at("invoice").is_null()
            && item.text("parent.subscription_details.subscription") == Some(id)
    })
}
