//! The statements of a webhook delivery.

use serde_json::{Value, json};

use super::customer::Customer;
use super::event::{Change, Event};
use super::invoice::Invoice;
use super::subscription::{Step, Subscription};
use crate::app::Op;
use crate::db::{Cell, Column, Param, Rows, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::time::Timestamp;
use crate::{row, sql, statement};

const EVENT_CLAIM: &str = sql!("sql/event_claim.sql");
const EVENT_FAILED: &str = sql!("sql/event_failed.sql");
const CUSTOMER_INSERT: &str = sql!("sql/customer_insert.sql");
const CUSTOMER_UPDATE: &str = sql!("sql/customer_update.sql");
const CUSTOMER_AUDIT_INSERT: &str = sql!("sql/customer_audit_insert.sql");
const SUBSCRIPTION_UPSERT: &str = sql!("sql/subscription_upsert.sql");
const SUBSCRIPTION_AUDIT_INSERT: &str = sql!("sql/subscription_audit_insert.sql");
const PLAN_UPDATE: &str = sql!("sql/plan_update.sql");
const INVOICE_UPSERT: &str = sql!("sql/invoice_upsert.sql");
const INVOICE_LINES_FORGET: &str = sql!("sql/invoice_lines_forget.sql");
const INVOICE_LINES_UPSERT: &str = sql!("sql/invoice_lines_upsert.sql");
const INVOICE_AUDIT_INSERT: &str = sql!("sql/invoice_audit_insert.sql");
const INVOICES_JOIN: &str = sql!("sql/invoices_join.sql");

/// Largest payload that is kept whole: D1 holds rows of 2 MB.
const LARGEST_PAYLOAD: usize = 1_000_000;
/// For how long an event without an org is asked for again; Stripe itself gives up after three days.
const ORG_AWAITED_S: i64 = 24 * 3_600;

row! {
    /// What became of an event.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Receipt {
        pub(super) id: String,
        pub(super) status: Status,
        pub(super) org_id: Option<String>,
    }
}

/// `stripe_events.status` of a claimed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Applied.
    Processed,
    /// Recorded; it asks nothing of the mirror.
    Skipped,
    /// Not applied; Stripe sends it again.
    Failed,
}

impl Column for Status {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match String::from_cell(cell)?.as_str() {
            "processed" => Some(Self::Processed),
            "skipped" => Some(Self::Skipped),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// Claims and applies an event in one transaction; nothing when it was applied before.
pub(super) async fn event_apply(
    op: &Op,
    event: &Event,
    change: &Change,
    payload: &str,
) -> Result<Option<Receipt>> {
    let now = op.now();
    let delivery = new_id(now)?;
    let context = Delivery { event, id: &delivery, now };
    let mut statements = vec![claim(&context, change, payload)?];
    match change {
        Change::Customer(customer) => customer_statements(&context, customer, &mut statements)?,
        Change::Subscription(subscription) => {
            subscription_statements(&context, subscription, &mut statements)?;
        }
        Change::Invoice(invoice) => invoice_statements(&context, invoice, &mut statements)?,
        Change::Nothing => {}
    }
    let rows = op.write(statements).await?;
    rows.first().map(Rows::first).transpose().map(Option::flatten)
}

struct Delivery<'a> {
    event: &'a Event,
    id: &'a str,
    now: Timestamp,
}

fn claim(delivery: &Delivery<'_>, change: &Change, payload: &str) -> Result<Statement> {
    let Delivery { event, id, now } = *delivery;
    let is_awaited = now.seconds() - event.created < ORG_AWAITED_S;
    let awaited = if is_awaited { "failed" } else { "skipped" };
    let (customer, hint, without_org) = match change {
        Change::Customer(customer) => {
            (Some(&*customer.id), customer.org_hint.as_deref(), "skipped")
        }
        Change::Subscription(subscription) => {
            (Some(&*subscription.customer_id), subscription.org_hint.as_deref(), awaited)
        }
        Change::Invoice(invoice) => {
            (Some(&*invoice.customer_id), invoice.org_hint.as_deref(), awaited)
        }
        Change::Nothing => (None, None, "skipped"),
    };
    let claim = [id.into(), event.created.into(), customer.into(), hint.into(), without_org.into()];
    receipt(EVENT_CLAIM, event, payload, now, claim)
}

/// A statement that writes the receipt of an event: its `?1` to `?9` say what came, `rest` what
/// became of it.
fn receipt<const REST: usize>(
    sql: &'static str,
    event: &Event,
    payload: &str,
    now: Timestamp,
    rest: [Param; REST],
) -> Result<Statement> {
    let mut statement = statement!(
        sql,
        new_id(now)?,
        &*event.id,
        &*event.r#type,
        event.api_version.as_deref(),
        event.livemode,
        event.object_type(),
        event.object_id(),
        stored_payload(event, payload),
        now,
    );
    statement.params.extend(rest);
    Ok(statement)
}

/// The payload as it came, or a stub of one that D1 could not hold.
fn stored_payload(event: &Event, payload: &str) -> String {
    if payload.len() <= LARGEST_PAYLOAD {
        return payload.to_owned();
    }
    json!({"id": event.id, "type": event.r#type, "truncated_bytes": payload.len()}).to_string()
}

fn customer_statements(
    delivery: &Delivery<'_>,
    customer: &Customer,
    statements: &mut Vec<Statement>,
) -> Result<()> {
    let Delivery { event, id, now } = *delivery;
    let metadata = json!({"stripe_event_id": event.id}).to_string();
    statements.push(customer_insert(delivery, &customer.id)?);
    statements.push(statement!(
        CUSTOMER_UPDATE,
        &*event.id,
        id,
        &*customer.id,
        event.created,
        now,
        customer.email.as_deref(),
        customer.name.as_deref(),
        &*customer.currency,
        customer.balance_cents,
        customer.delinquent,
        customer.default_payment_method.as_deref(),
        &*customer.invoice_settings,
        &*customer.metadata,
        customer.deleted.then_some(now),
    ));
    statements.push(statement!(
        CUSTOMER_AUDIT_INSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*customer.id,
        event.created,
        now,
        format!("billing.{}", event.r#type),
        metadata,
    ));
    Ok(())
}

fn customer_insert(delivery: &Delivery<'_>, stripe_customer_id: &str) -> Result<Statement> {
    let Delivery { event, id, now } = *delivery;
    Ok(statement!(CUSTOMER_INSERT, new_id(now)?, &*event.id, id, stripe_customer_id, now))
}

fn subscription_statements(
    delivery: &Delivery<'_>,
    subscription: &Subscription,
    statements: &mut Vec<Statement>,
) -> Result<()> {
    let Delivery { event, id, now } = *delivery;
    let rank = subscription.step.rank();
    statements.push(customer_insert(delivery, &subscription.customer_id)?);
    statements.push(subscription_upsert(delivery, subscription)?);
    statements.push(statement!(INVOICES_JOIN, &*subscription.id));
    if let Some(plan) = subscription.entitled_plan() {
        statements.push(statement!(
            PLAN_UPDATE,
            &*event.id,
            id,
            &*subscription.id,
            event.created,
            rank,
            plan,
            now,
        ));
    }
    let metadata = match subscription.step {
        Step::Created | Step::Updated => json!({
            "status": subscription.status(),
            "plan": subscription.plan_nickname,
            "stripe_event_id": event.id,
        }),
        Step::Deleted => json!({"stripe_event_id": event.id, "ended_at": subscription.ended_at}),
    };
    statements.push(statement!(
        SUBSCRIPTION_AUDIT_INSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*subscription.id,
        event.created,
        rank,
        now,
        subscription.step.audit_type(),
        metadata.to_string(),
    ));
    Ok(())
}

fn subscription_upsert(delivery: &Delivery<'_>, subscription: &Subscription) -> Result<Statement> {
    let Delivery { event, id, now } = *delivery;
    Ok(statement!(
        SUBSCRIPTION_UPSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*subscription.customer_id,
        event.created,
        subscription.step.rank(),
        now,
        &*subscription.id,
        &*subscription.price_id,
        subscription.status(),
        &*subscription.stripe_status,
        subscription.plan_nickname.as_deref(),
        subscription.quantity,
        subscription.cancel_at_period_end,
        subscription.current_period_start,
        subscription.current_period_end,
        subscription.canceled_at,
        subscription.ended_at,
        subscription.trial_start,
        subscription.trial_end,
        &*subscription.metadata,
    ))
}

fn invoice_statements(
    delivery: &Delivery<'_>,
    invoice: &Invoice,
    statements: &mut Vec<Statement>,
) -> Result<()> {
    let Delivery { event, id, now } = *delivery;
    statements.push(customer_insert(delivery, &invoice.customer_id)?);
    statements.push(invoice_upsert(delivery, invoice)?);
    let ids: Vec<&str> =
        invoice.lines.iter().map(|line| line.stripe_line_item_id.as_str()).collect();
    let mut lines = json!(invoice.lines);
    for line in lines.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        line.insert("id".to_owned(), new_id(now)?.into());
    }
    for (sql, lines) in [(INVOICE_LINES_FORGET, json!(ids)), (INVOICE_LINES_UPSERT, lines)] {
        statements.push(statement!(
            sql,
            &*event.id,
            id,
            &*invoice.id,
            event.created,
            invoice.rank(),
            now,
            lines.to_string(),
        ));
    }
    let Some(audit_type) = invoice.occasion.audit_type() else { return Ok(()) };
    let metadata = json!({
        "status": invoice.status,
        "total_cents": invoice.total_cents,
        "amount_paid_cents": invoice.amount_paid_cents,
        "stripe_event_id": event.id,
    });
    statements.push(statement!(
        INVOICE_AUDIT_INSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*invoice.id,
        now,
        audit_type,
        metadata.to_string(),
    ));
    Ok(())
}

fn invoice_upsert(delivery: &Delivery<'_>, invoice: &Invoice) -> Result<Statement> {
    let Delivery { event, id, now } = *delivery;
    Ok(statement!(
        INVOICE_UPSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*invoice.customer_id,
        event.created,
        invoice.rank(),
        now,
        &*invoice.id,
        invoice.subscription_id.as_deref(),
        invoice.number.as_deref(),
        invoice.status,
        &*invoice.currency,
        invoice.subtotal_cents,
        invoice.tax_cents,
        invoice.total_cents,
        invoice.amount_due_cents,
        invoice.amount_paid_cents,
        invoice.amount_remaining_cents,
        invoice.hosted_url.as_deref(),
        invoice.pdf.as_deref(),
        invoice.period_start,
        invoice.period_end,
        invoice.due_at,
        invoice.paid_at,
        invoice.finalized_at,
        &*invoice.metadata,
        invoice.has_all_lines,
    ))
}

/// Records that an event could not be applied, so that it can be seen while Stripe tries again.
pub(super) async fn event_failed(
    op: &Op,
    event: &Event,
    payload: &str,
    reason: &str,
) -> Result<()> {
    let now = op.now();
    let statement =
        receipt(EVENT_FAILED, event, payload, now, [event.created.into(), reason.into()])?;
    op.write(vec![statement]).await.map(|_| ())
}
