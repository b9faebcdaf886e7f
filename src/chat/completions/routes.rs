//! `POST /v1/chat/completions`

use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;

use super::answer::{Chunks, CompletionOut, Head};
use super::request::{CompletionIn, Conversation};
use crate::chat::admission::{self, SiteClaim};
use crate::chat::client_digest;
use crate::chat::entry::{self, Entry, Given, LetIn, Proof, Question};
use crate::chat::routes::header_text;
use crate::chat::stream::Outbox;
use crate::error::{Error, Kind, Result};
use crate::gateway::{self, ServerToken};
use crate::http::body::Read;
use crate::http::extract::Json;
use crate::middleware::rate_limit;
use crate::models::openai;

const X_SESSION_ID: &str = "x-session-id";

/// `POST /v1/chat/completions`: answers the last message of a conversation in the name of a bot, and stores the turn.
///
/// With `"stream": true` the answer is a stream of `chat.completion.chunk` events that ends in `data: [DONE]`.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/v1/chat/completions", tag = "Servers",
    params(("X-Session-Id" = Option<String>, Header, description = "The conversation that the call continues, where the body has no session_id")),
    request_body = super::request::CompletionMembers,
    responses((status = 200, description = "An event stream where asked for",
        content((CompletionOut = "application/json"), (String = "text/event-stream"))), crate::openapi::OpenAiErrors),
    security(("gateway" = []))))]
pub async fn create_chat_completion(
    token: ServerToken,
    headers: HeaderMap,
    Read(CompletionIn(mut body)): Read<CompletionIn>,
) -> Result<Response> {
    if headers.contains_key(openai::ASKED_BY_BOT) {
        return Err(Error::bad_request("bot_as_model", "A bot is no model of a bot").hint(
            "The \"baseUrl\" of a bot's models leads to this service; name a model's own address.",
        ));
    }
    let ServerToken { op, digest } = token;
    let session = body.session_id.take().or_else(|| header_text(&headers, X_SESSION_ID));
    let visitor_id = body.visitor().map(str::to_owned);
    let (streams, includes_usage) = (body.stream.unwrap_or_default(), body.includes_usage());
    let (output_tokens, temperature) = (body.output_tokens(), body.temperature);
    let Conversation { question, context, history } = body.messages.conversation()?;
    let question = Question {
        // Who holds a token is no anonymous visitor.
        proof: Proof::Given,
        text: question,
        session_id: admission::judge_id("session_id", session)?,
        // An address is not a visitor's here: the server speaks for many.
        client: visitor_id.as_ref().map(|visitor| client_digest(&format!("user:{visitor}"))),
        visitor_id,
        sent: None,
        given: Given {
            context,
            history,
            output_tokens,
            temperature_centi: temperature.map(|temperature| temperature.0),
        },
    };
    // Nothing is written for a token that may be invented.
    let is_judged = rate_limit::may_be_invented(&op, &digest);
    if is_judged {
        gateway::judge_token(&op, &digest).await?;
    }
    let claim = SiteClaim::Bot { digest: digest.clone(), bot: body.model.into() };
    let entry = match entry::let_in(&op, claim, None, question).await {
        Err(error) if error.kind() == Kind::NotFound && error.code() == "bot_not_found" => {
            if !is_judged {
                gateway::judge_token(&op, &digest).await?;
            }
            return Err(error);
        }
        entry => entry?,
    };
    match entry {
        Entry::New(let_in) if streams => {
            let head = Head::of(&let_in.exchange);
            Ok(let_in.stream(Outbox::encoding(Box::new(Chunks { head, includes_usage }))))
        }
        Entry::New(let_in) => whole(&let_in).await,
        Entry::Refused(response) => Ok(response),
        Entry::Earlier(_) => Err(Error::internal("a call has no id of its message")),
    }
}

async fn whole(let_in: &LetIn) -> Result<Response> {
    let answered = let_in.whole().await?;
    let out = CompletionOut::of(&let_in.exchange, answered);
    Ok(let_in.with_limits(Json(out).into_response()))
}
