//! What a change in the middle of a period costs, by the second.

use serde_json::Value;

use super::invoice_items::{self, Item};
use super::invoice_lines::{self, Period};
use super::invoices::{self, Draft};
use super::{invoice_payment, subscriptions};
use crate::object::{Read as _, Write as _};
use crate::stripe::Stripe;

/// The rest of the item's period is given back.
pub(crate) fn credit(stripe: &mut Stripe, subscription: &Value, item: &Value) {
    add(stripe, subscription, item, -1, "Unused time on");
}

/// The rest of the item's period is charged.
pub(crate) fn charge(stripe: &mut Stripe, subscription: &Value, item: &Value) {
    add(stripe, subscription, item, 1, "Remaining time on");
}

fn add(stripe: &mut Stripe, subscription: &Value, item: &Value, sign: i64, words: &str) {
    let (start, end) = (item.amount("current_period_start"), item.amount("current_period_end"));
    let now = stripe.now.clamp(start, end);
    let price = item.at("price");
    let whole = price.amount("unit_amount") * item.amount("quantity");
    let share = i128::from(whole) * i128::from(end - now) / i128::from((end - start).max(1));
    let amount = sign * i64::try_from(share).unwrap_or_default();
    if subscription.word("status") == "trialing" || amount == 0 {
        return;
    }
    let name = invoice_lines::product_name(stripe, price);
    let item = Item {
        customer: subscription.word("customer"),
        subscription: subscription.text("id"),
        price,
        amount,
        quantity: item.amount("quantity"),
        description: format!("{words} {name}"),
        period: Period { start: now, end },
        is_proration: true,
    };
    invoice_items::add(stripe, &item);
}

/// Bills at once what waits for the subscription's next invoice.
pub(crate) fn bill_now(stripe: &mut Stripe, id: &str) -> String {
    let subscription = stripe.read(id);
    let now = stripe.now;
    let draft = Draft {
        customer: subscription.word("customer").to_owned(),
        subscription: Some(id.to_owned()),
        reason: "subscription_update",
        lines: Vec::new(),
        period: Period { start: now, end: now },
        auto_advance: false,
    };
    let invoice = invoices::draft(stripe, draft);
    subscriptions::change(stripe, id, |subscription| {
        subscription.put("latest_invoice", invoice.as_str());
    });
    invoice_payment::open(stripe, &invoice);
    invoice
}
