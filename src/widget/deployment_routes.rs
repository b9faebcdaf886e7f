//! The administration of deployments: keys, pages, limits, pins, and what became of them.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::deployment::{
    DeploymentChange, NewDeployment, NewPin, WidgetDeploymentIn, WidgetDeploymentPatch,
    WidgetDeploymentStatus, WidgetPinIn,
};
use super::deployment_store::{
    self as store, DeploymentRow, EventCountRow, OrgLabelRow, WidgetDeploymentOut,
    deployment_not_found,
};
use super::profile_store::{self, ProfileRow, profile_not_found};
use super::version::WidgetVersionStatus;
use super::version_store::{self, WidgetVersionOut};
use crate::audit::{self, AuditLogOut};
use crate::auth::permission::{Access, Administer, Grant, Read};
use crate::error::Result;
use crate::http::body;
use crate::http::extract::{Json, Path, Query, refused};
use crate::sites::key::{KeyRotationIn, new_deploy_key};
use crate::sites::site_not_found;
use crate::time::{StoredTime, Timestamp};

/// A page of deployments.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WidgetDeploymentsOut {
    deployments: Vec<WidgetDeploymentOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct WidgetDeploymentResultOut {
    deployment: WidgetDeploymentOut,
}

fn result(row: DeploymentRow) -> Json<WidgetDeploymentResultOut> {
    Json(WidgetDeploymentResultOut { deployment: row.into() })
}

/// A deployment with its new key.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeployKeyRotatedOut {
    deployment: WidgetDeploymentOut,
    /// The key that was replaced.
    previous_key: Option<String>,
    /// Until when pages may go on with it.
    expires_at: Timestamp,
}

/// `GET /portal/widget/deployments`: deployments, newest first; of one site, or of all; for staff without an org, of
/// all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/deployments", tag = "Widget",
    params(("orgId" = Option<String>, Query), ("siteId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WidgetDeploymentsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_widget_deployments(
    access: Access<Read>,
    query: Query,
) -> Result<Json<WidgetDeploymentsOut>> {
    let page = query.page(50, 100)?;
    let statement = match query.text("siteId") {
        Some(site) => store::deployments_of_site(access.scope(), site),
        None => store::deployments(access.scope(), &page),
    };
    let (_tenant, [rows]) = access.read([statement]).await?;
    let (rows, next_cursor) = page.cut(rows.all()?, DeploymentRow::key);
    let deployments = rows.into_iter().map(WidgetDeploymentOut::from).collect();
    Ok(Json(WidgetDeploymentsOut { deployments, next_cursor }))
}

/// `GET /portal/widget/deployments/{id}`: one deployment.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/deployments/{id}", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = WidgetDeploymentResultOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_widget_deployment(
    access: Access<Read>,
    Path(id): Path<String>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    let (_tenant, [row]) = access.read([store::deployment(access.scope(), &id)]).await?;
    Ok(result(row.first()?.ok_or_else(deployment_not_found)?))
}

/// `POST /portal/widget/deployments`: makes a deployment of a site, and its key.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/deployments", tag = "Widget",
    params(("orgId" = Option<String>, Query)), request_body = WidgetDeploymentIn,
    responses((status = 201, body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_widget_deployment(
    access: Access<Administer>,
    body::Read(deployment): body::Read<WidgetDeploymentIn>,
) -> Result<Response> {
    let (site, new) = NewDeployment::judge(deployment)?;
    let target = store::site_to_embed(access.scope(), &site);
    let profile = new.profile.clone().unwrap_or_default();
    let profile = profile_store::profile(access.scope(), &profile);
    let (grant, label, [profile]) =
        access.grant_for::<OrgLabelRow, 1>(target, site_not_found, [profile]).await?;
    if new.profile.is_some() {
        judge_profile(&grant, profile.first()?)?;
    }
    let key = new_deploy_key(&label.org_label, new.environment.into())?;
    let made = store::deployment_insert(&grant, &site, &key, new).await?;
    Ok((StatusCode::CREATED, result(made)).into_response())
}

/// A profile is one of the deployment's own org, also when staff look at all orgs.
fn judge_profile(grant: &Grant, profile: Option<ProfileRow>) -> Result<()> {
    let is_own = profile.is_some_and(|profile| profile.is_of(&grant.org));
    if is_own { Ok(()) } else { Err(profile_not_found()) }
}

/// `PATCH /portal/widget/deployments/{id}`: changes what the body holds. What is sent as it was changes nothing.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/widget/deployments/{id}", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = WidgetDeploymentPatch,
    responses((status = 200, body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_widget_deployment(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<WidgetDeploymentPatch>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    let change = DeploymentChange::judge(patch)?;
    let target = store::deployment(access.scope(), &id);
    let profile = change.profile.value().map_or("", String::as_str);
    let profile = profile_store::profile(access.scope(), profile);
    let (grant, present, [profile]) =
        access.grant_for::<DeploymentRow, 1>(target, deployment_not_found, [profile]).await?;
    if change.profile.value().is_some() {
        judge_profile(&grant, profile.first()?)?;
    }
    let changed = present.changed(&change);
    if changed.is_empty() {
        return Ok(result(present));
    }
    Ok(result(store::deployment_update(&grant, &id, change, &changed).await?))
}

/// `POST /portal/widget/deployments/{id}/activate`: its pages get the widget again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/deployments/{id}/activate", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Active, now or before", body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn activate_widget_deployment(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    set_status(access, &id, WidgetDeploymentStatus::Active).await
}

/// `POST /portal/widget/deployments/{id}/pause`: its pages are refused the widget and answers, at once.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/deployments/{id}/pause", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Paused, now or before", body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn pause_widget_deployment(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    set_status(access, &id, WidgetDeploymentStatus::Paused).await
}

async fn set_status(
    access: Access<Administer>,
    id: &str,
    status: WidgetDeploymentStatus,
) -> Result<Json<WidgetDeploymentResultOut>> {
    let grant = grant_for(&access, id).await?;
    Ok(result(store::deployment_status_update(&grant, id, status).await?))
}

/// The right to change one deployment.
async fn grant_for(access: &Access<Administer>, id: &str) -> Result<Grant> {
    let target = store::deployment(access.scope(), id);
    let (grant, _present, []) =
        access.grant_for::<OrgLabelRow, 0>(target, deployment_not_found, []).await?;
    Ok(grant)
}

/// `POST /portal/widget/deployments/{id}/rotate-key`: gives the deployment another key; the one before goes on for a
/// day, or for as long as the body says. So do those that were replaced before, each until its own end.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/widget/deployments/{id}/rotate-key", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body(content = Option<KeyRotationIn>, description = "May be left out"),
    responses((status = 200, description = "With the new key", body = DeployKeyRotatedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn rotate_deploy_key(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::ReadOrNothing(rotation): body::ReadOrNothing<KeyRotationIn>,
) -> Result<Json<DeployKeyRotatedOut>> {
    let target = store::deployment(access.scope(), &id);
    let (grant, present, []) =
        access.grant_for::<KeyOwnerRow, 0>(target, deployment_not_found, []).await?;
    let key = new_deploy_key(&present.org_label, present.environment.into())?;
    let overlap = rotation.overlap(grant.op().now());
    let deployment = store::deployment_key_update(&grant, &id, &key, overlap).await?;
    let previous_key = deployment.previous_key().map(str::to_owned);
    let deployment = deployment.into();
    Ok(Json(DeployKeyRotatedOut { deployment, previous_key, expires_at: overlap.ends }))
}

crate::row! {
    /// What a deployment's key says of it.
    struct KeyOwnerRow {
        environment: super::deployment::WidgetEnvironment,
        org_label: String,
    }
}

/// `PUT /portal/widget/deployments/{id}/pin`: gives all or some of its visitors one build, or the newest of a channel.
/// Rolling back is changing the pin, or taking it away.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(put, path = "/portal/widget/deployments/{id}/pin", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = WidgetPinIn,
    responses((status = 200, body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn put_widget_pin(
    access: Access<Administer>,
    Path(id): Path<String>,
    body::Read(pin): body::Read<WidgetPinIn>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    let pin = NewPin::judge(pin)?;
    let target = store::deployment(access.scope(), &id);
    let version = pin.version.as_deref().unwrap_or_default();
    let version = version_store::version(access.scope(), version);
    let (grant, present, [version]) =
        access.grant_for::<DeploymentRow, 1>(target, deployment_not_found, [version]).await?;
    if let Some(named) = &pin.version {
        let version: WidgetVersionOut =
            version.first()?.ok_or_else(version_store::version_not_found)?;
        if version.is(WidgetVersionStatus::Deprecated) && !present.is_pinned_to(named) {
            return Err(version_store::version_deprecated());
        }
    }
    Ok(result(store::pin_upsert(&grant, &id, pin).await?))
}

/// `DELETE /portal/widget/deployments/{id}/pin`: all of its visitors get the newest stable build.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/widget/deployments/{id}/pin", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Without a pin, now or before", body = WidgetDeploymentResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_widget_pin(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<WidgetDeploymentResultOut>> {
    let grant = grant_for(&access, &id).await?;
    Ok(result(store::pin_delete(&grant, &id).await?))
}

/// What became of a deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WidgetDeploymentHistoryOut {
    history: Vec<AuditLogOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/widget/deployments/{id}/history`: who published, paused, pinned it or gave it another key, newest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/deployments/{id}/history", tag = "Widget",
    params(("id" = String, Path), ("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 100; 50 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WidgetDeploymentHistoryOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_deployment_history(
    access: Access<Administer>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<WidgetDeploymentHistoryOut>> {
    let page = query.page(50, 100)?;
    let statements = [
        store::deployment(access.scope(), &id),
        audit::entries_of_target(access.scope(), &page, &id),
    ];
    let (_tenant, [deployment, entries]) = access.read(statements).await?;
    if deployment.count()? == 0 {
        return Err(deployment_not_found());
    }
    let (history, next_cursor) = page.cut(entries.all()?, AuditLogOut::key);
    Ok(Json(WidgetDeploymentHistoryOut { history, next_cursor }))
}

/// A page of what widgets of a site told.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WidgetEventsOut {
    events: Vec<WidgetEventCountOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct WidgetEventCountOut {
    date: String,
    /// Null where the site was embedded by its own key.
    deployment_id: Option<String>,
    event: String,
    /// Of busy deployments an estimate.
    count: i64,
    first_at: StoredTime,
    last_at: StoredTime,
}

impl From<EventCountRow> for WidgetEventCountOut {
    fn from(row: EventCountRow) -> Self {
        Self {
            date: row.date,
            deployment_id: (!row.is_of_site).then_some(row.scope_id),
            event: row.event,
            count: row.count,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

/// `GET /portal/widget/events`: how often what happened in the widgets of a site, by day, newest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/widget/events", tag = "Widget",
    params(("siteId" = String, Query), ("orgId" = Option<String>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC"),
           ("limit" = Option<u32>, Query, description = "1 to 1000; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = WidgetEventsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_widget_events(
    access: Access<Read>,
    query: Query,
) -> Result<Json<WidgetEventsOut>> {
    let page = query.page(200, 1_000)?;
    let site = query.text("siteId").ok_or_else(|| refused("siteId", "is required"))?;
    let statements = [
        store::site_to_embed(access.scope(), site),
        store::events(access.scope(), &page, site, query.days()?),
    ];
    let (_tenant, [site, rows]) = access.read(statements).await?;
    if site.count()? == 0 {
        return Err(site_not_found());
    }
    let (rows, next_cursor) = page.cut(rows.all()?, EventCountRow::key);
    let events = rows.into_iter().map(WidgetEventCountOut::from).collect();
    Ok(Json(WidgetEventsOut { events, next_cursor }))
}
