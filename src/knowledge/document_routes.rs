//! `POST /portal/knowledge/documents`, `POST /portal/knowledge/qa` and what is below them.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use super::document_store::{
    self, DocumentIn, DocumentPatch, DocumentRow, PairIn, PairPatch, PairRow, Shelf,
    document_not_found, document_target, intake_of_document, intake_of_source, open, pair_text,
};
use super::ingestion::{
    Content, TakenIn, Target, TargetRow, Text, Written, refusal, run_soon, source_not_found,
    unsupported, write_text,
};
use super::parsing::{self, Format};
use super::source_store::source_of_pairs;
use super::store::KnowledgeDocumentOut;
use crate::auth::permission::{Access, Grant, Write};
use crate::choice;
use crate::error::{Error, Result};
use crate::http::body;
use crate::http::extract::{DeletedOut, Json, Path, Query, RawBody, refused};

/// Longest parameters of an upload, in characters.
const LONGEST_PARAMETER: usize = 1_000;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 200;

choice! {
    /// What a text did to a document.
    pub enum Effect {
        /// A version of it is being processed.
        Queued = "queued",
        /// An earlier version holds the same text, and goes live again.
        Republished = "republished",
        /// The document holds this text already.
        Unchanged = "unchanged",
    }
}

/// A document and what became of a text.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct TakenOut {
    document: KnowledgeDocumentOut,
    effect: Effect,
    /// The version that holds the text; absent where nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

/// One document.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct DocumentOut {
    document: KnowledgeDocumentOut,
}

/// `POST /portal/knowledge/documents`: takes a text in as a new document, or as the next version of the document that
/// its source calls so.
///
/// A text that the document holds already makes no version.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/documents", tag = "Knowledge",
    params(("orgId" = Option<String>, Query)), request_body = DocumentIn,
    responses((status = 201, description = "A new document", body = TakenOut), (status = 200, description = "A document that was there", body = TakenOut),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_document(
    access: Access<Write>,
    body::Read(document): body::Read<DocumentIn>,
) -> Result<Response> {
    let given =
        |text: Option<body::Text<0, 1000>>| text.map(|text| text.0).filter(|text| !text.is_empty());
    let named =
        |text: Option<body::Text<0, 200>>| text.map(|text| text.0).filter(|text| !text.is_empty());
    let (Some(source), Some(title)) = (named(document.source_id), named(document.title)) else {
        return Err(source_and_title_required());
    };
    let external_id = given(document.external_id);
    let target = intake_of_source(access.scope(), &source, external_id.as_deref());
    let (grant, target, []) =
        access.grant_for::<TargetRow, 0>(target, source_not_found, []).await?;
    let Some(content) = document.content else { return Err(content_required()) };
    let media_type = document.mime_type.map(|text| text.0).filter(|text| !text.is_empty());
    let format = Format::of(media_type.as_deref().unwrap_or("text/markdown"));
    let format = format.filter(|format| format.is_text()).ok_or_else(|| {
        body::invalid(
            "mimeType",
            "must be text/plain, text/markdown or text/html; upload other files",
        )
    })?;
    let manuscript = parsing::parse(format, Some("utf-8"), content.0.as_bytes())?;
    let content = Content {
        text: Text::of(manuscript, format.media_type(), content.0.len()),
        title: Some(title),
        path: given(document.path),
        external_id,
        checksum: document.checksum.map(|text| text.0).filter(|text| !text.is_empty()),
        note: document.change_note.map(|text| text.0).filter(|text| !text.is_empty()),
        publishes: document.publish.unwrap_or(true),
    };
    store_text(&grant, &open(target)?, &content, None).await
}

/// `POST /portal/knowledge/documents/upload`: takes a file in, as a new document of a source or as the next version of
/// one. The body is the file, of at most 10 MiB: plain text, Markdown, HTML, PDF or DOCX, as `Content-Type` says.
///
/// The file is read at once, so that the answer says what is wrong with it; its text is kept, the file is not.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/documents/upload", tag = "Knowledge",
    params(("orgId" = Option<String>, Query), ("sourceId" = Option<String>, Query, description = "The source of a new document"),
           ("documentId" = Option<String>, Query, description = "The document of a new version"),
           ("title" = Option<String>, Query, description = "If absent, what the file calls itself"), ("path" = Option<String>, Query),
           ("externalId" = Option<String>, Query, description = "What the source calls it: a document of that name gets a new version"),
           ("publish" = Option<bool>, Query, description = "Whether it goes live once it is ready; if absent, it does"),
           ("changeNote" = Option<String>, Query)),
    request_body(content = Vec<u8>, description = "The file", content_type = "application/octet-stream"),
    responses((status = 201, description = "A new document", body = TakenOut), (status = 200, description = "A document that was there", body = TakenOut),
              crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn upload_document(
    access: Access<Write>,
    query: Query,
    headers: HeaderMap,
    RawBody(file): RawBody,
) -> Result<Response> {
    let parameter = |name: &str| bounded(&query, name, LONGEST_PARAMETER);
    let (source, document) = (parameter("sourceId")?, parameter("documentId")?);
    let external_id = parameter("externalId")?;
    let (target, not_found): (_, fn() -> Error) = match (&source, &document) {
        (Some(source), None) => {
            let target = intake_of_source(access.scope(), source, external_id.as_deref());
            (target, source_not_found)
        }
        (None, Some(document)) => {
            (intake_of_document(access.scope(), document), document_not_found)
        }
        _ => return Err(refused("sourceId", "or \"documentId\" is required, and not both")),
    };
    let publishes = query.flag("publish")?.unwrap_or(true);
    let (title, path) = (bounded(&query, "title", LONGEST_TITLE)?, parameter("path")?);
    let note = parameter("changeNote")?;
    let (grant, target, []) = access.grant_for::<TargetRow, 0>(target, not_found, []).await?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = media_type.and_then(Format::of).ok_or_else(unsupported)?;
    let charset = media_type.and_then(parsing::charset::of_media_type);
    let manuscript = parsing::parse(format, charset, &file)?;
    let content = Content {
        text: Text::of(manuscript, format.media_type(), file.len()),
        title,
        path,
        external_id,
        checksum: None,
        note,
        publishes,
    };
    store_text(&grant, &open(target)?, &content, None).await
}

#[cold]
#[track_caller]
fn source_and_title_required() -> Error {
    Error::bad_request("source_and_title_required", "Source and title are required")
        .hint("\"sourceId\" names a source, \"title\" is a text of 1 to 200 characters.")
}

/// A parameter of one line that is not too long.
fn bounded(query: &Query, name: &str, most: usize) -> Result<Option<String>> {
    let Some(text) = query.text(name).map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(refused(name, &format!("must be one line of at most {most} characters")));
    }
    Ok(Some(text.to_owned()))
}

/// Writes a text, and answers with its document.
async fn store_text(
    grant: &Grant,
    target: &Target,
    content: &Content,
    before: Option<crate::db::Statement>,
) -> Result<Response> {
    let by = grant.actor.caller.user.id.as_str();
    let written = write_text(grant.op(), &grant.org, by, target, content, Some(grant))?;
    let Written { taken, batch: texts, version_at } = written;
    let changes = !texts.is_empty();
    let (effect, document_id, version_id) = match taken {
        TakenIn::Queued { document_id, version_id } => {
            (Effect::Queued, document_id, Some(version_id))
        }
        TakenIn::Republished { document_id, version_id } => {
            (Effect::Republished, document_id, Some(version_id))
        }
        TakenIn::Unchanged => {
            let known = target.document.as_ref().map(|known| known.id.clone());
            (Effect::Unchanged, known.unwrap_or_default(), None)
        }
    };
    let version_at = version_at.map(|at| at + usize::from(before.is_some()));
    let batch = before.into_iter().chain(texts).collect();
    let document = document_store::text_write(grant, &document_id, batch, version_at).await?;
    let Some(document) = document else {
        return Err(refusal(grant.op(), &grant.org, content).await?);
    };
    if changes {
        run_soon(grant.op());
    }
    let status = if target.document.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TakenOut { document, effect, version_id })).into_response())
}

/// `PATCH /portal/knowledge/documents/{id}`: renames a document, takes it into the archive or out of it.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/knowledge/documents/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = DocumentPatch,
    responses((status = 200, body = DocumentOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_document(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<DocumentPatch>,
) -> Result<Json<DocumentOut>> {
    if patch.fields().is_empty() {
        return Err(Error::bad_request("nothing_to_change", "Nothing to change")
            .hint("Send one of title and status."));
    }
    let target = document_target(access.scope(), &id);
    let (grant, row, []) =
        access.grant_for::<DocumentRow, 0>(target, document_not_found, []).await?;
    let is_archived = row.status == Shelf::Archived.as_str();
    if patch.status == Some(Shelf::Ready) && !is_archived && row.status != Shelf::Ready.as_str() {
        return Err(Error::conflict("document_not_archived", "Document is not archived")
            .hint("It becomes ready by itself once one of its versions was processed."));
    }
    let document = document_store::document_update(&grant, &id, patch).await?;
    run_soon(grant.op());
    Ok(Json(DocumentOut { document: document.ok_or_else(document_not_found)? }))
}

/// `DELETE /portal/knowledge/documents/{id}`: deletes a document with its versions and what answers quote of it.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/knowledge/documents/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_document(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    delete(access, &id, document_not_found, |_| true).await
}

async fn delete(
    access: Access<Write>,
    id: &str,
    not_found: fn() -> Error,
    is_meant: fn(&DocumentRow) -> bool,
) -> Result<Json<DeletedOut>> {
    let target = document_target(access.scope(), id);
    let (grant, document, []) = access.grant_for::<DocumentRow, 0>(target, not_found, []).await?;
    if !is_meant(&document) || !document_store::document_delete(&grant, &document).await? {
        return Err(not_found());
    }
    run_soon(grant.op());
    Ok(Json(DeletedOut::DONE))
}

/// `POST /portal/knowledge/qa`: takes a question with its answer in, which are one passage.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/portal/knowledge/qa", tag = "Knowledge",
    params(("orgId" = Option<String>, Query)), request_body = PairIn,
    responses((status = 201, body = TakenOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_pair(
    access: Access<Write>,
    body::Read(pair): body::Read<PairIn>,
) -> Result<Response> {
    let (grant, target, before) = if let Some(source) = &pair.source_id {
        let target = intake_of_source(access.scope(), source.as_str(), None);
        let (grant, target, []) =
            access.grant_for::<TargetRow, 0>(target, source_not_found, []).await?;
        (grant, open(target)?, None)
    } else {
        let (grant, []) = access.grant([]).await?;
        let (source_id, insert) = source_of_pairs(&grant);
        (grant, Target { source_id, document: None }, Some(insert))
    };
    let content =
        pair_content(pair.question.as_str(), pair.answer.as_str(), pair.publish.unwrap_or(true));
    store_text(&grant, &target, &content, before).await
}

/// `PATCH /portal/knowledge/qa/{id}`: changes a question or its answer, as the next version of the two.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/knowledge/qa/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = PairPatch,
    responses((status = 200, body = TakenOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_pair(
    access: Access<Write>,
    Path(id): Path<String>,
    body::Read(patch): body::Read<PairPatch>,
) -> Result<Response> {
    if patch.question.is_none() && patch.answer.is_none() {
        return Err(Error::bad_request("nothing_to_change", "Nothing to change")
            .hint("Send one of question and answer."));
    }
    let scope = access.scope();
    let (target, text) = (intake_of_document(scope, &id), pair_text(scope, &id));
    let (grant, target, [text]) =
        access.grant_for::<TargetRow, 1>(target, pair_not_found, [text]).await?;
    let row: PairRow = text.first()?.ok_or_else(pair_not_found)?;
    let stored = row.text.unwrap_or_default();
    let (question, answer) = stored.split_once('\n').unwrap_or((&stored, ""));
    let question = patch.question.as_ref().map_or(question, body::Text::as_str);
    let answer = patch.answer.as_ref().map_or(answer, body::Lines::as_str);
    let content = pair_content(question, answer, patch.publish.unwrap_or(true));
    store_text(&grant, &open(target)?, &content, None).await
}

/// `DELETE /portal/knowledge/qa/{id}`: deletes a question with its answer.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/knowledge/qa/{id}", tag = "Knowledge",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)),
    responses((status = 200, body = DeletedOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn delete_pair(
    access: Access<Write>,
    Path(id): Path<String>,
) -> Result<Json<DeletedOut>> {
    let is_pair = |document: &DocumentRow| document.mime_type.as_deref() == Some(Format::QUESTION);
    delete(access, &id, pair_not_found, is_pair).await
}

fn pair_content(question: &str, answer: &str, publishes: bool) -> Content {
    Content {
        text: Text::pair(question, answer),
        title: Some(question.chars().take(200).collect()),
        path: None,
        external_id: None,
        checksum: None,
        note: None,
        publishes,
    }
}

#[cold]
#[track_caller]
fn content_required() -> Error {
    Error::bad_request("content_required", "Content is required").hint(
        "Send the text as \"content\", or the file to /portal/knowledge/documents/upload. The pages of a web site come \
         with its source: POST /portal/knowledge/sources/{id}/sync.",
    )
}

#[cold]
#[track_caller]
fn pair_not_found() -> Error {
    Error::not_found("pair_not_found", "Question not found")
        .hint("There is no such question, or it belongs to another organization.")
}
