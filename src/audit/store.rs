//! The audit trail's statements.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::Op;
use crate::auth::permission::{Actor, ListSql, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::http::extract::Query;
use crate::ids::{OrgId, new_id};
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, sql, statement};

const ENTRY_INSERT: &str = sql!("sql/entry_insert.sql");
const VISITOR_ENTRY_INSERT: &str = sql!("sql/visitor_entry_insert.sql");
const READING_INSERT: &str = sql!("sql/reading_insert.sql");
const AUDIT_LOGS: ListSql = list_sql!("sql/audit_logs.sql");
const AUDIT_LOGS_BY_TARGET: ListSql = list_sql!("sql/audit_logs_by_target.sql");
const AUDIT_LOGS_BY_ACTOR: ListSql = list_sql!("sql/audit_logs_by_actor.sql");
const AUDIT_LOGS_BY_EVENT: ListSql = list_sql!("sql/audit_logs_by_event.sql");

row! {
    /// An entry of the audit trail.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub struct AuditLogOut {
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
    /// Its place in the trail.
    pub fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

pub(super) fn audit_logs(scope: &Scope, page: &Page<2>, query: &Query) -> Result<Scoped> {
    let [from, after] = query.days()?;
    let mut params = page.descending_before(&after);
    params.push(from);
    let [event, actor, target] = ["eventType", "actorId", "targetId"].map(|name| query.text(name));
    // Along the index of the filter that lets the fewest pass; the others are looked at row by row.
    let sql = match (target, actor, event) {
        (Some(_), _, _) => AUDIT_LOGS_BY_TARGET,
        (None, Some(_), _) => AUDIT_LOGS_BY_ACTOR,
        (None, None, Some(_)) => AUDIT_LOGS_BY_EVENT,
        (None, None, None) => return Ok(scope.list(AUDIT_LOGS, params)),
    };
    params.extend([event, actor, target].map(Param::from));
    Ok(scope.list(sql, params))
}

/// The entries of one target, for the domain that it belongs to.
pub fn entries_of_target(scope: &Scope, page: &Page<2>, target: &str) -> Scoped {
    let mut params = page.descending();
    let any_day = Param::from("");
    params.extend([any_day, Param::Null, Param::Null, Param::from(target)]);
    scope.list(AUDIT_LOGS_BY_TARGET, params)
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
    entry_insert_by(&actor.op, &actor.caller.user.id, actor.impersonator.as_deref(), org, entry)
}

/// The same, for a person whose row is being made: `user` is its id.
pub fn entry_insert_by(
    op: &Op,
    user: &str,
    impersonator: Option<&str>,
    org: Option<&OrgId>,
    entry: &Entry<'_>,
) -> Result<Statement> {
    insert(ENTRY_INSERT, op, [user.into(), impersonator.into()], org, entry)
}

/// The entry of the statement right before it in the batch, of a visitor, whom nobody knows by name.
pub fn visitor_entry_insert(op: &Op, org: &OrgId, entry: &Entry<'_>) -> Result<Statement> {
    let now = op.now();
    Ok(statement!(
        VISITOR_ENTRY_INSERT,
        new_id(now)?,
        org,
        op.request.id.as_str(),
        entry.event,
        entry.target_type,
        entry.target_id,
        entry.metadata.to_string(),
        now,
    ))
}

/// The entry of something that was read, whatever stands before it in the batch.
pub fn reading_insert(actor: &Actor, org: Option<&OrgId>, entry: &Entry<'_>) -> Result<Statement> {
    let who = [actor.caller.user.id.as_str().into(), actor.impersonator.as_deref().into()];
    insert(READING_INSERT, &actor.op, who, org, entry)
}

fn insert(
    sql: &'static str,
    op: &Op,
    [user, impersonator]: [Param; 2],
    org: Option<&OrgId>,
    entry: &Entry<'_>,
) -> Result<Statement> {
    let now = op.now();
    Ok(statement!(
        sql,
        new_id(now)?,
        org.map(OrgId::as_str),
        user,
        impersonator,
        op.request.id.as_str(),
        entry.event,
        entry.target_type,
        entry.target_id,
        entry.metadata.to_string(),
        now,
    ))
}
