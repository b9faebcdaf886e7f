//! `GET /portal/handoffs`, `POST /portal/conversations/{id}/accept`, `…/reply`, `…/release`, `…/close`

use serde::Serialize;
use serde_json::{Value, json};

use super::store::{self, HandoffOut, ReplyOut, StandingOut};
use crate::audit::Entry;
use crate::auth::permission::{Access, Grant, Read, Write};
use crate::body;
use crate::chat::state::{Handoff, SessionState};
use crate::conversations::feed;
use crate::conversations::routes::conversation_not_found;
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::{self, Lines};
use crate::http::extract::{Json, Path, Query};
use crate::ids::new_id;

#[track_caller]
fn ended() -> Error {
    Error::conflict("session_closed", "Session has ended")
        .hint("An ended conversation is not taken up again; the visitor starts another one.")
}

#[track_caller]
fn taken() -> Error {
    Error::conflict("handoff_taken", "Conversation is taken")
        .hint("Somebody else has accepted it; release it first, then accept it.")
}

/// A page of the queue.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HandoffsOut {
    handoffs: Vec<HandoffOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/handoffs`: conversations that wait for a person or have one, longest waiting first; for staff without an
/// org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/handoffs", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query), ("status" = Option<Handoff>, Query)),
    responses((status = 200, body = HandoffsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_handoffs(access: Access<Read>, query: Query) -> Result<Json<HandoffsOut>> {
    let page = query.page(50, 100)?;
    let status = query.one_of("status", Handoff::ALL, Handoff::parse)?;
    let statement = store::handoffs(access.scope(), &page, status);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (handoffs, next_cursor) = page.cut(rows.all()?, HandoffOut::key);
    Ok(Json(HandoffsOut { handoffs, next_cursor }))
}

/// A conversation after it was changed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct StandingResultOut {
    conversation: StandingOut,
}

/// `POST /portal/conversations/{id}/accept`: the caller takes a conversation over, asked for or not; the assistant is
/// silent from now on.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/conversations/{id}/accept", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Taken over, now or before", body = StandingResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn accept_conversation(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<StandingResultOut>> {
    let (grant, conversation) = find(&access, &id).await?;
    if conversation.state().is_ended() {
        return Err(ended());
    }
    if conversation.handoff == Some(Handoff::Accepted) {
        let own = conversation.handoff_user_id.as_ref() == Some(&grant.actor.caller.user.id);
        return if own { Ok(Json(StandingResultOut { conversation })) } else { Err(taken()) };
    }
    if conversation.is_servers {
        return Err(Error::conflict("conversation_of_server", "Conversation is a server's")
            .hint("Nobody on its side could read a reply: it was opened by a gateway token."));
    }
    let statement = store::accept(&grant, &id);
    // Somebody else was faster, or it has ended.
    change(&grant, &id, "conversation.accepted", json!({}), statement, taken).await
}

/// `POST /portal/conversations/{id}/release`: the assistant answers again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/conversations/{id}/release", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "The assistant's, now or before", body = StandingResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn release_conversation(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<StandingResultOut>> {
    let (grant, conversation) = find(&access, &id).await?;
    match conversation.state() {
        SessionState::Open => return Ok(Json(StandingResultOut { conversation })),
        SessionState::Completed | SessionState::Abandoned => return Err(ended()),
        SessionState::HandedOff => {}
    }
    let metadata = json!({ "from": conversation.handoff });
    let statement = store::release(&grant, &id);
    change(&grant, &id, "conversation.released", metadata, statement, ended).await
}

/// `POST /portal/conversations/{id}/close`: ends a conversation. It is not taken up again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/conversations/{id}/close", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Ended, now or before", body = StandingResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn close_conversation(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<StandingResultOut>> {
    let (grant, conversation) = find(&access, &id).await?;
    if conversation.state().is_ended() {
        return Ok(Json(StandingResultOut { conversation }));
    }
    let metadata = json!({ "from": conversation.state() });
    let statement = store::close(&grant, &id);
    change(&grant, &id, "conversation.closed", metadata, statement, ended).await
}

body! {
    /// What a person says to the visitor.
    pub struct ReplyIn {
        message as "message": Lines<1, 5000>,
    }
}

/// What was said.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ReplyResultOut {
    message: ReplyOut,
}

/// `POST /portal/conversations/{id}/reply`: says something to the visitor, under the caller's name. Only who has
/// accepted the conversation replies.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/conversations/{id}/reply", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = ReplyIn,
    responses((status = 200, body = ReplyResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn reply_to_conversation(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(reply): body::Read<ReplyIn>,
) -> Result<Json<ReplyResultOut>> {
    let (grant, conversation) = find(&access, &id).await?;
    judge_reply(&grant, &conversation)?;
    let message_id = new_id(grant.op().now())?;
    let mut statements =
        store::reply(&grant, &id, &conversation.site_id, &message_id, reply.message.as_str());
    statements.push(audit(
        &grant,
        &id,
        "conversation.replied",
        json!({ "messageId": message_id }),
    )?);
    let rows = grant.write(statements).await?;
    let Some(message) = rows.get(1).map_or(Ok(None), Rows::first)? else {
        // Released, taken or ended meanwhile: whoever replies is told which.
        let (grant, conversation) = find(&access, &id).await?;
        judge_reply(&grant, &conversation)?;
        return Err(ended());
    };
    feed::run_soon(grant.op());
    Ok(Json(ReplyResultOut { message }))
}

/// Judges whether the caller has the conversation.
fn judge_reply(grant: &Grant, conversation: &StandingOut) -> Result<()> {
    if conversation.state().is_ended() {
        return Err(ended());
    }
    if conversation.handoff != Some(Handoff::Accepted) {
        return Err(Error::conflict("handoff_not_accepted", "Conversation is not accepted")
            .hint("Accept it first: the assistant answers until then."));
    }
    if conversation.handoff_user_id.as_ref() != Some(&grant.actor.caller.user.id) {
        return Err(taken());
    }
    Ok(())
}

/// The conversation, and the right to change it.
async fn find(access: &Access<Write>, id: &str) -> Result<(Grant, StandingOut)> {
    let target = store::conversation_to_take(access.scope(), id);
    let (grant, conversation, []) =
        access.grant_for::<StandingOut, 0>(target, conversation_not_found, []).await?;
    Ok((grant, conversation))
}

/// Changes where a conversation stands, and traces it; `lost` is what stood against it, if it did not happen.
async fn change(
    grant: &Grant,
    id: &str,
    event: &'static str,
    metadata: Value,
    statement: Statement,
    lost: fn() -> Error,
) -> Result<Json<StandingResultOut>> {
    let rows = grant.write(vec![statement, audit(grant, id, event, metadata)?]).await?;
    let conversation = rows.first().map_or(Ok(None), Rows::first)?.ok_or_else(lost)?;
    Ok(Json(StandingResultOut { conversation }))
}

fn audit(grant: &Grant, id: &str, event: &'static str, metadata: Value) -> Result<Statement> {
    grant.audit(&Entry { event, target_type: "conversation", target_id: id, metadata })
}
