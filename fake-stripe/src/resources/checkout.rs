//! `/v1/checkout/sessions`. How a session is completed is in `checkout_completion`.

use serde_json::{Value, json};

use super::{customers, is_asked, list_of, metadata, prices};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

const KIND: &str = "checkout.session";
const DAY: i64 = 24 * 3600;
const KNOWN: [&str; 33] = [
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_options",
    "payment_method_types",
    "phone_number_collection",
    "saved_payment_method_options",
    "setup_intent_data",
    "submit_type",
    "subscription_data",
    "success_url",
    "tax_id_collection",
];

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    params.allow(&KNOWN)?;
    params.required("mode")?;
    let mode = params.one_of("mode", &["payment", "setup", "subscription"])?.unwrap_or("payment");
    params.required("success_url")?;
    for name in ["success_url", "cancel_url"] {
        judge_url(params, name)?;
    }
    if params.has("customer") && params.has("customer_email") {
        return Err(ApiError::bad_request(
            "You may only specify one of these parameters: customer, customer_email.",
        ));
    }
    let customer = match params.text("customer") {
        Some(_) => Some(customers::named(stripe, params)?),
        None => None,
    };
    if mode == "subscription" && params.has("customer_creation") {
        return Err(ApiError::invalid(
            "customer_creation",
            "`customer_creation` can only be used in `payment` and `setup` mode.",
        ));
    }
    let lines = line_items_of(stripe, params, mode)?;
    let expires_at = expiry(stripe, params)?;
    let trial_days = params.integer("subscription_data.trial_period_days")?;
    if trial_days.is_some_and(|days| days < 1) {
        return Err(ApiError::invalid(
            "subscription_data.trial_period_days",
            "The minimum number of trial period days is 1.",
        ));
    }
    let id = stripe.random.id("cs").replace("cs_", "cs_test_");
    let session = session(stripe, &id, mode, params, customer.as_deref(), &lines, expires_at);
    stripe.store.insert(session);
    Ok(stripe.read(&id))
}

fn judge_url(params: &Params, name: &str) -> Outcome<()> {
    match params.text(name) {
        Some(url) if !(url.starts_with("https://") || url.starts_with("http://")) => {
            Err(ApiError::invalid(
                name,
                "Invalid URL: An explicit scheme (such as https) must be provided.",
            )
            .code("url_invalid"))
        }
        _ => Ok(()),
    }
}

/// From half an hour to a day ahead.
fn expiry(stripe: &Stripe, params: &Params) -> Outcome<i64> {
    let expires_at = params.integer("expires_at")?.unwrap_or(stripe.now + DAY);
    if (stripe.now + 1800..=stripe.now + DAY).contains(&expires_at) {
        return Ok(expires_at);
    }
    Err(ApiError::invalid(
        "expires_at",
        "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
    ))
}

fn line_items_of(stripe: &mut Stripe, params: &Params, mode: &str) -> Outcome<Vec<Value>> {
    let specs = params.list("line_items");
    if specs.is_empty() && mode != "setup" {
        return Err(ApiError::missing("line_items"));
    }
    let mut lines: Vec<Value> = Vec::new();
    for (at, item) in specs.iter().enumerate() {
        let line = line_item(stripe, item, at)?;
        lines.push(line);
    }
    let is_recurring = |line: &Value| !line.at("price.recurring").is_null();
    if mode == "subscription" && !lines.iter().any(is_recurring) {
        return Err(ApiError::bad_request(
            "You must provide at least one recurring price in `subscription` mode when using prices.",
        ));
    }
    if mode == "payment" && lines.iter().any(is_recurring) {
        return Err(ApiError::bad_request(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use \
             only one-time prices.",
        ));
    }
    Ok(lines)
}

fn line_item(stripe: &mut Stripe, item: &Params, at: usize) -> Outcome<Value> {
    let path = format!("line_items.{at}.price");
    let price = match item.text("price") {
        Some(id) => stripe.store.named("price", id, &path)?.clone(),
        None if item.has("price_data") => {
            prices::create(stripe, &Params::of(item.at("price_data")))?
        }
        None => return Err(ApiError::missing(&path)),
    };
    if !price.is("active") {
        return Err(ApiError::invalid(
            &path,
            "The price specified is inactive. This field only accepts active prices.",
        ));
    }
    let quantity = match item.integer("quantity")? {
        Some(quantity) if quantity > 0 => quantity,
        None if price.word("recurring.usage_type") == "metered" => 1,
        _ => return Err(ApiError::missing(&format!("line_items.{at}.quantity"))),
    };
    let amount = price.amount("unit_amount") * quantity;
    let description = super::invoice_lines::product_name(stripe, &price);
    Ok(json!({
        "id": stripe.random.id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price.at("currency"),
        "description": description,
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }))
}

fn session(
    stripe: &Stripe,
    id: &str,
    mode: &str,
    params: &Params,
    customer: Option<&str>,
    lines: &[Value],
    expires_at: i64,
) -> Value {
    let has_trial = params.has("subscription_data.trial_period_days")
        || params.has("subscription_data.trial_end");
    let total: i64 =
        if has_trial { 0 } else { lines.iter().map(|line| line.amount("amount_total")).sum() };
    let currency = lines.first().map_or(Value::Null, |line| line.at("currency").clone());
    let creation = match (mode, customer) {
        (_, Some(_)) => Value::Null,
        ("subscription", None) => json!("always"),
        _ => json!(params.text("customer_creation").unwrap_or("if_required")),
    };
    let mut session = unset();
    for (name, value) in [
        ("id", json!(id)),
        ("object", json!(KIND)),
        ("amount_subtotal", json!(total)),
        ("amount_total", json!(total)),
        ("cancel_url", params.text_or_null("cancel_url")),
        ("client_reference_id", params.text_or_null("client_reference_id")),
        ("created", json!(stripe.now)),
        ("currency", currency),
        ("customer", json!(customer)),
        ("customer_creation", creation),
        ("customer_email", params.text_or_null("customer_email")),
        ("expires_at", json!(expires_at)),
        ("locale", params.text_or_null("locale")),
        ("metadata", metadata(params)),
        ("mode", json!(mode)),
        (
            "payment_method_collection",
            json!(params.text("payment_method_collection").unwrap_or("always")),
        ),
        ("payment_method_types", payment_method_types(params)),
        ("payment_status", json!(if total == 0 { "no_payment_required" } else { "unpaid" })),
        ("success_url", params.text_or_null("success_url")),
        ("url", json!(format!("{}/c/pay/{id}", stripe.settings.base_url))),
        (
            "_line_items",
            json!({"object": "list", "data": lines, "has_more": false, "url": format!("/v1/checkout/sessions/{id}/line_items")}),
        ),
        ("_subscription_data", params.at("subscription_data").clone()),
    ] {
        session.put(name, value);
    }
    session
}

fn payment_method_types(params: &Params) -> Value {
    let asked = params.texts("payment_method_types");
    if asked.is_empty() { json!(["card"]) } else { json!(asked) }
}

fn unset() -> Value {
    json!({
        "adaptive_pricing": null,
        "after_expiration": null,
        "allow_promotion_codes": null,
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "billing_address_collection": null,
        "client_secret": null,
        "collected_information": null,
        "consent": null,
        "consent_collection": null,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {"after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null},
        "customer_account": null,
        "customer_details": null,
        "discounts": [],
        "invoice": null,
        "invoice_creation": null,
        "livemode": false,
        "origin_context": null,
        "payment_intent": null,
        "payment_link": null,
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "permissions": null,
        "recovered_from": null,
        "saved_payment_method_options": null,
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "status": "open",
        "submit_type": null,
        "subscription": null,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "wallet_options": null,
    })
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, KIND, "/v1/checkout/sessions", params, |session| {
        ["customer", "status", "subscription", "payment_intent"]
            .iter()
            .all(|name| is_asked(session, params, name))
    })
}

pub(crate) fn line_items(stripe: &Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let session = read(stripe, id)?;
    page(
        session.items("_line_items.data").iter(),
        params,
        &format!("/v1/checkout/sessions/{id}/line_items"),
    )
}

/// `POST /v1/checkout/sessions/{id}/expire`
pub(crate) fn expire(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    let session = read(stripe, id)?;
    if session.word("status") != "open" {
        return Err(ApiError::bad_request(&format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `{}`.",
            session.word("status")
        )));
    }
    close(stripe, id);
    read(stripe, id)
}

/// Nobody can complete the session any more.
pub(crate) fn close(stripe: &mut Stripe, id: &str) {
    stripe.alter(id, |session| {
        session.put("status", "expired");
        session.put("url", Value::Null);
    });
    stripe.emit("checkout.session.expired", id);
}

/// `POST /v1/payment_pages/{id}/confirm`: what the hosted page does when its button is pressed.
pub(crate) fn confirm(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let total = read(stripe, id)?.amount("amount_total");
    if params.integer("expected_amount")?.is_some_and(|expected| expected != total) {
        return Err(ApiError::invalid("expected_amount", "The amount of the session has changed."));
    }
    let card = params.required("payment_method")?.to_owned();
    super::checkout_completion::complete(stripe, id, &card)?;
    read(stripe, id)
}
