//! Lines of invoices, and what they add up to.

use serde_json::{Value, json};

use crate::object::{Read as _, Write as _};
use crate::stripe::Stripe;

/// A stretch of time, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// What a line charges for.
pub(crate) struct Charged<'a> {
    pub(crate) amount: i64,
    pub(crate) description: String,
    pub(crate) period: Period,
    pub(crate) price: &'a Value,
    pub(crate) quantity: i64,
}

fn line(stripe: &mut Stripe, charged: &Charged<'_>, parent: &Value, metadata: &Value) -> Value {
    let price = charged.price;
    let pricing = match price.text("id") {
        Some(id) => json!({
            "price_details": {"price": id, "product": price.at("product")},
            "type": "price_details",
            "unit_amount_decimal": price.at("unit_amount_decimal"),
        }),
        None => Value::Null,
    };
    json!({
        "id": stripe.random.id("il"),
        "object": "line_item",
        "amount": charged.amount,
        "currency": price.text("currency").unwrap_or("usd"),
        "description": charged.description,
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": null,
        "livemode": false,
        "metadata": if metadata.is_object() { metadata.clone() } else { json!({}) },
        "parent": parent,
        "period": {"start": charged.period.start, "end": charged.period.end},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": charged.quantity,
        "quantity_decimal": charged.quantity.to_string(),
        "subscription": null,
        "subtotal": charged.amount,
        "taxes": [],
    })
}

/// The line of a subscription's item for a period; free while it is tried out.
pub(crate) fn of_item(
    stripe: &mut Stripe,
    subscription: &Value,
    item: &Value,
    period: Period,
    is_trial: bool,
) -> Value {
    let price = item.at("price");
    let quantity = item.amount("quantity");
    let is_metered = price.word("recurring.usage_type") == "metered";
    let amount = if is_trial || is_metered { 0 } else { price.amount("unit_amount") * quantity };
    let name = product_name(stripe, price);
    let description = if is_trial {
        format!("Trial period for {name}")
    } else {
        format!(
            "{quantity} × {name} (at {} / {})",
            money(price.amount("unit_amount"), price.word("currency")),
            price.word("recurring.interval")
        )
    };
    let parent = json!({
        "invoice_item_details": null,
        "subscription_item_details": {
            "invoice_item": null,
            "proration": false,
            "proration_details": {"credited_items": null},
            "subscription": subscription.at("id"),
            "subscription_item": item.at("id"),
        },
        "type": "subscription_item_details",
    });
    let charged = Charged { amount, description, period, price, quantity };
    let mut line = line(stripe, &charged, &parent, subscription.at("metadata"));
    line.put("subscription", subscription.word("id"));
    line
}

/// The line of an invoice item.
pub(crate) fn of_invoice_item(stripe: &mut Stripe, item: &Value) -> Value {
    let subscription = item.at("parent.subscription_details.subscription").clone();
    let price = json!({
        "id": item.at("pricing.price_details.price"),
        "product": item.at("pricing.price_details.product"),
        "unit_amount_decimal": item.at("pricing.unit_amount_decimal"),
        "currency": item.at("currency"),
    });
    let parent = json!({
        "invoice_item_details": {
            "invoice_item": item.at("id"),
            "proration": item.at("proration"),
            "proration_details": {"credited_items": null},
            "subscription": subscription,
        },
        "subscription_item_details": null,
        "type": "invoice_item_details",
    });
    let charged = Charged {
        amount: item.amount("amount"),
        description: item.word("description").to_owned(),
        period: Period { start: item.amount("period.start"), end: item.amount("period.end") },
        price: &price,
        quantity: item.amount("quantity"),
    };
    let mut line = line(stripe, &charged, &parent, item.at("metadata"));
    line.put("subscription", subscription);
    line
}

/// The name of what a price is for.
pub(crate) fn product_name(stripe: &Stripe, price: &Value) -> String {
    let product = stripe.store.get(price.word("product"));
    product.map_or("Product", |product| product.word("name")).to_owned()
}

/// `$50.00`, or `50.00 eur`.
pub(crate) fn money(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (whole, part) = (cents.abs() / 100, cents.abs() % 100);
    match currency {
        "usd" => format!("{sign}${whole}.{part:02}"),
        other => format!("{sign}{whole}.{part:02} {other}"),
    }
}

/// Writes the sums of the lines into the invoice.
pub(crate) fn total(invoice: &mut Value) {
    let sum: i64 = invoice.items("lines.data").iter().map(|line| line.amount("amount")).sum();
    for name in ["subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"] {
        invoice.put(name, sum);
    }
    let due = (sum + invoice.amount("starting_balance")).max(0);
    invoice.put("amount_due", due);
    invoice.put("amount_remaining", due - invoice.amount("amount_paid"));
}
