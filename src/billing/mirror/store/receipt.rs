//! Receipts of events: `stripe_events`.

use super::{Application, Delivery, customer_of, org_hint_of};
use crate::app::Op;
use crate::billing::mirror::event::{Change, Event, Topic};
use crate::db::{Cell, Column, Param, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::time::Timestamp;
use crate::{row, sql, statement};
use serde_json::json;

const EVENT_CLAIM: &str = sql!("../sql/event_claim.sql");
const EVENT_FAILED: &str = sql!("../sql/event_failed.sql");
const MISMATCH_AUDIT_INSERT: &str = sql!("../sql/mismatch_audit_insert.sql");

/// Largest payload that is kept whole: D1 holds rows of 2 MB.
const LARGEST_PAYLOAD: usize = 1_000_000;
/// For how long an event without an org is asked for again; Stripe itself gives up after three days.
const ORG_AWAITED_S: i64 = 24 * 3_600;

row! {
    /// What became of an event.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(in crate::billing) struct Receipt {
        pub(in crate::billing) id: String,
        pub(in crate::billing) status: Status,
        pub(in crate::billing) org_id: Option<String>,
        /// Why it was not applied.
        pub(in crate::billing) processing_error: Option<String>,
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

/// Claims the event for the delivery.
pub(super) fn claim(delivery: &Delivery<'_>, application: &Application<'_>) -> Result<Statement> {
    let Delivery { event, id, now, .. } = *delivery;
    let change = application.mirrored;
    let is_awaited = now.seconds() - event.created < ORG_AWAITED_S;
    let without_org = match change {
        Change::Subscription(_) | Change::Invoice(_) if is_awaited => "failed",
        Change::Product(_) | Change::Price(_) => "processed",
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
        application.again.into(),
    ];
    receipt(EVENT_CLAIM, event, application.payload, now, claim)
}

/// The audit entry of an event that names another org than its customer's.
pub(super) fn mismatch_audit(
    delivery: &Delivery<'_>,
    customer: &str,
    change: &Change,
) -> Result<Statement> {
    let Delivery { event, id, now, .. } = *delivery;
    let metadata = json!({"named_org_id": org_hint_of(change), "stripe_event_id": event.id,
        "event_type": event.r#type, "object_id": event.object_id()});
    Ok(statement!(
        MISMATCH_AUDIT_INSERT,
        new_id(now)?,
        &*event.id,
        id,
        customer,
        now,
        metadata.to_string(),
    ))
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
