//! The statements and rows of conversations that are handed over.

use serde::Serialize;

use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::chat::figures::{Figures, noted};
use crate::chat::state::{Handoff, HandoffReason, SessionState, StoredState};
use crate::db::{Param, Statement};
use crate::ids::SiteId;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql, sql};

const HANDOFFS: ListSql = list_sql!("sql/handoffs.sql");
const CONVERSATION_TO_TAKE: &str = scoped_sql!("sql/conversation_to_take.sql");
const ACCEPT: &str = sql!("sql/accept.sql");
const REPLY_ADVANCE: &str = sql!("sql/reply_advance.sql");
const REPLY_INSERT: &str = sql!("sql/reply_insert.sql");
const RELEASE: &str = sql!("sql/release.sql");
const CLOSE: &str = sql!("sql/close.sql");

row! {
    /// A conversation in the queue.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct HandoffOut {
        /// The conversation.
        id: String,
        org_id: String,
        site_id: String,
        site_name: Option<String>,
        visitor_id: Option<String>,
        handoff: Handoff,
        handoff_reason: Option<HandoffReason>,
        /// Since when a person is asked for.
        handoff_at: StoredTime,
        /// `users.id` of who has taken over.
        handoff_user_id: Option<String>,
        handoff_name: Option<String>,
        message_count: i64,
        last_message_at: Option<StoredTime>,
        /// The visitor's first message, cut to 160 characters.
        preview: Option<String>,
        /// The language that the visitor writes.
        locale: Option<String>,
    }
}

impl HandoffOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.handoff_at.stored(), self.id.clone()]
    }
}

row! {
    /// Where a conversation stands.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct StandingOut {
        id: String,
        #[serde(skip)]
        pub(super) site_id: SiteId,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = SessionState))]
        pub(super) state: StoredState,
        pub(super) handoff: Option<Handoff>,
        handoff_reason: Option<HandoffReason>,
        handoff_at: Option<StoredTime>,
        /// `users.id` of who has taken over.
        pub(super) handoff_user_id: Option<String>,
        handoff_name: Option<String>,
        ended_at: Option<StoredTime>,
        /// Whether a server opened it, by a gateway token.
        #[serde(skip)]
        pub(super) is_servers: bool,
    }
}

impl StandingOut {
    pub(super) fn state(&self) -> SessionState {
        self.state.0
    }
}

row! {
    /// What a person said.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ReplyOut {
        id: String,
        /// `assistant`: the visitor's counterpart.
        role: String,
        content: String,
        author_user_id: String,
        author_name: Option<String>,
        created_at: StoredTime,
    }
}

/// The queue, longest waiting first.
pub(super) fn handoffs(scope: &Scope, page: &Page<2>, handoff: Option<Handoff>) -> Scoped {
    let mut params = page.ascending();
    params.push(handoff.into());
    scope.list(HANDOFFS, params)
}

pub(super) fn conversation_to_take(scope: &Scope, id: &str) -> Scoped {
    scope.statement(CONVERSATION_TO_TAKE, [Param::from(id)])
}

pub(super) fn accept(grant: &Grant, id: &str) -> Statement {
    let user = &grant.actor.caller.user;
    let now = grant.op().now();
    grant.statement(
        ACCEPT,
        [id.into(), now.into(), user.id.as_str().into(), user.name.as_deref().into()],
    )
}

/// The reply, if the caller has accepted the conversation: its row is in the second result.
pub(super) fn reply(
    grant: &Grant,
    id: &str,
    site: &SiteId,
    message_id: &str,
    message: &str,
) -> Vec<Statement> {
    let user = &grant.actor.caller.user;
    let now = grant.op().now();
    let advance = grant.statement(REPLY_ADVANCE, [id.into(), now.into(), user.id.as_str().into()]);
    let insert = grant.statement(
        REPLY_INSERT,
        [
            id.into(),
            message_id.into(),
            message.into(),
            user.id.as_str().into(),
            user.name.as_deref().into(),
        ],
    );
    let [metrics, rollup] =
        noted(&grant.org, site, Figures { messages: 1, ..Figures::default() }, now);
    vec![advance, insert, metrics, rollup]
}

pub(super) fn release(grant: &Grant, id: &str) -> Statement {
    grant.statement(RELEASE, [id.into()])
}

pub(super) fn close(grant: &Grant, id: &str) -> Statement {
    grant.statement(CLOSE, [id.into(), grant.op().now().into()])
}
