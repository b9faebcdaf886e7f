//! `GET /portal/audit-logs` = `GET /audit/logs`

use serde::Serialize;

use super::store::{self, AuditLogOut};
use crate::auth::permission::{Access, Administer};
use crate::error::Result;
use crate::http::extract::{Json, Query};

/// A page of the audit trail.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditLogsOut {
    logs: Vec<AuditLogOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/audit-logs` (also `GET /audit/logs`): who changed what, newest first; for staff without an
/// org, in all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/audit-logs", tag = "Records",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query), ("eventType" = Option<String>, Query),
           ("actorId" = Option<String>, Query), ("targetId" = Option<String>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, body = AuditLogsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_audit_logs(
    access: Access<Administer>,
    query: Query,
) -> Result<Json<AuditLogsOut>> {
    let page = query.page(200, 500)?;
    let statement = store::audit_logs(access.scope(), &page, &query)?;
    let (_tenant, [logs]) = access.read([statement]).await?;
    let (logs, next_cursor) = page.cut(logs.all()?, AuditLogOut::key);
    Ok(Json(AuditLogsOut { logs, next_cursor }))
}
