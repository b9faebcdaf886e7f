//! How a subscription comes to its statuses: paid or not, paused, canceled.

use serde_json::{Value, json};

use super::{invoice_payment, invoices, proration, subscriptions};
use crate::calendar::next_end;
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::{AfterLastFailure, Stripe};

/// Whether nothing can happen to it any more.
pub(crate) fn is_over(subscription: &Value) -> bool {
    ["canceled", "incomplete_expired"].contains(&subscription.word("status"))
}

fn require_alive(stripe: &Stripe, id: &str) -> Outcome<Value> {
    let subscription = subscriptions::read(stripe, id)?;
    if is_over(&subscription) {
        // Stripe answers as if a canceled subscription were not there (docs, "Cancel a subscription").
        return Err(ApiError::not_found("subscription", id));
    }
    Ok(subscription)
}

/// `DELETE /v1/subscriptions/{id}`
pub(crate) fn cancel(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    params.allow(&["cancellation_details", "invoice_now", "prorate"])?;
    let subscription = require_alive(stripe, id)?;
    let bills_now = params.is("invoice_now")?;
    if params.is("prorate")? {
        for item in subscription.items("items.data") {
            proration::credit(stripe, &subscription, item);
        }
    }
    let details = params.at("cancellation_details").clone();
    stripe.alter(id, |subscription| {
        for name in ["comment", "feedback"] {
            subscription.put(&format!("cancellation_details.{name}"), details.at(name).clone());
        }
    });
    if bills_now {
        let invoice = proration::bill_now(stripe, id);
        subscriptions::collect(stripe, &invoice);
    }
    end(stripe, id, "cancellation_requested");
    Ok(stripe.read(id))
}

/// Ends a subscription now.
pub(crate) fn end(stripe: &mut Stripe, id: &str, reason: &str) {
    let now = stripe.now;
    stripe.alter(id, |subscription| {
        subscription.put("status", "canceled");
        subscription.put("ended_at", now);
        if subscription.at("canceled_at").is_null() {
            subscription.put("canceled_at", now);
        }
        if subscription.at("cancellation_details.reason").is_null() {
            subscription.put("cancellation_details.reason", reason);
        }
        subscription.put("pause_collection", Value::Null);
    });
    // What is open stays open, and is not charged by itself any more.
    for invoice in
        stripe.store.ids("invoice", |invoice| invoices::subscription_of(invoice) == Some(id))
    {
        stripe.change("invoice.updated", &invoice, |invoice| {
            if ["draft", "open"].contains(&invoice.word("status")) {
                invoice.put("auto_advance", false);
                invoice.put("automatically_finalizes_at", Value::Null);
                invoice.put("next_payment_attempt", Value::Null);
            }
        });
    }
    stripe.emit("customer.subscription.deleted", id);
}

/// It ends with the period, or no longer does.
pub(crate) fn schedule_cancel(stripe: &mut Stripe, id: &str, ends: bool) {
    let now = stripe.now;
    subscriptions::change(stripe, id, |subscription| {
        let end = subscriptions::period_end(subscription);
        subscription.put("cancel_at_period_end", ends);
        subscription.put("cancel_at", ends.then_some(end));
        subscription.put("canceled_at", ends.then_some(now));
        subscription.put("cancellation_details.reason", ends.then_some("cancellation_requested"));
    });
}

/// An invoice was paid: its subscription is in order.
pub(crate) fn after_payment(stripe: &mut Stripe, invoice: &Value) {
    let Some(id) = invoices::subscription_of(invoice).map(str::to_owned) else { return };
    let subscription = stripe.read(&id);
    let status = subscription.word("status");
    let is_latest = subscription.word("latest_invoice") == invoice.word("id");
    if is_latest && status == "paused" && subscription.is("_is_resuming") {
        revive(stripe, &id);
        stripe.emit("customer.subscription.resumed", &id);
    } else if is_latest && ["incomplete", "past_due", "unpaid"].contains(&status) {
        revive(stripe, &id);
    }
}

fn revive(stripe: &mut Stripe, id: &str) {
    subscriptions::change(stripe, id, |subscription| {
        subscription.put("status", "active");
        subscription.put("status_details", Value::Null);
        subscription.put("_is_resuming", false);
    });
}

/// An attempt to be paid failed, perhaps the last one.
pub(crate) fn after_failure(stripe: &mut Stripe, invoice: &Value, is_last: bool) {
    let Some(id) = invoices::subscription_of(invoice).map(str::to_owned) else { return };
    let subscription = stripe.read(&id);
    if is_over(&subscription) || ["incomplete", "paused"].contains(&subscription.word("status")) {
        return;
    }
    let status = match (is_last, stripe.settings.after_last_failure) {
        (true, AfterLastFailure::Cancel) => return end(stripe, &id, "payment_failed"),
        (true, AfterLastFailure::MarkUnpaid) => "unpaid",
        _ if subscription.word("status") == "unpaid" => return,
        _ => "past_due",
    };
    subscriptions::change(stripe, &id, |subscription| subscription.put("status", status));
}

/// The first invoice was not paid within 23 hours.
pub(crate) fn give_up(stripe: &mut Stripe, id: &str) {
    let invoice = stripe.read(id).word("latest_invoice").to_owned();
    let now = stripe.now;
    subscriptions::change(stripe, id, |subscription| {
        subscription.put("status", "incomplete_expired");
        subscription.put("ended_at", now);
    });
    if stripe.read(&invoice).word("status") == "open" {
        invoice_payment::close(stripe, &invoice, "void");
    }
}

/// `POST /v1/subscriptions/{id}/pause`
pub(crate) fn pause(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    let subscription = require_alive(stripe, id)?;
    if !["active", "trialing"].contains(&subscription.word("status")) {
        return Err(ApiError::bad_request(&format!(
            "You cannot pause a subscription that is {}.",
            subscription.word("status")
        )));
    }
    halt(stripe, id, "pause_requested");
    subscriptions::read(stripe, id)
}

/// The subscription rests until it is resumed.
pub(crate) fn halt(stripe: &mut Stripe, id: &str, reason: &str) {
    let now = stripe.now;
    let details = json!({"paused": {"subscription": {"type": reason}, "transitioned_at": now, "type": "subscription"}});
    subscriptions::change(stripe, id, |subscription| {
        subscription.put("status", "paused");
        subscription.put("status_details", details);
    });
    stripe.emit("customer.subscription.paused", id);
}

/// `POST /v1/subscriptions/{id}/resume`: a new period begins and is charged at once; what cannot be paid stays paused.
pub(crate) fn resume(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    let subscription = require_alive(stripe, id)?;
    if subscription.word("status") != "paused" {
        return Err(ApiError::bad_request("You can only resume a subscription that is paused."));
    }
    let now = stripe.now;
    stripe.alter(id, |subscription| {
        subscription.put("billing_cycle_anchor", now);
        subscription.put("_is_resuming", true);
        restart(subscription, now);
    });
    let invoice = subscriptions::bill_period(stripe, id);
    subscriptions::collect(stripe, &invoice);
    subscriptions::read(stripe, id)
}

/// All items begin a period now.
pub(crate) fn restart(subscription: &mut Value, now: i64) {
    for item in subscription.list_mut("items.data") {
        let recurring = item.at("price.recurring");
        let end =
            next_end(now, recurring.word("interval"), recurring.amount("interval_count"), now);
        item.put("current_period_start", now);
        item.put("current_period_end", end);
    }
}
