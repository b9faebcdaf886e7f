//! `GET /portal/engines`

use serde::Serialize;

use super::store::{self, EngineRow};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::Json;
use crate::time::StoredTime;

/// The sites of the org.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct EnginesOut {
    engines: Vec<EngineOut>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct EngineOut {
    id: String,
    name: String,
    r#type: Option<String>,
    domain: Option<String>,
    status: Option<String>,
    active_sessions: i64,
    today_sessions: i64,
    /// Only in the view of all orgs.
    org_name: Option<String>,
    created_at: Option<StoredTime>,
}

impl From<EngineRow> for EngineOut {
    fn from(row: EngineRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            r#type: row.r#type,
            domain: row.domain,
            status: row.status,
            active_sessions: row.active_sessions,
            today_sessions: row.today_sessions,
            org_name: row.org_name,
            created_at: row.created_at,
        }
    }
}

/// `GET /portal/engines`: sites of any status, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/engines", tag = "Dashboards",
    responses((status = 200, body = EnginesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_engines(access: Access<Read>) -> Result<Json<EnginesOut>> {
    let statement = store::engines(access.scope(), access.op.now());
    let (_tenant, [engines]) = access.read([statement]).await?;
    let engines = engines.all::<EngineRow>()?.into_iter().map(EngineOut::from).collect();
    Ok(Json(EnginesOut { engines }))
}
