//! The statements of changes to policies.

use serde_json::{Value, json};

use super::policy_budget::{CountedRow, Others, policies_changed};
use super::store::PolicyOut;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Rows};
use crate::error::{Error, Result};
use crate::http::body::{Change, Lines};
use crate::ids::new_id;
use crate::{scoped_sql, sql};

const POLICY: &str = scoped_sql!("sql/policy.sql");
const POLICIES_COUNTED: &str = scoped_sql!("sql/policies_counted.sql");
const POLICIES_BESIDE: &str = scoped_sql!("sql/policies_beside.sql");
const POLICY_INSERT: &str = sql!("sql/policy_insert.sql");
const POLICY_UPDATE: &str = sql!("sql/policy_update.sql");
const POLICY_DELETE: &str = sql!("sql/policy_delete.sql");

/// Policies of one org.
const MOST_POLICIES: u32 = 50;

/// What is to be changed in a policy.
pub(super) struct Changes {
    name: Option<String>,
    description: Change<String>,
    rules: Option<Vec<Value>>,
    /// Names of the members that differ from what the policy has.
    pub(super) names: Vec<&'static str>,
}

impl Changes {
    /// What of this differs from the policy. An empty description is none.
    pub(super) fn of(
        policy: &PolicyOut,
        name: Option<String>,
        description: Change<Lines<0, 1000>>,
        rules: Option<Vec<Value>>,
    ) -> Self {
        let description = match description {
            Change::Keep => Change::Keep,
            Change::Set(text) if !text.as_str().is_empty() => Change::Set(text.0),
            Change::Set(_) | Change::Clear => Change::Clear,
        };
        let described =
            description.is_change() && description.value() != policy.description.as_ref();
        let members = [
            ("name", name.as_ref().is_some_and(|name| *name != policy.name)),
            ("description", described),
            ("rules", rules.as_ref().is_some_and(|rules| *rules != policy.rules)),
        ];
        let names =
            members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
        Self { name, description, rules, names }
    }
}

pub(super) fn policy(scope: &Scope, id: &str) -> Scoped {
    scope.statement(POLICY, [Param::from(id)])
}

/// The policies of the caller's org; [`others`] reads its result.
pub(super) fn policies_counted(scope: &Scope) -> Scoped {
    scope.statement(POLICIES_COUNTED, [])
}

/// The policies of the org of a policy, besides it; [`others`] reads its result.
pub(super) fn policies_beside(scope: &Scope, id: &str) -> Scoped {
    scope.statement(POLICIES_BESIDE, [Param::from(id)])
}

pub(super) fn others(rows: &Rows) -> Result<Others> {
    Ok(Others::of(rows.all::<CountedRow>()?))
}

pub(super) async fn policy_insert(
    grant: &Grant,
    name: &str,
    description: Option<String>,
    rules: &[Value],
    others: &Others,
) -> Result<PolicyOut> {
    others.admit(&[], rules)?;
    let now = grant.op().now();
    let id = new_id(now)?;
    let params = [
        id.as_str().into(),
        now.into(),
        name.into(),
        description.into(),
        json!(rules).to_string().into(),
        MOST_POLICIES.into(),
        others.seen().into(),
    ];
    let insert = grant.statement(POLICY_INSERT, params);
    let entry = grant.audit(&Entry {
        event: "knowledge.policy.created",
        target_type: "knowledge_policy",
        target_id: &id,
        metadata: json!({"name": name, "rules": rules.len()}),
    })?;
    let rows = grant.write(vec![insert, entry]).await?;
    first(&rows)?.first()?.ok_or_else(|| {
        if others.count() < MOST_POLICIES {
            return policies_changed();
        }
        Error::conflict("too_many_policies", "Too many policies")
            .hint("An organization has at most 50 policies: put rules together, or delete some.")
    })
}

pub(super) async fn policy_update(
    grant: &Grant,
    before: &PolicyOut,
    changes: Changes,
    others: &Others,
) -> Result<PolicyOut> {
    let id = before.id.as_str();
    if let Some(rules) = &changes.rules {
        others.admit(&before.rules, rules)?;
    }
    let not_written = if changes.rules.is_some() { policies_changed } else { policy_not_found };
    let metadata = json!({"changed": changes.names});
    let params = [
        id.into(),
        grant.op().now().into(),
        changes.name.into(),
        changes.description.is_change().into(),
        changes.description.value().cloned().into(),
        changes.rules.map(|rules| json!(rules).to_string()).into(),
        others.seen().into(),
    ];
    let update = grant.statement(POLICY_UPDATE, params);
    let entry = grant.audit(&Entry {
        event: "knowledge.policy.updated",
        target_type: "knowledge_policy",
        target_id: id,
        metadata,
    })?;
    let rows = grant.write(vec![update, entry]).await?;
    first(&rows)?.first()?.ok_or_else(not_written)
}

/// Removes a policy, if it is still there.
pub(super) async fn policy_delete(grant: &Grant, policy: &PolicyOut) -> Result<bool> {
    let delete = grant.statement(POLICY_DELETE, [policy.id.as_str().into()]);
    let entry = grant.audit(&Entry {
        event: "knowledge.policy.deleted",
        target_type: "knowledge_policy",
        target_id: &policy.id,
        metadata: json!({"name": policy.name}),
    })?;
    let rows = grant.write(vec![delete, entry]).await?;
    Ok(first(&rows)?.count()? > 0)
}

fn first(rows: &[Rows]) -> Result<&Rows> {
    rows.first().ok_or_else(|| Error::internal("fewer results than statements"))
}

#[cold]
#[track_caller]
pub(super) fn policy_not_found() -> Error {
    Error::not_found("policy_not_found", "Policy not found")
        .hint("There is no such policy, or it belongs to another organization.")
}
