//! Waiting for a reply: pages ask again and again, and are told what is new.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::session_routes::{
    MESSAGES, SaidOut, SessionOut, SpeakerOut, admit, claim_of_query, poll_after_ms,
};
use super::session_store::{Messages, VisitorSessionRow};
use super::state::{Handoff, SessionState};
use crate::app::Op;
use crate::error::Result;
use crate::http::extract::{Json, Path, Query};

/// What came after a message.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct NewMessagesOut {
    state: SessionState,
    handoff: Option<Handoff>,
    answered_by: SpeakerOut,
    /// Oldest first.
    messages: Vec<SaidOut>,
    /// Whether there are more: ask again at once.
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_after_ms: Option<u32>,
}

/// `GET /chat/sessions/{id}/messages`: what was said after a message, oldest first; at most 100. With `If-None-Match`,
/// 304 as long as nothing is new.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/chat/sessions/{id}/messages", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header), ("site_key" = Option<String>, Query), ("visitor_id" = Option<String>, Query),
           ("after" = Option<String>, Query, description = "Id of the last message that the page has; all if absent"),
           ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer before")),
    responses((status = 200, body = NewMessagesOut, headers(("ETag" = String, description = "Names this state of the conversation"))),
              (status = 304, description = "Nothing is new"), crate::openapi::VisitorErrors)))]
pub async fn list_session_messages(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    let claim = claim_of_query(&headers, id, &query)?;
    let after = query.text("after").unwrap_or_default();
    let wanted = Messages::After(after, MESSAGES + 1);
    let (_site, session, mut messages) = admit(&op, &headers, &claim, wanted).await?;
    let tag = etag(&session);
    let most = usize::try_from(MESSAGES).unwrap_or(usize::MAX);
    let has_more = messages.len() > most;
    messages.truncate(most);
    if is_known(&headers, &tag) && messages.is_empty() {
        return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), &tag));
    }
    let poll_after_ms = poll_after_ms(&session);
    let SessionOut { state, handoff, answered_by, .. } = session.into();
    let messages = messages.into_iter().map(SaidOut::from).collect();
    let answer = NewMessagesOut { state, handoff, answered_by, messages, has_more, poll_after_ms };
    Ok(tagged(Json(answer).into_response(), &tag))
}

/// Changes with every message and with every change of who answers.
fn etag(session: &VisitorSessionRow) -> String {
    let handoff = session.handoff.map_or("", Handoff::as_str);
    format!("\"{}-{}-{handoff}\"", session.message_count, session.state.0.as_str())
}

/// Whether the page has this state already (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.map(str::trim).any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn tagged(mut response: Response<Body>, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
