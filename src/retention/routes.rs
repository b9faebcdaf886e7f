//! `/portal/retention` = `/retention/policies`

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::data_type::{DataType, cutoff_day};
use super::store::{self, MOST_COUNTED, RetentionPolicyOut};
use crate::auth::permission::{Access, Administer, Read};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{Member, Read as Body, Text, expected_one_of, invalid};
use crate::http::extract::{Json, Path, Query};
use crate::time::StoredTime;

/// Longest time that data is kept, in days.
const MOST_DAYS: i64 = 3_650;

/// Days, not judged yet: 0 counts as absent, as it always did.
#[derive(Debug, Clone, Copy)]
pub struct TtlDays(i64);

impl Member for TtlDays {
    fn from_member(value: Value) -> Result<Self, String> {
        let days = value.as_i64().filter(|days| (0..=MOST_DAYS).contains(days));
        days.map(Self).ok_or_else(|| format!("must be a whole number from 1 to {MOST_DAYS}"))
    }
}

body! {
    /// How long one kind of data is kept.
    pub struct RetentionPolicyIn {
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = DataType))]
        data_type as "dataType": Option<Text<0, 100>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = crate::http::body::Whole<1, 3650>))]
        ttl_days as "ttlDays": Option<TtlDays>,
        /// `false` if absent.
        apply_anonymization as "applyAnonymization": Option<bool>,
    }
}

/// A page of policies.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetentionPoliciesOut {
    policies: Vec<RetentionPolicyOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One policy; in a dry run, as it would be.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct RetentionResultOut {
    policy: RetentionPolicyOut,
    /// In a dry run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<PreviewOut>,
}

/// What a policy would remove now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct PreviewOut {
    /// Rows of the org.
    rows: Option<i64>,
    /// What is older goes.
    before: StoredTime,
    /// There may be more: the count stopped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// A policy went.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct RetentionDeletedOut {
    deleted: bool,
}

/// `GET /portal/retention` (also `GET /retention/policies`): policies by kind of data; for staff without an
/// org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/retention", tag = "Settings",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 100 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = RetentionPoliciesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_retention_policies(
    access: Access<Read>,
    query: Query,
) -> Result<Json<RetentionPoliciesOut>> {
    let page = query.page(100, 500)?;
    let statement = store::retention_policies(access.scope(), &page);
    let (_tenant, [policies]) = access.read([statement]).await?;
    let (policies, next_cursor) = page.cut(policies.all()?, RetentionPolicyOut::key);
    Ok(Json(RetentionPoliciesOut { policies, next_cursor }))
}

/// `POST /portal/retention` (also `PUT /retention/policies`): sets the policy about one kind of data, or
/// says what it would remove.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/retention", tag = "Settings",
    params(("orgId" = Option<String>, Query), ("dryRun" = Option<bool>, Query, description = "Writes nothing; the answer has a preview")),
    request_body = RetentionPolicyIn,
    responses((status = 200, description = "Changed, or a dry run", body = RetentionResultOut),
              (status = 201, description = "New", body = RetentionResultOut),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn put_retention_policy(
    access: Access<Administer>,
    query: Query,
    Body(policy): Body<RetentionPolicyIn>,
) -> Result<Response> {
    let is_dry_run = query.flag("dryRun")?.unwrap_or(false);
    let named = policy.data_type.filter(|text| !text.as_str().is_empty());
    let days = policy.ttl_days.filter(|days| days.0 != 0);
    let (Some(named), Some(TtlDays(ttl_days))) = (named, days) else {
        return Err(Error::bad_request("invalid_body", "Missing dataType or ttlDays")
            .hint(format!("Send both; \"ttlDays\" is a whole number from 1 to {MOST_DAYS}.")));
    };
    let data_type = DataType::parse(named.as_str())
        .ok_or_else(|| invalid("dataType", &expected_one_of(DataType::ALL)))?;
    let apply_anonymization = policy.apply_anonymization.unwrap_or(false);

    let present = store::retention_policy_of_type(access.scope(), data_type);
    let (grant, [present]) = access.grant([present]).await?;
    let present: Option<RetentionPolicyOut> = present.first()?;
    if !is_dry_run {
        if let Some(policy) = present.filter(|present| {
            present.ttl_days == ttl_days && present.apply_anonymization == apply_anonymization
        }) {
            return Ok(Json(RetentionResultOut { policy, preview: None }).into_response());
        }
        let (policy, is_new) =
            store::retention_policy_upsert(&grant, data_type, ttl_days, apply_anonymization)
                .await?;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        return Ok((status, Json(RetentionResultOut { policy, preview: None })).into_response());
    }
    let now = grant.op().now();
    let stored_now = || Some(StoredTime::from(now.to_string()));
    let policy = RetentionPolicyOut {
        ttl_days,
        apply_anonymization,
        updated_at: stored_now(),
        ..present.unwrap_or_else(|| RetentionPolicyOut {
            id: None,
            org_id: grant.org.to_string(),
            data_type: data_type.as_str().to_owned(),
            ttl_days,
            apply_anonymization,
            enforced_at: None,
            created_at: stored_now(),
            updated_at: stored_now(),
        })
    };
    let day = cutoff_day(now, ttl_days);
    let older = store::older_than(&grant, data_type, &day).await?;
    let preview = Some(preview(data_type, &day, older));
    Ok(Json(RetentionResultOut { policy, preview }).into_response())
}

fn preview(data_type: DataType, day: &str, older: Option<i64>) -> PreviewOut {
    let (rows, note) = match data_type {
        DataType::AuditLogs => {
            (Some(0), Some("The audit trail is append-only: no policy removes entries."))
        }
        _ => (older, None),
    };
    PreviewOut {
        rows,
        before: StoredTime::from(format!("{day}T00:00:00.000Z")),
        at_least: older.is_some_and(|rows| rows >= MOST_COUNTED),
        note,
    }
}

/// `DELETE /retention/policies/{id}`: removes a policy; the data it was about is then kept.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/retention/policies/{id}", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = RetentionDeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_retention_policy(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<RetentionDeletedOut>> {
    let target = store::retention_policy(access.scope(), &id);
    let (grant, policy, []) =
        access.grant_for::<RetentionPolicyOut, 0>(target, policy_not_found, []).await?;
    if store::retention_policy_delete(&grant, &policy).await? {
        Ok(Json(RetentionDeletedOut { deleted: true }))
    } else {
        Err(policy_not_found())
    }
}

#[cold]
#[track_caller]
fn policy_not_found() -> Error {
    Error::not_found("retention_policy_not_found", "Retention policy not found")
        .hint("There is no such policy, or it belongs to another organization.")
}
