//! `/v1/invoiceitems`: what the next invoice will charge.

use serde_json::{Value, json};

use super::{
    customers, deleted, invoice_lines, is_asked, list_of, merge_metadata, metadata, take_texts,
};
use crate::error::{ApiError, Outcome};
use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "invoiceitem";

/// What an invoice item is made of.
pub(crate) struct Item<'a> {
    pub(crate) customer: &'a str,
    pub(crate) subscription: Option<&'a str>,
    pub(crate) price: &'a Value,
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) description: String,
    pub(crate) period: invoice_lines::Period,
    pub(crate) is_proration: bool,
}

/// Makes an item that waits for the next invoice.
pub(crate) fn add(stripe: &mut Stripe, item: &Item<'_>) -> String {
    let id = stripe.random.id("ii");
    let parent = item.subscription.map(|subscription| {
        json!({
            "subscription_details": {"subscription": subscription, "subscription_item": null},
            "type": "subscription_details",
        })
    });
    let pricing = item.price.text("id").map(|price| {
        json!({
            "price_details": {"price": price, "product": item.price.at("product")},
            "type": "price_details",
            "unit_amount_decimal": item.price.at("unit_amount_decimal"),
        })
    });
    let object = json!({
        "id": id,
        "object": KIND,
        "amount": item.amount,
        "currency": item.price.text("currency").unwrap_or("usd"),
        "customer": item.customer,
        "customer_account": null,
        "date": stripe.now,
        "created": stripe.now,
        "description": item.description,
        "discountable": !item.is_proration,
        "discounts": [],
        "invoice": null,
        "livemode": false,
        "metadata": {},
        "parent": parent,
        "period": {"start": item.period.start, "end": item.period.end},
        "pricing": pricing,
        "proration": item.is_proration,
        "quantity": item.quantity,
        "quantity_decimal": item.quantity.to_string(),
        "tax_rates": [],
        "test_clock": null,
    });
    stripe.store.insert(object);
    stripe.emit("invoiceitem.created", &id);
    id
}

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let customer = customers::named(stripe, params)?;
    let quantity = params.integer("quantity")?.unwrap_or(1);
    let price_id = params.text("price").or_else(|| params.text("pricing.price"));
    let price = match price_id {
        Some(id) => stripe.store.named("price", id, "price")?.clone(),
        None => json!({"currency": params.required("currency")?}),
    };
    let amount = match params.integer("amount")? {
        Some(amount) => amount,
        None if price_id.is_some() => price.amount("unit_amount") * quantity,
        None => return Err(ApiError::missing("amount")),
    };
    let invoice = match params.text("invoice") {
        Some(id) => {
            let invoice = stripe.store.named("invoice", id, "invoice")?;
            if invoice.word("status") != "draft" {
                return Err(ApiError::invalid(
                    "invoice",
                    "You can only add items to draft invoices.",
                ));
            }
            Some(id.to_owned())
        }
        None => None,
    };
    let name = invoice_lines::product_name(stripe, &price);
    let item = Item {
        customer: &customer,
        subscription: params.text("subscription"),
        price: &price,
        amount,
        quantity,
        description: params.text("description").map_or(name, str::to_owned),
        period: invoice_lines::Period { start: stripe.now, end: stripe.now },
        is_proration: false,
    };
    let id = add(stripe, &item);
    let metadata = metadata(params);
    stripe.alter(&id, |item| item.put("metadata", metadata));
    if let Some(invoice) = invoice {
        put_on(stripe, &id, &invoice);
    }
    read(stripe, &id)
}

/// Adds an item to a draft.
fn put_on(stripe: &mut Stripe, id: &str, invoice: &str) {
    stripe.alter(id, |item| item.put("invoice", invoice));
    let item = stripe.read(id);
    let mut line = invoice_lines::of_invoice_item(stripe, &item);
    line.put("invoice", invoice);
    stripe.change("invoice.updated", invoice, |invoice| {
        invoice.list_mut("lines.data").push(line);
        invoice_lines::total(invoice);
    });
}

/// The items that the next invoice takes: of its subscription, and those of the customer that are of none.
pub(crate) fn pending(stripe: &Stripe, customer: &str, subscription: Option<&str>) -> Vec<String> {
    stripe.store.ids(KIND, |item| {
        let of = item.text("parent.subscription_details.subscription");
        item.word("customer") == customer
            && item.at("invoice").is_null()
            && (of.is_none() || of == subscription)
    })
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn update(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    waiting(stripe, id)?;
    let amount = params.integer("amount")?;
    stripe.alter(id, |item| {
        take_texts(item, params, &["description"]);
        merge_metadata(item, params);
        if let Some(amount) = amount {
            item.put("amount", amount);
        }
    });
    read(stripe, id)
}

pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    waiting(stripe, id)?;
    stripe.emit("invoiceitem.deleted", id);
    stripe.store.remove(id);
    Ok(deleted(KIND, id))
}

fn waiting(stripe: &Stripe, id: &str) -> Outcome<()> {
    match read(stripe, id)?.text("invoice") {
        None => Ok(()),
        Some(_) => Err(ApiError::bad_request(
            "This invoice item is on an invoice and can no longer be changed.",
        )),
    }
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let pending = params.boolean("pending")?;
    list_of(stripe, KIND, "/v1/invoiceitems", params, |item| {
        ["customer", "invoice"].iter().all(|name| is_asked(item, params, name))
            && pending.is_none_or(|pending| item.at("invoice").is_null() == pending)
    })
}
