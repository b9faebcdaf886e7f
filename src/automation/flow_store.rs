//! The statements and rows of flows.

use serde::Serialize;

use super::stored::{Stored, Trigger};
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql};

const WORKFLOWS: ListSql = list_sql!("sql/workflows.sql");
const FLOWS: ListSql = list_sql!("sql/flows.sql");
const FLOWS_TESTS: ListSql = list_sql!("sql/flows_tests.sql");
const FLOW_RUNS_NEWEST: ListSql = list_sql!("sql/flow_runs_newest.sql");
const FLOW: &str = scoped_sql!("sql/flow.sql");
const FLOW_STEPS: &str = scoped_sql!("sql/flow_steps.sql");
const FLOW_RULES: &str = scoped_sql!("sql/flow_rules.sql");
const FLOW_TESTS: &str = scoped_sql!("sql/flow_tests.sql");
const FLOW_POLICIES: &str = scoped_sql!("sql/flow_policies.sql");

/// Tests that a page of flows brings along.
const MOST_TESTS: u32 = 1_000;
/// Runs that it brings along.
const MOST_INSIGHTS: u32 = 50;

row! {
    /// A flow and its newest run.
    pub(super) struct WorkflowRow {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) updated_at: StoredTime,
        pub(super) started_at: Option<StoredTime>,
        pub(super) outcome: Option<String>,
    }
}

row! {
    /// A flow.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct FlowOut {
        pub(super) id: String,
        org_id: String,
        name: String,
        description: Option<String>,
        /// `draft`, `active`, `paused` or `archived`.
        status: String,
        /// What starts it: `{"type": …, "config": {…}}`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        trigger: Trigger,
        entry_step_id: Option<String>,
        last_published_at: Option<StoredTime>,
        created_at: StoredTime,
        updated_at: StoredTime,
        version: i64,
    }
}

impl FlowOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.updated_at.stored(), self.id.clone()]
    }
}

row! {
    /// A step of a flow.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct FlowStepOut {
        id: String,
        flow_id: String,
        /// `collector`, `router`, `llm`, `action`, `handoff` or `end`.
        kind: String,
        name: String,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        config: Stored,
        next_step_id: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

row! {
    /// A rule of a flow.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct FlowRuleOut {
        id: String,
        flow_id: String,
        step_id: Option<String>,
        condition: String,
        /// `goto`, `end`, `handoff` or `invoke_action`.
        action: String,
        target_step_id: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

row! {
    /// A test of a flow.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct FlowTestOut {
        id: String,
        pub(super) flow_id: String,
        name: String,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        input: Stored,
        expected_outcome: Option<String>,
        last_run_at: Option<StoredTime>,
        /// `passed`, `failed` or `blocked`; null before its first run.
        last_result: Option<String>,
    }
}

row! {
    /// A run of a flow.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct FlowRunInsightOut {
        flow_id: String,
        run_id: String,
        started_at: StoredTime,
        /// 0 while it runs.
        duration_ms: i64,
        /// `success`, `failed`, `handoff` or `cancelled`; `running` while it has none.
        outcome: String,
        triggered_policy_ids: Vec<String>,
    }
}

pub(super) fn workflows(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(WORKFLOWS, page.descending())
}

pub(super) fn flows(scope: &Scope, page: &Page<2>) -> Scoped {
    scope.list(FLOWS, page.descending())
}

pub(super) fn flows_tests(scope: &Scope, page: &Page<2>) -> Scoped {
    let mut params = page.descending();
    params.push(Param::from(MOST_TESTS));
    scope.list(FLOWS_TESTS, params)
}

pub(super) fn flow_runs_newest(scope: &Scope) -> Scoped {
    scope.list(FLOW_RUNS_NEWEST, vec![Param::from(MOST_INSIGHTS)])
}

/// The flow, its steps, rules and tests, and the policies of its org.
pub(super) fn flow_whole(scope: &Scope, flow: &str) -> [Scoped; 5] {
    [FLOW, FLOW_STEPS, FLOW_RULES, FLOW_TESTS, FLOW_POLICIES]
        .map(|sql| scope.statement(sql, [Param::from(flow)]))
}
