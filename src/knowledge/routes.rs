//! `GET /portal/knowledge` and what is below it.

use serde::Serialize;

use super::store::{
    self, KnowledgeChunkOut, KnowledgeDocumentOut, KnowledgeJobOut, KnowledgeSourceOut,
    KnowledgeVersionOut, PolicyOut,
};
use crate::auth::permission::{Access, Read};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Query};
use crate::page::Page;

/// What an org knows. Each list but that of jobs is paged by a cursor of its own.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KnowledgeOut {
    sources: Vec<KnowledgeSourceOut>,
    documents: Vec<KnowledgeDocumentOut>,
    policies: Vec<PolicyOut>,
    /// The 25 that changed last.
    jobs: Vec<KnowledgeJobOut>,
    /// Only when there is no source.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_sources_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_documents_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_policies_cursor: Option<String>,
}

/// `GET /portal/knowledge`: sources, documents, policies and jobs, last changed first; for staff without an
/// org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge", tag = "Knowledge",
    params(("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "Of each list: 1 to 500; 200 if absent"),
           ("sourcesCursor" = Option<String>, Query), ("documentsCursor" = Option<String>, Query),
           ("policiesCursor" = Option<String>, Query)),
    responses((status = 200, body = KnowledgeOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_knowledge(access: Access<Read>, query: Query) -> Result<Json<KnowledgeOut>> {
    let page = |cursor| Page::new(query.text("limit"), query.text(cursor), 200, 500);
    let (of_sources, of_documents, of_policies) =
        (page("sourcesCursor")?, page("documentsCursor")?, page("policiesCursor")?);
    let scope = access.scope();
    let (_tenant, [sources, documents, policies, jobs]) = access
        .read([
            store::sources(scope, &of_sources),
            store::documents(scope, &of_documents),
            store::policies_changed(scope, &of_policies),
            store::jobs(scope),
        ])
        .await?;

    let (sources, next_sources_cursor) = of_sources.cut(sources.all()?, KnowledgeSourceOut::key);
    let (documents, next_documents_cursor) =
        of_documents.cut(documents.all()?, KnowledgeDocumentOut::key);
    let (policies, next_policies_cursor) = of_policies.cut(policies.all()?, PolicyOut::changed_key);
    let message = sources.is_empty().then_some("No knowledge sources configured");
    Ok(Json(KnowledgeOut {
        sources,
        documents,
        policies,
        jobs: jobs.all()?,
        message,
        next_sources_cursor,
        next_documents_cursor,
        next_policies_cursor,
    }))
}

/// A page of policies.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PoliciesOut {
    policies: Vec<PolicyOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/knowledge/policies`: policies by name; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge/policies", tag = "Knowledge",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PoliciesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_policies(access: Access<Read>, query: Query) -> Result<Json<PoliciesOut>> {
    let page = query.page(200, 500)?;
    let statement = store::policies(access.scope(), &page);
    let (_tenant, [policies]) = access.read([statement]).await?;
    let (policies, next_cursor) = page.cut(policies.all()?, PolicyOut::name_key);
    Ok(Json(PoliciesOut { policies, next_cursor }))
}

/// A page of a document's versions.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VersionsOut {
    versions: Vec<KnowledgeVersionOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/knowledge/versions`: the versions of a document, highest number first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge/versions", tag = "Knowledge",
    params(("documentId" = String, Query), ("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = VersionsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_versions(access: Access<Read>, query: Query) -> Result<Json<VersionsOut>> {
    let document = query
        .text("documentId")
        .ok_or_else(|| Error::bad_request("document_required", "documentId is required"))?;
    let page = query.page(200, 500)?;
    let statements = store::versions(access.scope(), &page, document);
    let (_tenant, [seen, versions]) = access.read(statements).await?;
    if seen.count()? == 0 {
        return Err(Error::not_found("document_not_found", "Document not found"));
    }
    let (versions, next_cursor) = page.cut(versions.all()?, KnowledgeVersionOut::key);
    Ok(Json(VersionsOut { versions, next_cursor }))
}

/// A page of a version's chunks.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChunksOut {
    chunks: Vec<KnowledgeChunkOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/knowledge/chunks`: the chunks of a version, by page.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge/chunks", tag = "Knowledge",
    params(("versionId" = String, Query), ("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = ChunksOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_chunks(access: Access<Read>, query: Query) -> Result<Json<ChunksOut>> {
    let version = query
        .text("versionId")
        .ok_or_else(|| Error::bad_request("version_required", "versionId is required"))?;
    let page = query.page(200, 500)?;
    let statements = store::chunks(access.scope(), &page, version);
    let (_tenant, [seen, chunks]) = access.read(statements).await?;
    if seen.count()? == 0 {
        return Err(Error::not_found("version_not_found", "Version not found"));
    }
    let (chunks, next_cursor) = page.cut(chunks.all()?, KnowledgeChunkOut::key);
    Ok(Json(ChunksOut { chunks, next_cursor }))
}
