//! The audit trail's statements.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::auth::permission::{Actor, ListSql, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::http::extract::Query;
use crate::ids::{OrgId, new_id};
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, sql, statement};

const ENTRY_INSERT: &str = sql!("sql/entry_insert.sql");
const READING_INSERT: &str = sql!("sql/reading_insert.sql");
const AUDIT_LOGS: ListSql = list_sql!("sql/audit_logs.sql");

row! {
    /// An entry of the audit trail.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct AuditLogOut {
        id: String,
        /// Absent for what belongs to no org, such as a change of a person's account.
        org_id: Option<String>,
        /// `user`, `system` or `integration`.
        actor_type: Option<String>,
        actor_id: Option<String>,
        /// Who acted in the actor's name.
        impersonator_id: Option<String>,
        /// The request that did it, as in the log.
        request_id: Option<String>,
        event_type: String,
        target_type: Option<String>,
        target_id: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
    }
}

impl AuditLogOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

pub(super) fn audit_logs(scope: &Scope, page: &Page<2>, query: &Query) -> Result<Scoped> {
    let [from, after] = query.days()?;
    let mut params = page.descending_before(&after);
    params.push(from);
    params.extend(["eventType", "actorId", "targetId"].map(|name| Param::from(query.text(name))));
    Ok(scope.list(AUDIT_LOGS, params))
}

/// What happened. `metadata` holds what a reader needs to judge it; never a secret, nor a message's text.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Dotted, such as `membership.created`.
    pub event: &'static str,
    /// What kind of thing changed, such as `membership`.
    pub target_type: &'static str,
    /// Its id.
    pub target_id: &'a str,
    /// Further facts: an object.
    pub metadata: Value,
}

/// The entry of the statement right before it in the batch.
pub fn entry_insert(actor: &Actor, org: Option<&OrgId>, entry: &Entry<'_>) -> Result<Statement> {
    insert(ENTRY_INSERT, actor, org, entry)
}

/// The entry of something that was read, whatever stands before it in the batch.
pub fn reading_insert(actor: &Actor, org: Option<&OrgId>, entry: &Entry<'_>) -> Result<Statement> {
    insert(READING_INSERT, actor, org, entry)
}

fn insert(
    sql: &'static str,
    actor: &Actor,
    org: Option<&OrgId>,
    entry: &Entry<'_>,
) -> Result<Statement> {
    let now = actor.op.now();
    Ok(statement!(
        sql,
        new_id(now)?,
        org.map(OrgId::as_str),
        actor.caller.user.id.as_str(),
        actor.impersonator.as_deref(),
        actor.op.request.id.as_str(),
        entry.event,
        entry.target_type,
        entry.target_id,
        entry.metadata.to_string(),
        now,
    ))
}
