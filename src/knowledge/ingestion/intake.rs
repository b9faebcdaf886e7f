//! What comes in: read, compared with what is there, stored with the job that cuts it.

use serde_json::{Value, json};

use super::run_soon;
use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::Grant;
use crate::db::{Rows, Statement};
use crate::error::{Error, Result};
use crate::ids::{OrgId, new_id};
use crate::knowledge::parsing::{self, Format, Manuscript, checksum};
use crate::knowledge::room;
use crate::{row, sql, statement};

const INTAKE_OF_SOURCE: &str = sql!("../sql/intake_of_source_in_org.sql");
const DOCUMENT_INSERT: &str = sql!("../sql/document_insert.sql");
const DOCUMENT_RENEW: &str = sql!("../sql/document_renew.sql");
const VERSION_INSERT: &str = sql!("../sql/version_insert.sql");
const CONTENT_INSERT: &str = sql!("../sql/content_insert.sql");
const VERSION_JOB_INSERT: &str = sql!("../sql/version_job_insert.sql");
const VERSION_JOB_RAISE: &str = sql!("../sql/version_job_raise.sql");
const VERSION_PUBLISH: &str = sql!("../sql/version_publish.sql");
const DOCUMENT_RETITLE: &str = sql!("../sql/document_retitle.sql");
const JOBS_YIELD: &str = sql!("../sql/jobs_yield.sql");

/// Bytes of text in one row; D1 takes 2 MB, and a batch of all parts is one transaction.
const PART_BYTES: usize = 500_000;

/// A document as a source has it.
#[derive(Debug, Clone)]
pub struct Incoming<'a> {
    /// What the source calls it, once per source: for a page its address.
    pub external_id: &'a str,
    /// What people call it; if none, what the document calls itself.
    pub title: Option<&'a str>,
    /// Where it is, as people read it.
    pub path: Option<&'a str>,
    /// Media type with its parameters, which say how it is read.
    pub mime: &'a str,
    /// The file.
    pub bytes: &'a [u8],
    /// Whether it goes live once it is ready; else it is a draft.
    pub published: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// The newest text of the document is the same, or people archived the document.
    Unchanged,
    /// There is a version that will be cut, and published if asked for.
    Queued {
        /// The document.
        document_id: String,
        /// Its new version.
        version_id: String,
    },
    /// An earlier version holds the same text, and goes live again.
    Republished {
        /// The document.
        document_id: String,
        /// The earlier version.
        version_id: String,
    },
}

/// Takes a document of a source in: makes it or its next version, unless its text is as it was, and leaves the rest to
/// the job and to [`run_soon`]. Two round trips to `DB`.
///
/// # Errors
/// As for an upload: `unsupported_document_type`, `document_broken`, `document_charset`, `document_encrypted`,
/// `document_without_text`, `document_too_complex`, `document_too_long`; `source_not_found` when the source is gone; and
/// 409 when the org has as much as it may, or somebody else changed the document meanwhile.
pub async fn take_in(
    op: &Op,
    org: &OrgId,
    source_id: &str,
    incoming: Incoming<'_>,
) -> Result<TakenIn> {
    let format = Format::of(incoming.mime).ok_or_else(unsupported)?;
    let charset = parsing::charset::of_media_type(incoming.mime);
    let manuscript = parsing::parse(format, charset, incoming.bytes)?;
    let read = statement!(INTAKE_OF_SOURCE, org, source_id, incoming.external_id);
    let rows = op.read(vec![read]).await?;
    let target: Option<TargetRow> = rows.first().map_or(Ok(None), Rows::first)?;
    let target = target.ok_or_else(source_not_found)?.into();
    let title = incoming.title.and_then(parsing::title_of);
    let content = Content {
        text: Text::of(manuscript, format.media_type(), incoming.bytes.len()),
        title,
        path: incoming.path.map(str::to_owned),
        external_id: Some(incoming.external_id.to_owned()),
        checksum: None,
        note: None,
        publishes: incoming.published,
    };
    let written = write_text(op, org, "sync", &target, &content, None)?;
    if written.batch.is_empty() {
        return Ok(written.taken);
    }
    let rows = op.write(written.batch).await?;
    if is_refused(&rows, written.version_at)? {
        return Err(refusal(op, org, &content).await?);
    }
    run_soon(op);
    Ok(written.taken)
}

/// The statements that take a text in.
#[derive(Debug)]
pub(in crate::knowledge) struct Written {
    /// What they make of it.
    pub(in crate::knowledge) taken: TakenIn,
    /// None where nothing changes.
    pub(in crate::knowledge) batch: Vec<Statement>,
    /// Which of them makes the version and gives a row if it did; none where the version is there.
    pub(in crate::knowledge) version_at: Option<usize>,
}

/// Whether the version was not made after all.
pub(in crate::knowledge) fn is_refused(rows: &[Rows], version_at: Option<usize>) -> Result<bool> {
    let made = version_at.and_then(|at| rows.get(at)).map(Rows::count).transpose()?;
    Ok(made == Some(0))
}

/// Why a text was not taken in.
pub(in crate::knowledge) async fn refusal(
    op: &Op,
    org: &OrgId,
    content: &Content,
) -> Result<Error> {
    let full = room::of_text(op, org, stored_bytes(&content.text)).await?;
    // Else another request made or removed its document a moment ago.
    Ok(full.unwrap_or_else(|| {
        Error::conflict("document_changed", "Document has changed").hint("Send it again.")
    }))
}

fn stored_bytes(text: &Text) -> i64 {
    i64::try_from(text.content.len()).unwrap_or(i64::MAX)
}

row! {
    /// Where a text goes.
    #[derive(Debug)]
    pub(in crate::knowledge) struct TargetRow {
        pub(in crate::knowledge) source_id: String,
        pub(in crate::knowledge) document_id: Option<String>,
        pub(in crate::knowledge) document_status: Option<String>,
        pub(in crate::knowledge) title: Option<String>,
        pub(in crate::knowledge) path: Option<String>,
        pub(in crate::knowledge) published_version_id: Option<String>,
        /// Arrays of id, checksum and chunks.
        pub(in crate::knowledge) versions: Vec<Value>,
    }
}

/// Where a text goes: a source, and a document of it that is there.
#[derive(Debug)]
pub(in crate::knowledge) struct Target {
    pub(in crate::knowledge) source_id: String,
    pub(in crate::knowledge) document: Option<Known>,
}

/// A document that is there.
#[derive(Debug)]
pub(in crate::knowledge) struct Known {
    pub(in crate::knowledge) id: String,
    pub(in crate::knowledge) is_archived: bool,
    title: String,
    path: Option<String>,
    published_version_id: Option<String>,
    versions: Vec<Value>,
}

impl From<TargetRow> for Target {
    fn from(row: TargetRow) -> Self {
        let TargetRow {
            source_id,
            document_id,
            document_status,
            title,
            path,
            published_version_id,
            versions,
            ..
        } = row;
        let known = |id| Known {
            id,
            is_archived: document_status.as_deref() == Some("archived"),
            title: title.unwrap_or_default(),
            path,
            published_version_id,
            versions,
        };
        Self { source_id, document: document_id.map(known) }
    }
}

impl Known {
    /// The version that holds the same text, and whether it was cut already.
    fn same(&self, checksum: &str) -> Option<(&str, bool)> {
        let same = |version: &&Value| version.get(1).and_then(Value::as_str) == Some(checksum);
        let version = self.versions.iter().find(same)?;
        let chunks = version.get(2).and_then(Value::as_i64).unwrap_or_default();
        Some((version.get(0)?.as_str()?, chunks > 0))
    }
}

/// A text as it is stored.
#[derive(Debug)]
pub(in crate::knowledge) struct Text {
    /// In normal form.
    content: String,
    checksum: String,
    /// What the document calls itself.
    title: Option<String>,
    media_type: &'static str,
    /// Of the file.
    bytes: usize,
}

impl Text {
    pub(in crate::knowledge) fn of(
        manuscript: Manuscript,
        media_type: &'static str,
        bytes: usize,
    ) -> Self {
        let checksum = manuscript.checksum();
        let title = manuscript.title.clone();
        Self { content: manuscript.into_text(), checksum, title, media_type, bytes }
    }

    /// A question and its answer: the first line and the others. No line feed is at its end, as there is at the end
    /// of every text in normal form: so a version tells what it is, whatever its document became.
    pub(in crate::knowledge) fn pair(question: &str, answer: &str) -> Self {
        let text = format!("{question}\n{}", answer.trim_end());
        let (checksum, bytes) = (checksum(&text), text.len());
        Self {
            content: text,
            checksum,
            title: Some(question.to_owned()),
            media_type: Format::QUESTION,
            bytes,
        }
    }

    /// The question and the answer that a version's text is, if it is one.
    pub(in crate::knowledge) fn as_pair(text: &str) -> Option<(&str, &str)> {
        if text.ends_with('\n') { None } else { text.split_once('\n') }
    }
}

/// A text and what is said about it.
#[derive(Debug)]
pub(in crate::knowledge) struct Content {
    pub(in crate::knowledge) text: Text,
    pub(in crate::knowledge) title: Option<String>,
    pub(in crate::knowledge) path: Option<String>,
    pub(in crate::knowledge) external_id: Option<String>,
    /// As the client sent it.
    pub(in crate::knowledge) checksum: Option<String>,
    pub(in crate::knowledge) note: Option<String>,
    pub(in crate::knowledge) publishes: bool,
}

/// The statements that store a text, and what they make of it; none where nothing changes. With a grant, the change
/// leaves its trace.
pub(in crate::knowledge) fn write_text(
    op: &Op,
    org: &OrgId,
    by: &str,
    target: &Target,
    content: &Content,
    grant: Option<&Grant>,
) -> Result<Written> {
    if let Some(known) = &target.document
        && (known.is_archived || known.same(&content.text.checksum).is_some())
    {
        return same_text(op, org, known, content, grant);
    }
    let now = op.now();
    let (text, version) = (&content.text, new_id(now)?);
    let bytes = i64::try_from(text.bytes).unwrap_or(i64::MAX);
    let stored = stored_bytes(text);
    let mut batch = Vec::new();
    let document = if let Some(known) = &target.document {
        known.id.clone()
    } else {
        let id = new_id(now)?;
        batch.push(statement!(
            DOCUMENT_INSERT,
            org,
            id.as_str(),
            target.source_id.as_str(),
            title_of(content),
            content.path.as_deref(),
            content.external_id.as_deref(),
            content.checksum.as_deref(),
            text.media_type,
            bytes,
            now,
            stored,
        ));
        id
    };
    let (id, version_id) = (document.as_str(), version.as_str());
    let checksum = text.checksum.as_str();
    let note = content.note.as_deref();
    let version_at = Some(batch.len());
    batch.push(statement!(VERSION_INSERT, org, version_id, id, checksum, now, by, note, stored));
    if let Some(grant) = grant {
        let metadata = json!({"versionId": version, "publish": content.publishes});
        batch.push(uploaded(grant, id, metadata)?);
    }
    for (part, text) in (1_u32..).zip(parts(&text.content)) {
        batch.push(statement!(CONTENT_INSERT, org, version_id, part, text));
    }
    if let Some(known) = &target.document {
        let title = content.title.as_deref().filter(|title| *title != known.title);
        let path = content.path.as_deref();
        let (mime, millis) = (text.media_type, now.millis());
        batch.push(statement!(
            DOCUMENT_RENEW,
            org,
            id,
            version_id,
            title,
            path,
            mime,
            bytes,
            now,
            millis
        ));
    }
    batch.extend(job_insert(op, org, version_id, "ingest_document", content.publishes)?);
    let taken = TakenIn::Queued { document_id: document.clone(), version_id: version.clone() };
    Ok(Written { taken, batch, version_at })
}

/// A text that the document has already: nothing to do, unless that version is to go live again, or its source calls
/// the document something else.
fn same_text(
    op: &Op,
    org: &OrgId,
    known: &Known,
    content: &Content,
    grant: Option<&Grant>,
) -> Result<Written> {
    let done = |taken, batch| Ok(Written { taken, batch, version_at: None });
    let same = known.same(&content.text.checksum);
    let Some((version, is_cut)) = same.filter(|_| !known.is_archived) else {
        return done(TakenIn::Unchanged, Vec::new());
    };
    let mut batch = retitle(op, org, known, content, grant)?;
    if !content.publishes || known.published_version_id.as_deref() == Some(version) {
        return done(TakenIn::Unchanged, batch);
    }
    batch.extend(if is_cut {
        version_publish(op, org, &known.id, version)
    } else {
        job_insert(op, org, version, "ingest_document", true)?
    });
    if let Some(grant) = grant {
        batch.push(uploaded(grant, &known.id, json!({"versionId": version, "publish": true}))?);
    }
    let (document_id, version_id) = (known.id.clone(), version.to_owned());
    let taken = if is_cut {
        TakenIn::Republished { document_id, version_id }
    } else {
        TakenIn::Queued { document_id, version_id }
    };
    done(taken, batch)
}

/// What the source calls a document whose text is as it was, if that is new.
fn retitle(
    op: &Op,
    org: &OrgId,
    known: &Known,
    content: &Content,
    grant: Option<&Grant>,
) -> Result<Vec<Statement>> {
    let title = content.title.as_deref().filter(|title| *title != known.title);
    let path = content.path.as_deref().filter(|path| Some(*path) != known.path.as_deref());
    if title.is_none() && path.is_none() {
        return Ok(Vec::new());
    }
    let (id, now) = (known.id.as_str(), op.now());
    let mut batch = vec![statement!(DOCUMENT_RETITLE, org, id, title, path, now, now.millis())];
    if let Some(grant) = grant {
        batch.push(grant.audit(&Entry {
            event: "knowledge.document.updated",
            target_type: "knowledge_document",
            target_id: id,
            metadata: json!({"title": title, "path": path}),
        })?);
    }
    Ok(batch)
}

/// Asks for a version to be published, in place of whatever else waits for its document; the last one changes a row if
/// it can be.
pub(in crate::knowledge) fn version_publish(
    op: &Op,
    org: &OrgId,
    document: &str,
    version: &str,
) -> Vec<Statement> {
    let now = op.now();
    vec![
        statement!(JOBS_YIELD, org, document, version),
        statement!(VERSION_PUBLISH, org, document, version, now, now.millis()),
    ]
}

/// A job on a version's text, or its part in one that is waiting; the last one changes a row if there is one.
pub(in crate::knowledge) fn job_insert(
    op: &Op,
    org: &OrgId,
    version: &str,
    kind: &str,
    publishes: bool,
) -> Result<Vec<Statement>> {
    let now = op.now();
    let id = new_id(now)?;
    let insert = statement!(VERSION_JOB_INSERT, org, id.as_str(), version, kind, now, publishes);
    Ok(vec![insert, statement!(VERSION_JOB_RAISE, org, id, version, publishes)])
}

fn uploaded(grant: &Grant, document: &str, metadata: Value) -> Result<Statement> {
    grant.audit(&Entry {
        event: "knowledge.document.uploaded",
        target_type: "knowledge_document",
        target_id: document,
        metadata,
    })
}

/// What a new document is called: as was said, as it says itself, or by its path.
fn title_of(content: &Content) -> &str {
    let named = content.title.as_deref().or(content.text.title.as_deref());
    let named = named.or(content.path.as_deref()).or(content.external_id.as_deref());
    named.filter(|title| !title.is_empty()).unwrap_or("Untitled")
}

/// A text in pieces that each fit into a row.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(PART_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = tail;
        Some(part)
    })
}

/// A file of a type that is not read.
#[cold]
#[track_caller]
pub(in crate::knowledge) fn unsupported() -> Error {
    Error::new(
        crate::error::Kind::UnsupportedMediaType,
        "unsupported_document_type",
        "Unsupported document type",
    )
    .hint(format!("Send one of these types: {}.", Format::TYPES))
}

/// The refusal of a source that is not there.
#[cold]
#[track_caller]
pub(in crate::knowledge) fn source_not_found() -> Error {
    Error::not_found("source_not_found", "Source not found")
        .hint("There is no such source, or it belongs to another organization.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_text_again() {
        let text = "é".repeat(PART_BYTES);
        let parts: Vec<&str> = parts(&text).collect();
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
        assert_eq!(parts.concat(), text);
        let odd = format!("a{text}");
        assert_eq!(super::parts(&odd).collect::<String>(), odd);
    }
}
