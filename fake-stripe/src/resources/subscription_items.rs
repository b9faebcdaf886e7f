//! `/v1/subscription_items`: the items of subscriptions by themselves. Each change is one of its subscription.

use serde_json::{Value, json};

use super::{deleted, subscription_update, subscriptions};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

const KIND: &str = "subscription_item";

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let subscription = params.required("subscription")?.to_owned();
    stripe.store.named("subscription", &subscription, "subscription")?;
    change(stripe, &subscription, params, None, json!({}))?;
    stripe
        .read(&subscription)
        .items("items.data")
        .last()
        .cloned()
        .ok_or_else(|| ApiError::not_found(KIND, ""))
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    let mut items =
        stripe.store.all("subscription").flat_map(|subscription| subscription.items("items.data"));
    items.find(|item| item.word("id") == id).cloned().ok_or_else(|| ApiError::not_found(KIND, id))
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let subscription = read(stripe, id)?.word("subscription").to_owned();
    change(stripe, &subscription, params, Some(id), json!({}))?;
    read(stripe, id)
}

pub(crate) fn delete(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let subscription = read(stripe, id)?.word("subscription").to_owned();
    change(stripe, &subscription, params, Some(id), json!({"deleted": "true"}))?;
    Ok(deleted(KIND, id))
}

fn change(
    stripe: &mut Stripe,
    subscription: &str,
    params: &Params,
    id: Option<&str>,
    mut item: Value,
) -> Outcome<()> {
    for name in
        ["price", "price_data", "quantity", "metadata"].into_iter().filter(|name| params.has(name))
    {
        item.put(name, params.at(name).clone());
    }
    if let Some(id) = id {
        item.put("id", id);
    }
    let mut update = json!({"items": [item]});
    if let Some(behavior) = params.text("proration_behavior") {
        update.put("proration_behavior", behavior);
    }
    subscription_update::update(stripe, subscription, &Params::of(&update)).map(|_| ())
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let id = params.required("subscription")?;
    stripe.store.named("subscription", id, "subscription")?;
    let subscription = subscriptions::read(stripe, id)?;
    page(subscription.items("items.data").iter(), params, "/v1/subscription_items")
}
