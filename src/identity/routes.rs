//! `POST /webhooks/clerk`

use http::HeaderMap;
use serde::Serialize;
use serde_json::json;

use super::event::Event;
use super::signature;
use super::store::{self, Receipt, Status};
use crate::app::Op;
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::http::extract::{Json, RawBody};
use crate::ids::OrgId;

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
    let id = verify(&op, &headers, &body)?;
    let event = Event::parse(id, &body, op.now())
        .inspect_err(|error| log_failure(&op, LogLevel::Error, None, &error.private_context()))?;
    let fields = [("eventId", json!(event.id)), ("eventType", json!(event.r#type))];
    op.app.log.event(LogLevel::Info, "clerk_webhook_received", op.now(), &op.request, &fields);

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
            log_failure(&op, LogLevel::Warn, Some(&event), &reason);
            Err(not_applied(&reason))
        }
        Ok(Some(receipt)) => {
            if let Some(org) = receipt.org_id {
                op.request.set_org(&OrgId::from(org));
            }
            Ok(Json(ClerkEventOut { received: true, duplicate: None, event_id: Some(receipt.id) }))
        }
        Err(error) => {
            log_failure(&op, LogLevel::Error, Some(&event), &error.private_context());
            // The reason is for staff; the rows in question stay in the log.
            store::event_failed(&op, &event, error.code()).await?;
            Err(not_applied(&error.private_context()))
        }
    }
}

/// The id of a message that is genuine.
fn verify<'a>(op: &Op, headers: &'a HeaderMap, body: &[u8]) -> Result<&'a str> {
    let keys = &op.app.config.clerk_webhook_keys;
    if keys.is_empty() {
        log_failure(op, LogLevel::Error, None, "CLERK_WEBHOOK_SECRET is not set");
        return Err(Error::new(
            Kind::Unavailable,
            "webhook_not_configured",
            "Webhook not configured",
        )
        .hint("Set the CLERK_WEBHOOK_SECRET secret of this Worker."));
    }
    signature::verify(headers, body, keys, op.now()).map_err(|reason| {
        log_failure(op, LogLevel::Warn, None, &reason.to_string());
        Error::bad_request("invalid_signature", "Invalid signature")
            .hint("Sign the raw body with this endpoint's signing secret.")
    })
}

#[track_caller]
fn not_applied(reason: &str) -> Error {
    Error::new(Kind::Unavailable, "event_not_applied", "Event not applied")
        .hint("The event was recorded and will be applied when it is sent again.")
        .retry_after_s(60)
        .context(reason)
}

fn log_failure(op: &Op, level: LogLevel, event: Option<&Event>, reason: &str) {
    let mut fields = vec![("reason", json!(reason))];
    if let Some(event) = event {
        fields.push(("eventId", json!(event.id)));
        fields.push(("eventType", json!(event.r#type)));
    }
    op.app.log.event(level, "clerk_webhook_failed", op.now(), &op.request, &fields);
}
