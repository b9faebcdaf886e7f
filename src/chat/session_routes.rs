//! What a visitor's page does with its own conversation beside talking: reads it again after a reload, ends it, asks for
//! a person, rates an answer, has it forgotten.
//!
//! The site, its pages and the visitor are judged as for a message; only to have it forgotten, the site need not be active.
//! What is not the visitor's own does not exist. The form for leads is in [`super::lead_form`], waiting for
//! replies in [`super::polling`].

use http::HeaderMap;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::admission::{self, SiteClaim, SiteRow};
use super::capture::{self, Conversation};
use super::course::contact_line;
use super::handoff;
use super::language::language_for;
use super::routes::{X_SITE_KEY, header_text};
use super::session_store::{
    self as store, Claim, Messages, Rating, VisitorMessageRow, VisitorSessionRow,
};
use super::settings::{Availability, Settings};
use super::state::{Handoff, HandoffReason, SessionState};
use crate::app::Op;
use crate::audit::{self, Entry};
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::{self, Change, Lines, Text, invalid};
use crate::http::extract::{DeletedOut, Json, Path, Query};
use crate::middleware::cors;
use crate::time::StoredTime;
use crate::{body, choice, conversations};

/// Messages of one answer.
pub(super) const MESSAGES: u32 = 100;
/// How long a page should wait before it asks again whether a person has answered: twelve times a minute, so that ten
/// visitors of one address wait beside each other (`POLL_RATE_LIMIT_MAX`).
const POLL_AFTER_MS: u32 = 5_000;

#[track_caller]
pub(super) fn not_found() -> Error {
    Error::not_found("session_not_found", "Session not found")
        .hint("There is no such conversation of this site and visitor; start a new one.")
}

choice! {
    /// Who said something, or answers now.
    pub enum Speaker {
        /// The visitor.
        Visitor = "visitor",
        /// The assistant.
        Assistant = "assistant",
        /// Somebody of the business.
        Person = "person",
    }
}

/// Who said something, or answers now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct SpeakerOut {
    kind: Speaker,
    /// Of a person, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct SessionOut {
    id: String,
    pub(super) state: SessionState,
    pub(super) handoff: Option<Handoff>,
    /// Who answers now.
    pub(super) answered_by: SpeakerOut,
    message_count: i64,
    started_at: Option<StoredTime>,
    last_message_at: Option<StoredTime>,
    ended_at: Option<StoredTime>,
    /// The language that the visitor writes.
    locale: Option<String>,
}

impl From<VisitorSessionRow> for SessionOut {
    fn from(row: VisitorSessionRow) -> Self {
        let answered_by = match row.handoff {
            Some(Handoff::Accepted) => SpeakerOut { kind: Speaker::Person, name: row.handoff_name },
            _ => SpeakerOut { kind: Speaker::Assistant, name: None },
        };
        Self {
            id: row.id.as_str().to_owned(),
            state: row.state.0,
            handoff: row.handoff,
            answered_by,
            message_count: row.message_count,
            started_at: row.started_at,
            last_message_at: row.last_message_at,
            ended_at: row.ended_at,
            locale: row.locale,
        }
    }
}

/// Something that was said.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct SaidOut {
    id: String,
    author: SpeakerOut,
    content: String,
    /// Where an answer comes from, as in the answer of `POST /chat`.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<super::answer::Citation>))]
    citations: Option<Box<RawValue>>,
    feedback: Option<Rating>,
    /// Why an answer ended, where that is known.
    finish_reason: Option<String>,
    created_at: StoredTime,
}

impl From<VisitorMessageRow> for SaidOut {
    fn from(row: VisitorMessageRow) -> Self {
        let kind = match (row.role.as_str(), row.is_person) {
            ("user", _) => Speaker::Visitor,
            (_, true) => Speaker::Person,
            (_, false) => Speaker::Assistant,
        };
        let nothing = || RawValue::from_string("[]".to_owned()).ok();
        Self {
            id: row.id,
            author: SpeakerOut { kind, name: row.author_name },
            content: row.content,
            citations: row.citations.0.or_else(nothing),
            feedback: row.feedback,
            finish_reason: row.finish_reason,
            created_at: row.created_at,
        }
    }
}

/// A conversation with its newest messages.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SessionWithMessagesOut {
    session: SessionOut,
    /// Oldest first.
    messages: Vec<SaidOut>,
    /// Of the messages before these.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// When to ask for replies, while a person is to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_after_ms: Option<u32>,
}

/// `GET /chat/sessions/{id}`: a conversation of the visitor, with its newest messages, oldest first; the cursor leads to
/// those before.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/chat/sessions/{id}", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none"),
           ("site_key" = Option<String>, Query, description = "For clients that cannot set the header"), ("visitor_id" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 100; 100 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = SessionWithMessagesOut), crate::openapi::VisitorErrors)))]
pub async fn get_session(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<SessionWithMessagesOut>> {
    let page = query.page(MESSAGES, MESSAGES)?;
    let claim = claim_of_query(&headers, id, &query)?;
    let (_site, session, messages) = admit(&op, &headers, &claim, Messages::Newest(&page)).await?;
    let (mut messages, next_cursor) = page.cut(messages, VisitorMessageRow::key);
    messages.reverse();
    let poll_after_ms = poll_after_ms(&session);
    Ok(Json(SessionWithMessagesOut {
        session: session.into(),
        messages: messages.into_iter().map(SaidOut::from).collect(),
        next_cursor,
        poll_after_ms,
    }))
}

pub(super) fn poll_after_ms(session: &VisitorSessionRow) -> Option<u32> {
    (session.state.0 == SessionState::HandedOff).then_some(POLL_AFTER_MS)
}

body! {
    /// Who asks.
    pub struct VisitorIn {
        visitor_id as "visitor_id": Option<Text<0, 128>>,
        /// For clients that cannot set the `X-Site-Key` header.
        site_key as "site_key": Option<Text<0, 128>>,
    }
}

/// Where a conversation stands.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SessionStateOut {
    session_id: String,
    state: SessionState,
    handoff: Option<Handoff>,
}

/// `POST /chat/sessions/{id}/end`: the visitor ends the conversation. It is not taken up again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/chat/sessions/{id}/end", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header)), request_body = VisitorIn,
    responses((status = 200, description = "Ended, now or before", body = SessionStateOut), crate::openapi::VisitorWriteErrors)))]
pub async fn end_session(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    body::Read(body): body::Read<VisitorIn>,
) -> Result<Json<SessionStateOut>> {
    let claim = claim(&headers, id, body.site_key, body.visitor_id)?;
    let (_site, session, _) = admit(&op, &headers, &claim, Messages::None).await?;
    let mut state = session.state.0;
    if !state.is_ended() {
        op.write(vec![store::session_end(of(&op, &session))]).await?;
        // Whoever was faster has ended it too.
        state = SessionState::Completed;
    }
    Ok(Json(SessionStateOut {
        session_id: session.id.as_str().to_owned(),
        state,
        handoff: session.handoff,
    }))
}

/// What becomes of the wish for a person.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct HandoffResultOut {
    session_id: String,
    state: SessionState,
    handoff: Option<Handoff>,
    /// Whether somebody is there now. If not, the assistant goes on.
    available: bool,
    /// What the visitor is told.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_after_ms: Option<u32>,
}

/// `POST /chat/sessions/{id}/handoff`: the visitor asks for a person. Outside of office hours the assistant goes on, and
/// the business is told that somebody asked.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/chat/sessions/{id}/handoff", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header)), request_body = VisitorIn,
    responses((status = 200, description = "Asked, now or before", body = HandoffResultOut), crate::openapi::VisitorWriteErrors)))]
pub async fn request_handoff(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    body::Read(body): body::Read<VisitorIn>,
) -> Result<Json<HandoffResultOut>> {
    let claim = claim(&headers, id, body.site_key, body.visitor_id)?;
    let (site, session, _) = admit(&op, &headers, &claim, Messages::None).await?;
    if session.state.0.is_ended() {
        return Err(admission::session_closed());
    }
    let settings = Settings(&site.config);
    let language = language_for(settings.language(), session.locale.as_deref(), "");
    let availability = settings.availability(op.now());
    let of = of(&op, &session);
    let (mut state, mut handoff) = (session.state.0, session.handoff);
    match (handoff, availability) {
        (Some(_), _) => {}
        (None, Availability::Off) => {
            return Err(Error::conflict("handoff_off", "Conversations are not handed over").hint(
                "This site's assistant answers alone; show the site's contact line instead.",
            ));
        }
        (None, Availability::Away) => {
            op.write(vec![handoff::missed_statement(of)]).await?;
        }
        (None, Availability::There) => {
            let statements = handoff::request_statements(of, HandoffReason::Visitor)?;
            let rows = op.write(statements).await?;
            if rows.first().map_or(Ok(0), Rows::count)? == 0 {
                // Ended, or taken over, between the two trips: the page asks again.
                return Err(changed());
            }
            (state, handoff) = (SessionState::HandedOff, Some(Handoff::Requested));
        }
    }
    let message = match (session.handoff, handoff) {
        (Some(before), _) => handoff::waiting_text(before, language).unwrap_or_default().to_owned(),
        _ => {
            handoff::request_text(settings, availability, language, &contact_line(&site, language))
        }
    };
    Ok(Json(HandoffResultOut {
        session_id: session.id.as_str().to_owned(),
        state,
        handoff,
        available: handoff.is_some(),
        message,
        poll_after_ms: handoff.map(|_| POLL_AFTER_MS),
    }))
}

#[track_caller]
pub(super) fn changed() -> Error {
    Error::conflict("session_changed", "Session has changed").hint("Read it again, then try again.")
}

body! {
    /// What the visitor thinks of an answer.
    pub struct FeedbackIn {
        /// `null` takes it back.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Rating>))]
        rating as "rating": Change<Rating>,
        comment as "comment": Option<Lines<0, 1000>>,
        visitor_id as "visitor_id": Option<Text<0, 128>>,
        site_key as "site_key": Option<Text<0, 128>>,
    }
}

/// What is stored now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct FeedbackOut {
    message_id: String,
    rating: Option<Rating>,
}

/// `POST /chat/sessions/{id}/messages/{messageId}/feedback`: what the visitor thinks of an answer; the last word counts.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/chat/sessions/{id}/messages/{messageId}/feedback", tag = "Visitors",
    params(("id" = String, Path), ("messageId" = String, Path), ("X-Site-Key" = Option<String>, Header)), request_body = FeedbackIn,
    responses((status = 200, body = FeedbackOut), crate::openapi::VisitorWriteErrors)))]
pub async fn rate_message(
    op: Op,
    headers: HeaderMap,
    Path((id, message_id)): Path<(String, String)>,
    body::Read(body): body::Read<FeedbackIn>,
) -> Result<Json<FeedbackOut>> {
    if !body.rating.is_change() {
        return Err(invalid("rating", "is required: up, down or null"));
    }
    let rating = body.rating.value().copied();
    let comment = body.comment.as_ref().map(Lines::as_str);
    let comment = comment.filter(|comment| !comment.is_empty() && rating.is_some());
    let claim = claim(&headers, id, body.site_key, body.visitor_id)?;
    let (_site, session, _) = admit(&op, &headers, &claim, Messages::None).await?;
    if session.is_forgotten {
        return Err(not_found());
    }
    let statements = store::feedback(of(&op, &session), &message_id, rating, comment);
    let rows = op.write(statements).await?;
    if rows.get(2).map_or(Ok(0), Rows::count)? == 0 {
        return Err(Error::not_found("message_not_found", "Message not found")
            .hint("Answers of this conversation are rated, by their id."));
    }
    Ok(Json(FeedbackOut { message_id, rating }))
}

/// `DELETE /chat/sessions/{id}`: the visitor has the conversation forgotten. Its messages are emptied, the leads that it
/// brought lose what tells who it was, and it ends; figures stay.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/chat/sessions/{id}", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header), ("site_key" = Option<String>, Query), ("visitor_id" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::VisitorWriteErrors)))]
pub async fn forget_session(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<DeletedOut>> {
    let claim = claim_of_query(&headers, id, &query)?;
    let (site, session, _) = store::session(&op, &claim, Messages::None).await?;
    // A site that answers nobody any more still forgets.
    let origin = cors::origin_of(&headers);
    let environment = op.app.config.environment;
    let site = admission::judge_page(site, &claim.site, origin.as_ref(), environment)?;
    let session = of_site(session, &site, &op)?;
    if session.is_forgotten {
        return Ok(Json(DeletedOut::DONE));
    }
    let mut statements: Vec<Statement> = store::forget(of(&op, &session));
    statements.push(audit::visitor_entry_insert(
        &op,
        &session.org_id,
        &Entry {
            event: "conversation.forgotten",
            target_type: "conversation",
            target_id: session.id.as_str(),
            metadata: json!({ "by": "visitor" }),
        },
    )?);
    op.write(statements).await?;
    conversations::remove(&op, &session.org_id, &[session.id.as_str().to_owned()]).await;
    Ok(Json(DeletedOut::DONE))
}

pub(super) fn of<'a>(op: &Op, session: &'a VisitorSessionRow) -> Conversation<'a> {
    capture::conversation(op, &session.org_id, &session.site_id, &session.id)
}

pub(super) fn claim_of_query(headers: &HeaderMap, session: String, query: &Query) -> Result<Claim> {
    let text = |name| query.text(name).map(str::to_owned);
    claim_of(headers, session, text("site_key"), text("visitor_id"))
}

pub(super) fn claim(
    headers: &HeaderMap,
    session: String,
    site_key: Option<Text<0, 128>>,
    visitor: Option<Text<0, 128>>,
) -> Result<Claim> {
    claim_of(headers, session, site_key.map(String::from), visitor.map(String::from))
}

/// The header's key counts before the other.
fn claim_of(
    headers: &HeaderMap,
    session: String,
    site_key: Option<String>,
    visitor: Option<String>,
) -> Result<Claim> {
    let key = header_text(headers, X_SITE_KEY).or(site_key);
    let key = admission::judge_id("site_key", key)?;
    let visitor = admission::judge_id("visitor_id", visitor)?;
    let origin = cors::origin_of(headers);
    Ok(Claim { site: SiteClaim::of(key, origin.as_ref())?, session, visitor })
}

/// Reads and judges site, page and session, in this order; gives the messages asked for.
pub(super) async fn admit(
    op: &Op,
    headers: &HeaderMap,
    claim: &Claim,
    messages: Messages<'_>,
) -> Result<(SiteRow, VisitorSessionRow, Vec<VisitorMessageRow>)> {
    let (site, session, messages) = store::session(op, claim, messages).await?;
    let origin = cors::origin_of(headers);
    let environment = op.app.config.environment;
    let site = admission::judge_site(site, &claim.site, origin.as_ref(), environment)?;
    let session = of_site(session, &site, op)?;
    Ok((site, session, messages))
}

fn of_site(
    session: Option<VisitorSessionRow>,
    site: &SiteRow,
    op: &Op,
) -> Result<VisitorSessionRow> {
    op.request.set_org(&site.org_id);
    session.filter(|session| session.site_id == site.id).ok_or_else(not_found)
}
