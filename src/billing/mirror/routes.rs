//! `POST /webhooks/stripe`

use http::HeaderMap;
use serde::Serialize;

use super::applying::apply;
use super::event::Event;
use super::signature;
use super::store::Again;
use crate::app::Op;
use crate::config::LogLevel;
use crate::error::Result;
use crate::http::extract::{Json, RawBody};
use crate::http::signed_webhook::SignedWebhook;
use crate::ids::OrgId;

const STRIPE_SIGNATURE: &str = "stripe-signature";
pub(super) const WEBHOOK: SignedWebhook = SignedWebhook {
    secret: "STRIPE_WEBHOOK_SECRET",
    received: "stripe_webhook_received",
    failed: "stripe_webhook_failed",
};

/// What Stripe is told.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReceivedOut {
    received: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

/// `POST /webhooks/stripe` (also `POST /billing/webhook`): verifies, records and applies an event, once.
///
/// A failure to apply answers 5xx, so that Stripe sends the event again, and stays visible in
/// `stripe_events`. Types that the mirror does not know are recorded and answered 200.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/webhooks/stripe", tag = "Webhooks",
    params(("Stripe-Signature" = String, Header, description = "Stripe's signature of the raw body")),
    request_body(description = "An event as Stripe sends it", content_type = "application/json", content = Object),
    responses((status = 200, description = "Taken, or taken before", body = ReceivedOut),
              (status = 400, description = "The signature does not match", body = crate::openapi::Problem, content_type = "application/problem+json"),
              (status = 503, description = "Not applied; send it again", body = crate::openapi::Problem, content_type = "application/problem+json"))))]
pub async fn receive_stripe_event(
    op: Op,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<ReceivedOut>> {
    let header =
        headers.get(STRIPE_SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    WEBHOOK.verify(&op, &op.app.config.stripe_webhook_secrets, |secrets| {
        signature::verify(header, &body, secrets, op.now())
    })?;
    let event = Event::parse(&body).inspect_err(|error| {
        WEBHOOK.log_failure(&op, LogLevel::Error, None, &error.private_context());
    })?;
    let name = [&*event.id, &*event.r#type];
    WEBHOOK.log_received(&op, name);

    let payload = String::from_utf8_lossy(&body);
    let Some(receipt) = apply(&op, &event, &payload, Again::No).await? else {
        return Ok(Json(ReceivedOut { received: true, duplicate: Some(true), event_id: None }));
    };
    if let Some(reason) = receipt.processing_error.as_deref().filter(|why| *why != "not_mirrored") {
        WEBHOOK.log_failure(&op, LogLevel::Warn, Some(name), reason);
    }
    if let Some(org) = receipt.org_id {
        op.request.set_org(&OrgId::from(org));
    }
    Ok(Json(ReceivedOut { received: true, duplicate: None, event_id: Some(receipt.id) }))
}
