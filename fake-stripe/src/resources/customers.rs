//! `/v1/customers`

use serde_json::{Value, json};

use super::{
    deleted, is_asked, list_of, merge_metadata, metadata, payment_methods, subscription_status,
    take_texts,
};
use crate::error::Outcome;
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "customer";
const TEXTS: [&str; 4] = ["email", "name", "description", "phone"];
const KNOWN: [&str; 16] = [
    "address",
    "balance",
    "cash_balance",
    "description",
    "email",
    "id",
    "invoice_prefix",
    "invoice_settings",
    "metadata",
    "name",
    "payment_method",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
    "test_clock",
];

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    params.allow(&KNOWN)?;
    let id = stripe.random.id("cus");
    add(stripe, &id, params)
}

/// Makes a customer with an id.
pub(crate) fn add(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let balance = params.integer("balance")?.unwrap_or(0);
    let cards = cards_of(stripe, params)?;
    let prefix: String = id.chars().rev().take(8).collect::<String>().to_uppercase();
    let mut customer = json!({
        "id": id,
        "object": KIND,
        "address": params.at("address"),
        "balance": balance,
        "created": stripe.now,
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "discount": null,
        "email": null,
        "invoice_prefix": prefix,
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null,
        },
        "livemode": false,
        "metadata": metadata(params),
        "name": null,
        "next_invoice_sequence": 1,
        "phone": null,
        "preferred_locales": [],
        "shipping": params.at("shipping"),
        "tax_exempt": params.text("tax_exempt").unwrap_or("none"),
        "test_clock": params.text("test_clock"),
    });
    take_texts(&mut customer, params, &TEXTS);
    stripe.store.insert(customer);
    let default = hold_cards(stripe, id, &cards);
    stripe.alter(id, |customer| customer.put("invoice_settings.default_payment_method", default));
    stripe.emit("customer.created", id);
    announce(stripe, &cards);
    Ok(stripe.read(id))
}

/// The payment methods that parameters of a customer name: the one to attach, the default one.
struct Cards {
    attached: Option<String>,
    default: Option<String>,
}

fn cards_of(stripe: &mut Stripe, params: &Params) -> Outcome<Cards> {
    let default_path = "invoice_settings.default_payment_method";
    let attached = match params.text("payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "payment_method")?),
        None => None,
    };
    let default = match params.text(default_path) {
        // A token names the card that is attached by the same request.
        Some(name) if Some(name) == params.text("payment_method") => attached.clone(),
        Some(name) => Some(payment_methods::resolve(stripe, name, default_path)?),
        None => None,
    };
    Ok(Cards { attached, default })
}

/// Attaches the cards, without events yet, and gives the default one.
fn hold_cards(stripe: &mut Stripe, customer: &str, cards: &Cards) -> Option<String> {
    for card in cards.attached.iter().chain(&cards.default) {
        stripe.alter(card, |card| card.put("customer", customer));
    }
    cards.default.clone()
}

fn announce(stripe: &mut Stripe, cards: &Cards) {
    if let Some(card) = &cards.attached {
        stripe.emit("payment_method.attached", card);
    }
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

/// A customer that a parameter names, and that is not deleted.
pub(crate) fn named(stripe: &Stripe, params: &Params) -> Outcome<String> {
    let id = params.required("customer")?;
    let customer = stripe.store.named(KIND, id, "customer")?;
    if customer.is("deleted") {
        return Err(crate::error::ApiError::no_such(KIND, id, "customer"));
    }
    Ok(id.to_owned())
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    params.allow(&KNOWN)?;
    if read(stripe, id)?.is("deleted") {
        return Err(crate::error::ApiError::not_found(KIND, id));
    }
    let balance = params.integer("balance")?;
    let cards = cards_of(stripe, params)?;
    let default = hold_cards(stripe, id, &cards);
    announce(stripe, &cards);
    stripe.change("customer.updated", id, |customer| {
        take_texts(customer, params, &TEXTS);
        take_texts(customer, params, &["tax_exempt"]);
        merge_metadata(customer, params);
        for name in ["address", "shipping"].into_iter().filter(|name| params.has(name)) {
            customer.put(name, params.at(name).clone());
        }
        if let Some(balance) = balance {
            customer.put("balance", balance);
        }
        if params.has("invoice_settings.default_payment_method") {
            customer.put("invoice_settings.default_payment_method", default);
        }
    });
    Ok(stripe.read(id))
}

/// Ends the customer's subscriptions and deletes them; what is left answers `deleted`.
pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    if read(stripe, id)?.is("deleted") {
        return Err(crate::error::ApiError::not_found(KIND, id));
    }
    for subscription in stripe.store.ids("subscription", |subscription| {
        subscription.word("customer") == id && !subscription_status::is_over(subscription)
    }) {
        subscription_status::end(stripe, &subscription, "cancellation_requested");
    }
    stripe.emit("customer.deleted", id);
    stripe.alter(id, |customer| *customer = deleted(KIND, id));
    Ok(stripe.read(id))
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, KIND, "/v1/customers", params, |customer| {
        !customer.is("deleted") && is_asked(customer, params, "email")
    })
}
