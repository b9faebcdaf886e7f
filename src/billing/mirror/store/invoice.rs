//! Statements that mirror an invoice.

use serde_json::{Value, json};

use super::{Delivery, Trace, customer_insert, take_over};
use crate::billing::mirror::event::Topic;
use crate::billing::mirror::invoice::Invoice;
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::{sql, statement};

const INVOICE_UPSERT: &str = sql!("../sql/invoice_upsert.sql");
const INVOICE_UNSETTLED: &str = sql!("../sql/invoice_unsettled.sql");
const INVOICE_GONE: &str = sql!("../sql/invoice_gone.sql");
const INVOICE_LINES_FORGET: &str = sql!("../sql/invoice_lines_forget.sql");
const INVOICE_LINES_UPSERT: &str = sql!("../sql/invoice_lines_upsert.sql");

/// Adds the statements; gives the place of the one that says whether Stripe has to be asked.
pub(super) fn mirror(
    delivery: &Delivery<'_>,
    invoice: &Invoice,
    statements: &mut Vec<Statement>,
) -> Result<usize> {
    statements.push(customer_insert(delivery, &invoice.customer_id)?);
    let mut lines = json!(invoice.lines);
    let (upsert, mut version) = upsert(delivery, invoice, &lines)?;
    statements.push(upsert);
    version.push(delivery.basis.param());
    statements.push(Statement { sql: INVOICE_UNSETTLED, params: version });
    let unsettled_at = statements.len() - 1;
    let ids: Vec<&str> = invoice.lines.iter().map(|line| &*line.stripe_line_item_id).collect();
    for line in lines.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        line.insert("id".to_owned(), new_id(delivery.now)?.into());
    }
    for (sql, lines) in [(INVOICE_LINES_FORGET, json!(ids)), (INVOICE_LINES_UPSERT, lines)] {
        let mut statement = statement!(sql, delivery.id, &*invoice.id, lines.to_string());
        if sql == INVOICE_LINES_UPSERT {
            statement.params.push(delivery.now.into());
        }
        statements.push(statement);
    }
    Ok(unsettled_at)
}

/// Ends an invoice of which no more is known than its id.
pub(super) fn gone(delivery: &Delivery<'_>, stripe_invoice_id: &str) -> Statement {
    let Delivery { event, id, now, .. } = *delivery;
    statement!(INVOICE_GONE, &*event.id, id, stripe_invoice_id, event.created, now)
}

fn upsert(
    delivery: &Delivery<'_>,
    invoice: &Invoice,
    lines: &Value,
) -> Result<(Statement, Vec<Param>)> {
    let row = vec![new_id(delivery.now)?.into(), invoice.created_at.into()];
    let columns = vec![
        invoice.subscription_id.as_deref().into(),
        invoice.number.as_deref().into(),
        invoice.status.into(),
        (*invoice.currency).into(),
        invoice.subtotal_cents.into(),
        invoice.tax_cents.into(),
        invoice.total_cents.into(),
        invoice.amount_due_cents.into(),
        invoice.amount_paid_cents.into(),
        invoice.amount_remaining_cents.into(),
        invoice.hosted_url.as_deref().into(),
        invoice.pdf.as_deref().into(),
        invoice.period_start.into(),
        invoice.period_end.into(),
        invoice.due_at.into(),
        invoice.paid_at.into(),
        invoice.finalized_at.into(),
        (*invoice.metadata).into(),
        invoice.has_all_lines.into(),
    ];
    Ok(take_over(
        INVOICE_UPSERT,
        delivery,
        &invoice.id,
        invoice.rank(),
        row,
        columns,
        &lines.to_string(),
    ))
}

/// What the audit trail says of it, where it says anything.
pub(super) fn trace<'a>(delivery: &Delivery<'_>, invoice: &'a Invoice) -> Option<Trace<'a>> {
    let occasion = match delivery.event.topic() {
        Topic::Invoice(occasion) => occasion,
        _ => invoice.occasion,
    };
    Some(Trace {
        target_type: "invoice",
        target_id: &invoice.id,
        event_type: occasion.audit_type()?,
        metadata: json!({
            "status": invoice.status,
            "total_cents": invoice.total_cents,
            "amount_paid_cents": invoice.amount_paid_cents,
            "stripe_event_id": delivery.event.id,
        }),
    })
}
