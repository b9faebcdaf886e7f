//! `GET /portal/engines` and the administration of sites.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::fields::{Fields, SiteIn, SitePatch, SiteStatus};
use super::key::{KeyRotationIn, new_site_key};
use super::store::{self, EngineRow, OrgLabelRow, OrgRoomRow, SiteDetailOut, site_not_found};
use crate::auth::permission::{Access, Administer, Read};
use crate::error::Result;
use crate::http::body;
use crate::http::extract::{Json, Path, Query};
use crate::ids::new_id;
use crate::time::{StoredTime, Timestamp};

/// A page of the sites of the org.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EnginesOut {
    engines: Vec<EngineOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
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

/// A page of sites.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SitesOut {
    sites: Vec<SiteDetailOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One site.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SiteResultOut {
    site: SiteDetailOut,
}

/// A site with its new key.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SiteKeyRotatedOut {
    site: SiteDetailOut,
    /// The key that was replaced.
    previous_key: Option<String>,
    /// Until when pages may go on with it.
    expires_at: Timestamp,
}

/// `GET /portal/engines`: sites of any status, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/engines", tag = "Dashboards",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 500 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = EnginesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_engines(access: Access<Read>, query: Query) -> Result<Json<EnginesOut>> {
    let page = query.page(500, 500)?;
    let statement = store::engines(access.scope(), &page, access.op.now());
    let (_tenant, [engines]) = access.read([statement]).await?;
    let (engines, next_cursor) = page.cut(engines.all()?, EngineRow::key);
    let engines = engines.into_iter().map(EngineOut::from).collect();
    Ok(Json(EnginesOut { engines, next_cursor }))
}

/// `GET /portal/sites`: sites of any status, newest first; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/sites", tag = "Settings",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = SitesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_sites(access: Access<Read>, query: Query) -> Result<Json<SitesOut>> {
    let page = query.page(50, 100)?;
    let (_tenant, [sites]) = access.read([store::sites(access.scope(), &page)]).await?;
    let (sites, next_cursor) = page.cut(sites.all()?, SiteDetailOut::key);
    Ok(Json(SitesOut { sites, next_cursor }))
}

/// `GET /portal/sites/{id}`: one site.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/sites/{id}", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = SiteResultOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_site(access: Access<Read>, Path(id): Path<String>) -> Result<Json<SiteResultOut>> {
    let (_tenant, [site]) = access.read([store::site(access.scope(), &id)]).await?;
    Ok(Json(SiteResultOut { site: site.first()?.ok_or_else(site_not_found)? }))
}

/// `POST /portal/sites`: makes a site, and its key. Provider keys are stored encrypted.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/sites", tag = "Settings",
    params(("orgId" = Option<String>, Query)), request_body = SiteIn,
    responses((status = 201, body = SiteResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_site(
    access: Access<Administer>,
    body::Read(site): body::Read<SiteIn>,
) -> Result<Response> {
    let fields = Fields::judge(site.into(), access.op.app.config.environment)?;
    let (grant, [room]) = access.grant([store::org_room(access.scope())]).await?;
    if fields.needs_staff_at_first() {
        grant.actor.require_staff()?;
    }
    let OrgRoomRow { org_label, has_room } = room.one()?;
    if !has_room && !grant.actor.caller.user.is_staff {
        return Err(store::no_room());
    }
    let site_key = new_site_key(&org_label, grant.op().app.config.environment)?;
    let id = new_id(grant.op().now())?;
    let site = store::site_insert(&grant, &id, &site_key, fields).await?;
    Ok((StatusCode::CREATED, Json(SiteResultOut { site })).into_response())
}

/// `PATCH /portal/sites/{id}`: changes what the body holds. What is sent as it was changes nothing.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/sites/{id}", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = SitePatch,
    responses((status = 200, body = SiteResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_site(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<SitePatch>,
) -> Result<Json<SiteResultOut>> {
    let fields = Fields::judge(patch, access.op.app.config.environment)?;
    let target = store::site(access.scope(), &id);
    let (grant, site, []) =
        access.grant_for::<SiteDetailOut, 0>(target, site_not_found, []).await?;
    let changed = fields.changed(&site);
    if changed.is_empty() {
        return Ok(Json(SiteResultOut { site }));
    }
    if fields.needs_staff(&changed) {
        grant.actor.require_staff()?;
    }
    let site = store::site_update(&grant, &id, fields, &changed).await?;
    Ok(Json(SiteResultOut { site }))
}

/// `POST /portal/sites/{id}/pause`: the site stops answering at once.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/sites/{id}/pause", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Paused, now or before", body = SiteResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn pause_site(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<SiteResultOut>> {
    set_status(access, &id, SiteStatus::Paused).await
}

/// `POST /portal/sites/{id}/resume`: the site answers again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/sites/{id}/resume", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Active, now or before", body = SiteResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn resume_site(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<SiteResultOut>> {
    set_status(access, &id, SiteStatus::Active).await
}

async fn set_status(
    access: Access<Administer>,
    id: &str,
    status: SiteStatus,
) -> Result<Json<SiteResultOut>> {
    let target = store::site(access.scope(), id);
    let (grant, _site, []) =
        access.grant_for::<SiteDetailOut, 0>(target, site_not_found, []).await?;
    let site = store::status_update(&grant, id, status).await?;
    Ok(Json(SiteResultOut { site }))
}

/// `POST /portal/sites/{id}/rotate-key`: gives the site another key; the one before goes on for a day, or for as long
/// as the body says.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/sites/{id}/rotate-key", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body(content = Option<KeyRotationIn>, description = "May be left out"),
    responses((status = 200, description = "With the new key", body = SiteKeyRotatedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn rotate_site_key(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::ReadOrNothing(rotation): body::ReadOrNothing<KeyRotationIn>,
) -> Result<Json<SiteKeyRotatedOut>> {
    let target = store::site(access.scope(), &id);
    let (grant, label, []) = access.grant_for::<OrgLabelRow, 0>(target, site_not_found, []).await?;
    let site_key = new_site_key(&label.org_label, grant.op().app.config.environment)?;
    let overlap = rotation.overlap(grant.op().now());
    let (site, previous_key) = store::site_key_update(&grant, &id, &site_key, overlap).await?;
    Ok(Json(SiteKeyRotatedOut { site, previous_key, expires_at: overlap.ends }))
}
