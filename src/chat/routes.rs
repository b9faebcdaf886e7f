//! `POST /chat`

use std::sync::{Arc, OnceLock};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::admission::{self, SiteClaim};
use super::course::Reading;
use super::resume::{self, LastEvent};
use super::settings::Settings;
use super::store::{self, Admission, Asking};
use super::stream::{self, Outbox};
use super::turn::{self, Exchange};
use super::{budget, client_digest};
use crate::app::Op;
use crate::body;
use crate::clients::turnstile;
use crate::config::LogLevel;
use crate::error::{Error, Result};
use crate::http::body::{Read, Text};
use crate::http::extract::Json;
use crate::ids::SessionId;
use crate::knowledge::retrieval;
use crate::middleware::cors;
use crate::origin::Origin;

/// Passages looked at for one answer.
const PASSAGES: u32 = 6;
const X_SITE_KEY: &str = "x-site-key";
const LAST_EVENT_ID: &str = "last-event-id";

body! {
    /// A visitor's message.
    pub struct ChatIn {
        /// 1 to 5000 characters.
        message as "message": Option<String>,
        /// The conversation it continues; a new one if absent.
        session_id as "session_id": Option<String>,
        visitor_id as "visitor_id": Option<String>,
        /// The client's own id of the message: sent again with the same, it is not answered twice.
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
    responses((status = 200, description = "Also at /chat and /v1/chat; an event stream where asked for", body = ChatOut), crate::openapi::WriteErrors)))]
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
        return tell_again(told, last, streams).await;
    }
    let question = Question {
        text: admission::judge_message(body.message.as_deref())?,
        session_id: admission::judge_id("session_id", body.session_id)?,
        message_id: admission::judge_id("message_id", body.message_id)?,
        visitor_id,
        is_proven: is_proven(&op, body.turnstile_token.as_ref()).await,
    };
    answer(&op, claim, origin.as_ref(), question, streams).await
}

/// A visitor's message, judged.
struct Question {
    text: String,
    session_id: Option<String>,
    visitor_id: Option<String>,
    message_id: Option<String>,
    is_proven: bool,
}

/// Whether a token proves that a challenge was solved.
async fn is_proven(op: &Op, token: Option<&Text<0, { turnstile::LONGEST_TOKEN }>>) -> bool {
    let Some(token) = token.map(Text::as_str).filter(|token| !token.is_empty()) else {
        return false;
    };
    turnstile::is_solved(op, token).await.unwrap_or_else(|reason| {
        let fields = [("reason", json!(reason))];
        op.app.log.event(LogLevel::Warn, "turnstile_unproven", op.now(), &op.request, &fields);
        false
    })
}

/// (1) let the message in, (2) find what the org knows about it, (3) answer and store.
async fn answer(
    op: &Op,
    claim: SiteClaim,
    origin: Option<&Origin>,
    question: Question,
    streams: bool,
) -> Result<Response> {
    // (1)
    let client = client_digest(&op.request.client_ip);
    let asking = Asking {
        claim: &claim,
        client: Some(&client),
        page: origin,
        session: question.session_id.as_deref(),
        visitor: question.visitor_id.as_deref(),
        message_id: question.message_id.as_deref(),
        question: &question.text,
        is_proven: question.is_proven,
    };
    let Admission { site, session, earlier, is_admitted, limits, history, turn_id, session_id } =
        store::admit(op, &asking).await?;
    let site = admission::judge_site(site, &claim, origin, op.app.config.environment)?;
    op.request.set_org(&site.org_id);
    if earlier.is_some() {
        let visitor = question.visitor_id.as_deref();
        let told = resume::told(op, claim, &site, earlier, visitor)?;
        let from_its_start = LastEvent { turn_id, characters: 0 };
        return tell_again(told, from_its_start, streams).await;
    }
    let session = match question.session_id {
        Some(_) => Some(admission::judge_session(session, &site, question.visitor_id.as_deref())?),
        None => None,
    };
    if !is_admitted {
        return refuse(op, &question, &site, &limits);
    }

    // (2)
    let terms = retrieval::terms(&question.text);
    let reading = Reading::of(&question.text, &site, session.as_ref(), op.request.started);
    let exchange = Exchange {
        op: op.clone(),
        reading,
        turn_id,
        session_id,
        opens_session: question.session_id.is_none(),
        visitor_id: question.visitor_id,
        question: question.text,
        context: None,
        asked_at: op.request.started,
        history,
        passages: Vec::new(),
        terms,
        site,
        asked: OnceLock::new(),
    };
    let exchange = exchange.with_passages(PASSAGES).await?;

    // (3)
    let mut response = if streams { stream_turn(exchange) } else { whole_turn(&exchange).await? };
    budget::tell(response.headers_mut(), &limits, op.now());
    Ok(response)
}

/// Says why a message was not let in.
fn refuse(
    op: &Op,
    question: &Question,
    site: &admission::SiteRow,
    limits: &[budget::LimitRow],
) -> Result<Response> {
    admission::judge_length(&question.text, site)?;
    let needs_proof = question.session_id.is_none() && Settings(&site.config).needs_turnstile();
    if needs_proof && !question.is_proven {
        return Err(Error::forbidden("turnstile_required", "Challenge required")
            .hint("Solve the Turnstile challenge and send its token as \"turnstile_token\"."));
    }
    let now = op.now();
    let refusal = budget::refusal(limits, site.turn_microusd, now)
        .unwrap_or_else(|| budget::too_many_sessions(site.concurrent_sessions.unwrap_or_default()));
    let mut response = refusal.into_response();
    budget::tell(response.headers_mut(), limits, now);
    Ok(response)
}

/// Sends an answer while it is made.
fn stream_turn(exchange: Arc<Exchange>) -> Response {
    let outbox = Arc::new(Outbox::sending(&exchange.turn_id));
    exchange.keep_what_is_left(&outbox);
    stream::respond(Arc::clone(&outbox), Box::pin(turn::send(exchange, outbox)))
}

/// Sends an answer that is whole.
async fn whole_turn(exchange: &Arc<Exchange>) -> Result<Response> {
    let outbox = Outbox::collecting(&exchange.turn_id);
    let answered = exchange.run(&outbox).await.inspect_err(|_| exchange.give_up())?;
    let out = ChatOut {
        response: answered.text,
        session_id: exchange.session_id.clone(),
        latency_ms: answered.latency_ms,
        citations: serde_json::to_value(answered.citations).unwrap_or_default(),
        turn_id: exchange.turn_id.clone(),
        finish_reason: answered.finish_reason.to_owned(),
    };
    Ok(Json(out).into_response())
}

/// Tells an answer that was made before.
async fn tell_again(told: resume::Told, last: LastEvent, streams: bool) -> Result<Response> {
    if streams {
        let outbox = Arc::new(Outbox::sending(told.turn_id()));
        let work = told.send(last.characters, Arc::clone(&outbox));
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

fn accepts_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|types| types.to_ascii_lowercase().contains("text/event-stream"))
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
