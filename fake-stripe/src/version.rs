//! Versions of the API: objects are kept in the newest shape and rendered in the one that is asked for.
//!
//! With `2025-03-31.basil` a subscription's period moved to its items, what an invoice and its lines belong to moved
//! under `parent`, prices of lines under `pricing`, and taxes to `total_taxes` (Stripe's changelog of that release).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::object::{Read as _, Write as _};

/// The first version with the newer shapes.
const BASIL: &str = "2025-03-31";
/// Lines that come inside an invoice; the rest has its own list.
const LINES_INSIDE: usize = 10;

/// A version of the API, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// The newest version that is known here.
    pub const ENDIVE: &str = "2026-10-28.endive";
    /// The last one before the shapes changed.
    pub const ACACIA: &str = "2024-11-20.acacia";

    /// A version such as `2026-10-28.endive`; nothing if it does not begin with a date.
    pub fn parse(name: &str) -> Option<Self> {
        let date = name.get(..10)?;
        let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        let rest = name.get(10..)?;
        (is_date && (rest.is_empty() || rest.starts_with('.'))).then(|| Self(name.to_owned()))
    }

    /// The newest version.
    pub fn newest() -> Self {
        Self(Self::ENDIVE.to_owned())
    }

    /// The last version with the old shapes.
    pub fn acacia() -> Self {
        Self(Self::ACACIA.to_owned())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    fn is_new(&self) -> bool {
        self.0.get(..10).is_some_and(|date| date >= BASIL)
    }

    /// An object as this version shows it. Members that begin with `_` are for this crate alone.
    pub(crate) fn render(&self, object: &Value) -> Value {
        match object {
            Value::Array(items) => items.iter().map(|item| self.render(item)).collect(),
            Value::Object(members) => self.render_members(members),
            other => other.clone(),
        }
    }

    fn render_members(&self, members: &Map<String, Value>) -> Value {
        let shown = members
            .iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .map(|(name, value)| (name.clone(), self.render(value)));
        let mut object = Value::Object(shown.collect());
        match object.word("object") {
            "invoice" => {
                cut_lines(&mut object);
                if !self.is_new() {
                    age_invoice(&mut object, members.get("_payment_intent"));
                }
            }
            "subscription" if !self.is_new() => age_subscription(&mut object),
            "subscription_item" if !self.is_new() => {
                remove(
                    &mut object,
                    &["current_period_start", "current_period_end", "current_trial"],
                );
            }
            "line_item" if !self.is_new() => age_line(&mut object),
            "invoiceitem" if !self.is_new() => age_invoice_item(&mut object),
            _ => {}
        }
        // Periods are taken from the items before these are aged.
        if object.word("object") == "subscription" && !self.is_new() {
            let (start, end) = period(members);
            object.put("current_period_start", start);
            object.put("current_period_end", end);
        }
        object
    }
}

fn remove(object: &mut Value, names: &[&str]) {
    if let Some(members) = object.as_object_mut() {
        for name in names {
            members.remove(*name);
        }
    }
}

fn cut_lines(invoice: &mut Value) {
    let lines = invoice.list_mut("lines.data");
    let count = lines.len();
    lines.truncate(LINES_INSIDE);
    invoice.put("lines.has_more", count > LINES_INSIDE);
    invoice.put("lines.total_count", count);
}

/// The period of the item that ends first.
fn period(subscription: &Map<String, Value>) -> (Value, Value) {
    let items = subscription.get("items").map(|list| list.items("data")).unwrap_or_default();
    let first = items.iter().min_by_key(|item| item.amount("current_period_end"));
    let member = |name: &str| first.map_or(Value::Null, |item| item.at(name).clone());
    (member("current_period_start"), member("current_period_end"))
}

fn age_subscription(subscription: &mut Value) {
    let only = match subscription.items("items.data") {
        [item] => Some((item.at("plan").clone(), item.at("quantity").clone())),
        _ => None,
    };
    let (plan, quantity) = only.unwrap_or_default();
    subscription.put("plan", plan);
    subscription.put("quantity", quantity);
    remove(subscription, &["billing_mode", "status_details", "customer_account"]);
}

fn age_invoice(invoice: &mut Value, payment_intent: Option<&Value>) {
    let subscription = invoice.at("parent.subscription_details.subscription").clone();
    let details = json!({"metadata": invoice.at("parent.subscription_details.metadata")});
    let taxes: i64 = invoice.items("total_taxes").iter().map(|tax| tax.amount("amount")).sum();
    let has_taxes = !invoice.items("total_taxes").is_empty();
    invoice.put("payment_intent", payment_intent.cloned().unwrap_or_default());
    invoice.put("subscription", subscription);
    invoice.put("subscription_details", details);
    invoice.put("tax", if has_taxes { json!(taxes) } else { Value::Null });
    invoice.put("total_tax_amounts", json!([]));
    invoice.put("paid", invoice.word("status") == "paid");
    invoice.put("paid_out_of_band", false);
    remove(
        invoice,
        &[
            "parent",
            "total_taxes",
            "payments",
            "customer_account",
            "status_details",
            "amount_overpaid",
        ],
    );
}

fn age_line(line: &mut Value) {
    let details = ["parent.subscription_item_details", "parent.invoice_item_details"]
        .map(|path| line.at(path).clone());
    let of = |name: &str| {
        details
            .iter()
            .map(|details| details.at(name))
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or_default()
    };
    let is_item = !details[0].is_null();
    line.put("type", if is_item { "subscription" } else { "invoiceitem" });
    line.put("proration", of("proration").as_bool().unwrap_or(false));
    line.put("proration_details", json!({"credited_items": null}));
    line.put("subscription", of("subscription"));
    line.put("subscription_item", of("subscription_item"));
    line.put("invoice_item", of("invoice_item"));
    line.put("tax_amounts", json!([]));
    line.put("tax_rates", json!([]));
    line.put("price", old_price(line));
    remove(line, &["parent", "pricing", "taxes", "quantity_decimal", "subtotal"]);
}

fn age_invoice_item(item: &mut Value) {
    let subscription = item.at("parent.subscription_details.subscription").clone();
    item.put("price", old_price(item));
    item.put("subscription", subscription);
    remove(item, &["parent", "pricing", "quantity_decimal", "customer_account"]);
}

/// Prices stood whole in lines.
fn old_price(line: &Value) -> Value {
    let id = line.at("pricing.price_details.price");
    if id.is_null() {
        return Value::Null;
    }
    let decimal = line.word("pricing.unit_amount_decimal");
    json!({
        "id": id,
        "object": "price",
        "product": line.at("pricing.price_details.product"),
        "currency": line.at("currency"),
        "unit_amount": decimal.parse::<i64>().ok(),
        "unit_amount_decimal": decimal,
        "type": "recurring",
        "active": true,
        "livemode": false,
        "metadata": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_begin_with_a_date() {
        for odd in ["", "endive", "2026-10-28x", "2026/10/28", "2026-10"] {
            assert_eq!(ApiVersion::parse(odd), None, "{odd}");
        }
        assert!(ApiVersion::parse("2025-03-31.basil").unwrap().is_new());
        assert!(!ApiVersion::parse("2025-02-24.acacia").unwrap().is_new());
        assert!(!ApiVersion::parse("2024-06-20").unwrap().is_new());
    }

    #[test]
    fn a_subscription_has_its_period_where_the_version_puts_it() {
        let item = |end: i64| json!({"object": "subscription_item", "current_period_start": 1, "current_period_end": end, "plan": {"id": "p"}, "quantity": 2});
        let kept = json!({"object": "subscription", "_secret": 1, "items": {"data": [item(30), item(20)]}});
        let new = ApiVersion::newest().render(&kept);
        assert_eq!(new.integer("items.data.1.current_period_end"), Some(20));
        assert!(new.at("current_period_end").is_null() && new.at("_secret").is_null());
        let old = ApiVersion::acacia().render(&kept);
        assert_eq!(old.integer("current_period_end"), Some(20));
        assert!(old.at("items.data.1.current_period_end").is_null());
        assert!(old.at("plan").is_null(), "there are two items");
    }

    #[test]
    fn an_invoice_says_what_it_is_for_where_the_version_puts_it() {
        let line = json!({
            "object": "line_item", "currency": "usd",
            "parent": {"subscription_item_details": {"proration": true, "subscription": "sub_1", "subscription_item": "si_1"}},
            "pricing": {"price_details": {"price": "price_1", "product": "prod_1"}, "unit_amount_decimal": "500"},
        });
        let kept = json!({
            "object": "invoice", "status": "paid", "total_taxes": [{"amount": 7}],
            "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {}}},
            "lines": {"data": vec![line; 11]},
        });
        let new = ApiVersion::newest().render(&kept);
        assert_eq!(new.items("lines.data").len(), 10);
        assert!(new.is("lines.has_more") && new.at("subscription").is_null());
        let old = ApiVersion::acacia().render(&kept);
        assert_eq!(
            (old.word("subscription"), old.integer("tax"), old.is("paid")),
            ("sub_1", Some(7), true)
        );
        assert!(old.is("lines.data.0.proration") && old.at("parent").is_null());
        assert_eq!(old.integer("lines.data.0.price.unit_amount"), Some(500));
    }
}
