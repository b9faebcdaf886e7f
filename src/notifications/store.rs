//! The statements and rows of notifications.

use serde::Serialize;

use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::ids::{OrgId, SessionId, new_id};
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{choice, list_sql, row, scoped_sql, sql, statement};

const NOTIFICATION_OF_CHANGE: &str = sql!("sql/notification_of_change.sql");
const NOTIFICATION_ONCE: &str = sql!("sql/notification_once.sql");
const NOTIFICATIONS: ListSql = list_sql!("sql/notifications.sql");
const NOTIFICATIONS_UNREAD: ListSql = list_sql!("sql/notifications_unread.sql");
const NOTIFICATION: &str = scoped_sql!("sql/notification.sql");
const NOTIFICATION_READ: &str = sql!("sql/notification_read.sql");

choice! {
    /// What it says.
    pub enum Kind {
        /// A visitor waits for a person.
        HandoffRequested = "handoff_requested",
        /// A visitor asked for a person while nobody was there.
        HandoffMissed = "handoff_missed",
        /// A visitor left an address or a number.
        LeadCaptured = "lead_captured",
    }
}

row! {
    /// A notification.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct NotificationOut {
        id: String,
        org_id: String,
        kind: Kind,
        /// `conversation`.
        target_type: String,
        target_id: String,
        created_at: StoredTime,
        pub(super) read_at: Option<StoredTime>,
        /// `users.id` of who read it first.
        read_by: Option<String>,
    }
}

impl NotificationOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

/// About a conversation, for right behind the statement that changed it: written only if that one changed a row.
pub fn of_change(
    org: &OrgId,
    kind: Kind,
    session: &SessionId,
    now: Timestamp,
) -> Result<Statement> {
    Ok(statement!(NOTIFICATION_OF_CHANGE, new_id(now)?, org, kind, session, now))
}

/// About a conversation of the org, once for each kind.
pub fn once(org: &OrgId, kind: Kind, session: &SessionId, now: Timestamp) -> Statement {
    statement!(NOTIFICATION_ONCE, org, kind, session, now)
}

pub(super) fn notifications(scope: &Scope, page: &Page<2>, unread: bool) -> Scoped {
    let sql = if unread { NOTIFICATIONS_UNREAD } else { NOTIFICATIONS };
    scope.list(sql, page.descending())
}

pub(super) fn notification(scope: &Scope, id: &str) -> Scoped {
    scope.statement(NOTIFICATION, [Param::from(id)])
}

pub(super) fn notification_read(grant: &Grant, id: &str) -> Statement {
    let user = grant.actor.caller.user.id.as_str();
    grant.statement(NOTIFICATION_READ, [id.into(), grant.op().now().into(), user.into()])
}
