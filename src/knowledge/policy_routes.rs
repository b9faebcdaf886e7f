//! The administration of policies: `POST /portal/knowledge/policies` and what is below it.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::policy_rules::{RuleIn, stored_rules};
use super::policy_store::{self as store, Changes, policy_not_found};
use super::store::PolicyOut;
use crate::auth::permission::{Access, Administer};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Change, Lines, Read, Text, invalid};
use crate::http::extract::{DeletedOut, Json, Path};

body! {
    /// A new policy.
    pub struct PolicyIn {
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Text<1, 120>))]
        name as "name": Option<Text<0, 120>>,
        description as "description": Option<Lines<0, 1000>>,
        /// At most 20, and 100 in all policies of an organization, 20 of them with `regex`.
        rules as "rules": Option<Vec<RuleIn>>,
    }
}

body! {
    /// Changes to a policy: what is absent stays. Rules are replaced as a whole.
    pub struct PolicyPatch {
        name as "name": Option<Text<1, 120>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Lines<0, 1000>>))]
        description as "description": Change<Lines<0, 1000>>,
        /// At most 20, and 100 in all policies of an organization, 20 of them with `regex`.
        rules as "rules": Option<Vec<RuleIn>>,
    }
}

/// One policy.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct PolicyResultOut {
    policy: PolicyOut,
}

fn judged(rules: Option<&[RuleIn]>) -> Result<Option<Vec<Value>>> {
    rules.map(stored_rules).transpose().map_err(|expected| invalid("rules", &expected))
}

/// `POST /portal/knowledge/policies`: makes a policy, which answers keep to from then on.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/policies", tag = "Knowledge",
    params(("orgId" = Option<String>, Query)), request_body = PolicyIn,
    responses((status = 201, body = PolicyResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_policy(
    access: Access<Administer>,
    Read(policy): Read<PolicyIn>,
) -> Result<Response> {
    let name = policy.name.map(String::from).filter(|name| !name.is_empty()).ok_or_else(|| {
        Error::bad_request("name_required", "Name is required")
            .hint("\"name\" is a text of 1 to 120 characters.")
    })?;
    let rules = judged(policy.rules.as_deref())?.unwrap_or_default();
    let description = policy.description.map(String::from).filter(|text| !text.is_empty());
    let (grant, [others]) = access.grant([store::policies_counted(access.scope())]).await?;
    let others = store::others(&others)?;
    let policy = store::policy_insert(&grant, &name, description, &rules, &others).await?;
    Ok((StatusCode::CREATED, Json(PolicyResultOut { policy })).into_response())
}

/// `PATCH /portal/knowledge/policies/{id}`: changes what the body holds. What is sent as it was changes nothing.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/knowledge/policies/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = PolicyPatch,
    responses((status = 200, body = PolicyResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_policy(
    access: Access<Administer>,
    Path(id): Path<String>,
    Read(patch): Read<PolicyPatch>,
) -> Result<Json<PolicyResultOut>> {
    let rules = judged(patch.rules.as_deref())?;
    let target = store::policy(access.scope(), &id);
    let others = store::policies_beside(access.scope(), &id);
    let (grant, policy, [others]) =
        access.grant_for::<PolicyOut, 1>(target, policy_not_found, [others]).await?;
    let changes = Changes::of(&policy, patch.name.map(String::from), patch.description, rules);
    if changes.names.is_empty() {
        return Ok(Json(PolicyResultOut { policy }));
    }
    let others = store::others(&others)?;
    let policy = store::policy_update(&grant, &policy, changes, &others).await?;
    Ok(Json(PolicyResultOut { policy }))
}

/// `DELETE /portal/knowledge/policies/{id}`: answers no longer keep to it.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/knowledge/policies/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_policy(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let target = store::policy(access.scope(), &id);
    let (grant, policy, []) =
        access.grant_for::<PolicyOut, 0>(target, policy_not_found, []).await?;
    if store::policy_delete(&grant, &policy).await? {
        Ok(Json(DeletedOut::DONE))
    } else {
        Err(policy_not_found())
    }
}
