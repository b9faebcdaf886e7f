//! Receipts of events: `stripe_events`.

use super::{Again, Application, Delivery, customer_of, org_hint_of};
use crate::app::Op;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::billing::mirror::event::{Change, Event, Topic};
use crate::billing::mirror::snapshot::Step;
use crate::db::{Cell, Column, FromRow, Param, Row, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{choice, list_sql, row, scoped_sql, sql, statement};
use serde::Serialize;
use serde_json::{Value, json};

const RECEIPTS: ListSql = list_sql!("../sql/receipt_columns.sql", "../sql/receipts.sql");
const RECEIPTS_OF_STATUS: ListSql =
    list_sql!("../sql/receipt_columns.sql", "../sql/receipts_of_status.sql");
const RECEIPT: &str = scoped_sql!("../sql/receipt_columns.sql", "../sql/receipt.sql");
const EVENT_CLAIM: &str = sql!("../sql/event_claim.sql");
const EVENT_FAILED: &str = sql!("../sql/event_failed.sql");

/// Largest payload that is kept whole: D1 holds rows of 2 MB.
const LARGEST_PAYLOAD: usize = 1_000_000;
/// For how long an event without an org is asked for again; Stripe itself gives up after three days.
const ORG_AWAITED_S: i64 = 24 * 3_600;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::billing) struct Receipt {
    pub(in crate::billing) id: String,
    pub(in crate::billing) status: Status,
    pub(in crate::billing) org_id: Option<String>,
    /// Why it was not applied.
    pub(in crate::billing) processing_error: Option<String>,
}

row! {
    /// A claim, as it comes back.
    pub(super) struct ClaimedRow {
        id: String,
        status: Status,
        org_id: Option<String>,
        processing_error: Option<String>,
        /// Whether other events may wait for this one.
        pub(super) is_awaited: bool,
    }
}

impl ClaimedRow {
    pub(super) fn receipt(self) -> Receipt {
        let Self { id, status, org_id, processing_error, is_awaited: _ } = self;
        Receipt { id, status, org_id, processing_error }
    }
}

/// `stripe_events.status` of a claimed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::billing) enum Status {
    /// Applied.
    Processed,
    /// Recorded; it asks nothing of the mirror, or was refused.
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

choice! {
    /// `stripe_events.status`.
    pub(in crate::billing) enum ReceiptStatus {
        /// Not applied yet.
        Pending = "pending",
        /// Applied.
        Processed = "processed",
        /// Not applied; it is sent again.
        Failed = "failed",
        /// Recorded; it asks nothing of the mirror, or was refused.
        Skipped = "skipped",
    }
}

row! {
    /// What became of an event.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(in crate::billing) struct ReceiptOut {
        id: String,
        pub(in crate::billing) stripe_event_id: String,
        event_type: String,
        api_version: Option<String>,
        livemode: bool,
        pub(in crate::billing) org_id: Option<String>,
        object_type: Option<String>,
        object_id: Option<String>,
        pub(in crate::billing) status: ReceiptStatus,
        /// Why it was not applied.
        #[serde(rename = "reason")]
        processing_error: Option<String>,
        attempts: i64,
        /// When it happened, in seconds since the epoch.
        event_created: Option<i64>,
        received_at: StoredTime,
        processed_at: Option<StoredTime>,
    }
}

row! {
    struct PayloadRow {
        payload: Value,
    }
}

/// What became of an event, and what Stripe sent.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(in crate::billing) struct ReceiptWithPayloadOut {
    #[serde(flatten)]
    pub(in crate::billing) receipt: ReceiptOut,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
    pub(in crate::billing) payload: Value,
}

impl FromRow for ReceiptWithPayloadOut {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let receipt = ReceiptOut::from_row(row)?;
        Ok(Self { receipt, payload: PayloadRow::from_row(row)?.payload })
    }
}

impl ReceiptOut {
    /// Its place in the list.
    pub(in crate::billing) fn key(&self) -> [String; 2] {
        [self.received_at.stored(), self.id.clone()]
    }
}

/// A page of receipts, of one status or of all.
pub(in crate::billing) fn receipts(
    scope: &Scope,
    page: &Page<2>,
    status: Option<ReceiptStatus>,
) -> Scoped {
    let mut params = page.descending();
    match status {
        None => scope.list(RECEIPTS, params),
        Some(status) => {
            params.push(status.as_str().into());
            scope.list(RECEIPTS_OF_STATUS, params)
        }
    }
}

/// One receipt with its payload.
pub(in crate::billing) fn receipt_by_id(scope: &Scope, id: &str) -> Scoped {
    scope.statement(RECEIPT, [id.into()])
}

/// Claims the event for the delivery.
pub(super) fn claim(delivery: &Delivery<'_>, application: &Application<'_>) -> Result<Statement> {
    let Delivery { event, id, now, .. } = *delivery;
    let change = application.mirrored;
    let is_awaited = now.seconds() - event.created < ORG_AWAITED_S;
    let without_org = match change {
        Change::Subscription(_) | Change::Invoice(_) if is_awaited => "failed",
        Change::InvoiceGone(_) | Change::Product(_) | Change::Price(_) => "processed",
        _ => "skipped",
    };
    let refusal = application.refusal.or((event.topic() == Topic::Other).then_some("not_mirrored"));
    let claim = [
        id.into(),
        event.created.into(),
        customer_of(change).into(),
        org_hint_of(change).into(),
        without_org.into(),
        refusal.into(),
        (!matches!(application.again, Again::No)).into(),
        matches!(change, Change::Customer(customer) if customer.step == Step::Deleted).into(),
    ];
    receipt(EVENT_CLAIM, event, application.payload, now, claim)
}

/// Records that an event could not be applied, so that it can be seen while Stripe tries again.
pub(in crate::billing) async fn event_failed(
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

/// A statement that writes the receipt of an event: its `?1` to `?9` say what came, `rest` what became of it.
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
