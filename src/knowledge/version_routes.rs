//! `POST /portal/knowledge/versions/{id}/…` and `POST /portal/knowledge/documents/{id}/rollback`.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::document_store::document_archived;
use super::ingestion::run_soon;
use super::store::KnowledgeVersionOut;
use super::version_store::{self, VersionRow, version_target};
use crate::auth::permission::{Access, Write};
use crate::body;
use crate::error::{Error, Result};
use crate::http::body::{self, Text};
use crate::http::extract::{Json, Path};

body! {
    /// The version to go back to.
    pub struct RollbackIn {
        version_id as "versionId": Text<1, 200>,
    }
}

/// One version.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct VersionOut {
    version: KnowledgeVersionOut,
    /// Whether it is about to go live: once the index holds it.
    is_publishing: bool,
}

/// `POST /portal/knowledge/versions/{id}/publish`: makes a version the one that answers quote, in place of the one that
/// is live.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/versions/{id}/publish", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 202, description = "It goes live within seconds", body = VersionOut), (status = 200, description = "It is live", body = VersionOut),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn publish_version(access: Access<Write>, Path(id): Path<String>) -> Result<Response> {
    publish(access, &id, None).await
}

/// `POST /portal/knowledge/documents/{id}/rollback`: makes an earlier version of a document live again.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/documents/{id}/rollback", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = RollbackIn,
    responses((status = 202, description = "It goes live within seconds", body = VersionOut), (status = 200, description = "It is live", body = VersionOut),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn rollback_document(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(body): body::Read<RollbackIn>,
) -> Result<Response> {
    publish(access, body.version_id.as_str(), Some(&id)).await
}

/// Publishes a version, of a certain document if one is named.
async fn publish(access: Access<Write>, id: &str, document: Option<&str>) -> Result<Response> {
    let target = version_target(access.scope(), id);
    let (grant, version, []) =
        access.grant_for::<VersionRow, 0>(target, version_not_found, []).await?;
    if document.is_some_and(|document| document != version.document_id) {
        return Err(version_not_found());
    }
    if version.document_status == "archived" {
        return Err(document_archived());
    }
    if version.is_emptied {
        return Err(version_emptied());
    }
    if version.chunk_count == 0 {
        return Err(Error::conflict("version_not_ready", "Version is not ready").hint(
            "Its text was not processed yet, or could not be; see GET /portal/knowledge/jobs.",
        ));
    }
    let is_done = version.published_version_id.as_deref() == Some(id);
    let event = match document {
        Some(_) => "knowledge.version.rolled_back",
        None => "knowledge.version.published",
    };
    let metadata = json!({"documentId": version.document_id});
    let out = version_store::version_publish(&grant, &version, event, metadata, is_done).await?;
    let version = out.ok_or_else(version_not_found)?;
    if is_done {
        let is_publishing = !version.is_live();
        return Ok(Json(VersionOut { version, is_publishing }).into_response());
    }
    run_soon(grant.op());
    Ok((StatusCode::ACCEPTED, Json(VersionOut { version, is_publishing: true })).into_response())
}

/// `POST /portal/knowledge/versions/{id}/archive`: puts a version away. Of a document whose live version is archived,
/// answers quote nothing.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/versions/{id}/archive", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, description = "Archived, now or before", body = VersionOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn archive_version(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<VersionOut>> {
    let target = version_target(access.scope(), &id);
    let (grant, version, []) =
        access.grant_for::<VersionRow, 0>(target, version_not_found, []).await?;
    let version = version_store::version_archive(&grant, &version).await?;
    run_soon(grant.op());
    let version = version.ok_or_else(version_not_found)?;
    Ok(Json(VersionOut { version, is_publishing: false }))
}

/// `POST /portal/knowledge/versions/{id}/rechunk`: cuts a version's text into passages anew, as it is cut now.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/versions/{id}/rechunk", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 202, description = "Queued, now or before", body = VersionOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn rechunk_version(access: Access<Write>, Path(id): Path<String>) -> Result<Response> {
    let target = version_target(access.scope(), &id);
    let (grant, version, []) =
        access.grant_for::<VersionRow, 0>(target, version_not_found, []).await?;
    if version.is_emptied {
        return Err(version_emptied());
    }
    let version = version_store::version_rechunk(&grant, &version).await?;
    run_soon(grant.op());
    let version = version.ok_or_else(version_not_found)?;
    Ok((StatusCode::ACCEPTED, Json(VersionOut { version, is_publishing: false })).into_response())
}

#[cold]
#[track_caller]
fn version_emptied() -> Error {
    Error::conflict("version_emptied", "Version has no text any more").hint(
        "Of a document the ten newest earlier versions keep their text; upload the text again.",
    )
}

#[cold]
#[track_caller]
fn version_not_found() -> Error {
    Error::not_found("version_not_found", "Version not found")
        .hint("There is no such version, or it belongs to another organization or document.")
}
