//! `/v1/products`

use serde_json::{Value, json};

use super::{deleted, is_asked, list_of, merge_metadata, metadata, take_texts};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "product";
const TEXTS: [&str; 4] = ["name", "description", "statement_descriptor", "url"];

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    params.required("name")?;
    let id = params.text("id").map_or_else(|| stripe.random.id("prod"), str::to_owned);
    if stripe.store.get(&id).is_some() {
        return Err(
            ApiError::invalid("id", "Product already exists.").code("resource_already_exists")
        );
    }
    let mut product = json!({
        "id": id,
        "object": KIND,
        "active": params.boolean("active")?.unwrap_or(true),
        "created": stripe.now,
        "default_price": null,
        "description": null,
        "images": params.texts("images"),
        "livemode": false,
        "marketing_features": [],
        "metadata": metadata(params),
        "name": null,
        "package_dimensions": null,
        "shippable": null,
        "statement_descriptor": null,
        "tax_code": null,
        "type": "service",
        "unit_label": null,
        "updated": stripe.now,
        "url": null,
    });
    take_texts(&mut product, params, &TEXTS);
    stripe.store.insert(product);
    stripe.emit("product.created", &id);
    if params.has("default_price_data") {
        let mut price = params.at("default_price_data").clone();
        price.put("product", id.as_str());
        let price = super::prices::create(stripe, &Params::of(&price))?;
        stripe.change("product.updated", &id, |product| {
            product.put("default_price", price.word("id"));
        });
    }
    Ok(stripe.read(&id))
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    let active = params.boolean("active")?;
    let now = stripe.now;
    stripe.change("product.updated", id, |product| {
        take_texts(product, params, &TEXTS);
        take_texts(product, params, &["default_price"]);
        merge_metadata(product, params);
        if let Some(active) = active {
            product.put("active", active);
        }
        product.put("updated", now);
    });
    Ok(stripe.read(id))
}

pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    read(stripe, id)?;
    if stripe.store.all("price").any(|price| price.word("product") == id) {
        return Err(ApiError::bad_request(
            "This product cannot be deleted because it has one or more user-created prices.",
        ));
    }
    stripe.emit("product.deleted", id);
    stripe.store.remove(id);
    Ok(deleted(KIND, id))
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let ids = params.texts("ids");
    list_of(stripe, KIND, "/v1/products", params, |product| {
        is_asked(product, params, "active")
            && (ids.is_empty() || ids.iter().any(|id| id == product.word("id")))
    })
}
