//! What happens when somebody fills in a checkout page.

use serde_json::{Value, json};

use super::intents::{self, Payment};
use super::payment_methods::{self, Charge};
use super::subscriptions::{self, ItemSpec, Plan};
use super::{checkout, customers, metadata};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::request::Response;
use crate::stripe::Stripe;

/// Completes an open session with a payment method or the token of one.
pub(crate) fn complete(stripe: &mut Stripe, id: &str, card: &str) -> Outcome<()> {
    let session = checkout::read(stripe, id)?;
    if session.word("status") != "open" {
        return Err(ApiError::bad_request(&format!(
            "This Checkout Session is {}.",
            session.word("status")
        )));
    }
    let card = payment_methods::resolve(stripe, card, "payment_method")?;
    let known = session.text("customer").unwrap_or_default().to_owned();
    let outcome = payment_methods::charge(stripe, &card, &known);
    let is_free = session.amount("amount_total") == 0 && session.word("mode") != "setup";
    match outcome {
        Charge::Declined if !is_free => return Err(intents::declined()),
        Charge::NeedsAction if !is_free => return Err(intents::needs_action()),
        _ => {}
    }
    let customer = customer_of(stripe, &session, &card)?;
    if let Some(customer) = &customer {
        payment_methods::give(stripe, &card, customer);
    }
    match session.word("mode") {
        "subscription" => {
            subscribe(stripe, &session, customer.as_deref().unwrap_or_default(), &card)?;
        }
        "setup" => set_up(stripe, id, customer.as_deref(), &card)?,
        _ => pay(stripe, &session, customer.as_deref(), &card),
    }
    finish(stripe, id, customer.as_deref(), &card);
    settle_later(stripe, id, outcome);
    Ok(())
}

/// The session's customer, or a new one where the mode makes one.
fn customer_of(stripe: &mut Stripe, session: &Value, card: &str) -> Outcome<Option<String>> {
    if let Some(customer) = session.text("customer") {
        return Ok(Some(customer.to_owned()));
    }
    if session.word("mode") != "subscription" && session.word("customer_creation") != "always" {
        return Ok(None);
    }
    let details = stripe.read(card).at("billing_details").clone();
    let email = session
        .text("customer_email")
        .or_else(|| details.text("email"))
        .unwrap_or("payer@example.com");
    let name = details.text("name").unwrap_or("Test Payer");
    let id = stripe.random.id("cus");
    customers::add(stripe, &id, &Params::of(&json!({"email": email, "name": name})))?;
    Ok(Some(id))
}

fn subscribe(stripe: &mut Stripe, session: &Value, customer: &str, card: &str) -> Outcome<()> {
    let data = Params::of(session.at("_subscription_data"));
    let lines = session.items("_line_items.data");
    let (recurring, once): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| !line.at("price.recurring").is_null());
    for line in once {
        charge_once(stripe, customer, line);
    }
    let items = recurring
        .iter()
        .map(|line| ItemSpec {
            price: line.at("price").clone(),
            quantity: line.amount("quantity"),
            metadata: json!({}),
        })
        .collect();
    let plan = Plan {
        customer: customer.to_owned(),
        items,
        trial_end: subscriptions::trial_end(stripe, &data)?,
        default_payment_method: Some(card.to_owned()),
        is_told_early: true,
        is_charged: true,
    };
    let id = stripe.random.id("sub");
    subscriptions::insert(stripe, &id, &plan, &metadata(&data));
    if let Some(end) = data.text("trial_settings.end_behavior.missing_payment_method") {
        stripe.alter(&id, |subscription| {
            subscription.put("trial_settings.end_behavior.missing_payment_method", end);
        });
    }
    subscriptions::start(stripe, &id, &plan);
    let invoice = stripe.read(&id).at("latest_invoice").clone();
    stripe.alter(session.word("id"), |session| {
        session.put("subscription", id);
        session.put("invoice", invoice);
    });
    Ok(())
}

/// A price that is paid once goes on the first invoice.
fn charge_once(stripe: &mut Stripe, customer: &str, line: &Value) {
    let now = stripe.now;
    let item = super::invoice_items::Item {
        customer,
        subscription: None,
        price: line.at("price"),
        amount: line.amount("amount_total"),
        quantity: line.amount("quantity"),
        description: line.word("description").to_owned(),
        period: super::invoice_lines::Period { start: now, end: now },
        is_proration: false,
    };
    super::invoice_items::add(stripe, &item);
}

fn pay(stripe: &mut Stripe, session: &Value, customer: Option<&str>, card: &str) {
    let payment = Payment {
        amount: session.amount("amount_total"),
        currency: session.text("currency").unwrap_or("usd"),
        customer,
        description: None,
    };
    let intent = intents::open(stripe, &payment);
    intents::try_to_pay(stripe, &intent, card);
    stripe.alter(session.word("id"), |session| session.put("payment_intent", intent));
}

fn set_up(stripe: &mut Stripe, id: &str, customer: Option<&str>, card: &str) -> Outcome<()> {
    let mut params = json!({"payment_method": card, "confirm": "true"});
    if let Some(customer) = customer {
        params.put("customer", customer);
    }
    let intent = intents::create_setup(stripe, &Params::of(&params))?;
    stripe.alter(id, |session| session.put("setup_intent", intent.word("id")));
    Ok(())
}

fn finish(stripe: &mut Stripe, id: &str, customer: Option<&str>, card: &str) {
    let person = customer.map(|id| stripe.read(id)).unwrap_or_default();
    let billing = stripe.read(card).at("billing_details").clone();
    let details = |name: &str| match person.at(name) {
        Value::Null => billing.at(name).clone(),
        value => value.clone(),
    };
    let details = json!({
        "address": details("address"), "email": details("email"), "name": details("name"),
        "phone": details("phone"), "tax_exempt": "none", "tax_ids": [],
    });
    let intent = stripe.read(id).word("payment_intent").to_owned();
    let is_under_way = stripe.read(&intent).word("status") == "processing";
    stripe.alter(id, |session| {
        session.put("status", "complete");
        session.put("url", Value::Null);
        session.put("customer", customer);
        session.put("customer_details", details);
        if session.word("payment_status") == "unpaid" && !is_under_way {
            session.put("payment_status", "paid");
        }
    });
    stripe.emit("checkout.session.completed", id);
}

/// Debits turn out after the session is complete; here it is at once.
fn settle_later(stripe: &mut Stripe, id: &str, outcome: Charge) {
    let intent = stripe.read(id).word("payment_intent").to_owned();
    if stripe.read(&intent).word("status") != "processing" {
        return;
    }
    if outcome == Charge::FailsLater {
        intents::fail(stripe, &intent);
        stripe.emit("checkout.session.async_payment_failed", id);
        return;
    }
    intents::settle(stripe, &intent);
    stripe.alter(id, |session| session.put("payment_status", "paid"));
    stripe.emit("checkout.session.async_payment_succeeded", id);
}

/// Where a session sends its visitor: `{CHECKOUT_SESSION_ID}` is replaced.
pub(crate) fn destination(session: &Value, member: &str) -> Option<String> {
    Some(session.text(member)?.replace("{CHECKOUT_SESSION_ID}", session.word("id")))
}

impl Stripe {
    /// Fills in the checkout page: `card` is a payment method or the token of a test card, `pm_card_visa`. Answers as
    /// the page's own request is answered.
    pub fn complete_checkout(&mut self, session: &str, card: &str) -> Response {
        match complete(self, session, card) {
            Ok(()) => Response::new(200, self.settings.version.render(&self.read(session))),
            Err(error) => Response::new(error.status, error.body()),
        }
    }

    /// Where the visitor of a checkout page is sent after it: `success_url`, with the session's id in it.
    pub fn success_url(&self, session: &str) -> Option<String> {
        destination(self.store.get(session)?, "success_url")
    }

    /// Where a visitor of a checkout page goes who leaves it.
    pub fn cancel_url(&self, session: &str) -> Option<String> {
        destination(self.store.get(session)?, "cancel_url")
    }
}
