//! `GET /actions`, `GET /actions/runs`

use serde::Serialize;

use super::action_store::{self, ActionDefinitionOut, ActionRunOut, RunStatus};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::{Json, Query};

/// A page of action definitions.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionsOut {
    actions: Vec<ActionDefinitionOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /actions`: action definitions, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/actions", tag = "Automation",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = ActionsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_actions(access: Access<Read>, query: Query) -> Result<Json<ActionsOut>> {
    let page = query.page(200, 500)?;
    let statement = action_store::actions(access.scope(), &page);
    let (_tenant, [actions]) = access.read([statement]).await?;
    let (actions, next_cursor) = page.cut(actions.all()?, ActionDefinitionOut::key);
    Ok(Json(ActionsOut { actions, next_cursor }))
}

/// A page of action runs.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionRunsOut {
    runs: Vec<ActionRunOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /actions/runs`: what became of each call of an action, newest first; for staff without an org, in
/// all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/actions/runs", tag = "Automation",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query), ("status" = Option<RunStatus>, Query),
           ("actionId" = Option<String>, Query)),
    responses((status = 200, body = ActionRunsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_action_runs(access: Access<Read>, query: Query) -> Result<Json<ActionRunsOut>> {
    let page = query.page(50, 200)?;
    let status = query.one_of("status", RunStatus::ALL, RunStatus::parse)?;
    let action = query.text("actionId");
    let statement = action_store::action_runs(access.scope(), &page, status, action);
    let (_tenant, [runs]) = access.read([statement]).await?;
    let (runs, next_cursor) = page.cut(runs.all()?, ActionRunOut::key);
    Ok(Json(ActionRunsOut { runs, next_cursor }))
}
