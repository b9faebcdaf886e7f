//! `GET /portal/conversations`, `GET /portal/conversations/export.csv`,
//! `GET` and `DELETE /portal/conversations/{id}`

use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::search;
use super::store::{self, ConversationDetail, ConversationOut, Filter, MessageOut, TargetRow};
use crate::app::{BoxFuture, Op};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer, Read};
use crate::auth::policy::{self, Action};
use crate::error::{Error, Result};
use crate::http::csv::{self, Lines, PAGE_ROWS, Pages, Record as _};
use crate::http::extract::{DeletedOut, Json, Path, Query};
use crate::leads::{LeadOut, leads_of_conversation};
use crate::page::Page;

/// There is no such conversation, or it is another organization's.
#[track_caller]
pub(crate) fn conversation_not_found() -> Error {
    Error::not_found("conversation_not_found", "Conversation not found")
}

/// A page of conversations.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationsOut {
    conversations: Vec<ConversationOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/conversations`: what visitors and the assistant said, newest started first; for staff
/// without an org, in all orgs.
///
/// With `q`, of the 200 conversations with the newest messages that hold all its words; a message can be
/// found within a minute.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/conversations", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query), ("siteId" = Option<String>, Query),
           ("status" = Option<store::ConversationStatus>, Query), ("hasLead" = Option<bool>, Query),
           ("visitorId" = Option<String>, Query), ("q" = Option<String>, Query, description = "Words that one message holds; 1 to 200 characters"),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, body = ConversationsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_conversations(
    access: Access<Read>,
    query: Query,
) -> Result<Json<ConversationsOut>> {
    let page = query.page(50, 100)?;
    let filter = Filter::of(&query)?;
    let (_, (conversations, next_cursor)) = store::conversations(&access, &filter, &page).await?;
    Ok(Json(ConversationsOut { conversations, next_cursor }))
}

/// A conversation with a page of its messages.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationWithMessagesOut {
    conversation: ConversationDetail,
    messages: Vec<MessageOut>,
    /// Those that the conversation brought, oldest first, at most 100.
    leads: Vec<LeadOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/conversations/{id}`: a conversation with its leads and a page of its messages, oldest
/// first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/conversations/{id}", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "Messages, 1 to 500; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = ConversationWithMessagesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_conversation(
    access: Access<Read>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<ConversationWithMessagesOut>> {
    let page = query.page(200, 500)?;
    let scope = access.scope();
    let statements = [
        store::conversation(scope, &id),
        store::messages(scope, &id, &page),
        leads_of_conversation(scope, &id),
    ];
    let (actor, _tenant, [found, messages, leads]) = access.read_as_actor(statements).await?;
    let TargetRow { org_id } = found.first()?.ok_or_else(conversation_not_found)?;
    let conversation = found.first()?.ok_or_else(conversation_not_found)?;
    let (mut messages, next_cursor) = page.cut(messages.all()?, MessageOut::key);
    let role = actor.caller.role_in(&org_id);
    if !role.is_some_and(|role| policy::allows(role, Action::Administer)) {
        for message in &mut messages {
            message.cost_microusd = None;
        }
    }
    let leads = leads.all()?;
    Ok(Json(ConversationWithMessagesOut { conversation, messages, leads, next_cursor }))
}

/// `DELETE /portal/conversations/{id}`: deletes a conversation with its messages, also from the index. Its
/// leads stay.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/conversations/{id}", tag = "Conversations and leads",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn delete_conversation(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let target = store::conversation_to_delete(access.scope(), &id);
    let (grant, target, []) =
        access.grant_for::<TargetRow, 0>(target, conversation_not_found, []).await?;
    let entry = Entry {
        event: "conversation.deleted",
        target_type: "conversation",
        target_id: &id,
        metadata: json!({}),
    };
    let statements = vec![store::conversation_delete(&grant, &id), grant.audit(&entry)?];
    let rows = grant.write(statements).await?;
    if rows.first().map_or(Ok(0), crate::db::Rows::count)? == 0 {
        return Err(conversation_not_found());
    }
    search::remove(&access.op, &target.org_id, &[id]).await;
    Ok(Json(DeletedOut::DONE))
}

/// The conversations of a request, page by page.
struct Export {
    access: Access<Administer>,
    filter: Filter,
}

const FILE: csv::File = csv::File {
    name: "conversations.csv",
    event: "conversations.exported",
    header: ConversationOut::HEADER,
};

impl Pages for Export {
    fn op(&self) -> &Op {
        &self.access.op
    }

    fn page(&self, cursor: Option<String>) -> BoxFuture<'_, Result<(csv::Exporter, Lines)>> {
        Box::pin(async move {
            let page = Page::new(None, cursor.as_deref(), PAGE_ROWS, PAGE_ROWS)?;
            let (by, page) = store::conversations(&self.access, &self.filter, &page).await?;
            Ok((by, Lines::of(page)))
        })
    }
}

/// `GET /portal/conversations/export.csv`: the list as a file, for admins.
///
/// The first 500 rows take one round trip, and so does each further page, read while the file is sent. A
/// failure then breaks the transfer. The export is in the audit trail.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/conversations/export.csv", tag = "Conversations and leads",
    params(("orgId" = Option<String>, Query), ("siteId" = Option<String>, Query),
           ("status" = Option<store::ConversationStatus>, Query), ("hasLead" = Option<bool>, Query),
           ("visitorId" = Option<String>, Query), ("q" = Option<String>, Query, description = "Words that one message holds; 1 to 200 characters"),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, description = "RFC 4180, with a header line", content_type = "text/csv", body = String), crate::openapi::ReadErrors),
    security(("clerk" = []))))]
pub async fn export_conversations(access: Access<Administer>, query: Query) -> Result<Response> {
    let filter = Filter::of(&query)?;
    let filters = ["siteId", "status", "hasLead", "visitorId", "q", "from", "to"];
    let filters = filters.into_iter().filter(|name| query.text(name).is_some()).collect();
    let pages = Box::new(Export { access, filter });
    csv::export(pages, FILE, filters).await
}
