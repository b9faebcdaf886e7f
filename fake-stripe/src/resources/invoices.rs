//! `/v1/invoices`: drafts, lists and previews. What happens to them later is in `invoice_payment`.

use serde_json::{Value, json};

use super::invoice_lines::{self, Period};
use super::{
    customers, deleted, invoice_items, is_asked, list_of, merge_metadata, metadata,
    subscription_update, take_texts,
};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

const KIND: &str = "invoice";
/// Seconds until a draft that advances by itself is finalized: an hour (Stripe docs, "Status transitions").
const DRAFT_FOR: i64 = 3600;

/// What a new invoice is made of.
pub(crate) struct Draft {
    pub(crate) customer: String,
    pub(crate) subscription: Option<String>,
    /// `subscription_create`, `subscription_cycle`, `subscription_update` or `manual`.
    pub(crate) reason: &'static str,
    pub(crate) lines: Vec<Value>,
    pub(crate) period: Period,
    /// Whether it is finalized by itself after an hour.
    pub(crate) auto_advance: bool,
}

/// Makes a draft of the lines and of the invoice items that wait, and tells.
pub(crate) fn draft(stripe: &mut Stripe, draft: Draft) -> String {
    let items = invoice_items::pending(stripe, &draft.customer, draft.subscription.as_deref());
    let invoice = build(stripe, draft, &items);
    let id = invoice.word("id").to_owned();
    stripe.store.insert(invoice);
    for item in &items {
        stripe.alter(item, |item| item.put("invoice", id.as_str()));
    }
    stripe.emit("invoice.created", &id);
    id
}

fn build(stripe: &mut Stripe, draft: Draft, items: &[String]) -> Value {
    let id = stripe.random.id("in");
    let mut lines = draft.lines;
    for item in items {
        let item = stripe.read(item);
        lines.push(invoice_lines::of_invoice_item(stripe, &item));
    }
    let customer = stripe.read(&draft.customer);
    let subscription = draft.subscription.as_ref().map(|id| stripe.read(id)).unwrap_or_default();
    for line in &mut lines {
        line.put("invoice", id.as_str());
    }
    let currency = lines.first().map_or("usd", |line| line.word("currency")).to_owned();
    let mut invoice = blank(stripe, &id, &customer, &subscription);
    invoice.put("billing_reason", draft.reason);
    invoice.put("auto_advance", draft.auto_advance);
    if draft.auto_advance {
        invoice.put("automatically_finalizes_at", stripe.now + DRAFT_FOR);
    }
    invoice.put("currency", currency);
    invoice.put("period_start", draft.period.start);
    invoice.put("period_end", draft.period.end);
    invoice.put("lines.data", lines);
    invoice_lines::total(&mut invoice);
    invoice
}

fn blank(stripe: &Stripe, id: &str, customer: &Value, subscription: &Value) -> Value {
    let parent = match subscription.text("id") {
        Some(id) => json!({
            "quote_details": null,
            "subscription_details": {"metadata": subscription.at("metadata"), "subscription": id},
            "type": "subscription_details",
        }),
        None => Value::Null,
    };
    let mut invoice = money_members(customer);
    for (name, value) in [
        ("id", json!(id)),
        ("object", json!(KIND)),
        ("created", json!(stripe.now)),
        ("customer", customer.at("id").clone()),
        ("customer_email", customer.at("email").clone()),
        ("customer_name", customer.at("name").clone()),
        ("customer_tax_exempt", customer.at("tax_exempt").clone()),
        (
            "collection_method",
            json!(subscription.text("collection_method").unwrap_or("charge_automatically")),
        ),
        ("default_payment_method", Value::Null),
        (
            "lines",
            json!({"object": "list", "data": [], "has_more": false, "url": format!("/v1/invoices/{id}/lines")}),
        ),
        ("parent", parent),
        ("_days_until_due", subscription.at("days_until_due").clone()),
        ("test_clock", customer.at("test_clock").clone()),
    ] {
        invoice.put(name, value);
    }
    invoice
}

fn money_members(customer: &Value) -> Value {
    json!({
        "account_country": "US",
        "account_name": "Fake Stripe",
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": false,
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "automatically_finalizes_at": null,
        "customer_account": null,
        "customer_address": customer.at("address"),
        "customer_phone": customer.at("phone"),
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "due_date": null,
        "effective_at": null,
        "ending_balance": null,
        "footer": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": {"type": "self"},
        "last_finalization_error": null,
        "livemode": false,
        "metadata": {},
        "next_payment_attempt": null,
        "number": null,
        "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null,
        },
        "total_discount_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": null,
    })
}

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let customer = customers::named(stripe, params)?;
    let subscription = params.text("subscription").map(str::to_owned);
    if let Some(id) = &subscription {
        stripe.store.named("subscription", id, "subscription")?;
    }
    let method = params.one_of("collection_method", &["charge_automatically", "send_invoice"])?;
    let days = params.integer("days_until_due")?;
    if method == Some("send_invoice") && days.is_none() && !params.has("due_date") {
        return Err(ApiError::missing("days_until_due"));
    }
    let auto_advance = params.is("auto_advance")?;
    let takes_items =
        params.text("pending_invoice_items_behavior") == Some("include") || subscription.is_some();
    let period = Period { start: stripe.now, end: stripe.now };
    let plan =
        Draft { customer, subscription, reason: "manual", lines: Vec::new(), period, auto_advance };
    let items = if takes_items {
        invoice_items::pending(stripe, &plan.customer, plan.subscription.as_deref())
    } else {
        Vec::new()
    };
    let mut invoice = build(stripe, plan, &items);
    let id = invoice.word("id").to_owned();
    take_texts(&mut invoice, params, &["description", "footer", "default_payment_method"]);
    invoice.put("metadata", metadata(params));
    invoice.put("_days_until_due", days);
    if let Some(method) = method {
        invoice.put("collection_method", method);
    }
    stripe.store.insert(invoice);
    for item in &items {
        stripe.alter(item, |item| item.put("invoice", id.as_str()));
    }
    stripe.emit("invoice.created", &id);
    Ok(stripe.read(&id))
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    let auto_advance = params.boolean("auto_advance")?;
    let at = stripe.now + DRAFT_FOR;
    stripe.change("invoice.updated", id, |invoice| {
        take_texts(invoice, params, &["description", "footer", "default_payment_method"]);
        merge_metadata(invoice, params);
        if let Some(auto_advance) = auto_advance {
            invoice.put("auto_advance", auto_advance);
            if invoice.word("status") == "draft" {
                invoice.put("automatically_finalizes_at", auto_advance.then_some(at));
            }
        }
    });
    read(stripe, id)
}

/// Only drafts can be deleted; what they took waits again.
pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    let invoice = read(stripe, id)?;
    if invoice.word("status") != "draft" {
        return Err(ApiError::bad_request("You can only delete draft invoices."));
    }
    for item in stripe.store.ids("invoiceitem", |item| item.word("invoice") == id) {
        stripe.alter(&item, |item| item.put("invoice", Value::Null));
    }
    stripe.emit("invoice.deleted", id);
    stripe.store.remove(id);
    Ok(deleted(KIND, id))
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let subscription = params.text("subscription");
    list_of(stripe, KIND, "/v1/invoices", params, |invoice| {
        ["customer", "status", "collection_method"]
            .iter()
            .all(|name| is_asked(invoice, params, name))
            && subscription.is_none_or(|id| subscription_of(invoice) == Some(id))
    })
}

/// The subscription that an invoice is for.
pub(crate) fn subscription_of(invoice: &Value) -> Option<&str> {
    invoice.text("parent.subscription_details.subscription")
}

pub(crate) fn lines(stripe: &Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let invoice = read(stripe, id)?;
    page(invoice.items("lines.data").iter(), params, &format!("/v1/invoices/{id}/lines"))
}

/// What would be billed next: of a subscription, with changes that are not made, or of the items that wait. Worked out
/// on a copy, so that nothing happens.
pub(crate) fn preview(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let mut copy = stripe.clone();
    if let Some(id) = params.text("subscription").map(str::to_owned) {
        copy.store.named("subscription", &id, "subscription")?;
        if params.has("subscription_details") {
            let details = Params::of(params.at("subscription_details"));
            subscription_update::update(&mut copy, &id, &details)?;
        }
        let subscription = copy.read(&id);
        if super::subscription_status::is_over(&subscription)
            || subscription.is("cancel_at_period_end")
        {
            return Err(ApiError::bad_request(&format!(
                "No upcoming invoices for subscription: '{id}'"
            ))
            .code("invoice_upcoming_none"));
        }
        return Ok(upcoming(&mut copy, &subscription));
    }
    let customer = customers::named(stripe, params)?;
    let period = Period { start: copy.now, end: copy.now };
    let plan = Draft {
        customer,
        subscription: None,
        reason: "upcoming",
        lines: Vec::new(),
        period,
        auto_advance: false,
    };
    let items = invoice_items::pending(&copy, &plan.customer, None);
    Ok(as_preview(build(&mut copy, plan, &items)))
}

/// The next invoice of a subscription, which does not exist yet.
pub(crate) fn upcoming(stripe: &mut Stripe, subscription: &Value) -> Value {
    let id = subscription.word("id").to_owned();
    let end = super::subscriptions::period_end(subscription);
    let mut lines = Vec::new();
    for item in subscription.items("items.data") {
        if item.amount("current_period_end") == end {
            let price = item.at("price.recurring");
            let next =
                crate::calendar::add(end, price.word("interval"), price.amount("interval_count"));
            lines.push(invoice_lines::of_item(
                stripe,
                subscription,
                item,
                Period { start: end, end: next },
                false,
            ));
        }
    }
    let items = invoice_items::pending(stripe, subscription.word("customer"), Some(&id));
    let plan = Draft {
        customer: subscription.word("customer").to_owned(),
        subscription: Some(id),
        reason: "upcoming",
        lines,
        period: Period { start: subscription.amount("items.data.0.current_period_start"), end },
        auto_advance: true,
    };
    as_preview(build(stripe, plan, &items))
}

fn as_preview(mut invoice: Value) -> Value {
    let id = format!("upcoming_{}", invoice.word("id"));
    invoice.put("id", id);
    invoice
}
