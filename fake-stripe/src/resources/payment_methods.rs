//! `/v1/payment_methods`, and what a card does when it is charged.

use serde_json::{Value, json};

use super::{is_asked, list_of, merge_metadata, metadata};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "payment_method";
/// Bank accounts whose debits fail: Stripe's own test account, and the one of `stripe trigger`.
const FAILING_ACCOUNTS: [&str; 2] = ["AT861904300235473202", "IT60X0542811101000000123456"];

/// What charging a card leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    Succeeds,
    Declined,
    /// The holder has to confirm it.
    NeedsAction,
    /// Weeks or seconds later it turns out: debits of bank accounts.
    SucceedsLater,
    FailsLater,
}

/// The tokens of test cards (Stripe docs, "Test cards"): brand, last four digits, what charging does.
fn token(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let plain = name.strip_prefix("pm_card_").or_else(|| name.strip_prefix("tok_"))?;
    Some(match plain {
        "visa" | "us" => ("visa", "4242", "succeeds"),
        "mastercard" => ("mastercard", "4444", "succeeds"),
        "amex" => ("amex", "0005", "succeeds"),
        "visa_chargeDeclined" | "chargeDeclined" => ("visa", "0002", "declined"),
        "chargeCustomerFail" | "visa_chargeCustomerFail" => ("visa", "0341", "declined"),
        "visa_chargeDeclinedInsufficientFunds" | "chargeDeclinedInsufficientFunds" => {
            ("visa", "9995", "declined")
        }
        "threeDSecure2Required" | "threeDSecureRequired" | "authenticationRequired" => {
            ("visa", "3220", "needs_action")
        }
        _ => return None,
    })
}

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let kind = params.text("type").ok_or_else(|| ApiError::missing("type"))?;
    let id = match kind {
        "card" => card_from(stripe, params)?,
        "sepa_debit" => {
            let iban = params.required("sepa_debit.iban")?;
            let does =
                if FAILING_ACCOUNTS.contains(&iban) { "fails_later" } else { "succeeds_later" };
            insert(
                stripe,
                "sepa_debit",
                json!({"bank_code": "19043", "country": "AT", "last4": last_four(iban)}),
                does,
            )
        }
        other => {
            return Err(ApiError::invalid(
                "type",
                &format!("This fake has no payment methods of type {other}."),
            ));
        }
    };
    let details = params.at("billing_details").clone();
    let metadata = metadata(params);
    stripe.alter(&id, |method| {
        if let Value::Object(members) = details {
            for (name, value) in members {
                method.put(&format!("billing_details.{name}"), value);
            }
        }
        method.put("metadata", metadata);
    });
    Ok(stripe.read(&id))
}

fn card_from(stripe: &mut Stripe, params: &Params) -> Outcome<String> {
    if let Some(name) = params.text("card.token") {
        return card(stripe, name).ok_or_else(|| ApiError::no_such("token", name, "card.token"));
    }
    let number = params.required("card.number")?;
    let does = match last_four(number).as_str() {
        "0002" | "0341" | "9995" => "declined",
        "3155" | "3220" => "needs_action",
        _ => "succeeds",
    };
    let card = card_details("visa", &last_four(number));
    Ok(insert(stripe, "card", card, does))
}

fn last_four(number: &str) -> String {
    number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

/// A new card of a test token; nothing if there is no such token.
pub(crate) fn card(stripe: &mut Stripe, name: &str) -> Option<String> {
    let (brand, last4, does) = token(name)?;
    Some(insert(stripe, "card", card_details(brand, last4), does))
}

fn card_details(brand: &str, last4: &str) -> Value {
    json!({
        "brand": brand, "checks": {}, "country": "US", "display_brand": brand, "exp_month": 12, "exp_year": 2034,
        "fingerprint": format!("fake{last4}"), "funding": "credit", "generated_from": null, "last4": last4,
        "networks": {"available": [brand], "preferred": null}, "three_d_secure_usage": {"supported": true},
        "wallet": null,
    })
}

fn insert(stripe: &mut Stripe, kind: &str, details: Value, does: &str) -> String {
    let id = stripe.random.id("pm");
    let mut method = json!({
        "id": id,
        "object": KIND,
        "allow_redisplay": "unspecified",
        "billing_details": {"address": null, "email": null, "name": null, "phone": null, "tax_id": null},
        "created": stripe.now,
        "customer": null,
        "livemode": false,
        "metadata": {},
        "type": kind,
        "_does": does,
    });
    method.put(kind, details);
    stripe.store.insert(method);
    id
}

/// The payment method that a text names: one there is, or a new one of a test token.
pub(crate) fn resolve(stripe: &mut Stripe, name: &str, param: &str) -> Outcome<String> {
    if let Some(card) = card(stripe, name) {
        return Ok(card);
    }
    stripe.store.named(KIND, name, param).map(|method| method.word("id").to_owned())
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    stripe.change("payment_method.updated", id, |method| merge_metadata(method, params));
    read(stripe, id)
}

pub(crate) fn attach(stripe: &mut Stripe, name: &str, params: &Params) -> Outcome<Value> {
    let customer = super::customers::named(stripe, params)?;
    let id = match card(stripe, name) {
        Some(id) => id,
        None => read(stripe, name)?.word("id").to_owned(),
    };
    let holder = stripe.read(&id).word("customer").to_owned();
    if !holder.is_empty() && holder != customer {
        return Err(ApiError::bad_request(
            "The payment method you provided has already been attached to a customer.",
        ));
    }
    give(stripe, &id, &customer);
    read(stripe, &id)
}

/// Makes the card the customer's.
pub(crate) fn give(stripe: &mut Stripe, id: &str, customer: &str) {
    stripe.alter(id, |method| method.put("customer", customer));
    stripe.emit("payment_method.attached", id);
}

pub(crate) fn detach(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    let customer = read(stripe, id)?.word("customer").to_owned();
    stripe.change("payment_method.detached", id, |method| method.put("customer", Value::Null));
    let is_default = stripe.read(&customer).word("invoice_settings.default_payment_method") == id;
    if is_default {
        stripe.change("customer.updated", &customer, |customer| {
            customer.put("invoice_settings.default_payment_method", Value::Null);
        });
    }
    read(stripe, id)
}

pub(crate) fn list(stripe: &Stripe, customer: Option<&str>, params: &Params) -> Outcome<Value> {
    let customer = customer.or_else(|| params.text("customer"));
    list_of(stripe, KIND, "/v1/payment_methods", params, |method| {
        is_asked(method, params, "type") && customer.is_none_or(|id| method.word("customer") == id)
    })
}

/// The card that a customer's invoices are charged to: the subscription's own, else the customer's default.
pub(crate) fn of_customer(
    stripe: &Stripe,
    customer: &str,
    subscription: Option<&Value>,
) -> Option<String> {
    let own = subscription.and_then(|subscription| subscription.text("default_payment_method"));
    let customer = stripe.store.get(customer)?;
    let default = own.or_else(|| customer.text("invoice_settings.default_payment_method"))?;
    stripe.store.get(default).map(|method| method.word("id").to_owned())
}

/// What charging does.
pub(crate) fn charge(stripe: &Stripe, id: &str, customer: &str) -> Charge {
    if stripe.store.get(customer).is_some_and(|customer| customer.is("_declines")) {
        return Charge::Declined;
    }
    match stripe.store.get(id).map(|method| method.word("_does")) {
        Some("declined") => Charge::Declined,
        Some("needs_action") => Charge::NeedsAction,
        Some("succeeds_later") => Charge::SucceedsLater,
        Some("fails_later") => Charge::FailsLater,
        _ => Charge::Succeeds,
    }
}

impl Stripe {
    /// From now on every charge of the customer is declined.
    pub fn decline(&mut self, customer: &str) {
        self.alter(customer, |customer| customer.put("_declines", true));
    }

    /// From now on charges of the customer go by the card again.
    pub fn accept(&mut self, customer: &str) {
        self.alter(customer, |customer| customer.put("_declines", false));
    }
}
