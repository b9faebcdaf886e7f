//! `POST /portal/knowledge/sources` and what is below it.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

use super::fetching;
use super::ingestion::{run_soon, source_not_found};
use super::source_store::{self, SourceIn, SourcePatch, SourceRow, SourceStatus, source_target};
use super::store::KnowledgeSourceOut;
use crate::auth::permission::{Access, Write};
use crate::error::{Error, Result};
use crate::http::body;
use crate::http::extract::{DeletedOut, Json, Path};
use crate::ids::new_id;

/// One source.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SourceOut {
    source: KnowledgeSourceOut,
}

/// `POST /portal/knowledge/sources`: makes a source of documents. A web site begins to be read when its `config` says
/// where it is.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/sources", tag = "Knowledge",
    params(("orgId" = Option<String>, Query)), request_body = SourceIn,
    responses((status = 201, body = SourceOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_source(
    access: Access<Write>,
    body::Read(source): body::Read<SourceIn>,
) -> Result<Response> {
    let (grant, []) = access.grant([]).await?;
    let id = new_id(grant.op().now())?;
    let source = source_store::source_insert(&grant, &id, source).await?;
    Ok((StatusCode::CREATED, Json(SourceOut { source })).into_response())
}

/// `PATCH /portal/knowledge/sources/{id}`: renames a source, pauses it or lets it go on, or tells it something else.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/knowledge/sources/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = SourcePatch,
    responses((status = 200, body = SourceOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_source(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<SourcePatch>,
) -> Result<Json<SourceOut>> {
    if patch.fields().is_empty() {
        return Err(Error::bad_request("nothing_to_change", "Nothing to change")
            .hint("Send one of name, status and config."));
    }
    let target = source_target(access.scope(), &id);
    let (grant, source, []) =
        access.grant_for::<SourceRow, 0>(target, source_not_found, []).await?;
    let source = source_store::source_update(&grant, &source, patch).await?;
    Ok(Json(SourceOut { source: source.ok_or_else(source_not_found)? }))
}

/// `DELETE /portal/knowledge/sources/{id}`: deletes a source with its documents, versions and what answers quote of
/// them. It is gone at once; many documents take a while.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/knowledge/sources/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_source(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let target = source_target(access.scope(), &id);
    let (grant, source, []) =
        access.grant_for::<SourceRow, 0>(target, source_not_found, []).await?;
    if !source_store::source_remove(&grant, &source).await? {
        return Err(source_not_found());
    }
    run_soon(grant.op());
    Ok(Json(DeletedOut::DONE))
}

/// `POST /portal/knowledge/sources/{id}/sync`: asks for a web site to be read now.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/sources/{id}/sync", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 202, description = "Asked for, now or before", body = SourceOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn sync_source(access: Access<Write>, Path(id): Path<String>) -> Result<Response> {
    let target = source_target(access.scope(), &id);
    let (grant, source, []) =
        access.grant_for::<SourceRow, 0>(target, source_not_found, []).await?;
    if source.status == SourceStatus::Paused.as_str() {
        return Err(Error::conflict("source_paused", "Source is paused")
            .hint("Send PATCH with {\"status\": \"connected\"} first."));
    }
    let Some(kind) = source.r#type.filter(|kind| fetching::reads(*kind)) else {
        return Err(Error::conflict("source_not_read", "Source is not read by itself").hint(
            "Only sources of type url are; send the documents of others to /portal/knowledge/documents.",
        ));
    };
    let source = source_store::source_sync(&grant, &source, kind).await?;
    let source = source.ok_or_else(source_not_found)?;
    Ok((StatusCode::ACCEPTED, Json(SourceOut { source })).into_response())
}
