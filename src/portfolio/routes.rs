//! `GET /portal/clients`

use serde::Serialize;

use super::store::{self, ClientRow};
use crate::auth::permission::{Access, Staff};
use crate::error::Result;
use crate::http::extract::{Json, Query, refused};
use crate::time::StoredTime;

/// Longest part of a name that is searched for, in bytes.
const LONGEST_SEARCH: usize = 48;

/// A page of the clients.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ClientsOut {
    clients: Vec<ClientOut>,
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A client organization.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct ClientOut {
    id: String,
    name: String,
    slug: Option<String>,
    /// `active`, `at_risk`, `churned` or `inactive`.
    status: String,
    plan: String,
    site_count: i64,
    /// Sessions that began on the present UTC day.
    today_sessions: i64,
    last_activity: Option<StoredTime>,
    created_at: Option<StoredTime>,
}

/// `GET /portal/clients`: all client organizations for staff, by status and name.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/clients", tag = "Dashboards",
    params(("limit" = Option<u32>, Query, description = "1 to 500; 100 if absent"), ("cursor" = Option<String>, Query),
           ("filter" = Option<String>, Query, description = "A status: active, at-risk (or at_risk), churned, inactive"),
           ("search" = Option<String>, Query, description = "Part of the name, ASCII letters in upper or lower case alike; at most 48 bytes")),
    responses((status = 200, body = ClientsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_clients(access: Access<Staff>, query: Query) -> Result<Json<ClientsOut>> {
    let page = query.page(100, 500)?;
    let status = query.one_of("filter", &["active", "at-risk", "churned", "inactive"], status)?;
    let search = query.text("search");
    if search.is_some_and(|search| search.len() > LONGEST_SEARCH) {
        return Err(refused("search", "must have at most 48 bytes"));
    }
    let statement = store::clients(access.scope(), &page, status, search);
    let (_tenant, [clients]) = access.read([statement]).await?;
    let (clients, next_cursor) = page.cut(clients.all()?, ClientRow::key);
    let today = access.op.now().date();
    let clients = clients.into_iter().map(|row| client(row, &today)).collect();
    Ok(Json(ClientsOut { clients, next_cursor }))
}

fn status(text: &str) -> Option<&'static str> {
    match text {
        "active" => Some("active"),
        "at-risk" | "at_risk" => Some("at_risk"),
        "churned" => Some("churned"),
        "inactive" => Some("inactive"),
        _ => None,
    }
}

fn client(row: ClientRow, today: &str) -> ClientOut {
    ClientOut {
        site_count: row.site_count,
        today_sessions: row.sessions_of(today),
        last_activity: row.last_activity(),
        id: row.id,
        name: row.name,
        slug: row.slug,
        status: row.status,
        plan: row.plan,
        created_at: row.created_at,
    }
}
