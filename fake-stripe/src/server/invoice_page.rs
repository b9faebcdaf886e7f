//! An invoice as its customer sees it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::html::{escape, not_found, page, table};
use super::shared::Shared;
use crate::calendar::shown;
use crate::object::Read as _;
use crate::resources::invoice_lines::money;

/// `GET /i/{id}`
pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let invoice = shared.with(|stripe| stripe.store.get(&id).cloned()).unwrap_or_default();
    if invoice.word("object") != "invoice" {
        return not_found("invoice");
    }
    let currency = invoice.word("currency");
    let rows: Vec<Vec<String>> = invoice
        .items("lines.data")
        .iter()
        .map(|line| {
            vec![
                escape(line.word("description")),
                line.amount("quantity").to_string(),
                format!(
                    "{} to {}",
                    shown(line.amount("period.start")),
                    shown(line.amount("period.end"))
                ),
                escape(&money(line.amount("amount"), currency)),
            ]
        })
        .collect();
    let facts = [
        ("Status", invoice.word("status").to_owned()),
        (
            "For",
            invoice
                .text("customer_name")
                .or(invoice.text("customer_email"))
                .unwrap_or("—")
                .to_owned(),
        ),
        ("Made", shown(invoice.amount("created"))),
        ("Total", money(invoice.amount("total"), currency)),
        ("Paid", money(invoice.amount("amount_paid"), currency)),
        ("Still due", money(invoice.amount("amount_remaining"), currency)),
    ];
    let facts = facts.iter().fold(String::new(), |mut html, (name, value)| {
        let _ = write!(html, "<dt>{name}</dt><dd>{}</dd>", escape(value));
        html
    });
    let lines = table(&["Description", "Quantity", "Period", "Amount"], &rows);
    page(
        &format!("Invoice {}", invoice.text("number").unwrap_or("(draft)")),
        &format!("<dl>{facts}</dl>{lines}"),
    )
}
