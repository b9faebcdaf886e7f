//! An invoice as Stripe describes it, in the older and the newer shapes of the API: with 2025-03-31.basil what an
//! invoice and its lines belong to moved under `parent`, prices of lines under `pricing`, and taxes to `total_taxes`.

use serde::Serialize;
use serde_json::Value;

use super::snapshot::{
    Object, boolean, id_of, integer, json_text, missing, moment, org_hint, owned, required, text,
};
use crate::error::Result;
use crate::time::Timestamp;

/// A snapshot of an invoice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) customer_id: String,
    pub(super) subscription_id: Option<String>,
    pub(super) number: Option<String>,
    pub(super) status: &'static str,
    pub(super) currency: String,
    pub(super) subtotal_cents: i64,
    pub(super) tax_cents: i64,
    pub(super) total_cents: i64,
    pub(super) amount_due_cents: i64,
    pub(super) amount_paid_cents: i64,
    pub(super) amount_remaining_cents: i64,
    pub(super) hosted_url: Option<String>,
    pub(super) pdf: Option<String>,
    pub(super) period_start: Option<Timestamp>,
    pub(super) period_end: Option<Timestamp>,
    pub(super) due_at: Option<Timestamp>,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) finalized_at: Option<Timestamp>,
    pub(super) metadata: String,
    pub(super) org_hint: Option<String>,
    pub(super) lines: Vec<Line>,
    /// Whether these are all of its lines; Stripe puts the first ten into an event.
    pub(super) has_all_lines: bool,
    pub(super) created_at: Timestamp,
    pub(super) occasion: Occasion,
}

/// A line of an invoice, with the names of its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) stripe_line_item_id: String,
    description: Option<String>,
    quantity: i64,
    unit_amount_cents: i64,
    amount_cents: i64,
    currency: String,
    price_id: Option<String>,
    product_id: Option<String>,
    period_start: Option<String>,
    period_end: Option<String>,
    proration: bool,
    metadata: String,
}

/// What happened to an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Changed,
    Paid,
    PaymentFailed,
    /// The customer has to do something before it can be paid.
    PaymentActionRequired,
    Voided,
    MarkedUncollectible,
    /// A draft that is gone.
    Deleted,
}

impl Occasion {
    /// What an event of this type tells; nothing if it is about no invoice that exists.
    pub(super) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "invoice.created"
            | "invoice.updated"
            | "invoice.finalized"
            | "invoice.sent"
            | "invoice.overdue"
            | "invoice.will_be_due"
            | "invoice.finalization_failed"
            | "invoice.overpaid"
            // Told besides `invoice.paid`.
            | "invoice.payment_succeeded" => Self::Changed,
            "invoice.paid" => Self::Paid,
            "invoice.payment_failed" => Self::PaymentFailed,
            "invoice.payment_action_required" => Self::PaymentActionRequired,
            "invoice.voided" => Self::Voided,
            "invoice.marked_uncollectible" => Self::MarkedUncollectible,
            "invoice.deleted" => Self::Deleted,
            _ => return None,
        })
    }

    /// The audit entry's event type, where one is left.
    pub(super) fn audit_type(self) -> Option<&'static str> {
        match self {
            Self::Changed | Self::Deleted => None,
            Self::Paid => Some("billing.invoice_paid"),
            Self::PaymentFailed => Some("billing.invoice_payment_failed"),
            Self::PaymentActionRequired => Some("billing.invoice_payment_action_required"),
            Self::Voided => Some("billing.invoice_voided"),
            Self::MarkedUncollectible => Some("billing.invoice_marked_uncollectible"),
        }
    }
}

/// The rank of an invoice that is gone: nothing comes after it.
pub(super) const GONE: i64 = 9;

impl Invoice {
    /// Reads the snapshot of an event that happened at `created`, in seconds since the epoch.
    pub(super) fn read(object: &Object, occasion: Occasion, created: i64) -> Result<Self> {
        let money = |member: &str| integer(object, member).unwrap_or_default();
        let status = if occasion == Occasion::Deleted { "void" } else { status(object) };
        let transitions = object.get("status_transitions").and_then(Value::as_object);
        let transition = |member| transitions.and_then(|times| moment(times, member));
        let paid_at = transition("paid_at")
            .or_else(|| (status == "paid").then(|| Timestamp::from_seconds(created)));
        let (lines, has_all_lines) = lines(object);
        Ok(Self {
            id: required(object, "id")?,
            customer_id: id_of(object.get("customer")).ok_or_else(|| missing("customer"))?,
            subscription_id: subscription(object),
            number: owned(object, "number"),
            status,
            currency: owned(object, "currency").unwrap_or_else(|| "usd".to_owned()),
            subtotal_cents: money("subtotal"),
            tax_cents: tax(object),
            total_cents: money("total"),
            amount_due_cents: money("amount_due"),
            amount_paid_cents: money("amount_paid"),
            amount_remaining_cents: money("amount_remaining"),
            hosted_url: owned(object, "hosted_invoice_url"),
            pdf: owned(object, "invoice_pdf"),
            period_start: moment(object, "period_start"),
            period_end: moment(object, "period_end"),
            due_at: moment(object, "due_date"),
            paid_at: paid_at.filter(|_| status == "paid"),
            finalized_at: transition("finalized_at"),
            metadata: json_text(object, "metadata"),
            org_hint: org_hint(object),
            lines,
            has_all_lines,
            created_at: moment(object, "created")
                .unwrap_or_else(|| Timestamp::from_seconds(created)),
            occasion,
        })
    }

    /// `billing_invoices.stripe_event_rank`: an invoice goes through its statuses one way, so that of two snapshots of
    /// one second the one further on is the later one.
    pub(super) fn rank(&self) -> i64 {
        match (self.occasion, self.status) {
            (Occasion::Deleted, _) => GONE,
            (_, "draft") => 0,
            (_, "open") => 1,
            (_, "uncollectible") => 2,
            (_, "void") => 3,
            _ => 4,
        }
    }
}

/// The nearest status that the schema knows; one that Stripe adds later is not yet paid.
fn status(object: &Object) -> &'static str {
    const KNOWN: [&str; 5] = ["draft", "open", "paid", "uncollectible", "void"];
    match text(object, "status") {
        None => "draft",
        Some(status) => KNOWN.into_iter().find(|known| *known == status).unwrap_or("open"),
    }
}

fn subscription(object: &Object) -> Option<String> {
    let details = object.get("parent").and_then(|parent| parent.get("subscription_details"));
    let of_parent = details.and_then(|details| id_of(details.get("subscription")));
    of_parent.or_else(|| id_of(object.get("subscription")))
}

fn tax(object: &Object) -> i64 {
    let sum = |member: &str| -> Option<i64> {
        let taxes = object.get(member)?.as_array()?;
        Some(taxes.iter().filter_map(|tax| tax.get("amount")?.as_i64()).sum())
    };
    integer(object, "tax")
        .or_else(|| sum("total_taxes"))
        .or_else(|| sum("total_tax_amounts"))
        .unwrap_or_default()
}

/// The lines that came, and whether they are all.
fn lines(object: &Object) -> (Vec<Line>, bool) {
    let Some(list) = object.get("lines").and_then(Value::as_object) else {
        return (Vec::new(), false);
    };
    let data = list.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let lines = data.iter().filter_map(Value::as_object).filter_map(Line::read).collect();
    (lines, !boolean(list, "has_more"))
}

impl Line {
    fn read(object: &Object) -> Option<Self> {
        let member = |names: &[&str]| {
            names.iter().try_fold(object, |object, name| object.get(*name)?.as_object())
        };
        let pricing = member(&["pricing"]);
        let details = member(&["pricing", "price_details"]);
        let price = member(&["price"]);
        let parents = [
            member(&["parent", "subscription_item_details"]),
            member(&["parent", "invoice_item_details"]),
            Some(object),
        ];
        let quantity = integer(object, "quantity").unwrap_or(1);
        let amount_cents = integer(object, "amount").unwrap_or_default();
        let unit = pricing.and_then(|pricing| whole_cents(pricing.get("unit_amount_decimal")?));
        let unit = unit.or_else(|| integer(price?, "unit_amount"));
        let moment_text = |member: &str| {
            let period = object.get("period")?.as_object()?;
            moment(period, member).map(|moment| moment.to_string())
        };
        Some(Self {
            stripe_line_item_id: owned(object, "id")?,
            description: owned(object, "description"),
            quantity,
            unit_amount_cents: unit
                .or_else(|| amount_cents.checked_div(quantity))
                .unwrap_or_default(),
            amount_cents,
            currency: owned(object, "currency").unwrap_or_else(|| "usd".to_owned()),
            price_id: details
                .and_then(|details| id_of(details.get("price")))
                .or_else(|| id_of(object.get("price"))),
            product_id: details
                .and_then(|details| id_of(details.get("product")))
                .or_else(|| id_of(price?.get("product"))),
            period_start: moment_text("start"),
            period_end: moment_text("end"),
            proration: parents.into_iter().flatten().any(|parent| boolean(parent, "proration")),
            metadata: json_text(object, "metadata"),
        })
    }
}

/// `"1250.5"` cents, rounded: prices may be of parts of a cent.
fn whole_cents(text: &Value) -> Option<i64> {
    let cents: f64 = text.as_str()?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be finite and small")]
    (cents.abs() < 9e15).then(|| cents.round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: &str, object: &Value) -> Invoice {
        Invoice::read(object.as_object().unwrap(), Occasion::of(kind).unwrap(), 1_763_700_000)
            .unwrap()
    }

    #[test]
    fn the_newer_shape_has_parents_and_pricing() {
        let invoice = read(
            "invoice.paid",
            &json!({"id": "in_1", "customer": "cus_1", "status": "paid", "total": 5500,
                "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
                "total_taxes": [{"amount": 300}, {"amount": 200}], "status_transitions": {"paid_at": 1_763_600_000},
                "lines": {"has_more": true, "data": [{"id": "il_1", "amount": 2501, "quantity": 2, "currency": "eur",
                    "pricing": {"unit_amount_decimal": "1250.5", "price_details": {"price": "price_1", "product": "prod_1"}},
                    "parent": {"subscription_item_details": {"proration": true}},
                    "period": {"start": 1_763_500_000, "end": 1_766_000_000}}]}}),
        );
        assert_eq!(invoice.subscription_id.as_deref(), Some("sub_1"));
        assert_eq!((invoice.tax_cents, invoice.has_all_lines), (500, false));
        assert_eq!(invoice.paid_at, Some(Timestamp::from_seconds(1_763_600_000)));
        let line = &invoice.lines[0];
        assert_eq!((line.unit_amount_cents, line.proration), (1251, true));
        assert_eq!(line.price_id.as_deref(), Some("price_1"));
        assert_eq!(line.product_id.as_deref(), Some("prod_1"));
        assert_eq!(line.period_end.as_deref(), Some("2025-12-17T19:33:20.000Z"));
    }

    #[test]
    fn the_older_shape_has_all_of_it_on_top() {
        let invoice = read(
            "invoice.payment_failed",
            &json!({"id": "in_1", "customer": {"id": "cus_1"}, "subscription": "sub_1", "status": "open", "tax": 70,
                "lines": {"data": [{"id": "il_1", "amount": 900, "quantity": 3, "proration": true,
                    "price": {"id": "price_1", "product": "prod_1", "unit_amount": 300}}, {"amount": 1}]}}),
        );
        assert_eq!(invoice.subscription_id.as_deref(), Some("sub_1"));
        assert_eq!((invoice.tax_cents, invoice.paid_at, invoice.has_all_lines), (70, None, true));
        assert_eq!(invoice.lines.len(), 1, "what has no id is no line");
        let line = &invoice.lines[0];
        assert_eq!((line.unit_amount_cents, line.proration), (300, true));
        assert_eq!(line.product_id.as_deref(), Some("prod_1"));
    }

    #[test]
    fn statuses_go_one_way() {
        let rank = |kind: &str, status: &str| {
            read(kind, &json!({"id": "in_1", "customer": "cus_1", "status": status})).rank()
        };
        let updated = |status| rank("invoice.updated", status);
        let ranks = ["draft", "open", "uncollectible", "void", "paid"].map(updated);
        assert!(ranks.is_sorted() && ranks[0] < ranks[1]);
        assert_eq!(updated("hibernating"), updated("open"), "not yet paid");
        assert!(rank("invoice.deleted", "draft") > ranks[4]);
        assert_eq!(Occasion::of("invoice.upcoming"), None, "there is no such invoice yet");
    }
}
