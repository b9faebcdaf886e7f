//! `/v1/payment_intents`, `/v1/charges` and `/v1/setup_intents`, as far as invoices, checkout and test triggers need.

use serde_json::{Value, json};

use super::payment_methods::{self, Charge};
use super::{is_asked, list_of, metadata};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

pub(crate) fn read(stripe: &Stripe, kind: &str, id: &str) -> Outcome<Value> {
    stripe.store.find(kind, id).cloned()
}

pub(crate) fn list(stripe: &Stripe, kind: &str, params: &Params) -> Outcome<Value> {
    list_of(stripe, kind, &format!("/v1/{kind}s"), params, |object| {
        is_asked(object, params, "customer")
    })
}

/// A payment that is to be made.
pub(crate) struct Payment<'a> {
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) customer: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
}

/// Makes a payment intent that waits for a payment method.
pub(crate) fn open(stripe: &mut Stripe, payment: &Payment<'_>) -> String {
    let id = stripe.random.id("pi");
    let intent = json!({
        "id": id,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic",
        "client_secret": format!("{id}_secret_fake"),
        "confirmation_method": "automatic",
        "created": stripe.now,
        "currency": payment.currency,
        "customer": payment.customer,
        "description": payment.description,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "metadata": {},
        "next_action": null,
        "payment_method": null,
        "payment_method_types": ["card"],
        "setup_future_usage": null,
        "status": "requires_payment_method",
    });
    stripe.store.insert(intent);
    stripe.emit("payment_intent.created", &id);
    id
}

/// Tries to pay with a card.
pub(crate) fn try_to_pay(stripe: &mut Stripe, id: &str, card: &str) -> Charge {
    let customer = stripe.read(id).word("customer").to_owned();
    let outcome = payment_methods::charge(stripe, card, &customer);
    stripe.alter(id, |intent| intent.put("payment_method", card));
    match outcome {
        Charge::Succeeds => settle(stripe, id),
        Charge::Declined => {
            let charge = charge_of(stripe, id, "failed");
            stripe.emit("charge.failed", &charge);
            stripe.alter(id, |intent| {
                intent.put("status", "requires_payment_method");
                intent.put("last_payment_error", declined().body()["error"].clone());
            });
            stripe.emit("payment_intent.payment_failed", id);
        }
        Charge::NeedsAction => {
            stripe.alter(id, |intent| {
                intent.put("status", "requires_action");
                intent.put("next_action", json!({"type": "use_stripe_sdk"}));
            });
            stripe.emit("payment_intent.requires_action", id);
        }
        Charge::SucceedsLater | Charge::FailsLater => {
            stripe.alter(id, |intent| intent.put("status", "processing"));
            stripe.emit("payment_intent.processing", id);
        }
    }
    outcome
}

/// The money is there.
pub(crate) fn settle(stripe: &mut Stripe, id: &str) {
    let charge = charge_of(stripe, id, "succeeded");
    stripe.emit("charge.succeeded", &charge);
    stripe.alter(id, |intent| {
        let amount = intent.amount("amount");
        intent.put("status", "succeeded");
        intent.put("amount_received", amount);
        intent.put("next_action", Value::Null);
        intent.put("last_payment_error", Value::Null);
    });
    stripe.emit("payment_intent.succeeded", id);
}

/// A debit that was under way has failed.
pub(crate) fn fail(stripe: &mut Stripe, id: &str) {
    stripe.alter(id, |intent| intent.put("status", "requires_payment_method"));
    stripe.emit("payment_intent.payment_failed", id);
}

fn charge_of(stripe: &mut Stripe, intent_id: &str, status: &str) -> String {
    let intent = stripe.read(intent_id);
    let id = stripe.random.id("ch");
    let is_paid = status == "succeeded";
    let charge = json!({
        "id": id,
        "object": "charge",
        "amount": intent.at("amount"),
        "amount_captured": if is_paid { intent.amount("amount") } else { 0 },
        "amount_refunded": 0,
        "captured": is_paid,
        "created": stripe.now,
        "currency": intent.at("currency"),
        "customer": intent.at("customer"),
        "description": intent.at("description"),
        "failure_code": if is_paid { Value::Null } else { json!("card_declined") },
        "livemode": false,
        "metadata": {},
        "paid": is_paid,
        "payment_intent": intent_id,
        "payment_method": intent.at("payment_method"),
        "refunded": false,
        "status": status,
    });
    stripe.store.insert(charge);
    stripe.alter(intent_id, |intent| intent.put("latest_charge", id.as_str()));
    id
}

/// The error of a declined card.
pub(crate) fn declined() -> ApiError {
    ApiError::card("card_declined", Some("generic_decline"), "Your card was declined.")
}

/// The error of a card whose holder has to confirm.
pub(crate) fn needs_action() -> ApiError {
    ApiError::card(
        "invoice_payment_intent_requires_action",
        None,
        "Payment for this invoice requires additional user action before it can be completed successfully.",
    )
}

pub(crate) fn create_payment(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let amount = params.integer("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    let currency = params.required("currency")?.to_owned();
    if let Some(customer) = params.text("customer") {
        stripe.store.named("customer", customer, "customer")?;
    }
    let card = match params.text("payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "payment_method")?),
        None => None,
    };
    let payment = Payment {
        amount,
        currency: &currency,
        customer: params.text("customer"),
        description: params.text("description"),
    };
    let id = open(stripe, &payment);
    let metadata = metadata(params);
    stripe.alter(&id, |intent| intent.put("metadata", metadata));
    if let Some(card) = card {
        stripe.alter(&id, |intent| {
            intent.put("payment_method", card);
            intent.put("status", "requires_confirmation");
        });
    }
    if params.is("confirm")? {
        return confirm_payment(stripe, &id, &Params::default());
    }
    read(stripe, "payment_intent", &id)
}

pub(crate) fn confirm_payment(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let intent = read(stripe, "payment_intent", id)?;
    let card = match params.text("payment_method") {
        Some(name) => payment_methods::resolve(stripe, name, "payment_method")?,
        None => intent
            .text("payment_method")
            .map(str::to_owned)
            .ok_or_else(|| ApiError::missing("payment_method"))?,
    };
    match try_to_pay(stripe, id, &card) {
        Charge::Declined => Err(declined().with("payment_intent", stripe.read(id))),
        _ => read(stripe, "payment_intent", id),
    }
}

pub(crate) fn create_setup(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    if params.has("customer") {
        super::customers::named(stripe, params)?;
    }
    let card = match params.text("payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "payment_method")?),
        None => None,
    };
    let id = stripe.random.id("seti");
    let intent = json!({
        "id": id,
        "object": "setup_intent",
        "client_secret": format!("{id}_secret_fake"),
        "created": stripe.now,
        "customer": params.text("customer"),
        "description": params.text("description"),
        "last_setup_error": null,
        "livemode": false,
        "metadata": metadata(params),
        "next_action": null,
        "payment_method": card,
        "payment_method_types": ["card"],
        "status": if card.is_some() { "requires_confirmation" } else { "requires_payment_method" },
        "usage": "off_session",
    });
    stripe.store.insert(intent);
    stripe.emit("setup_intent.created", &id);
    if let Some(card) = card.filter(|_| params.is("confirm").unwrap_or(false)) {
        confirm_setup(stripe, &id, &card, params.text("customer"))?;
    }
    read(stripe, "setup_intent", &id)
}

fn confirm_setup(stripe: &mut Stripe, id: &str, card: &str, customer: Option<&str>) -> Outcome<()> {
    match payment_methods::charge(stripe, card, customer.unwrap_or_default()) {
        Charge::Declined => {
            stripe.alter(id, |intent| intent.put("status", "requires_payment_method"));
            stripe.emit("setup_intent.setup_failed", id);
            return Err(declined().with("setup_intent", stripe.read(id)));
        }
        Charge::NeedsAction => {
            stripe.alter(id, |intent| intent.put("status", "requires_action"));
            stripe.emit("setup_intent.requires_action", id);
        }
        _ => {
            if let Some(customer) = customer {
                payment_methods::give(stripe, card, customer);
            }
            stripe.alter(id, |intent| intent.put("status", "succeeded"));
            stripe.emit("setup_intent.succeeded", id);
        }
    }
    Ok(())
}

pub(crate) fn cancel(stripe: &mut Stripe, kind: &str, id: &str) -> Outcome<Value> {
    let intent = read(stripe, kind, id)?;
    if ["succeeded", "canceled"].contains(&intent.word("status")) {
        return Err(ApiError::bad_request(&format!(
            "You cannot cancel this {kind}: it is {}.",
            intent.word("status")
        )));
    }
    stripe.alter(id, |intent| intent.put("status", "canceled"));
    stripe.emit(&format!("{kind}.canceled"), id);
    read(stripe, kind, id)
}
