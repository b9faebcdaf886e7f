//! What happens to an invoice: it is finalized, paid, refused, voided or given up.

use serde_json::{Value, json};

use super::intents::{self, Payment};
use super::payment_methods::{self, Charge};
use super::{invoices, subscription_status};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "invoice";
const DAY: i64 = 24 * 3600;

/// `POST /v1/invoices/{id}/finalize`
pub(crate) fn finalize(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    require_status(stripe, id, &["draft"], "finalize")?;
    open(stripe, id);
    invoices::read(stripe, id)
}

/// `POST /v1/invoices/{id}/send`
pub(crate) fn send(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    require_status(stripe, id, &["draft", "open"], "send")?;
    if stripe.read(id).word("status") == "draft" {
        open(stripe, id);
    }
    stripe.emit("invoice.sent", id);
    invoices::read(stripe, id)
}

fn require_status(stripe: &Stripe, id: &str, statuses: &[&str], verb: &str) -> Outcome<()> {
    let invoice = invoices::read(stripe, id)?;
    let status = invoice.word("status");
    if statuses.contains(&status) {
        return Ok(());
    }
    let code = if status == "paid" { "invoice_already_paid" } else { "invoice_not_editable" };
    Err(ApiError::bad_request(&format!("You cannot {verb} an invoice that is {status}."))
        .code(code))
}

/// Makes a draft an open invoice; one of nothing is paid with that.
pub(crate) fn open(stripe: &mut Stripe, id: &str) {
    number(stripe, id);
    apply_balance(stripe, id);
    let (now, base) = (stripe.now, stripe.settings.base_url.clone());
    let before = stripe.alter(id, |invoice| {
        invoice.put("status", "open");
        invoice.put("effective_at", now);
        invoice.put("automatically_finalizes_at", Value::Null);
        invoice.put("status_transitions.finalized_at", now);
        invoice.put("hosted_invoice_url", format!("{base}/i/{id}"));
        invoice.put("invoice_pdf", format!("{base}/i/{id}/pdf"));
        if invoice.word("collection_method") == "send_invoice" {
            let days = invoice.integer("_days_until_due").unwrap_or(30);
            invoice.put("due_date", now + days * DAY);
        }
    });
    let invoice = stripe.read(id);
    let due = invoice.amount("amount_due");
    if due > 0 {
        let payment = Payment {
            amount: due,
            currency: invoice.word("currency"),
            customer: invoice.text("customer"),
            description: Some("Subscription or invoice payment"),
        };
        let intent = intents::open(stripe, &payment);
        let payments = payments_of(id, &intent, due, invoice.word("currency"), now);
        stripe.alter(id, |invoice| {
            invoice.put("_payment_intent", intent);
            invoice.put("_payments", payments);
        });
    }
    stripe.emit("invoice.finalized", id);
    if let Some(before) = before {
        stripe.emit_change("invoice.updated", before);
    }
    if due == 0 {
        settle(stripe, id, 0);
    }
}

/// What `expand[]=payments` shows.
fn payments_of(invoice: &str, intent: &str, due: i64, currency: &str, now: i64) -> Value {
    json!({
        "object": "list",
        "data": [{
            "id": intent.replace("pi_", "inpay_"),
            "object": "invoice_payment",
            "amount_paid": null,
            "amount_requested": due,
            "created": now,
            "currency": currency,
            "invoice": invoice,
            "is_default": true,
            "livemode": false,
            "payment": {"payment_intent": intent, "type": "payment_intent"},
            "status": "open",
        }],
        "has_more": false,
        "url": "/v1/invoice_payments",
    })
}

/// Invoices of a customer are numbered without gaps.
fn number(stripe: &mut Stripe, id: &str) {
    let customer = stripe.read(id).word("customer").to_owned();
    let holder = stripe.read(&customer);
    let sequence = holder.integer("next_invoice_sequence").unwrap_or(1);
    let number = format!("{}-{sequence:04}", holder.word("invoice_prefix"));
    stripe.alter(&customer, |customer| customer.put("next_invoice_sequence", sequence + 1));
    stripe.alter(id, |invoice| invoice.put("number", number));
}

/// A credit of the customer pays first, and what is less than nothing becomes one.
fn apply_balance(stripe: &mut Stripe, id: &str) {
    let invoice = stripe.read(id);
    let customer = invoice.word("customer").to_owned();
    let balance = stripe.read(&customer).amount("balance");
    let total = invoice.amount("total");
    if balance == 0 && total >= 0 {
        stripe.alter(id, |invoice| invoice.put("ending_balance", 0));
        return;
    }
    let sum = total + balance;
    let ending = sum.min(0);
    stripe.alter(id, |invoice| {
        invoice.put("starting_balance", balance);
        invoice.put("ending_balance", ending);
        invoice.put("amount_due", sum.max(0));
        invoice.put("amount_remaining", sum.max(0));
    });
    stripe.change("customer.updated", &customer, |customer| customer.put("balance", ending));
}

/// The invoice is paid, by this much now.
fn settle(stripe: &mut Stripe, id: &str, amount: i64) {
    let now = stripe.now;
    stripe.change("invoice.updated", id, |invoice| {
        let paid = invoice.amount("amount_paid") + amount;
        invoice.put("status", "paid");
        invoice.put("attempted", true);
        invoice.put("amount_paid", paid);
        invoice.put("amount_remaining", 0);
        invoice.put("next_payment_attempt", Value::Null);
        invoice.put("status_transitions.paid_at", now);
        if invoice.at("_payments").is_object() {
            invoice.put("_payments.data.0.status", "paid");
            invoice.put("_payments.data.0.amount_paid", amount);
        }
    });
    stripe.emit("invoice.paid", id);
    stripe.emit("invoice.payment_succeeded", id);
    let invoice = stripe.read(id);
    let customer = invoice.word("customer").to_owned();
    let owes = stripe.store.all(KIND).any(|other| {
        other.word("customer") == customer
            && other.word("status") == "open"
            && other.is("attempted")
    });
    if !owes && stripe.read(&customer).is("delinquent") {
        stripe.change("customer.updated", &customer, |customer| customer.put("delinquent", false));
    }
    subscription_status::after_payment(stripe, &invoice);
}

/// What an attempt to be paid led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Paid,
    Refused,
    NeedsAction,
    /// There is nothing to charge.
    NoCard,
}

/// Charges an open invoice, with the card or that of the subscription or customer.
pub(crate) fn attempt(stripe: &mut Stripe, id: &str, card: Option<&str>) -> Attempt {
    let invoice = stripe.read(id);
    let customer = invoice.word("customer").to_owned();
    let subscription = invoices::subscription_of(&invoice).map(|id| stripe.read(id));
    let card = card
        .or_else(|| invoice.text("default_payment_method"))
        .map(str::to_owned)
        .or_else(|| payment_methods::of_customer(stripe, &customer, subscription.as_ref()));
    let intent = invoice.word("_payment_intent").to_owned();
    let outcome = match card {
        Some(card) => match intents::try_to_pay(stripe, &intent, &card) {
            Charge::Declined | Charge::FailsLater => Attempt::Refused,
            Charge::NeedsAction => Attempt::NeedsAction,
            Charge::SucceedsLater => {
                intents::settle(stripe, &intent);
                Attempt::Paid
            }
            Charge::Succeeds => Attempt::Paid,
        },
        None => Attempt::NoCard,
    };
    stripe.alter(id, |invoice| {
        let count = invoice.amount("attempt_count");
        invoice.put("attempt_count", count + 1);
    });
    if outcome == Attempt::Paid {
        settle(stripe, id, invoice.amount("amount_remaining"));
    } else {
        refuse(stripe, id, outcome);
    }
    outcome
}

fn refuse(stripe: &mut Stripe, id: &str, outcome: Attempt) {
    let invoice = stripe.read(id);
    let attempts = usize::try_from(invoice.amount("attempt_count")).unwrap_or(usize::MAX);
    // The first invoice of a subscription is not tried again by itself, nor is one that does not advance.
    let retries =
        invoice.is("auto_advance") && invoice.word("billing_reason") != "subscription_create";
    let pause = stripe.settings.retry_after_s.get(attempts.saturating_sub(1)).copied();
    let next = pause.filter(|_| retries).map(|pause| stripe.now + pause);
    stripe.change("invoice.updated", id, |invoice| {
        invoice.put("attempted", true);
        invoice.put("next_payment_attempt", next);
    });
    if outcome == Attempt::NeedsAction {
        stripe.emit("invoice.payment_action_required", id);
    }
    stripe.emit("invoice.payment_failed", id);
    let customer = invoice.word("customer").to_owned();
    if invoice.word("billing_reason") != "subscription_create"
        && invoices::subscription_of(&invoice).is_some()
    {
        stripe.change("customer.updated", &customer, |customer| customer.put("delinquent", true));
    }
    let is_last = retries && next.is_none();
    subscription_status::after_failure(stripe, &stripe.read(id), is_last);
}

/// `POST /v1/invoices/{id}/pay`
pub(crate) fn pay(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    require_status(stripe, id, &["draft", "open", "uncollectible"], "pay")?;
    let card = match params.text("payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "payment_method")?),
        None => None,
    };
    if stripe.read(id).word("status") == "draft" {
        open(stripe, id);
    }
    if stripe.read(id).word("status") == "paid" {
        return invoices::read(stripe, id);
    }
    if params.is("paid_out_of_band")? {
        let rest = stripe.read(id).amount("amount_remaining");
        settle(stripe, id, rest);
        return invoices::read(stripe, id);
    }
    match attempt(stripe, id, card.as_deref()) {
        Attempt::Paid => invoices::read(stripe, id),
        Attempt::Refused => Err(intents::declined()),
        Attempt::NeedsAction => Err(intents::needs_action()),
        Attempt::NoCard => Err(ApiError::bad_request(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a default payment \
             method or pass one in the `payment_method` parameter.",
        )
        .code("invoice_payment_intent_requires_payment_method")),
    }
}

/// `POST /v1/invoices/{id}/void`
pub(crate) fn void(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    require_status(stripe, id, &["open", "uncollectible"], "void")?;
    close(stripe, id, "void");
    invoices::read(stripe, id)
}

/// `POST /v1/invoices/{id}/mark_uncollectible`
pub(crate) fn mark_uncollectible(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    require_status(stripe, id, &["open"], "mark as uncollectible")?;
    close(stripe, id, "uncollectible");
    invoices::read(stripe, id)
}

/// Nobody waits for the money any longer: `void` or `uncollectible`.
pub(crate) fn close(stripe: &mut Stripe, id: &str, status: &str) {
    let now = stripe.now;
    let (transition, event) = match status {
        "void" => ("voided_at", "invoice.voided"),
        _ => ("marked_uncollectible_at", "invoice.marked_uncollectible"),
    };
    stripe.change("invoice.updated", id, |invoice| {
        invoice.put("status", status);
        invoice.put("auto_advance", false);
        invoice.put("next_payment_attempt", Value::Null);
        invoice.put(&format!("status_transitions.{transition}"), now);
    });
    let intent = stripe.read(id).word("_payment_intent").to_owned();
    if !intent.is_empty() && status == "void" {
        stripe.alter(&intent, |intent| intent.put("status", "canceled"));
        stripe.emit("payment_intent.canceled", &intent);
    }
    stripe.emit(event, id);
}

/// An invoice that advances by itself has waited long enough as a draft.
pub(crate) fn advance_draft(stripe: &mut Stripe, id: &str) {
    let invoice = stripe.read(id);
    let pause = invoices::subscription_of(&invoice)
        .map(|id| stripe.read(id).word("pause_collection.behavior").to_owned());
    open(stripe, id);
    if stripe.read(id).word("status") == "paid" {
        return;
    }
    match pause.as_deref() {
        Some("void") => close(stripe, id, "void"),
        Some("mark_uncollectible") => close(stripe, id, "uncollectible"),
        _ if invoice.word("collection_method") == "send_invoice" => stripe.emit("invoice.sent", id),
        _ => {
            attempt(stripe, id, None);
        }
    }
}
