//! `/v1/webhook_endpoints`

use serde_json::{Value, json};

use super::{deleted, list_of, merge_metadata, metadata, take_texts};
use crate::error::{ApiError, Outcome};
use crate::object::Write as _;
use crate::params::Params;
use crate::stripe::Stripe;
use crate::version::ApiVersion;

const KIND: &str = "webhook_endpoint";

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let url = judged_url(params.required("url")?)?;
    let enabled = params.texts("enabled_events");
    if enabled.is_empty() {
        return Err(ApiError::missing("enabled_events"));
    }
    if let Some(version) = params.text("api_version") {
        ApiVersion::parse(version).ok_or_else(|| {
            ApiError::invalid("api_version", &format!("Invalid API version: {version}"))
        })?;
    }
    let id = stripe.random.id("we");
    let secret = stripe.random.id("whsec").replace("whsec_1", "whsec_");
    let mut endpoint = json!({
        "id": id,
        "object": KIND,
        "api_version": params.text("api_version"),
        "application": null,
        "created": stripe.now,
        "description": params.text("description"),
        "enabled_events": enabled,
        "livemode": false,
        "metadata": metadata(params),
        "status": "enabled",
        "url": url,
        "_secrets": [secret],
    });
    stripe.store.insert(endpoint.clone());
    // The secret is told once.
    endpoint.put("secret", secret);
    Ok(endpoint)
}

fn judged_url(url: &str) -> Outcome<&str> {
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    is_web.then_some(url).ok_or_else(|| {
        ApiError::invalid("url", "Invalid URL: must be http or https").code("url_invalid")
    })
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    if let Some(url) = params.text("url") {
        judged_url(url)?;
    }
    let enabled = params.texts("enabled_events");
    let disabled = params.boolean("disabled")?;
    stripe.alter(id, |endpoint| {
        take_texts(endpoint, params, &["url", "description"]);
        merge_metadata(endpoint, params);
        if !enabled.is_empty() {
            endpoint.put("enabled_events", enabled);
        }
        if let Some(disabled) = disabled {
            endpoint.put("status", if disabled { "disabled" } else { "enabled" });
        }
    });
    Ok(stripe.read(id))
}

pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    read(stripe, id)?;
    stripe.store.remove(id);
    Ok(deleted(KIND, id))
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, KIND, "/v1/webhook_endpoints", params, |_| true)
}
