//! `/portal/gateway-tokens`

use http::StatusCode;
use serde::Serialize;

use super::fields::{GatewayTokenIn, RotationIn};
use super::store::{self, GatewayTokenOut, NewToken, TokenRow};
use super::token;
use crate::auth::permission::{Access, Administer};
use crate::error::{Error, Result};
use crate::http::body::{Read, ReadOrNothing, invalid};
use crate::http::extract::{Json, Path, Query};
use crate::ids::new_id;
use crate::row;

/// Secrets of a token that are valid at a time.
const MOST_SECRETS: i64 = 10;

/// A page of tokens.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GatewayTokensOut {
    tokens: Vec<GatewayTokenOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A token with its new secret, which is shown this once.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct GatewayTokenIssuedOut {
    token: GatewayTokenOut,
    /// What servers send as `Authorization: Bearer`; it cannot be read again.
    secret: String,
}

/// What became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct GatewayTokenRevokedOut {
    revoked: bool,
}

row! {
    struct SiteIdRow {
        id: String,
    }
}

/// `GET /portal/gateway-tokens`: newest first, revoked ones included; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/gateway-tokens", tag = "Settings",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = GatewayTokensOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_gateway_tokens(
    access: Access<Administer>,
    query: Query,
) -> Result<Json<GatewayTokensOut>> {
    let page = query.page(50, 200)?;
    let (_tenant, [tokens]) = access.read([store::tokens(access.scope(), &page)]).await?;
    let (tokens, next_cursor) = page.cut(tokens.all()?, GatewayTokenOut::key);
    Ok(Json(GatewayTokensOut { tokens, next_cursor }))
}

/// `POST /portal/gateway-tokens`: makes a token, and shows its secret once.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/gateway-tokens", tag = "Settings",
    params(("orgId" = Option<String>, Query)), request_body = GatewayTokenIn,
    responses((status = 201, body = GatewayTokenIssuedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_gateway_token(
    access: Access<Administer>,
    Read(body): Read<GatewayTokenIn>,
) -> Result<(StatusCode, Json<GatewayTokenIssuedOut>)> {
    let now = access.op.now();
    let (site_ids, expires_at) = (body.sites()?, body.expiry(now)?);
    let named = site_ids.as_deref().unwrap_or_default();
    let (grant, [found]) = access.grant([store::sites_named(access.scope(), named)]).await?;
    let found: Vec<SiteIdRow> = found.all()?;
    if let Some(id) = named.iter().find(|id| found.iter().all(|site| site.id != **id)) {
        return Err(invalid(
            "siteIds",
            &format!("has the entry \"{id}\", which is no site of yours"),
        ));
    }
    let (id, secret) = (new_id(now)?, token::new_secret()?);
    let new = NewToken {
        id: &id,
        name: body.name.as_str(),
        secret: &secret,
        site_ids: site_ids.as_deref(),
        expires_at,
    };
    let token = store::token_insert(&grant, &new).await?.ok_or_else(|| {
        Error::conflict("gateway_token_limit", "Too many gateway tokens")
            .hint("An organization has at most 100 open tokens; revoke one that is not used.")
    })?;
    Ok((StatusCode::CREATED, Json(GatewayTokenIssuedOut { token, secret })))
}

/// `POST /portal/gateway-tokens/{id}/rotate`: gives a token another secret, which is shown this once.
///
/// Its secrets so far stay valid for `overlapHours` at most; those that were rotated away before keep their own end if
/// that is sooner.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/gateway-tokens/{id}/rotate", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body(content = Option<RotationIn>),
    responses((status = 200, body = GatewayTokenIssuedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn rotate_gateway_token(
    access: Access<Administer>,
    Path(id): Path<String>,
    ReadOrNothing(body): ReadOrNothing<RotationIn>,
) -> Result<Json<GatewayTokenIssuedOut>> {
    let now = access.op.now();
    let target = store::token(access.scope(), &id, now);
    let (grant, target, []) = access.grant_for::<TokenRow, 0>(target, token_not_found, []).await?;
    let has_ended = target.expires_at.is_some_and(|end| end.as_str() <= now.to_string().as_str());
    if target.revoked_at.is_some() || has_ended {
        return Err(token_closed());
    }
    let overlap_hours = body.overlap_hours();
    if overlap_hours > 0 && target.secrets >= MOST_SECRETS {
        return Err(Error::conflict("gateway_secret_limit", "Too many secrets of this token")
            .hint("Wait until an old one has expired, or end all with \"overlapHours\": 0."));
    }
    let secret = token::new_secret()?;
    let rotated = store::secret_rotate(&grant, &target.id, &secret, overlap_hours).await?;
    let token = rotated.ok_or_else(token_closed)?;
    Ok(Json(GatewayTokenIssuedOut { token, secret }))
}

/// `DELETE /portal/gateway-tokens/{id}`: revokes a token with all its secrets, at once and for good.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/gateway-tokens/{id}", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Revoked, now or before", body = GatewayTokenRevokedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn revoke_gateway_token(
    access: Access<Administer>,
    Path(id): Path<String>,
) -> Result<Json<GatewayTokenRevokedOut>> {
    let access = access.while_read_only();
    let target = store::token(access.scope(), &id, access.op.now());
    let (grant, target, []) = access.grant_for::<TokenRow, 0>(target, token_not_found, []).await?;
    store::token_revoke(&grant, &target.id).await?;
    Ok(Json(GatewayTokenRevokedOut { revoked: true }))
}

#[cold]
#[track_caller]
fn token_not_found() -> Error {
    Error::not_found("gateway_token_not_found", "Gateway token not found")
        .hint("There is no such token, or it belongs to another organization.")
}

#[cold]
#[track_caller]
fn token_closed() -> Error {
    Error::conflict("gateway_token_closed", "Gateway token is closed")
        .hint("It was revoked or has expired; make another.")
}
