//! What `SEARCH` knows of an org's documents, brought in line with `DB`.
//!
//! A change that the index must hear of (a version is published, a title changes, a document is archived) is written
//! to `DB` first, with a number that grows: `knowledge_documents.index_seq`. From then on the document is due until
//! somebody told the index and said so. The index keeps the number with the passages, so that of two writers the
//! older one changes nothing, however late it comes; and to tell it twice is to tell it once. A run that is cut off
//! anywhere leaves the document due, and the next one begins anew.

use std::time::Duration;

use serde_json::json;

use super::retrieval::tenant_key;
use crate::app::Op;
use crate::config::LogLevel;
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::{DocumentId, OrgId};
use crate::{row, sql, statement};

const INDEX_CLAIM: &str = sql!("sql/index_claim.sql");
const INDEX_VERSIONS: &str = sql!("sql/index_versions.sql");
const INDEX_CHUNKS: &str = sql!("sql/index_chunks.sql");
const VERSIONS_ARCHIVE: &str = sql!("sql/versions_archive.sql");
const VERSION_LIVE: &str = sql!("sql/version_live.sql");
const DOCUMENT_TOLD: &str = sql!("sql/document_told.sql");
const VERSIONS_EMPTY: &str = sql!("sql/versions_empty.sql");
const VERSIONS_FORGET: &str = sql!("sql/versions_forget.sql");
const CONTENTS_DELETE: &str = sql!("sql/contents_delete.sql");
const CHUNKS_FORGET: &str = sql!("sql/chunks_forget.sql");
const REMOVALS: &str = sql!("sql/removals.sql");
const REMOVALS_TOLD: &str = sql!("sql/removals_told.sql");
const REMOVALS_DELETE: &str = sql!("sql/removals_delete.sql");
const SEARCH_DOCUMENT_ADVANCE: &str = sql!("sql/search_document_advance.sql");
const SEARCH_DOCUMENTS_CLOSE: &str = sql!("sql/search_documents_close.sql");
const SEARCH_DOCUMENTS_FORGET: &str = sql!("sql/search_documents_forget.sql");
const PASSAGES_CLEAR: &str = sql!("sql/passages_clear.sql");
const PASSAGES_WRITE: &str = sql!("sql/passages_write.sql");
const PASSAGES_REMOVE: &str = sql!("sql/passages_remove.sql");

/// Documents that one run takes at a time.
const DOCUMENTS_AT_ONCE: u32 = 8;
/// Versions before the one that is live that keep their text, so that a document can go back to them.
const VERSIONS_KEPT: u32 = 10;
/// Versions before the one that is live that are told of at all.
const VERSIONS_KNOWN: u32 = 100;
/// Versions that lose their text at a time, and that are forgotten at a time.
const VERSIONS_AT_ONCE: u32 = 4;
/// Deleted documents that are forgotten at a time.
const REMOVALS_AT_ONCE: u32 = 500;
/// For how long a document that was taken is left alone.
const LEASE: Duration = Duration::from_mins(1);
/// How long a writer may still be under way that began before its document was deleted.
const LATE_WRITERS: Duration = Duration::from_hours(1);
/// Bytes of passages in one statement, as JSON: D1 takes 2 MB.
const STATEMENT_BYTES: usize = 900_000;

row! {
    /// A passage of a version that is to be published.
    #[derive(Debug, Clone)]
    pub struct Entry {
        /// `knowledge_chunks.id`.
        pub id: String,
        /// Its text.
        pub content: String,
        /// Where in the document.
        pub page_label: Option<String>,
    }
}

row! {
    struct IdRow {
        id: String,
    }
}

row! {
    /// A document of which the index has to hear.
    #[derive(Debug)]
    struct DueRow {
        id: DocumentId,
        org_id: OrgId,
        source_id: String,
        title: String,
        status: Option<String>,
        publishing_version_id: Option<String>,
        index_seq: i64,
        live_version_id: Option<String>,
    }
}

impl DueRow {
    /// The version whose passages answers may quote from now on.
    fn shown(&self) -> Option<&str> {
        if self.status.as_deref() == Some("archived") {
            return None;
        }
        self.publishing_version_id.as_deref().or(self.live_version_id.as_deref())
    }
}

/// A document as the index is to know it.
#[derive(Debug)]
pub struct Published<'a> {
    /// Whose.
    pub org: &'a OrgId,
    /// Where it came from.
    pub source_id: &'a str,
    /// The document.
    pub document: &'a DocumentId,
    /// What it is called.
    pub title: &'a str,
    /// All its versions, whose passages go.
    pub versions: &'a [String],
    /// The version that is shown, if one is.
    pub version: Option<&'a str>,
    /// Its passages.
    pub passages: &'a [Entry],
    /// The number of the change; the index ignores an older one than it was told of.
    pub seq: i64,
}

/// Writes a document's passages to the index in place of those it has, in one transaction. Told twice, it is the
/// same; told late, nothing happens.
pub async fn publish(op: &Op, document: &Published<'_>) -> Result<()> {
    let feed = feed_name(document.document.as_str());
    let versions = json!(document.versions).to_string();
    let written = document.passages.iter().filter(|_| document.version.is_some());
    let written = json!(written.map(|entry| &entry.id).collect::<Vec<&String>>()).to_string();
    let mut batch = vec![
        statement!(SEARCH_DOCUMENT_ADVANCE, feed.as_str(), document.seq),
        statement!(PASSAGES_CLEAR, document.org, feed.as_str(), document.seq, versions, written),
    ];
    if let Some(version) = document.version {
        let key = tenant_key(document.org);
        let entries = document.passages.iter();
        let entries =
            entries.map(|entry| json!([entry.id, entry.content, entry.page_label]).to_string());
        batch.extend(arrays(entries).into_iter().map(|passages| {
            statement!(
                PASSAGES_WRITE,
                document.org,
                feed.as_str(),
                document.seq,
                key.as_str(),
                document.source_id,
                document.document,
                version,
                document.title,
                passages,
            )
        }));
    }
    op.search_write(batch).await.map(drop)
}

/// JSON texts as arrays, each as long as one statement takes.
pub(super) fn arrays(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut arrays: Vec<String> = Vec::new();
    for text in texts {
        match arrays.last_mut() {
            Some(array) if array.len() + text.len() < STATEMENT_BYTES => {
                array.push(',');
                array.push_str(&text);
            }
            _ => arrays.push(format!("[{text}")),
        }
    }
    for array in &mut arrays {
        array.push(']');
    }
    arrays
}

/// The row of `feeds` that says how far the index has come with a document.
fn feed_name(document: &str) -> String {
    format!("document:{document}")
}

/// Tells the index of documents that are due; gives how many, so that 0 means that there are no more.
pub(super) async fn tell(op: &Op) -> Result<usize> {
    let now = op.now();
    let claim = statement!(INDEX_CLAIM, now, now.plus(LEASE), DOCUMENTS_AT_ONCE);
    let rows = op.write(vec![claim]).await?;
    let due: Vec<DueRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    for document in &due {
        if let Err(error) = tell_one(op, document).await {
            // It stays due; the others need not wait for it.
            let fields =
                [("document", json!(document.id)), ("reason", json!(error.private_context()))];
            let log = &op.app.log;
            log.event(LogLevel::Warn, "index_tell_failed", op.now(), &op.request, &fields);
        }
    }
    Ok(due.len() + forget(op).await?)
}

async fn tell_one(op: &Op, document: &DueRow) -> Result<()> {
    let shown = document.shown();
    let mut reads = vec![statement!(INDEX_VERSIONS, &document.org_id, &document.id)];
    reads.extend(shown.map(|version| statement!(INDEX_CHUNKS, &document.org_id, version)));
    let rows = op.read(reads).await?;
    let mut rows = rows.iter();
    let versions: Vec<IdRow> = rows.next().map_or(Ok(Vec::new()), Rows::all)?;
    let versions: Vec<String> = versions.into_iter().map(|row| row.id).collect();
    let passages: Vec<Entry> = rows.next().map_or(Ok(Vec::new()), Rows::all)?;
    let published = Published {
        org: &document.org_id,
        source_id: &document.source_id,
        document: &document.id,
        title: &document.title,
        versions: &versions,
        version: shown,
        passages: &passages,
        seq: document.index_seq,
    };
    publish(op, &published).await?;
    op.write(told(op, document)).await.map(drop)
}

/// What `DB` says once the index holds it. Where another version went live, old ones lose their text.
fn told(op: &Op, document: &DueRow) -> Vec<Statement> {
    let (org, id, seq) = (&document.org_id, &document.id, document.index_seq);
    let is_shown = document.shown().is_some();
    let goes_live = document.publishing_version_id.as_deref().filter(|_| is_shown);
    let mut batch = Vec::new();
    if let Some(version) = goes_live {
        batch.push(statement!(VERSIONS_ARCHIVE, org, id, version, seq));
        batch.push(statement!(VERSION_LIVE, org, id, version, seq));
    }
    let now = op.now();
    batch.push(statement!(DOCUMENT_TOLD, org, id, goes_live, seq, now));
    if goes_live.is_some() {
        batch.push(statement!(VERSIONS_EMPTY, org, id, now, VERSIONS_KEPT, VERSIONS_AT_ONCE));
        batch.push(statement!(CONTENTS_DELETE, org, id, now));
        batch.push(statement!(CHUNKS_FORGET, org, id, now));
        batch.push(statement!(VERSIONS_FORGET, org, id, VERSIONS_KNOWN, VERSIONS_AT_ONCE));
    }
    batch
}

row! {
    struct RemovalRow {
        org_id: OrgId,
        document_id: String,
        is_told: bool,
    }
}

/// Makes the index forget documents that were deleted, however that happened; gives how many. A writer that began
/// before may still come: it is kept away until none can be left.
async fn forget(op: &Op) -> Result<usize> {
    let now = op.now();
    let rows = op.read(vec![statement!(REMOVALS, now, REMOVALS_AT_ONCE)]).await?;
    let removals: Vec<RemovalRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    let (done, fresh): (Vec<RemovalRow>, Vec<RemovalRow>) =
        removals.into_iter().partition(|removal| removal.is_told);
    if !fresh.is_empty() {
        let mut batch = vec![statement!(SEARCH_DOCUMENTS_CLOSE, feeds(&fresh), now.millis())];
        batch.extend(of_each_org(&fresh));
        op.search_write(batch).await?;
        let later = now.plus(LATE_WRITERS);
        op.write(vec![statement!(REMOVALS_TOLD, pairs(&fresh), later)]).await?;
    }
    if !done.is_empty() {
        op.search_write(vec![statement!(SEARCH_DOCUMENTS_FORGET, feeds(&done))]).await?;
        op.write(vec![statement!(REMOVALS_DELETE, pairs(&done))]).await?;
    }
    Ok(fresh.len() + done.len())
}

/// One deletion per org: its passages are looked through once.
fn of_each_org(removals: &[RemovalRow]) -> Vec<Statement> {
    let mut orgs: Vec<&OrgId> = removals.iter().map(|removal| &removal.org_id).collect();
    orgs.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    orgs.dedup();
    let deletion = |org: &OrgId| {
        let of_org = removals.iter().filter(|removal| removal.org_id == *org);
        let documents: Vec<&str> = of_org.map(|removal| removal.document_id.as_str()).collect();
        Statement {
            sql: PASSAGES_REMOVE,
            params: vec![org.into(), Param::from(json!(documents).to_string())],
        }
    };
    orgs.into_iter().map(deletion).collect()
}

fn feeds(removals: &[RemovalRow]) -> String {
    let names: Vec<String> =
        removals.iter().map(|removal| feed_name(&removal.document_id)).collect();
    json!(names).to_string()
}

fn pairs(removals: &[RemovalRow]) -> String {
    let pairs: Vec<[&str; 2]> =
        removals.iter().map(|removal| [removal.org_id.as_str(), &removal.document_id]).collect();
    json!(pairs).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_hold_what_one_statement_takes() {
        let text = json!("x".repeat(400_000)).to_string();
        let arrays = arrays(std::iter::repeat_n(text, 5));
        let counts: Vec<usize> = arrays
            .iter()
            .map(|array| serde_json::from_str::<Vec<String>>(array).unwrap().len())
            .collect();
        assert_eq!(counts, [2, 2, 1]);
        assert!(arrays.iter().all(|array| array.len() <= STATEMENT_BYTES));
    }
}
