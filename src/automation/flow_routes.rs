//! `GET /portal/workflows`, `GET /portal/flows`, `GET /portal/flows/{id}`

use std::collections::HashSet;

use serde::Serialize;

use super::flow_store::{
    self, FlowOut, FlowRuleOut, FlowRunInsightOut, FlowStepOut, FlowTestOut, WorkflowRow,
};
use crate::auth::permission::{Access, Read};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};
use crate::knowledge::PolicyOut;

/// A page of flows in short.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowsOut {
    workflows: Vec<WorkflowOut>,
    /// Only when there is no flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct WorkflowOut {
    id: String,
    name: String,
    /// When its newest run began, or `N/A`.
    last_run: String,
    /// How that run ended; `Not run` if there is none or it has not ended.
    outcome: String,
}

impl From<WorkflowRow> for WorkflowOut {
    fn from(row: WorkflowRow) -> Self {
        let last_run = row.started_at.map(|moment| moment.as_str().to_owned());
        Self {
            id: row.id,
            name: row.name,
            last_run: last_run.unwrap_or_else(|| "N/A".to_owned()),
            outcome: row.outcome.unwrap_or_else(|| "Not run".to_owned()),
        }
    }
}

/// `GET /portal/workflows`: flows in short, last changed first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/workflows", tag = "Automation",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WorkflowsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_workflows(access: Access<Read>, query: Query) -> Result<Json<WorkflowsOut>> {
    let page = query.page(200, 500)?;
    let statement = flow_store::workflows(access.scope(), &page);
    let (_tenant, [flows]) = access.read([statement]).await?;
    let (flows, next_cursor) =
        page.cut(flows.all::<WorkflowRow>()?, |row| [row.updated_at.stored(), row.id.clone()]);
    let message = flows.is_empty().then_some("No flows found");
    let workflows = flows.into_iter().map(WorkflowOut::from).collect();
    Ok(Json(WorkflowsOut { workflows, message, next_cursor }))
}

/// A page of flows, their tests, and the newest runs of any flow.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct FlowsOut {
    flows: Vec<FlowOut>,
    /// Of the flows of this page: at most 1000.
    tests: Vec<FlowTestOut>,
    /// The newest 50 runs, whatever the page.
    insights: Vec<FlowRunInsightOut>,
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/flows`: flows, last changed first, with their tests and the newest runs; for staff without
/// an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/flows", tag = "Automation",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = FlowsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_flows(access: Access<Read>, query: Query) -> Result<Json<FlowsOut>> {
    let page = query.page(200, 500)?;
    let scope = access.scope();
    let (_tenant, [flows, tests, insights]) = access
        .read([
            flow_store::flows(scope, &page),
            flow_store::flows_tests(scope, &page),
            flow_store::flow_runs_newest(scope),
        ])
        .await?;

    let (flows, next_cursor) = page.cut(flows.all()?, FlowOut::key);
    let mut tests: Vec<FlowTestOut> = tests.all()?;
    // One flow more than the page was read, which tells whether there is another.
    let shown: HashSet<&str> = flows.iter().map(|flow| flow.id.as_str()).collect();
    tests.retain(|test| shown.contains(test.flow_id.as_str()));
    Ok(Json(FlowsOut { flows, tests, insights: insights.all()?, next_cursor }))
}

/// A flow with all that belongs to it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct FlowDetailOut {
    flow: FlowOut,
    steps: Vec<FlowStepOut>,
    rules: Vec<FlowRuleOut>,
    tests: Vec<FlowTestOut>,
    preview: FlowPreviewOut,
}

/// What a preview of the flow needs, in one member.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct FlowPreviewOut {
    flow: FlowOut,
    steps: Vec<FlowStepOut>,
    rules: Vec<FlowRuleOut>,
    /// Of the flow's org, by name: at most 200.
    policies: Vec<PolicyOut>,
}

/// `GET /portal/flows/{id}`: a flow, its steps, rules and tests, and what a preview of it needs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/flows/{id}", tag = "Automation",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = FlowDetailOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_flow(access: Access<Read>, Path(id): Path<String>) -> Result<Json<FlowDetailOut>> {
    let statements = flow_store::flow_whole(access.scope(), &id);
    let (_tenant, [flow, steps, rules, tests, policies]) = access.read(statements).await?;

    let shown: FlowOut = flow.first()?.ok_or_else(flow_not_found)?;
    let preview = FlowPreviewOut {
        flow: flow.one()?,
        steps: steps.all()?,
        rules: rules.all()?,
        policies: policies.all()?,
    };
    Ok(Json(FlowDetailOut {
        flow: shown,
        steps: steps.all()?,
        rules: rules.all()?,
        tests: tests.all()?,
        preview,
    }))
}

fn flow_not_found() -> Error {
    Error::not_found("flow_not_found", "Flow not found")
}
