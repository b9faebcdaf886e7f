//! `POST /chat`

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::admission::{self, SiteClaim};
use super::answer::{self, Citation};
use super::store::{self, Turn};
use crate::app::Op;
use crate::conversations::feed;
use crate::error::Result;
use crate::http::extract::{Json, JsonBody};
use crate::ids::SessionId;
use crate::knowledge::retrieval;
use crate::middleware::cors;
use crate::time::Timestamp;

/// Passages looked at for one answer.
const PASSAGES: usize = 6;
const X_SITE_KEY: &str = "x-site-key";

/// A visitor's message.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ChatIn {
    message: Option<String>,
    session_id: Option<String>,
    visitor_id: Option<String>,
    /// For clients that cannot set the `X-Site-Key` header.
    site_key: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ChatOut {
    response: String,
    session_id: SessionId,
    latency_ms: i64,
    citations: Vec<Citation>,
}

/// `POST /chat` (also `POST /` and `POST /v1/chat`): answers a visitor's message and stores the turn.
///
/// (1) judge the message, (2) find the site and the session, (3) find what the org knows about it,
/// (4) compose the answer, (5) store the turn.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/", tag = "Visitors",
    params(("X-Site-Key" = Option<String>, Header, description = "The site's public key; pages of its keyless origin need none")),
    request_body = ChatIn,
    responses((status = 200, description = "Also at /chat and /v1/chat", body = ChatOut), crate::openapi::WriteErrors)))]
pub async fn post_chat(
    op: Op,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ChatIn>,
) -> Result<Json<ChatOut>> {
    // (1)
    let question = admission::judge_message(body.message.as_deref())?;
    let session_id = admission::judge_id("session_id", body.session_id)?;
    let visitor_id = admission::judge_id("visitor_id", body.visitor_id)?;
    let key = header_key(&headers).or(body.site_key);
    let key = admission::judge_id("site_key", key)?;
    let origin = cors::origin_of(&headers);

    // (2)
    let claim = SiteClaim::of(key, origin.as_ref())?;
    let (site, session) = store::admission(&op, &claim, session_id.as_deref()).await?;
    let site = admission::judge_site(site, &claim, origin.as_ref(), op.app.config.environment)?;
    op.request.set_org(&site.org_id);
    let session = match session_id {
        Some(_) => Some(admission::judge_session(session, &site, visitor_id.as_deref())?),
        None => None,
    };

    // (3)
    let terms = retrieval::terms(&question);
    let asked = retrieval::Question::of(&question);
    let passages = retrieval::passages(&op, &site.org_id, &asked, PASSAGES).await?;

    // (4)
    let answer = answer::compose(&terms, passages, &site.contact_line());

    // (5)
    let asked_at = op.request.started;
    let now = op.now();
    let latency_ms = now.millis_since(asked_at);
    let turn = Turn {
        site: &site,
        session: session.as_ref(),
        visitor_id: visitor_id.as_deref(),
        question: &question,
        asked_at,
        answer: &answer.text,
        // The clock may stand still during a turn; the answer still comes after the question.
        answered_at: now.max(Timestamp::from_millis(asked_at.millis() + 1)),
        latency_ms,
        topic: answer.citations.first().map(Citation::title),
        // Greetings and the like ask for nothing.
        is_unanswered: answer.citations.is_empty() && !terms.is_empty(),
    };
    let session_id = store::turn_insert(&op, &turn).await?.ok_or_else(admission::session_closed)?;
    feed::run_soon(&op);
    Ok(Json(ChatOut { response: answer.text, session_id, latency_ms, citations: answer.citations }))
}

fn header_key(headers: &HeaderMap) -> Option<String> {
    let key = headers.get(X_SITE_KEY)?.to_str().ok()?.trim();
    (!key.is_empty()).then(|| key.to_owned())
}
