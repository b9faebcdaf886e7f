//! The statements and rows of changes to documents.

use serde_json::{Value, json};

use super::ingestion::{TargetRow, is_refused};
use super::store::KnowledgeDocumentOut;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::body::{Lines, Member, Text};
use crate::{body, choice, row, scoped_sql, sql};

const INTAKE_OF_SOURCE: &str = scoped_sql!("sql/intake_of_source.sql");
const INTAKE_OF_DOCUMENT: &str = scoped_sql!("sql/intake_of_document.sql");
const PAIR_TEXT: &str = scoped_sql!("sql/pair_text.sql");
const DOCUMENT_TARGET: &str = scoped_sql!("sql/document_target.sql");
const DOCUMENT_OF_ORG: &str = sql!("sql/document_of_org.sql");
const DOCUMENT_UPDATE: &str = sql!("sql/document_update.sql");
const DOCUMENT_DELETE: &str = sql!("sql/document_delete.sql");

/// A text of any kind; its length is bounded with the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyText(pub(super) String);

impl Member for AnyText {
    fn from_member(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self(text)),
            _ => Err("must be a text".to_owned()),
        }
    }
}

body! {
    /// A new document, or with the `externalId` of one its next version.
    pub struct DocumentIn {
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Text<1, 200>))]
        source_id as "sourceId": Option<Text<0, 200>>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Text<1, 200>))]
        title as "title": Option<Text<0, 200>>,
        /// Where it is, as people read it.
        path as "path": Option<Text<0, 1000>>,
        /// What the source calls it.
        external_id as "externalId": Option<Text<0, 1000>>,
        /// Kept as it is sent; what was sent before is known by its text.
        checksum as "checksum": Option<Text<0, 200>>,
        /// Of `content`: `text/plain`, `text/markdown` or `text/html`; `text/markdown` if absent.
        mime_type as "mimeType": Option<Text<0, 100>>,
        /// The text.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>))]
        content as "content": Option<AnyText>,
        /// Whether it goes live once it is ready; if absent, it does.
        publish as "publish": Option<bool>,
        /// What is new.
        change_note as "changeNote": Option<Text<0, 500>>,
    }
}

choice! {
    /// Whether a document is shown.
    pub enum Shelf {
        /// Answers quote what is live of it.
        Ready = "ready",
        /// Answers quote nothing of it.
        Archived = "archived",
    }
}

body! {
    /// Changes to a document: what is absent stays.
    pub struct DocumentPatch {
        title as "title": Option<Text<1, 200>>,
        status as "status": Option<Shelf>,
    }
}

impl DocumentPatch {
    /// Names of the members that are sent.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let members = [("title", self.title.is_some()), ("status", self.status.is_some())];
        members.into_iter().filter(|(_, is_sent)| *is_sent).map(|(name, _)| name).collect()
    }
}

body! {
    /// A question with its answer, short enough for the two to be one passage.
    pub struct PairIn {
        /// If absent, a source of the organization's own.
        source_id as "sourceId": Option<Text<1, 200>>,
        question as "question": Text<1, 300>,
        answer as "answer": Lines<1, 4000>,
        /// Whether it goes live once it is ready; if absent, it does.
        publish as "publish": Option<bool>,
    }
}

body! {
    /// Changes to a question or its answer: what is absent stays.
    pub struct PairPatch {
        question as "question": Option<Text<1, 300>>,
        answer as "answer": Option<Lines<1, 4000>>,
        /// Whether it goes live once it is ready; if absent, it does.
        publish as "publish": Option<bool>,
    }
}

row! {
    /// A document that is to be changed.
    #[derive(Debug)]
    pub(super) struct DocumentRow {
        pub(super) id: String,
        pub(super) title: String,
        pub(super) status: String,
        pub(super) mime_type: Option<String>,
    }
}

row! {
    /// The text of a question with its answer.
    #[derive(Debug)]
    pub(super) struct PairRow {
        pub(super) text: Option<String>,
    }
}

/// A source, and the document that it calls so.
pub(super) fn intake_of_source(scope: &Scope, source: &str, external_id: Option<&str>) -> Scoped {
    scope.statement(INTAKE_OF_SOURCE, [Param::from(source), external_id.into()])
}

/// A document and its source.
pub(super) fn intake_of_document(scope: &Scope, document: &str) -> Scoped {
    scope.statement(INTAKE_OF_DOCUMENT, [Param::from(document)])
}

pub(super) fn pair_text(scope: &Scope, document: &str) -> Scoped {
    scope.statement(PAIR_TEXT, [Param::from(document)])
}

pub(super) fn document_target(scope: &Scope, id: &str) -> Scoped {
    scope.statement(DOCUMENT_TARGET, [Param::from(id)])
}

/// Writes what was taken in; gives the document after it, unless the version that the statement `version_at` makes was
/// not made.
pub(super) async fn text_write(
    grant: &Grant,
    document: &str,
    mut batch: Vec<Statement>,
    version_at: Option<usize>,
) -> Result<Option<KnowledgeDocumentOut>> {
    batch.push(grant.statement(DOCUMENT_OF_ORG, [Param::from(document)]));
    let rows = grant.write(batch).await?;
    if is_refused(&rows, version_at)? {
        return Ok(None);
    }
    rows.last().map_or(Ok(None), Rows::first)
}

pub(super) async fn document_update(
    grant: &Grant,
    id: &str,
    patch: DocumentPatch,
) -> Result<Option<KnowledgeDocumentOut>> {
    let fields = patch.fields();
    let now = grant.op().now();
    let update = grant.statement(
        DOCUMENT_UPDATE,
        [
            id.into(),
            patch.title.map(|title| title.0).into(),
            patch.status.into(),
            now.into(),
            now.millis().into(),
        ],
    );
    let metadata = json!({"fields": fields, "status": patch.status});
    let entry = entry("knowledge.document.updated", id, metadata);
    let after = grant.statement(DOCUMENT_OF_ORG, [Param::from(id)]);
    let rows = grant.write(vec![update, grant.audit(&entry)?, after]).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

/// Deletes a document; gives whether it was there.
pub(super) async fn document_delete(grant: &Grant, document: &DocumentRow) -> Result<bool> {
    let delete = grant.statement(DOCUMENT_DELETE, [Param::from(document.id.as_str())]);
    let entry = entry("knowledge.document.deleted", &document.id, json!({"title": document.title}));
    let rows = grant.write(vec![delete, grant.audit(&entry)?]).await?;
    Ok(rows.first().map_or(Ok(0), Rows::count)? > 0)
}

fn entry<'a>(event: &'static str, id: &'a str, metadata: Value) -> Entry<'a> {
    Entry { event, target_type: "knowledge_document", target_id: id, metadata }
}

/// Where a text goes, whose document must not be archived.
pub(super) fn open(target: TargetRow) -> Result<super::ingestion::Target> {
    let target = super::ingestion::Target::from(target);
    if target.document.as_ref().is_some_and(|known| known.is_archived) {
        return Err(document_archived());
    }
    Ok(target)
}

#[cold]
#[track_caller]
pub(super) fn document_archived() -> Error {
    Error::conflict("document_archived", "Document is archived")
        .hint("Send PATCH with {\"status\": \"ready\"} to the document first.")
}

#[cold]
#[track_caller]
pub(super) fn document_not_found() -> Error {
    Error::not_found("document_not_found", "Document not found")
        .hint("There is no such document, or it belongs to another organization.")
}
