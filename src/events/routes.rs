//! `GET /portal/events`

use serde::Serialize;
use serde_json::{Map, Value};

use super::store::{self, Arm, EventRow};
use crate::auth::permission::{Access, Read};
use crate::choice;
use crate::error::Result;
use crate::http::extract::{Json, Query};
use crate::redaction::{redacted, redacted_object};
use crate::time::StoredTime;

choice! {
    /// What happened.
    pub(super) enum EventType {
        SessionStarted = "session_started",
        SessionEnded = "session_ended",
        UserMessage = "user_message",
        AssistantMessage = "assistant_message",
        LeadCaptured = "lead_captured",
        AppointmentBooked = "appointment_booked",
        ActionRun = "action_run",
        OutcomeRecorded = "outcome_recorded",
    }
}

impl EventType {
    /// Whether its events are outcomes.
    pub(super) fn is_outcome(self) -> bool {
        matches!(self, Self::LeadCaptured | Self::AppointmentBooked | Self::OutcomeRecorded)
    }
}

/// A page of the feed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct EventsOut {
    events: Vec<EventOut>,
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Something that happened. What belongs to no site or session names them with an empty text.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct EventOut {
    id: String,
    org_id: String,
    site_id: String,
    session_id: String,
    r#type: EventType,
    /// Without e-mail addresses, phone, card and social security numbers.
    content: Option<String>,
    created_at: StoredTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>, nullable = false))]
    metadata: Option<Map<String, Value>>,
}

/// `GET /portal/events`: what happened, newest first; for staff without an org, in all orgs. With `siteId`
/// only sessions and messages, since nothing else belongs to a site.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/events", tag = "Dashboards",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query), ("siteId" = Option<String>, Query), ("type" = Option<EventType>, Query)),
    responses((status = 200, body = EventsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_events(access: Access<Read>, query: Query) -> Result<Json<EventsOut>> {
    let page = query.page(50, 200)?;
    let kind = query.one_of("type", EventType::ALL, EventType::parse)?;
    let statement = store::events(access.scope(), &page, kind, query.text("siteId"));
    let (_tenant, [events]) = access.read([statement]).await?;
    let (events, next_cursor) = page.cut(events.all()?, EventRow::key);
    Ok(Json(EventsOut { events: events.into_iter().map(event).collect(), next_cursor }))
}

fn event(row: EventRow) -> EventOut {
    let text = row.content.as_deref();
    let subject = row.subject.as_deref();
    let (suffix, kind, content) = match row.arm {
        Arm::Began => ("_start", EventType::SessionStarted, None),
        Arm::Ended => ("_end", EventType::SessionEnded, None),
        Arm::Message if subject == Some("user") => ("", EventType::UserMessage, text.map(redacted)),
        Arm::Message => ("", EventType::AssistantMessage, text.map(redacted)),
        Arm::Outcome => {
            let kind = subject.and_then(EventType::parse);
            ("_outcome", kind.unwrap_or(EventType::OutcomeRecorded), text.map(redacted))
        }
        Arm::Run => {
            let (action, status) = (subject.unwrap_or_default(), text.unwrap_or("pending"));
            ("_action", EventType::ActionRun, Some(format!("Action {action} {status}")))
        }
    };
    EventOut {
        id: row.id + suffix,
        org_id: row.org_id,
        site_id: row.site_id,
        session_id: row.session_id,
        r#type: kind,
        content,
        created_at: row.at,
        metadata: row.metadata.0.map(redacted_object),
    }
}
