//! `/v1/prices`

use serde_json::{Value, json};

use super::{is_asked, list_of, merge_metadata, metadata, products, take_texts};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "price";

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let id = stripe.random.id("price");
    add(stripe, &id, params)
}

/// Makes a price with an id, and its product where the parameters describe one.
pub(crate) fn add(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let currency = params.required("currency")?.to_lowercase();
    let cents = unit_amount(params)?;
    let recurring = recurring(params)?;
    let lookup_key = params.text("lookup_key");
    if let Some(key) = lookup_key {
        free_lookup_key(stripe, key, params.is("transfer_lookup_key")?)?;
    }
    let product = match params.text("product") {
        Some(product) => {
            stripe.store.named("product", product, "product")?;
            product.to_owned()
        }
        None if params.has("product_data") => {
            products::create(stripe, &Params::of(params.at("product_data")))?.word("id").to_owned()
        }
        None => return Err(ApiError::missing("product")),
    };
    let price = json!({
        "id": id,
        "object": KIND,
        "active": params.boolean("active")?.unwrap_or(true),
        "billing_scheme": "per_unit",
        "created": stripe.now,
        "currency": currency,
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": lookup_key,
        "metadata": metadata(params),
        "nickname": params.text("nickname"),
        "product": product,
        "recurring": recurring,
        "tax_behavior": params.text("tax_behavior").unwrap_or("unspecified"),
        "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_null() { "one_time" } else { "recurring" },
        "unit_amount": cents,
        "unit_amount_decimal": cents.to_string(),
    });
    stripe.store.insert(price);
    stripe.emit("price.created", id);
    Ok(stripe.read(id))
}

fn unit_amount(params: &Params) -> Outcome<i64> {
    let decimal = params.text("unit_amount_decimal").and_then(|text| text.parse().ok());
    let cents = params.integer("unit_amount")?.or(decimal);
    let cents = cents.ok_or_else(|| ApiError::missing("unit_amount"))?;
    if cents < 0 {
        return Err(ApiError::invalid("unit_amount", "Invalid non-negative integer"));
    }
    Ok(cents)
}

fn recurring(params: &Params) -> Outcome<Value> {
    if !params.has("recurring") {
        return Ok(Value::Null);
    }
    params.required("recurring.interval")?;
    let interval = params.one_of("recurring.interval", &["day", "week", "month", "year"])?;
    Ok(json!({
        "interval": interval,
        "interval_count": params.integer("recurring.interval_count")?.unwrap_or(1).max(1),
        "meter": params.text("recurring.meter"),
        "trial_period_days": null,
        "usage_type": params.text("recurring.usage_type").unwrap_or("licensed"),
    }))
}

/// A lookup key is of one price at a time.
fn free_lookup_key(stripe: &mut Stripe, key: &str, may_transfer: bool) -> Outcome<()> {
    let holder = stripe.store.ids(KIND, |price| price.word("lookup_key") == key).pop();
    let Some(holder) = holder else { return Ok(()) };
    if !may_transfer {
        return Err(ApiError::invalid(
            "lookup_key",
            &format!("A price (`{holder}`) already uses that lookup key."),
        ));
    }
    stripe.change("price.updated", &holder, |price| price.put("lookup_key", Value::Null));
    Ok(())
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    let active = params.boolean("active")?;
    if let Some(key) = params.text("lookup_key") {
        let is_own = stripe.read(id).word("lookup_key") == key;
        if !is_own {
            free_lookup_key(stripe, key, params.is("transfer_lookup_key")?)?;
        }
    }
    stripe.change("price.updated", id, |price| {
        take_texts(price, params, &["nickname", "lookup_key", "tax_behavior"]);
        merge_metadata(price, params);
        if let Some(active) = active {
            price.put("active", active);
        }
    });
    show_in_subscriptions(stripe, id);
    Ok(stripe.read(id))
}

/// Items of subscriptions show their price as it is now.
fn show_in_subscriptions(stripe: &mut Stripe, id: &str) {
    let price = stripe.read(id);
    let of_price = |item: &Value| item.word("price.id") == id;
    for subscription in stripe
        .store
        .ids("subscription", |subscription| subscription.items("items.data").iter().any(of_price))
    {
        stripe.alter(&subscription, |subscription| {
            for item in subscription.list_mut("items.data") {
                if item.word("price.id") == id {
                    item.put("plan", plan_of(&price));
                    item.put("price", price.clone());
                }
            }
        });
    }
}

/// A price as plans were before there were prices.
pub(crate) fn plan_of(price: &Value) -> Value {
    json!({
        "id": price.at("id"),
        "object": "plan",
        "active": price.at("active"),
        "amount": price.at("unit_amount"),
        "amount_decimal": price.at("unit_amount_decimal"),
        "billing_scheme": "per_unit",
        "created": price.at("created"),
        "currency": price.at("currency"),
        "interval": price.at("recurring.interval"),
        "interval_count": price.at("recurring.interval_count"),
        "livemode": false,
        "metadata": price.at("metadata"),
        "meter": price.at("recurring.meter"),
        "nickname": price.at("nickname"),
        "product": price.at("product"),
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": price.at("recurring.usage_type"),
    })
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let keys = params.texts("lookup_keys");
    list_of(stripe, KIND, "/v1/prices", params, |price| {
        ["active", "product", "type", "currency"].iter().all(|name| is_asked(price, params, name))
            && (keys.is_empty() || keys.iter().any(|key| key == price.word("lookup_key")))
    })
}
