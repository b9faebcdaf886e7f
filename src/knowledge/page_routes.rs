//! `GET /portal/knowledge/sources/{id}/pages`.

use serde::Serialize;

use super::page_store::{self, KnowledgePageOut};
use crate::auth::permission::{Access, Read};
use crate::error::{Error, Result};
use crate::http::extract::{Json, Path, Query};

/// A page of the pages of a web site.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PagesOut {
    pages: Vec<KnowledgePageOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /portal/knowledge/sources/{id}/pages`: what is known of each page of a source of type `url`, by address: since
/// when, until when, and why it is not taken in.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/knowledge/sources/{id}/pages", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query),
           ("limit" = Option<u32>, Query, description = "1 to 500; 200 if absent"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PagesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_source_pages(
    access: Access<Read>,
    Path(source): Path<String>,
    query: Query,
) -> Result<Json<PagesOut>> {
    let page = query.page(200, 500)?;
    let statements = page_store::pages(access.scope(), &page, &source);
    let (_tenant, [seen, pages]) = access.read(statements).await?;
    if seen.count()? == 0 {
        return Err(Error::not_found("source_not_found", "Source not found")
            .hint("There is no such source, or it belongs to another organization."));
    }
    let (pages, next_cursor) = page.cut(pages.all()?, KnowledgePageOut::key);
    Ok(Json(PagesOut { pages, next_cursor }))
}
