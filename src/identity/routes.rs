//! `POST /webhooks/clerk`

use http::HeaderMap;
use serde::Serialize;

use super::event::Event;
use super::signature;
use super::store::{self, Receipt, Status};
use crate::app::Op;
use crate::config::LogLevel;
use crate::error::Result;
use crate::http::extract::{Json, RawBody};
use crate::http::signed_webhook::{SignedWebhook, not_applied};
use crate::ids::OrgId;

const WEBHOOK: SignedWebhook = SignedWebhook {
    secret: "CLERK_WEBHOOK_SECRET",
    received: "clerk_webhook_received",
    failed: "clerk_webhook_failed",
};

/// What Clerk is told.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClerkEventOut {
    received: bool,
    /// It was taken before.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

/// `POST /webhooks/clerk`: verifies, records and applies an event, once.
///
/// A failure to apply answers 5xx, so that the event is sent again, and stays visible in `clerk_events`. What the portal
/// takes nothing over of is recorded and answered 200.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/webhooks/clerk", tag = "Webhooks",
    params(("svix-id" = Option<String>, Header, description = "The message; or webhook-id"),
           ("svix-timestamp" = Option<String>, Header, description = "When it was sent, in seconds; or webhook-timestamp"),
           ("svix-signature" = Option<String>, Header, description = "Signatures of id, timestamp and raw body; or webhook-signature")),
    request_body(description = "An event as Clerk sends it", content_type = "application/json", content = Object),
    responses((status = 200, description = "Taken, or taken before", body = ClerkEventOut),
              (status = 400, description = "The signature does not match", body = crate::openapi::Problem, content_type = "application/problem+json"),
              (status = 503, description = "Not applied; send it again", body = crate::openapi::Problem, content_type = "application/problem+json"))))]
pub async fn receive_clerk_event(
    op: Op,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<ClerkEventOut>> {
    let id = WEBHOOK.verify(&op, &op.app.config.clerk_webhook_keys, |keys| {
        signature::verify(&headers, &body, keys, op.now())
    })?;
    let event = Event::parse(id, &body, op.now()).inspect_err(|error| {
        WEBHOOK.log_failure(&op, LogLevel::Error, None, &error.private_context());
    })?;
    let name = [&*event.id, &*event.r#type];
    WEBHOOK.log_received(&op, name);

    let applied = match event.change() {
        Ok(change) => store::event_apply(&op, &event, &change).await,
        Err(error) => Err(error),
    };
    match applied {
        Ok(None) => {
            Ok(Json(ClerkEventOut { received: true, duplicate: Some(true), event_id: None }))
        }
        Ok(Some(Receipt { status: Status::Failed, reason, .. })) => {
            let reason = reason.unwrap_or_default();
            WEBHOOK.log_failure(&op, LogLevel::Warn, Some(name), &reason);
            Err(not_applied(&reason))
        }
        Ok(Some(receipt)) => {
            if let Some(org) = receipt.org_id {
                op.request.set_org(&OrgId::from(org));
            }
            Ok(Json(ClerkEventOut { received: true, duplicate: None, event_id: Some(receipt.id) }))
        }
        Err(error) => {
            WEBHOOK.log_failure(&op, LogLevel::Error, Some(name), &error.private_context());
            // The reason is for staff; the rows in question stay in the log.
            store::event_failed(&op, &event, error.code()).await?;
            Err(not_applied(&error.private_context()))
        }
    }
}
