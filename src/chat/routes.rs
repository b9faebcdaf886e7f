//! `POST /chat`

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::address_digest;
use super::admission::{self, SiteClaim, TURNSTILE_REQUIRED};
use super::entry::{self, Entry, Given, LetIn, Proof, Question};
use super::resume::{self, LastEvent};
use super::store::Sent;
use super::stream::{self, Outbox};
use crate::app::Op;
use crate::body;
use crate::clients::turnstile;
use crate::config::LogLevel;
use crate::error::Result;
use crate::http::body::{Read, Text};
use crate::http::extract::Json;
use crate::ids::SessionId;
use crate::middleware::cors;
use crate::origin::Origin;

pub(crate) const X_SITE_KEY: &str = "x-site-key";
const LAST_EVENT_ID: &str = "last-event-id";

body! {
    /// A visitor's message.
    pub struct ChatIn {
        /// 1 to 5000 characters.
        message as "message": Option<String>,
        /// The conversation it continues; a new one if absent.
        session_id as "session_id": Option<String>,
        visitor_id as "visitor_id": Option<String>,
        /// The visitor's own id of the message: sent again with the same, it is not answered twice; another message is
        /// refused under it.
        message_id as "message_id": Option<String>,
        /// Whether the answer is to come as an event stream while it is made.
        stream as "stream": Option<bool>,
        /// A solved Turnstile challenge; sites may ask for one with each new conversation.
        turnstile_token as "turnstile_token": Option<Text<0, { turnstile::LONGEST_TOKEN }>>,
        /// For clients that cannot set the `X-Site-Key` header.
        site_key as "site_key": Option<String>,
    }
}

/// The answer.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ChatOut {
    response: String,
    session_id: SessionId,
    latency_ms: i64,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<super::answer::Citation>))]
    citations: Value,
    turn_id: String,
    /// Why the answer ended: `stop`, `length`, `blocked`, `cut` or `interrupted`; of the last two, it is a part.
    finish_reason: String,
}

/// `POST /chat` (also `POST /` and `POST /v1/chat`): answers a visitor's message and stores the turn.
///
/// With `"stream": true` or `Accept: text/event-stream` the answer is an event stream. With `Last-Event-ID`, what
/// came after that event is sent again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/", tag = "Visitors",
    params(
        ("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that came, to go on from there")),
    request_body = ChatIn,
    responses((status = 200, description = "Also at /chat and /v1/chat; an event stream where asked for",
        content((ChatOut = "application/json"), (String = "text/event-stream"))), crate::openapi::ChatErrors)))]
pub async fn post_chat(op: Op, headers: HeaderMap, Read(body): Read<ChatIn>) -> Result<Response> {
    let streams = body.stream.unwrap_or_default() || accepts_events(&headers);
    let visitor_id = admission::judge_id("visitor_id", body.visitor_id)?;
    let key = header_text(&headers, X_SITE_KEY).or(body.site_key);
    let key = admission::judge_id("site_key", key)?;
    let origin = cors::origin_of(&headers);
    let claim = SiteClaim::of(key, origin.as_ref())?;
    if let Some(id) = header_text(&headers, LAST_EVENT_ID) {
        let last = LastEvent::parse(&id)?;
        let visitor = visitor_id.as_deref();
        let told = resume::turn_of(&op, claim, origin.as_ref(), visitor, &last.turn_id).await?;
        return tell_again(told, last.characters, streams).await;
    }
    let text = admission::judge_message(body.message.as_deref())?;
    let client = address_digest(&op);
    let message_id = admission::judge_id("message_id", body.message_id)?;
    let sent = message_id.map(|id| Sent::new(visitor_id.as_deref(), &client, &id, &text));
    let session_id = admission::judge_id("session_id", body.session_id)?;
    let question = Question {
        text,
        proof: match &body.turnstile_token {
            Some(_) if session_id.is_none() => Proof::Awaited,
            _ => Proof::None,
        },
        session_id,
        sent,
        visitor_id,
        client: Some(client),
        given: Given::default(),
    };
    let token = body.turnstile_token.as_ref().map(Text::as_str);
    match let_in(&op, claim, origin.as_ref(), question, token).await? {
        Entry::New(let_in) if streams => {
            let outbox = Outbox::sending(&let_in.exchange.turn_id);
            Ok(let_in.stream(outbox))
        }
        Entry::New(let_in) => whole_turn(&let_in).await,
        Entry::Earlier(told) => tell_again(told, 0, streams).await,
        Entry::Refused(response) => Ok(response),
    }
}

/// Lets the message in. Only where a challenge stands against it, the token is shown to Cloudflare, which takes it once.
async fn let_in(
    op: &Op,
    claim: SiteClaim,
    origin: Option<&Origin>,
    question: Question,
    token: Option<&str>,
) -> Result<Entry> {
    let again = token.map(|token| (token, claim.clone(), question.clone()));
    let refusal = match entry::let_in(op, claim, origin, question).await {
        Err(refusal) if refusal.code() == TURNSTILE_REQUIRED => refusal,
        outcome => return outcome,
    };
    match again {
        Some((token, claim, question)) if is_proven(op, Some(token), origin).await => {
            let proven = Question { proof: Proof::Given, ..question };
            entry::let_in(op, claim, origin, proven).await
        }
        _ => Err(refusal),
    }
}

/// Sends an answer that is whole.
async fn whole_turn(let_in: &LetIn) -> Result<Response> {
    let answered = let_in.whole().await?;
    let exchange = &let_in.exchange;
    let out = ChatOut {
        response: answered.text,
        session_id: exchange.session_id.clone(),
        latency_ms: answered.latency_ms,
        citations: serde_json::to_value(answered.citations).unwrap_or_default(),
        turn_id: exchange.turn_id.clone(),
        finish_reason: answered.finish_reason.to_owned(),
    };
    Ok(let_in.with_limits(Json(out).into_response()))
}

/// Tells an answer that was made before, from some character on where it is sent as events.
async fn tell_again(told: resume::Told, characters: usize, streams: bool) -> Result<Response> {
    if streams {
        let outbox = Arc::new(Outbox::sending(told.turn_id()));
        let work = told.send(characters, Arc::clone(&outbox));
        return Ok(stream::respond(outbox, Box::pin(work)));
    }
    let turn = told.answer().await?;
    let out = ChatOut {
        citations: resume::citations(&turn),
        response: turn.content.unwrap_or_default(),
        session_id: turn.session_id,
        latency_ms: turn.latency_ms.unwrap_or_default(),
        turn_id: turn.id,
        finish_reason: turn.finish_reason.unwrap_or_else(|| "stop".to_owned()),
    };
    Ok(Json(out).into_response())
}

/// Whether a token proves that a challenge was solved.
pub(crate) async fn is_proven(op: &Op, token: Option<&str>, page: Option<&Origin>) -> bool {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return false;
    };
    turnstile::is_solved(op, token, page).await.unwrap_or_else(|reason| {
        let fields = [("reason", json!(reason))];
        op.app.log.event(LogLevel::Warn, "turnstile_unproven", op.now(), &op.request, &fields);
        false
    })
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|types| types.to_ascii_lowercase().contains("text/event-stream"))
}

pub(crate) fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
