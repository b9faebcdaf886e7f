//! `/portal/billing/events`, `/portal/billing/reconcile`: what Stripe sent and what became of it, for staff.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::applying::apply;
use super::event::Event;
use super::reconcile;
use super::store::{self, Again, ReceiptOut, ReceiptStatus, ReceiptWithPayloadOut, Status};
use crate::audit::Entry;
use crate::auth::permission::{Access, Staff};
use crate::clients::stripe::{Form, Stripe, StripeId};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};
use crate::ids::OrgId;
use crate::jobs::{self, RunOut};

/// A page of events.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReceiptsOut {
    events: Vec<ReceiptOut>,
    next_cursor: Option<String>,
}

/// One event.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OneReceiptOut {
    event: ReceiptWithPayloadOut,
}

/// What became of an event that was applied again.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReplayedOut {
    id: String,
    status: ReceiptStatus,
    /// Why it was not applied.
    reason: Option<String>,
}

/// The runs of the reconciliation.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ReconciliationsOut {
    /// The ten newest. `items` is how many things were healed.
    runs: Vec<RunOut>,
}

/// That a reconciliation runs within a minute or two.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ReconciliationDueOut {
    due: bool,
}

/// `GET /portal/billing/events`: the events that Stripe sent, and those that the reconciliation made, newest first; of
/// one org, or of all and of none. For staff.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/billing/events", tag = "Billing",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query), ("status" = Option<ReceiptStatus>, Query)),
    responses((status = 200, body = ReceiptsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_stripe_events(access: Access<Staff>, query: Query) -> Result<Json<ReceiptsOut>> {
    let page = query.page(50, 200)?;
    let status = query.one_of("status", ReceiptStatus::ALL, ReceiptStatus::parse)?;
    let statement = store::receipts(access.scope(), &page, status);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (events, next_cursor) = page.cut(rows.all()?, ReceiptOut::key);
    Ok(Json(ReceiptsOut { events, next_cursor }))
}

/// `GET /portal/billing/events/{id}`: an event by our own id, with what Stripe sent. For staff.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/billing/events/{id}", tag = "Billing",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = OneReceiptOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_stripe_event(
    access: Access<Staff>,
    Path(id): Path<String>,
) -> Result<Json<OneReceiptOut>> {
    let (_tenant, [row]) = access.read([store::receipt_of(access.scope(), &id)]).await?;
    Ok(Json(OneReceiptOut { event: row.first()?.ok_or_else(event_not_found)? }))
}

/// `POST /portal/billing/events/{id}/replay`: applies an event that failed or was skipped, as if Stripe had sent it
/// again. For staff.
///
/// One that was applied is not applied again. Of one that was too large to be kept whole, Stripe is asked.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/billing/events/{id}/replay", tag = "Billing",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = ReplayedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn replay_stripe_event(
    access: Access<Staff>,
    Path(id): Path<String>,
) -> Result<Json<ReplayedOut>> {
    let statement = store::receipt_of(access.scope(), &id);
    let (actor, _tenant, [row]) = access.read_as_actor([statement]).await?;
    let row: ReceiptWithPayloadOut = row.first()?.ok_or_else(event_not_found)?;
    let receipt = row.receipt;
    if receipt.status == ReceiptStatus::Processed {
        return Err(already_applied());
    }
    let payload = payload(&access, row.payload, &receipt.stripe_event_id).await?;
    let event = Event::parse(payload.as_bytes())?;
    let org = receipt.org_id.map(OrgId::from);
    let entry = Entry {
        event: "billing.event_replayed",
        target_type: "stripe_event",
        target_id: &receipt.stripe_event_id,
        metadata: json!({"event_type": event.r#type}),
    };
    let trace = actor.audit(org.as_ref(), &entry)?;
    let applied = apply(&access.op, &event, &payload, Again::Asked(&trace)).await?;
    let applied = applied.ok_or_else(already_applied)?;
    let status = match applied.status {
        Status::Processed => ReceiptStatus::Processed,
        Status::Skipped => ReceiptStatus::Skipped,
        Status::Failed => ReceiptStatus::Failed,
    };
    Ok(Json(ReplayedOut { id: applied.id, status, reason: applied.processing_error }))
}

/// What was kept, or what Stripe has of an event that was too large to be kept.
async fn payload(access: &Access<Staff>, kept: Value, event: &str) -> Result<String> {
    if kept.get("truncated_bytes").is_none() {
        return Ok(kept.to_string());
    }
    let (stripe, id) = (Stripe::of(&access.op), StripeId::parse(event));
    let (Some(stripe), Some(id)) = (stripe, id) else {
        return Err(Error::conflict("event_not_kept", "Event was too large to be kept")
            .hint("Resend it from Stripe's dashboard, or set STRIPE_SECRET_KEY."));
    };
    let path = format!("/v1/events/{}", id.as_str());
    let event = stripe.get(&path, &Form::default()).await.map_err(|failure| {
        Error::new(crate::error::Kind::BadGateway, "stripe_unavailable", "Stripe is not reachable")
            .context(failure.reason)
    })?;
    Ok(Value::Object(event).to_string())
}

/// `GET /portal/billing/reconcile`: how the last reconciliations with Stripe went. For staff.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/billing/reconcile", tag = "Billing",
    responses((status = 200, body = ReconciliationsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_reconciliations(access: Access<Staff>) -> Result<Json<ReconciliationsOut>> {
    let (_tenant, [rows]) = access.read([jobs::runs(access.scope(), reconcile::JOB)]).await?;
    Ok(Json(ReconciliationsOut { runs: rows.all()? }))
}

/// `POST /portal/billing/reconcile`: has the mirror compared with Stripe now instead of at night. For staff.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/billing/reconcile", tag = "Billing",
    responses((status = 202, body = ReconciliationDueOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn request_reconciliation(
    access: Access<Staff>,
) -> Result<(StatusCode, Json<ReconciliationDueOut>)> {
    let (actor, _tenant, []) = access.read_as_actor([]).await?;
    let entry = Entry {
        event: "billing.reconciliation_requested",
        target_type: "job",
        target_id: reconcile::JOB,
        metadata: json!({}),
    };
    let due = jobs::due_now(reconcile::JOB, access.op.now());
    actor.write(vec![due, actor.audit(None, &entry)?]).await?;
    Ok((StatusCode::ACCEPTED, Json(ReconciliationDueOut { due: true })))
}

#[track_caller]
fn event_not_found() -> Error {
    Error::not_found("stripe_event_not_found", "Event not found")
        .hint("The id is ours, not Stripe's: the \"id\" of GET /portal/billing/events.")
}

#[track_caller]
fn already_applied() -> Error {
    Error::conflict("event_already_applied", "Event was applied")
        .hint("It has had its effect; nothing is done twice.")
}
