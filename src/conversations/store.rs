//! The statements of conversations.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::search;
use crate::auth::permission::{Access, Grant, ListSql, Need, Scope, Scoped};
#[cfg(not(target_arch = "wasm32"))]
use crate::chat::state::SessionState;
use crate::chat::state::{Handoff, HandoffReason, StoredState};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::http::csv::{Exporter, Record};
use crate::http::extract::{Query, refused};
use crate::ids::OrgId;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, list_sql, row, scoped_sql, sql};

const CONVERSATIONS: ListSql = list_sql!("sql/conversations.sql");
const CONVERSATIONS_BY_STATUS: ListSql = list_sql!("sql/conversations_by_status.sql");
const CONVERSATIONS_OF_SITE: ListSql = list_sql!("sql/conversations_of_site.sql");
const CONVERSATIONS_OF_SITE_BY_STATUS: ListSql =
    list_sql!("sql/conversations_of_site_by_status.sql");
const CONVERSATIONS_WITH_LEAD: ListSql = list_sql!("sql/conversations_with_lead.sql");
const CONVERSATIONS_WITH_LEAD_BY_STATUS: ListSql =
    list_sql!("sql/conversations_with_lead_by_status.sql");
const CONVERSATIONS_WITH_LEAD_OF_SITE: ListSql =
    list_sql!("sql/conversations_with_lead_of_site.sql");
const CONVERSATIONS_WITH_LEAD_OF_SITE_BY_STATUS: ListSql =
    list_sql!("sql/conversations_with_lead_of_site_by_status.sql");
const CONVERSATIONS_OF_VISITOR: ListSql = list_sql!("sql/conversations_of_visitor.sql");
const CONVERSATIONS_FOUND: ListSql = list_sql!("sql/conversations_found.sql");
const CONVERSATION: &str = scoped_sql!("sql/conversation.sql");
const MESSAGES: &str = scoped_sql!("sql/messages.sql");
const CONVERSATION_TO_DELETE: &str = scoped_sql!("sql/conversation_to_delete.sql");
const CONVERSATION_DELETE: &str = sql!("sql/conversation_delete.sql");

/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

choice! {
    /// `chat_sessions.status`.
    pub enum ConversationStatus {
        /// Going on.
        Active = "active",
        /// Ended.
        Completed = "completed",
        /// Left by the visitor.
        Abandoned = "abandoned",
    }
}

row! {
    /// A conversation in a list.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ConversationOut {
        id: String,
        site_id: String,
        org_id: String,
        visitor_id: Option<String>,
        status: ConversationStatus,
        /// Beside the status: whether a person is asked for, or answers.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = SessionState))]
        state: StoredState,
        message_count: i64,
        started_at: StoredTime,
        last_message_at: Option<StoredTime>,
        ended_at: Option<StoredTime>,
        has_lead: bool,
        /// The visitor's first message, cut to 160 characters.
        preview: Option<String>,
    }
}

impl ConversationOut {
    fn key(&self) -> [String; 2] {
        [self.started_at.stored(), self.id.clone()]
    }
}

impl Record for ConversationOut {
    const HEADER: &'static [&'static str] = &[
        "id",
        "siteId",
        "orgId",
        "visitorId",
        "status",
        "messageCount",
        "startedAt",
        "lastMessageAt",
        "endedAt",
        "hasLead",
        "preview",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.id.as_str().into(),
            self.site_id.as_str().into(),
            self.org_id.as_str().into(),
            self.visitor_id.as_deref().unwrap_or_default().into(),
            self.status.as_str().into(),
            self.message_count.to_string().into(),
            self.started_at.as_str().into(),
            self.last_message_at.as_ref().map_or("", StoredTime::as_str).into(),
            self.ended_at.as_ref().map_or("", StoredTime::as_str).into(),
            if self.has_lead { "true" } else { "false" }.into(),
            self.preview.as_deref().unwrap_or_default().into(),
        ]
    }
}

row! {
    /// A conversation by itself.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ConversationDetail {
        id: String,
        site_id: String,
        org_id: String,
        visitor_id: Option<String>,
        status: ConversationStatus,
        /// Beside the status: whether a person is asked for, or answers.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = SessionState))]
        state: StoredState,
        message_count: i64,
        started_at: StoredTime,
        last_message_at: Option<StoredTime>,
        ended_at: Option<StoredTime>,
        has_lead: bool,
        /// The visitor's first message, cut to 160 characters.
        preview: Option<String>,
        site_name: Option<String>,
        /// What is known of the visitor, such as the page.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        /// How far the way to a person has come; of an ended conversation, where it stood.
        handoff: Option<Handoff>,
        handoff_reason: Option<HandoffReason>,
        handoff_at: Option<StoredTime>,
        /// `users.id` of who has taken over.
        handoff_user_id: Option<String>,
        handoff_name: Option<String>,
        /// Who ended it: `visitor`, `staff` or `idle`.
        closed_by: Option<String>,
        /// The language that the visitor writes.
        locale: Option<String>,
    }
}

row! {
    /// What was said.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct MessageOut {
        id: String,
        /// `user`, `assistant` or `system`.
        role: String,
        content: String,
        latency_ms: Option<i64>,
        tokens_used: Option<i64>,
        created_at: StoredTime,
        /// `users.id` of the person who answered instead of the assistant.
        author_user_id: Option<String>,
        author_name: Option<String>,
        /// What made an answer; none for messages of people.
        provider: Option<String>,
        model: Option<String>,
        prompt_tokens: Option<i64>,
        completion_tokens: Option<i64>,
        /// In millionths of a US dollar; told to admins alone.
        pub(super) cost_microusd: Option<i64>,
        /// Why an answer ended, such as `stop` or `interrupted`.
        finish_reason: Option<String>,
        /// `up` or `down`, as the visitor thinks of an answer.
        feedback: Option<String>,
        feedback_comment: Option<String>,
        feedback_at: Option<StoredTime>,
    }
}

impl MessageOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

row! {
    /// The conversation that a change is about.
    #[derive(Debug)]
    pub(super) struct TargetRow {
        pub(super) org_id: OrgId,
    }
}

/// Which conversations are asked for.
#[derive(Debug)]
pub(super) struct Filter {
    days: [Param; 2],
    site: Option<String>,
    status: Option<ConversationStatus>,
    has_lead: Option<bool>,
    visitor: Option<String>,
    /// Words that a message holds.
    words: Option<String>,
}

impl Filter {
    pub(super) fn of(query: &Query) -> Result<Self> {
        let text = |name| query.text(name).map(str::to_owned);
        let words = text("q");
        if words.as_ref().is_some_and(|words| words.chars().nth(LONGEST_SEARCH).is_some()) {
            return Err(refused("q", &format!("must have 1 to {LONGEST_SEARCH} characters")));
        }
        Ok(Self {
            days: query.days()?,
            site: text("siteId"),
            status: query.one_of("status", ConversationStatus::ALL, ConversationStatus::parse)?,
            has_lead: query.flag("hasLead")?,
            visitor: text("visitorId"),
            words,
        })
    }

    /// The statement that walks the index that fits; `found` are the ids that a search gave, as JSON.
    fn statement(&self, scope: &Scope, page: &Page<2>, found: Option<String>) -> Scoped {
        let [from, to] = &self.days;
        let mut params = page.descending_before(to);
        params.push(from.clone());
        let (site, status) = (self.site.as_deref(), self.status);
        if found.is_some() || self.visitor.is_some() {
            params.extend([
                site.into(),
                status.into(),
                self.has_lead.into(),
                self.visitor.as_deref().into(),
            ]);
            return match found {
                Some(found) => {
                    params.push(found.into());
                    scope.list(CONVERSATIONS_FOUND, params)
                }
                None => scope.list(CONVERSATIONS_OF_VISITOR, params),
            };
        }
        params.extend(site.map(Param::from));
        params.extend(status.map(Param::from));
        let with_lead = self.has_lead == Some(true);
        if !with_lead {
            params.push(self.has_lead.into());
        }
        let sql = match (with_lead, site, status) {
            (false, None, None) => CONVERSATIONS,
            (false, None, Some(_)) => CONVERSATIONS_BY_STATUS,
            (false, Some(_), None) => CONVERSATIONS_OF_SITE,
            (false, Some(_), Some(_)) => CONVERSATIONS_OF_SITE_BY_STATUS,
            (true, None, None) => CONVERSATIONS_WITH_LEAD,
            (true, None, Some(_)) => CONVERSATIONS_WITH_LEAD_BY_STATUS,
            (true, Some(_), None) => CONVERSATIONS_WITH_LEAD_OF_SITE,
            (true, Some(_), Some(_)) => CONVERSATIONS_WITH_LEAD_OF_SITE_BY_STATUS,
        };
        scope.list(sql, params)
    }
}

/// A page of the conversations asked for, newest started first, the cursor of the next, and who may have it. One round
/// trip to `DB`; a search asks `SEARCH` before, and `DB` twice when the request names no org.
pub(super) async fn conversations<N: Need>(
    access: &Access<N>,
    filter: &Filter,
    page: &Page<2>,
) -> Result<(Exporter, (Vec<ConversationOut>, Option<String>))> {
    let found = match &filter.words {
        Some(words) => Some(search::conversations(access, words).await?),
        None => None,
    };
    let statement = filter.statement(access.scope(), page, found);
    let (actor, tenant, [rows]) = access.read_as_actor([statement]).await?;
    Ok(((actor, tenant), page.cut(rows.all()?, ConversationOut::key)))
}

pub(super) fn conversation(scope: &Scope, id: &str) -> Scoped {
    scope.statement(CONVERSATION, [Param::from(id)])
}

pub(super) fn messages(scope: &Scope, id: &str, page: &Page<2>) -> Scoped {
    let mut params = page.ascending();
    params.push(id.into());
    scope.statement(MESSAGES, params)
}

pub(super) fn conversation_to_delete(scope: &Scope, id: &str) -> Scoped {
    scope.statement(CONVERSATION_TO_DELETE, [Param::from(id)])
}

pub(super) fn conversation_delete(grant: &Grant, id: &str) -> Statement {
    grant.statement(CONVERSATION_DELETE, [Param::from(id)])
}
