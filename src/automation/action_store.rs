//! The statements and rows of actions.

use serde::Serialize;
use serde_json::{Map, Value};

use super::stored::Stored;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, list_sql, row};

const ACTIONS: ListSql = list_sql!("sql/actions.sql");
const ACTION_RUNS: ListSql = list_sql!("sql/action_runs.sql");
const ACTION_RUNS_OF_STATUS: ListSql = list_sql!("sql/action_runs_of_status.sql");
const ACTION_RUNS_OF_ACTION: ListSql = list_sql!("sql/action_runs_of_action.sql");

choice! {
    /// What became of a run.
    pub(super) enum RunStatus {
        /// Waits to be claimed.
        Pending = "pending",
        /// Claimed.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Not done; perhaps tried again.
        Failed = "failed",
        /// Given up by a person.
        Canceled = "canceled",
    }
}

row! {
    /// An action that flows can call.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ActionDefinitionOut {
        id: String,
        org_id: String,
        /// Unique in its org.
        key: String,
        name: String,
        description: Option<String>,
        version: String,
        handler_url: Option<String>,
        timeout_ms: i64,
        /// `none`, `fixed` or `exponential`.
        retry_policy: String,
        max_retries: i64,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        /// `users.id`.
        created_by: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

impl ActionDefinitionOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

row! {
    /// A call of an action.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct ActionRunOut {
        id: String,
        action_id: String,
        org_id: String,
        status: RunStatus,
        /// How often it was claimed.
        attempt: i64,
        max_retries: i64,
        retry_policy: String,
        trigger_source: Option<String>,
        idempotency_key: Option<String>,
        flow_id: Option<String>,
        flow_run_id: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        input: Stored,
        output: Value,
        error: Option<String>,
        started_at: Option<StoredTime>,
        completed_at: Option<StoredTime>,
        last_error_at: Option<StoredTime>,
        next_retry_at: Option<StoredTime>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
    }
}

impl ActionRunOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

pub(super) fn actions(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(ACTIONS, page.descending())
}

/// Runs, of one status or action if these are named.
pub(super) fn action_runs(
    scope: &Scope,
    page: &Page<2>,
    status: Option<RunStatus>,
    action: Option<&str>,
) -> Scoped {
    let mut params = page.descending();
    // Each filter has an index of its own to read along.
    let sql = match (action, status) {
        (None, None) => ACTION_RUNS,
        (None, Some(status)) => {
            params.push(Param::from(status));
            ACTION_RUNS_OF_STATUS
        }
        (Some(action), status) => {
            params.extend([Param::from(status), Param::from(action)]);
            ACTION_RUNS_OF_ACTION
        }
    };
    scope.list(sql, params)
}
