//! `/v1/billing_portal/sessions` and `/v1/billing_portal/configurations`

use serde_json::{Value, json};

use super::{customers, is_asked, list_of, merge_metadata, metadata};
use crate::error::Outcome;
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const CONFIGURATION: &str = "billing_portal.configuration";

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    params.allow(&[
        "configuration",
        "customer",
        "flow_data",
        "locale",
        "on_behalf_of",
        "return_url",
    ])?;
    let customer = customers::named(stripe, params)?;
    let configuration = match params.text("configuration") {
        Some(id) => stripe.store.named(CONFIGURATION, id, "configuration")?.word("id").to_owned(),
        None => default_configuration(stripe)?,
    };
    let id = stripe.random.id("bps");
    let session = json!({
        "id": id,
        "object": "billing_portal.session",
        "configuration": configuration,
        "created": stripe.now,
        "customer": customer,
        "flow": null,
        "livemode": false,
        "locale": params.text("locale"),
        "on_behalf_of": null,
        "return_url": params.text("return_url"),
        "url": format!("{}/p/session/{id}", stripe.settings.base_url),
    });
    stripe.store.insert(session);
    stripe.emit("billing_portal.session.created", &id);
    Ok(stripe.read(&id))
}

fn default_configuration(stripe: &mut Stripe) -> Outcome<String> {
    let found =
        stripe.store.ids(CONFIGURATION, |configuration| configuration.is("is_default")).pop();
    if let Some(id) = found {
        Ok(id)
    } else {
        let made = configure(stripe, &Params::default())?;
        let id = made.word("id").to_owned();
        stripe.alter(&id, |configuration| configuration.put("is_default", true));
        Ok(id)
    }
}

pub(crate) fn configure(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let id = stripe.random.id("bpc");
    let is_on = |name: &str| -> Outcome<bool> {
        Ok(params.boolean(&format!("features.{name}.enabled"))?.unwrap_or(true))
    };
    let configuration = json!({
        "id": id,
        "object": CONFIGURATION,
        "active": true,
        "application": null,
        "business_profile": {
            "headline": params.text("business_profile.headline"),
            "privacy_policy_url": params.text("business_profile.privacy_policy_url"),
            "terms_of_service_url": params.text("business_profile.terms_of_service_url"),
        },
        "created": stripe.now,
        "default_return_url": params.text("default_return_url"),
        "features": {
            "customer_update": {"allowed_updates": ["email", "address"], "enabled": is_on("customer_update")?},
            "invoice_history": {"enabled": is_on("invoice_history")?},
            "payment_method_update": {"enabled": is_on("payment_method_update")?},
            "subscription_cancel": {
                "enabled": is_on("subscription_cancel")?, "mode": "at_period_end", "proration_behavior": "none",
            },
            "subscription_update": {
                "default_allowed_updates": ["price"],
                "enabled": is_on("subscription_update")?,
                "proration_behavior": "create_prorations",
            },
        },
        "is_default": false,
        "livemode": false,
        "login_page": {"enabled": false, "url": null},
        "metadata": metadata(params),
        "name": params.text("name"),
        "updated": stripe.now,
    });
    stripe.store.insert(configuration);
    stripe.emit("billing_portal.configuration.created", &id);
    Ok(stripe.read(&id))
}

pub(crate) fn reconfigure(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    let (active, now) = (params.boolean("active")?, stripe.now);
    stripe.change("billing_portal.configuration.updated", id, |configuration| {
        merge_metadata(configuration, params);
        if let Some(active) = active {
            configuration.put("active", active);
        }
        configuration.put("updated", now);
    });
    read(stripe, id)
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(CONFIGURATION, id).cloned()
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, CONFIGURATION, "/v1/billing_portal/configurations", params, |configuration| {
        ["active", "is_default"].iter().all(|name| is_asked(configuration, params, name))
    })
}
