//! `GET` and `PATCH /portal/config`

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde_json::Value;

use super::parts::Parts;
use super::precondition::{Precondition, etag};
use super::store::{self, Config, ConfigRow};
use crate::auth::permission::{Access, Administer, Read, Tenant};
use crate::error::Result;
use crate::http::body;
use crate::http::extract::Json;
use crate::ids::OrgId;
use crate::time::StoredTime;

/// The configuration of an org.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct ConfigResultOut {
    /// `null` in the view of all orgs.
    config: Option<PortalConfigOut>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct PortalConfigOut {
    #[serde(rename = "orgId")]
    org_id: OrgId,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
    branding: Value,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<String>))]
    enabled_modules: Value,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<Object>))]
    custom_cards: Value,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
    settings: Value,
    updated_at: Option<StoredTime>,
}

/// The answer with its entity tag.
fn answer(config: Config) -> Response {
    let tag = HeaderValue::from_str(&etag(config.version));
    let [branding, enabled_modules, custom_cards, settings] = config.parts;
    let config = PortalConfigOut {
        org_id: config.org_id,
        branding,
        enabled_modules,
        custom_cards,
        settings,
        updated_at: config.updated_at,
    };
    let mut response = Json(ConfigResultOut { config: Some(config) }).into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `GET /portal/config`: branding, modules, cards and settings; the defaults until an admin writes them.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/config", tag = "Settings",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = ConfigResultOut, headers(("ETag" = String, description = "Names this version; send it as If-Match with a change"))),
              crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_portal_config(access: Access<Read>) -> Result<Response> {
    let (tenant, [config]) = access.read([store::portal_config(access.scope())]).await?;
    let Tenant::Org(org) = tenant else {
        return Ok(Json(ConfigResultOut { config: None }).into_response());
    };
    let config = config.first::<ConfigRow>()?;
    Ok(answer(config.map_or_else(|| Config::default(org, access.op.now()), Config::from)))
}

/// `PATCH /portal/config`: replaces the parts that the body holds, each as a whole; `null` brings the default back.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/config", tag = "Settings",
    params(("orgId" = Option<String>, Query),
           ("If-Match" = Option<String>, Header, description = "The ETag that the change was made from; `*`: one must be stored")),
    request_body = super::parts::PortalConfigPatch,
    responses((status = 200, body = ConfigResultOut, headers(("ETag" = String, description = "Names the new version"))),
              (status = 412, description = "Another change came between; nothing was written (`precondition_failed`)", body = crate::openapi::Problem, content_type = "application/problem+json"),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_portal_config(
    access: Access<Administer>,
    headers: HeaderMap,
    body::Read(parts): body::Read<Parts>,
) -> Result<Response> {
    let (grant, [config]) = access.grant([store::portal_config(access.scope())]).await?;
    let present = config
        .first::<ConfigRow>()?
        .map_or_else(|| Config::default(grant.org.clone(), grant.op().now()), Config::from);
    let expected = Precondition::of(&headers).judge(present.version)?;
    let config = store::portal_config_upsert(&grant, present, parts, expected).await?;
    Ok(answer(config))
}
