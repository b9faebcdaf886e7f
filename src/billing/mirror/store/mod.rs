//! The statements of a delivery: one batch that claims the event, mirrors its object, and leaves its traces.

mod catalog;
mod customer;
mod invoice;
mod receipt;
mod subscription;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) use self::catalog::prices_upsert;
use self::receipt::ClaimedRow;
pub(super) use self::receipt::{
    Receipt, ReceiptOut, ReceiptStatus, ReceiptWithPayloadOut, Status, event_failed,
    receipt_by_id as receipt_of, receipts,
};
pub(super) use self::subscription::digest_of;
use super::checkout::Checkout;
use super::event::{Change, Event};
use crate::app::Op;
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::time::{StoredTime, Timestamp};
use crate::{row, sql, statement};

const CUSTOMERS_KNOWN: &str = sql!("../sql/customers_known.sql");
const CUSTOMER_INSERT: &str = sql!("../sql/customer_insert.sql");
const ENTITLEMENT_OF_EVENT: &str = sql!("../sql/due_of_event.sql", "../sql/entitlement.sql");
const ENTITLEMENT_OF_GRACE: &str = sql!("../sql/due_of_grace.sql", "../sql/entitlement.sql");
const EVENT_SETTLED: &str = sql!("../sql/event_settled.sql");
const EVENT_AUDIT_INSERT: &str = sql!("../sql/event_audit_insert.sql");
const EVENTS_AWAITING: &str = sql!("../sql/events_awaiting.sql");
const EVENTS_FAILED: &str = sql!("../sql/events_failed.sql");
const EVENTS_MISSING: &str = sql!("../sql/events_missing.sql");
const SUBSCRIPTIONS_LIVE: &str = sql!("../sql/subscriptions_live.sql");
const SUBSCRIPTIONS_MIRRORED: &str = sql!("../sql/subscriptions_mirrored.sql");
const CHECKOUT_UPSERT: &str = sql!("../sql/checkout_upsert.sql");

/// What a snapshot may write over, besides what is older.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Basis {
    /// Nothing: one of its own second that differs has to be asked for.
    Event,
    /// What is of its second, as nobody can be asked.
    LastCome,
    /// What this delivery wrote: the object is as Stripe had it after that.
    Fetched(Option<String>),
}

impl Basis {
    fn param(&self) -> Param {
        match self {
            Self::Event => Param::Null,
            Self::LastCome => "*".into(),
            Self::Fetched(delivery) => delivery.as_deref().into(),
        }
    }
}

/// An event and what is made of it.
pub(super) struct Application<'a> {
    pub(super) event: &'a Event,
    /// As it came.
    pub(super) payload: &'a str,
    /// What the event says; nothing if it is thin.
    pub(super) told: Option<&'a Change>,
    /// What is mirrored: the same, or the object as Stripe has it now.
    pub(super) mirrored: &'a Change,
    pub(super) basis: &'a Basis,
    /// Why it is not applied, whatever it says.
    pub(super) refusal: Option<&'static str>,
    pub(super) again: Again<'a>,
}

/// Whether an event that was skipped before is applied.
#[derive(Debug, Clone, Copy)]
pub(super) enum Again<'a> {
    No,
    /// As what it waited for is there.
    Waited,
    /// As somebody asked for it, with what the audit trail says of that.
    Asked(&'a Statement),
}

/// What became of an event.
#[derive(Debug)]
pub(super) enum Applied {
    /// It had been applied before.
    Before,
    Now {
        receipt: Receipt,
        /// Payloads of events that waited for the customer that is known now.
        awaiting: Vec<String>,
    },
    /// Stripe has to be asked for the object.
    Unsettled {
        /// The delivery that wrote what it would have to write over.
        written_by: Option<String>,
    },
}

/// One try to apply an event: what its statements have in common.
struct Delivery<'a> {
    event: &'a Event,
    /// `stripe_events.delivery_id`.
    id: &'a str,
    now: Timestamp,
    basis: &'a Basis,
    /// Days of grace, as SQLite adds them.
    grace: &'a str,
}

/// Claims and applies an event in one transaction.
pub(super) async fn event_apply(op: &Op, application: &Application<'_>) -> Result<Applied> {
    let now = op.now();
    let id = new_id(now)?;
    let grace = grace(op);
    let Application { event, mirrored, basis, .. } = *application;
    let delivery = Delivery { event, id: &id, now, basis, grace: &grace };
    let mut statements = vec![receipt::claim(&delivery, application)?];
    let mut unsettled_at = None;
    match mirrored {
        Change::Customer(customer) => {
            unsettled_at = Some(customer::mirror(&delivery, customer, &mut statements)?);
        }
        Change::Subscription(subscription) => {
            unsettled_at = Some(subscription::mirror(&delivery, subscription, &mut statements)?);
        }
        Change::Invoice(invoice) => {
            unsettled_at = Some(invoice::mirror(&delivery, invoice, &mut statements)?);
        }
        Change::InvoiceGone(id) => statements.push(invoice::gone(&delivery, id)),
        Change::Checkout(checkout) => statements.push(checkout_upsert(&delivery, checkout)?),
        Change::Product(product) => {
            unsettled_at = Some(catalog::mirror_product(&delivery, product, &mut statements));
        }
        Change::Price(price) => {
            unsettled_at = Some(catalog::mirror_price(&delivery, price, &mut statements));
        }
        Change::Nothing => {}
    }
    let told = application.told.unwrap_or(mirrored);
    let customer = customer_of(mirrored);
    statements.extend(trace(&delivery, told, customer)?);
    if let Again::Asked(trace) = application.again {
        statements.extend([statement!(EVENT_SETTLED, &*event.id, &*id), trace.clone()]);
    }
    let rows = op.write(statements).await?;
    let Some(claimed) = rows.first().map(Rows::first::<ClaimedRow>).transpose()?.flatten() else {
        return Ok(Applied::Before);
    };
    let unsettled = unsettled_at.and_then(|at| rows.get(at));
    if let Some(row) = unsettled.map(Rows::first::<UnsettledRow>).transpose()?.flatten() {
        return Ok(Applied::Unsettled { written_by: row.written_by });
    }
    let awaiting = match customer.filter(|_| claimed.is_awaited) {
        Some(customer) => awaiting(op, &delivery, customer).await?,
        None => Vec::new(),
    };
    Ok(Applied::Now { receipt: claimed.receipt(), awaiting })
}

/// Payloads of events that can be applied behind this one.
async fn awaiting(op: &Op, delivery: &Delivery<'_>, customer: &str) -> Result<Vec<String>> {
    let statement = statement!(EVENTS_AWAITING, &*delivery.event.id, delivery.id, customer);
    let rows = op.read(vec![statement]).await?;
    let rows: Vec<AwaitingRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    Ok(rows.into_iter().map(|row| row.payload).collect())
}

/// Brings the standing of at most so many orgs up to date whose days of grace are over; gives how many it were.
pub(super) async fn graces_end(op: &Op, most: u32) -> Result<u64> {
    let now = op.now();
    let grace = grace(op);
    let statement = statement!(ENTITLEMENT_OF_GRACE, most, "", now, &*grace);
    let rows = op.write(vec![statement]).await?;
    let ended = rows.first().map_or(Ok(0), Rows::count)?;
    Ok(u64::try_from(ended).unwrap_or_default())
}

row! {
    /// What the mirror has of a subscription.
    #[derive(Debug)]
    pub(super) struct MirroredRow {
        pub(super) id: String,
        /// `event.created` of its snapshot.
        pub(super) created: i64,
        pub(super) digest: Option<String>,
        pub(super) delivery_id: Option<String>,
    }
}

row! {
    /// An event that failed.
    #[derive(Debug)]
    pub(super) struct FailedRow {
        pub(super) id: String,
        pub(super) received_at: StoredTime,
        pub(super) payload: String,
    }
}

row! {
    struct IdRow {
        id: String,
    }
}

/// Those of some events that were not applied.
pub(super) async fn events_missing(op: &Op, ids: &[&str]) -> Result<Vec<String>> {
    let rows = op.read(vec![statement!(EVENTS_MISSING, json!(ids).to_string())]).await?;
    rows.first().map_or(Ok(Vec::new()), ids_of)
}

/// Events that failed, oldest first, behind the one of a key.
pub(super) async fn events_failed(
    op: &Op,
    after: &[String; 2],
    most: u32,
) -> Result<Vec<FailedRow>> {
    let [received_at, id] = after;
    let rows =
        op.read(vec![statement!(EVENTS_FAILED, received_at.as_str(), id.as_str(), most)]).await?;
    rows.first().map_or(Ok(Vec::new()), Rows::all)
}

fn ids_of(rows: &Rows) -> Result<Vec<String>> {
    Ok(rows.all::<IdRow>()?.into_iter().map(|row| row.id).collect())
}

/// What the mirror has of some subscriptions, and those of some customers of Stripe's that are or were an org's.
pub(super) async fn subscriptions_mirrored(
    op: &Op,
    ids: &[&str],
    customers: &[Option<String>],
) -> Result<(Vec<MirroredRow>, Vec<String>)> {
    let statements = vec![
        statement!(SUBSCRIPTIONS_MIRRORED, json!(ids).to_string()),
        statement!(CUSTOMERS_KNOWN, json!(customers).to_string()),
    ];
    match &*op.read(statements).await? {
        [mirrored, known] => Ok((mirrored.all()?, ids_of(known)?)),
        _ => Ok((Vec::new(), Vec::new())),
    }
}

/// Subscriptions that have not ended as far as the mirror knows, behind one.
pub(super) async fn subscriptions_live(
    op: &Op,
    after: &str,
    most: u32,
) -> Result<Vec<MirroredRow>> {
    let rows = op.read(vec![statement!(SUBSCRIPTIONS_LIVE, after, most)]).await?;
    rows.first().map_or(Ok(Vec::new()), Rows::all)
}

/// Days of grace, as SQLite adds them.
fn grace(op: &Op) -> String {
    format!("+{} days", op.app.config.billing_grace_days)
}

row! {
    struct UnsettledRow {
        written_by: Option<String>,
    }
}

row! {
    struct AwaitingRow {
        payload: String,
    }
}

/// The customer that a change is about.
fn customer_of(change: &Change) -> Option<&str> {
    match change {
        Change::Customer(customer) => Some(&customer.id),
        Change::Subscription(subscription) => Some(&subscription.customer_id),
        Change::Invoice(invoice) => Some(&invoice.customer_id),
        Change::Checkout(checkout) => checkout.customer_id.as_deref(),
        Change::InvoiceGone(_) | Change::Product(_) | Change::Price(_) | Change::Nothing => None,
    }
}

/// The org that its metadata name.
fn org_hint_of(change: &Change) -> Option<&str> {
    match change {
        Change::Customer(customer) => customer.org_hint.as_deref(),
        Change::Subscription(subscription) => subscription.org_hint.as_deref(),
        Change::Invoice(invoice) => invoice.org_hint.as_deref(),
        Change::Checkout(checkout) => checkout.org_hint.as_deref(),
        Change::InvoiceGone(_) | Change::Product(_) | Change::Price(_) | Change::Nothing => None,
    }
}

/// The audit entry of what happened, or of its refusal, where one may be left.
fn trace(
    delivery: &Delivery<'_>,
    told: &Change,
    customer: Option<&str>,
) -> Result<Option<Statement>> {
    let trace = match told {
        Change::Customer(customer) => Some(customer::trace(delivery, customer)),
        Change::Subscription(subscription) => Some(subscription::trace(delivery, subscription)),
        Change::Invoice(invoice) => invoice::trace(delivery, invoice),
        Change::InvoiceGone(_)
        | Change::Checkout(_)
        | Change::Product(_)
        | Change::Price(_)
        | Change::Nothing => None,
    };
    if trace.is_none() && customer.is_none() {
        return Ok(None);
    }
    let Delivery { event, id, now, .. } = *delivery;
    let refusal = json!({"named_org_id": org_hint_of(told), "stripe_event_id": event.id,
        "event_type": event.r#type, "object_id": event.object_id()});
    Ok(Some(statement!(
        EVENT_AUDIT_INSERT,
        new_id(now)?,
        &*event.id,
        id,
        now,
        trace.as_ref().map(|trace| trace.event_type),
        trace.as_ref().map(|trace| trace.target_type),
        trace.as_ref().map(|trace| trace.target_id),
        trace.as_ref().map(|trace| trace.metadata.to_string()),
        customer,
        refusal.to_string(),
    )))
}

/// An entry of the audit trail.
struct Trace<'a> {
    target_type: &'static str,
    target_id: &'a str,
    event_type: &'static str,
    metadata: Value,
}

fn customer_insert(delivery: &Delivery<'_>, stripe_customer_id: &str) -> Result<Statement> {
    let Delivery { event, id, now, .. } = *delivery;
    Ok(statement!(CUSTOMER_INSERT, new_id(now)?, &*event.id, id, stripe_customer_id, now))
}

/// Brings the org's plan up to its subscriptions.
fn entitlement(delivery: &Delivery<'_>) -> Statement {
    entitlement_of(ENTITLEMENT_OF_EVENT, delivery)
}

fn entitlement_of(sql: &'static str, delivery: &Delivery<'_>) -> Statement {
    let Delivery { event, id, now, grace, .. } = *delivery;
    statement!(sql, &*event.id, id, now, grace)
}

/// A statement that takes a snapshot over: `?1` to `?8` say which and when, `row` what is of the row alone, `columns`
/// what the snapshot says, and `parts` what it says in rows of their own. And the parameters with which it is seen to be unsettled.
fn take_over(
    sql: &'static str,
    delivery: &Delivery<'_>,
    object_id: &str,
    rank: i64,
    row: Vec<Param>,
    columns: Vec<Param>,
    parts: &str,
) -> (Statement, Vec<Param>) {
    let Delivery { event, id, now, basis, .. } = *delivery;
    let version: Vec<Param> = vec![
        (*event.id).into(),
        id.into(),
        object_id.into(),
        event.created.into(),
        rank.into(),
        digest(&columns, parts).into(),
    ];
    let mut params = version.clone();
    params.extend([basis.param(), now.into()]);
    params.extend(row);
    params.extend(columns);
    (Statement { sql, params }, version)
}

/// Tells snapshots apart, by what is mirrored of them.
fn digest(columns: &[Param], parts: &str) -> String {
    let mut hasher = Sha256::new();
    for column in columns {
        match column {
            Param::Null => hasher.update([0]),
            Param::Integer(number) => {
                hasher.update([1]);
                hasher.update(number.to_le_bytes());
            }
            Param::Text(text) => {
                hasher.update([2]);
                hasher.update(text.len().to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
    }
    hasher.update(parts.as_bytes());
    hex::encode(hasher.finalize())
}

fn checkout_upsert(delivery: &Delivery<'_>, checkout: &Checkout) -> Result<Statement> {
    let Delivery { event, id, now, .. } = *delivery;
    Ok(statement!(
        CHECKOUT_UPSERT,
        new_id(now)?,
        &*event.id,
        id,
        &*checkout.id,
        now,
        checkout.customer_id.as_deref(),
        checkout.subscription_id.as_deref(),
        checkout.status,
        checkout.mode,
        checkout.expires_at,
    ))
}
