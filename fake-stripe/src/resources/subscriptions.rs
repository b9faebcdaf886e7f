//! `/v1/subscriptions`: making and listing. Changes are in `subscription_update`, statuses in `subscription_status`.

use serde_json::{Value, json};

use super::invoice_lines::{self, Period};
use super::invoice_payment::{self, Attempt};
use super::invoices::{self, Draft};
use super::{customers, is_asked, list_of, metadata, payment_methods, prices, subscription_status};
use crate::calendar::next_end;
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "subscription";
const DAY: i64 = 24 * 3600;
/// So long before a trial's end it is announced: three days (Stripe docs, "Subscription webhooks").
pub(crate) const WARNED_BEFORE: i64 = 3 * DAY;
const KNOWN: [&str; 27] = [
    "add_invoice_items",
    "automatic_tax",
    "backdate_start_date",
    "billing_cycle_anchor",
    "billing_mode",
    "cancel_at",
    "cancel_at_period_end",
    "collection_method",
    "coupon",
    "currency",
    "customer",
    "days_until_due",
    "default_payment_method",
    "description",
    "discounts",
    "invoice_settings",
    "items",
    "metadata",
    "off_session",
    "on_behalf_of",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "trial_end",
    "trial_from_plan",
    "trial_period_days",
    "trial_settings",
];

/// A price and how often, as parameters name them.
pub(crate) struct ItemSpec {
    pub(crate) price: Value,
    pub(crate) quantity: i64,
    pub(crate) metadata: Value,
}

/// What a new subscription is made of.
pub(crate) struct Plan {
    pub(crate) customer: String,
    pub(crate) items: Vec<ItemSpec>,
    pub(crate) trial_end: Option<i64>,
    pub(crate) default_payment_method: Option<String>,
    /// Whether it is told while its first invoice is not paid yet.
    pub(crate) is_told_early: bool,
    /// Whether the first invoice is charged at once.
    pub(crate) is_charged: bool,
}

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    params.allow(&KNOWN)?;
    let id = stripe.random.id("sub");
    add(stripe, &id, params)
}

/// Makes a subscription with an id.
pub(crate) fn add(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let customer = customers::named(stripe, params)?;
    let items = item_specs(stripe, params)?;
    let trial_end = trial_end(stripe, params)?;
    let method = params.one_of("collection_method", &["charge_automatically", "send_invoice"])?;
    let sends = method == Some("send_invoice");
    let days = params.integer("days_until_due")?;
    if sends && days.is_none() {
        return Err(ApiError::missing("days_until_due"));
    }
    let card = match params.text("default_payment_method") {
        Some(name) => Some(payment_methods::resolve(stripe, name, "default_payment_method")?),
        None => None,
    };
    let behavior = params.text("payment_behavior").unwrap_or("allow_incomplete");
    let costs = items.iter().any(|item| item.price.amount("unit_amount") * item.quantity > 0);
    let has_card =
        card.is_some() || payment_methods::of_customer(stripe, &customer, None).is_some();
    if costs && !has_card && !sends && trial_end.is_none() && behavior != "default_incomplete" {
        return Err(ApiError::bad_request(
            "This customer has no attached payment source or default payment method. Please consider adding a default \
             payment method.",
        )
        .code("resource_missing"));
    }
    if behavior == "error_if_incomplete" && trial_end.is_none() {
        refuse_if_declined(stripe, &customer, card.as_deref())?;
    }
    let cancel_at_period_end = params.is("cancel_at_period_end")?;
    let plan = Plan {
        customer,
        items,
        trial_end,
        default_payment_method: card,
        is_told_early: behavior == "default_incomplete",
        is_charged: behavior != "default_incomplete",
    };
    insert(stripe, id, &plan, &metadata(params));
    stripe.alter(id, |subscription| {
        subscription.put("collection_method", method.unwrap_or("charge_automatically"));
        subscription.put("days_until_due", days);
        subscription.put("description", params.text_or_null("description"));
        if let Some(end) = params.text("trial_settings.end_behavior.missing_payment_method") {
            subscription.put("trial_settings.end_behavior.missing_payment_method", end);
        }
        if sends && plan.trial_end.is_none() {
            subscription.put("status", "active");
        }
    });
    start(stripe, id, &plan);
    if cancel_at_period_end {
        subscription_status::schedule_cancel(stripe, id, true);
    }
    Ok(stripe.read(id))
}

fn refuse_if_declined(stripe: &Stripe, customer: &str, card: Option<&str>) -> Outcome<()> {
    let card =
        card.map(str::to_owned).or_else(|| payment_methods::of_customer(stripe, customer, None));
    match card.map(|card| payment_methods::charge(stripe, &card, customer)) {
        Some(payment_methods::Charge::Declined) => Err(super::intents::declined()),
        Some(payment_methods::Charge::NeedsAction) => Err(super::intents::needs_action()),
        _ => Ok(()),
    }
}

/// The prices of `items[]`: recurring, active and of one currency.
pub(crate) fn item_specs(stripe: &mut Stripe, params: &Params) -> Outcome<Vec<ItemSpec>> {
    let mut specs: Vec<ItemSpec> = Vec::new();
    for (at, item) in params.list("items").iter().enumerate() {
        let spec = item_spec(stripe, item, &format!("items.{at}"))?;
        if specs
            .first()
            .is_some_and(|first| first.price.word("currency") != spec.price.word("currency"))
        {
            return Err(ApiError::invalid(
                "items",
                "All prices on a subscription must have the same `currency`.",
            ));
        }
        if specs.iter().any(|other| other.price.word("id") == spec.price.word("id")) {
            return Err(ApiError::invalid(
                "items",
                "Cannot add multiple subscription items with the same price.",
            ));
        }
        specs.push(spec);
    }
    if specs.is_empty() {
        return Err(ApiError::missing("items"));
    }
    Ok(specs)
}

/// One price: by its id, or described in place.
pub(crate) fn item_spec(stripe: &mut Stripe, item: &Params, param: &str) -> Outcome<ItemSpec> {
    let price = match item.text("price").or_else(|| item.text("plan")) {
        Some(id) => stripe.store.named("price", id, &format!("{param}.price"))?.clone(),
        None if item.has("price_data") => {
            prices::create(stripe, &Params::of(item.at("price_data")))?
        }
        None => return Err(ApiError::missing(&format!("{param}.price"))),
    };
    if !price.is("active") {
        return Err(ApiError::invalid(
            &format!("{param}.price"),
            "The price specified is inactive. This field only accepts active prices.",
        ));
    }
    if price.at("recurring").is_null() {
        return Err(ApiError::invalid(
            &format!("{param}.price"),
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
        ));
    }
    let quantity = item.integer("quantity")?.unwrap_or(1);
    if quantity < 0 {
        return Err(ApiError::invalid(
            &format!("{param}.quantity"),
            "Invalid non-negative integer",
        ));
    }
    Ok(ItemSpec { price, quantity, metadata: metadata(item) })
}

/// When a trial ends that the parameters ask for.
pub(crate) fn trial_end(stripe: &Stripe, params: &Params) -> Outcome<Option<i64>> {
    let days = params.integer("trial_period_days")?;
    let end = match params.text("trial_end") {
        None => days.filter(|days| *days > 0).map(|days| stripe.now + days * DAY),
        Some("now") => None,
        Some(_) => params.integer("trial_end")?,
    };
    match end {
        Some(end) if end <= stripe.now => {
            Err(ApiError::invalid("trial_end", "The trial end must be in the future."))
        }
        end => Ok(end),
    }
}

/// Makes the subscription, incomplete or on trial, and tells nobody yet.
pub(crate) fn insert(stripe: &mut Stripe, id: &str, plan: &Plan, metadata: &Value) {
    let now = stripe.now;
    let items: Vec<Value> =
        plan.items.iter().map(|spec| item(stripe, id, spec, plan.trial_end)).collect();
    let currency = items.first().map_or("usd", |item| item.word("price.currency")).to_owned();
    let anchor = plan.trial_end.unwrap_or(now);
    let mut subscription = json!({
        "id": id,
        "object": KIND,
        "billing_cycle_anchor": anchor,
        "created": now,
        "currency": currency,
        "customer": plan.customer,
        "default_payment_method": plan.default_payment_method,
        "items": {
            "object": "list", "data": items, "has_more": false, "total_count": items.len(),
            "url": format!("/v1/subscription_items?subscription={id}"),
        },
        "latest_invoice": null,
        "metadata": metadata,
        "start_date": now,
        "status": if plan.trial_end.is_some() { "trialing" } else { "incomplete" },
        "test_clock": stripe.read(&plan.customer).at("test_clock"),
        "trial_end": plan.trial_end,
        "trial_start": plan.trial_end.map(|_| now),
    });
    if let (Some(members), Value::Object(defaults)) = (subscription.as_object_mut(), unset()) {
        members.extend(defaults);
    }
    stripe.store.insert(subscription);
    stripe.change("customer.updated", &plan.customer, |customer| {
        if customer.at("currency").is_null() {
            customer.put("currency", currency);
        }
    });
}

/// What a subscription has that is not set.
fn unset() -> Value {
    json!({
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
        "billing_cycle_anchor_config": null,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_thresholds": null,
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": "charge_automatically",
        "customer_account": null,
        "days_until_due": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "ended_at": null,
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
        "livemode": false,
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "status_details": null,
        "transfer_data": null,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    })
}

/// A new item, whose first period ends with the trial or with the price's interval.
pub(crate) fn item(
    stripe: &mut Stripe,
    subscription: &str,
    spec: &ItemSpec,
    end: Option<i64>,
) -> Value {
    let recurring = spec.price.at("recurring");
    let end = end.unwrap_or_else(|| {
        next_end(
            stripe.now,
            recurring.word("interval"),
            recurring.amount("interval_count"),
            stripe.now,
        )
    });
    json!({
        "id": stripe.random.id("si"),
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": stripe.now,
        "current_period_end": end,
        "current_period_start": stripe.now,
        "current_trial": null,
        "discounts": [],
        "metadata": spec.metadata,
        "plan": prices::plan_of(&spec.price),
        "price": spec.price,
        "quantity": spec.quantity,
        "subscription": subscription,
        "tax_rates": [],
    })
}

/// Makes the first invoice, charges it, and tells of the subscription: before, where the customer pays later or on a
/// page, and else afterwards, when it is known how it went.
pub(crate) fn start(stripe: &mut Stripe, id: &str, plan: &Plan) {
    let invoice = draft_period(stripe, id, "subscription_create");
    if plan.is_told_early {
        announce(stripe, id);
    }
    invoice_payment::open(stripe, &invoice);
    let is_open = stripe.read(&invoice).word("status") == "open";
    let is_automatic = stripe.read(id).word("collection_method") == "charge_automatically";
    if is_open && is_automatic && plan.is_charged {
        invoice_payment::attempt(stripe, &invoice, plan.default_payment_method.as_deref());
    }
    announce(stripe, id);
    warn_of_short_trial(stripe, id);
}

fn announce(stripe: &mut Stripe, id: &str) {
    if stripe.read(id).is("_is_told") {
        return;
    }
    stripe.alter(id, |subscription| subscription.put("_is_told", true));
    stripe.emit("customer.subscription.created", id);
}

/// A trial that is shorter than the warning is announced at once.
fn warn_of_short_trial(stripe: &mut Stripe, id: &str) {
    let subscription = stripe.read(id);
    let is_short =
        subscription.integer("trial_end").is_some_and(|end| end - WARNED_BEFORE <= stripe.now);
    if subscription.word("status") == "trialing" && is_short {
        warn_of_trial_end(stripe, id);
    }
}

/// The trial ends soon.
pub(crate) fn warn_of_trial_end(stripe: &mut Stripe, id: &str) {
    stripe.alter(id, |subscription| subscription.put("_is_warned", true));
    stripe.emit("customer.subscription.trial_will_end", id);
}

/// Changes a subscription, and tells if it is known already.
pub(crate) fn change(stripe: &mut Stripe, id: &str, change: impl FnOnce(&mut Value)) {
    if stripe.read(id).is("_is_told") {
        stripe.change("customer.subscription.updated", id, change);
    } else {
        stripe.alter(id, change);
    }
}

/// Makes the invoice of the items' present period and finalizes it at once.
pub(crate) fn bill_period(stripe: &mut Stripe, id: &str) -> String {
    let invoice = draft_period(stripe, id, "subscription_update");
    invoice_payment::open(stripe, &invoice);
    invoice
}

fn draft_period(stripe: &mut Stripe, id: &str, reason: &'static str) -> String {
    let subscription = stripe.read(id);
    let is_trial = subscription.word("status") == "trialing";
    let mut lines = Vec::new();
    for item in subscription.items("items.data") {
        let period = Period {
            start: item.amount("current_period_start"),
            end: item.amount("current_period_end"),
        };
        lines.push(invoice_lines::of_item(stripe, &subscription, item, period, is_trial));
    }
    let now = stripe.now;
    let draft = Draft {
        customer: subscription.word("customer").to_owned(),
        subscription: Some(id.to_owned()),
        reason,
        lines,
        period: Period { start: now, end: now },
        auto_advance: false,
    };
    let invoice = invoices::draft(stripe, draft);
    change(stripe, id, |subscription| subscription.put("latest_invoice", invoice.as_str()));
    invoice
}

/// Charges an invoice that was finalized; one of nothing is paid already.
pub(crate) fn collect(stripe: &mut Stripe, invoice: &str) -> Attempt {
    if stripe.read(invoice).word("status") != "open" {
        return Attempt::Paid;
    }
    invoice_payment::attempt(stripe, invoice, None)
}

/// The end of the period: that of the item that ends first.
pub(crate) fn period_end(subscription: &Value) -> i64 {
    let ends =
        subscription.items("items.data").iter().map(|item| item.amount("current_period_end"));
    ends.min().unwrap_or(i64::MAX)
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

/// Without a status, what is canceled is left out.
pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let (status, price) = (params.text("status"), params.text("price"));
    list_of(stripe, KIND, "/v1/subscriptions", params, |subscription| {
        let own = subscription.word("status");
        let has_status = match status {
            None => own != "canceled",
            Some("all") => true,
            Some("ended") => ["canceled", "incomplete_expired"].contains(&own),
            Some(asked) => own == asked,
        };
        let has_price = price.is_none_or(|id| {
            subscription.items("items.data").iter().any(|item| item.word("price.id") == id)
        });
        has_status
            && has_price
            && ["customer", "collection_method"]
                .iter()
                .all(|name| is_asked(subscription, params, name))
    })
}
