//! `GET /portal/integrations` = `GET /integrations`

use std::borrow::Cow;

use serde::Serialize;

use super::connector;
use super::store::{self, ConnectionRow, Health};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::{Json, Query};
use crate::time::StoredTime;

/// A page of connections.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IntegrationsOut {
    integrations: Vec<IntegrationOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A connection under the names of both kinds of clients; its credentials are never told.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct IntegrationOut {
    id: String,
    name: Cow<'static, str>,
    /// `communications`, `billing`, `calendar`, `crm`, `analytics` or `other`.
    category: &'static str,
    /// `connected`, `disconnected`, `error` or `pending`.
    status: String,
    last_synced: Option<StoredTime>,
    /// `good`, `warning` or `critical`; absent while it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<&'static str>,
    note: Option<String>,
    org_id: String,
    connector: String,
    health_status: Option<Health>,
    health_detail: Option<String>,
    last_refreshed_at: Option<StoredTime>,
    expires_at: Option<StoredTime>,
    created_at: StoredTime,
    updated_at: StoredTime,
}

impl From<ConnectionRow> for IntegrationOut {
    fn from(row: ConnectionRow) -> Self {
        let (name, category) = connector::described(&row.connector);
        Self {
            id: row.id,
            name,
            category,
            status: row.status,
            last_synced: row.last_refreshed_at.clone(),
            health: row.health_status.map(|health| match health {
                Health::Healthy => "good",
                Health::Warning => "warning",
                Health::Error => "critical",
            }),
            note: row.health_detail.clone(),
            org_id: row.org_id,
            connector: row.connector,
            health_status: row.health_status,
            health_detail: row.health_detail,
            last_refreshed_at: row.last_refreshed_at,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// `GET /portal/integrations` (also `GET /integrations`): connections, last changed first; for staff
/// without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/integrations", tag = "Integrations",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = IntegrationsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_integrations(
    access: Access<Read>,
    query: Query,
) -> Result<Json<IntegrationsOut>> {
    let page = query.page(200, 500)?;
    let statement = store::connections(access.scope(), &page);
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (rows, next_cursor) =
        page.cut(rows.all::<ConnectionRow>()?, |row| [row.updated_at.stored(), row.id.clone()]);
    let integrations = rows.into_iter().map(IntegrationOut::from).collect();
    Ok(Json(IntegrationsOut { integrations, next_cursor }))
}
