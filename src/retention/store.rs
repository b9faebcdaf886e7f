//! The policies' statements and rows.

use serde::Serialize;
use serde_json::json;

use super::data_type::DataType;
use crate::audit::Entry;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Param, Rows};
use crate::error::{Error, Result};
use crate::ids::new_id;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql, sql};

const POLICIES: ListSql = list_sql!("sql/retention_policies.sql");
const POLICY: &str = scoped_sql!("sql/retention_policy.sql");
const POLICY_OF_TYPE: &str = scoped_sql!("sql/retention_policy_of_type.sql");
const POLICY_UPSERT: &str = sql!("sql/retention_policy_upsert.sql");
const POLICY_DELETE: &str = sql!("sql/retention_policy_delete.sql");

/// A preview counts no further.
pub(super) const MOST_COUNTED: i64 = 100_000;

row! {
    /// How long one kind of data is kept.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct RetentionPolicyOut {
        /// `null` only in a dry run of a policy that is not there yet.
        pub(super) id: Option<String>,
        pub(super) org_id: String,
        pub(super) data_type: String,
        pub(super) ttl_days: i64,
        /// Whether what is kept for its figures loses what names a person.
        pub(super) apply_anonymization: bool,
        /// When it was last enforced.
        pub(super) enforced_at: Option<StoredTime>,
        pub(super) created_at: Option<StoredTime>,
        pub(super) updated_at: Option<StoredTime>,
    }
}

impl RetentionPolicyOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.data_type.clone(), self.id.clone().unwrap_or_default()]
    }
}

row! {
    struct OlderRow {
        older: i64,
    }
}

pub(super) fn retention_policies(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(POLICIES, page.ascending())
}

pub(super) fn retention_policy(scope: &Scope, id: &str) -> Scoped {
    scope.statement(POLICY, [Param::from(id)])
}

pub(super) fn retention_policy_of_type(scope: &Scope, data_type: DataType) -> Scoped {
    scope.statement(POLICY_OF_TYPE, [Param::from(data_type)])
}

/// The policy, and whether it is a new one.
pub(super) async fn retention_policy_upsert(
    grant: &Grant,
    data_type: DataType,
    ttl_days: i64,
    apply_anonymization: bool,
) -> Result<(RetentionPolicyOut, bool)> {
    let now = grant.op().now();
    let id = new_id(now)?;
    let params = [
        id.as_str().into(),
        now.into(),
        data_type.into(),
        ttl_days.into(),
        apply_anonymization.into(),
    ];
    let upsert = grant.statement(POLICY_UPSERT, params);
    let entry = grant.audit(&Entry {
        event: "retention.upserted",
        target_type: "retention_policy",
        target_id: data_type.as_str(),
        metadata: json!({"ttlDays": ttl_days, "applyAnonymization": apply_anonymization}),
    })?;
    let rows = grant.write(vec![upsert, entry]).await?;
    let policy: RetentionPolicyOut = first(&rows)?.one()?;
    let is_new = policy.id.as_deref() == Some(&id);
    Ok((policy, is_new))
}

/// Removes a policy, if it is still there.
pub(super) async fn retention_policy_delete(
    grant: &Grant,
    policy: &RetentionPolicyOut,
) -> Result<bool> {
    let delete = grant.statement(POLICY_DELETE, [policy.id.clone().into()]);
    let entry = grant.audit(&Entry {
        event: "retention.deleted",
        target_type: "retention_policy",
        target_id: &policy.data_type,
        metadata: json!({"ttlDays": policy.ttl_days}),
    })?;
    let rows = grant.write(vec![delete, entry]).await?;
    Ok(first(&rows)?.count()? > 0)
}

/// How many rows of the org are older than `day`, up to [`MOST_COUNTED`]; nothing for data that is not
/// counted.
pub(super) async fn older_than(
    grant: &Grant,
    data_type: DataType,
    day: &str,
) -> Result<Option<i64>> {
    let sql = match data_type {
        DataType::ChatMessages => sql!("sql/chat_messages_older.sql"),
        DataType::ChatSessions => sql!("sql/chat_sessions_older.sql"),
        DataType::ActionRuns => sql!("sql/action_runs_older.sql"),
        DataType::FlowRuns => sql!("sql/flow_runs_older.sql"),
        DataType::WebhookEvents => sql!("sql/webhook_events_older.sql"),
        DataType::OutcomeEvents => sql!("sql/outcome_events_older.sql"),
        DataType::KnowledgeIngestionJobs => sql!("sql/knowledge_ingestion_jobs_older.sql"),
        DataType::Leads => sql!("sql/leads_older.sql"),
        DataType::AuditLogs => return Ok(None),
    };
    let statement = grant.statement(sql, [day.into(), MOST_COUNTED.into()]);
    let rows = grant.op().read(vec![statement]).await?;
    let OlderRow { older } = first(&rows)?.one()?;
    Ok(Some(older))
}

fn first(rows: &[Rows]) -> Result<&Rows> {
    rows.first().ok_or_else(|| Error::internal("fewer results than statements"))
}
