//! Cuts the texts that came in: jobs of the types `ingest_document` and `rechunk`.

use serde_json::json;

use super::intake::Text;
use super::queue::{self, Ended, JobRow, MOST_ATTEMPTS};
use crate::app::Op;
use crate::config::LogLevel;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::knowledge::chunking::{self, Chunk};
use crate::knowledge::index::arrays;
use crate::{row, sql, statement};

const VERSION_TEXT: &str = sql!("../sql/version_text.sql");
const CHUNKS_DELETE: &str = sql!("../sql/chunks_delete.sql");
const CHUNKS_INSERT: &str = sql!("../sql/chunks_insert.sql");
const VERSION_CUT: &str = sql!("../sql/version_cut.sql");
const DOCUMENT_CUT: &str = sql!("../sql/document_cut.sql");

/// Types of jobs that are done here.
const TYPES: [&str; 2] = ["ingest_document", "rechunk"];
/// Jobs taken at a time.
const JOBS_AT_ONCE: u32 = 4;

/// What people read of a job that failed; the cause is in the log.
const FAILED: &str = "The document could not be processed.";
const NO_TEXT: &str = "There is no text to process; upload the document again.";
const TOO_COMPLEX: &str = "The document has more sections than can be processed; split it.";

row! {
    struct PartRow {
        text: String,
    }
}

/// Does some of what is due; gives how many jobs were taken.
pub(super) async fn run(op: &Op) -> Result<usize> {
    let (lease, jobs) = queue::claim(op, &TYPES, JOBS_AT_ONCE).await?;
    for job in &jobs {
        let outcome = if job.attempts > MOST_ATTEMPTS {
            // Its last attempt was lost.
            Ok(Err(Ended::Never(FAILED)))
        } else {
            cut(op, job, &lease).await
        };
        let (ended, reason) = match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(ended)) => (ended, None),
            Err(error) => (Ended::Again(FAILED), Some(error.private_context())),
        };
        let fields = [
            ("job", json!(job.id)),
            ("attempts", json!(job.attempts)),
            ("outcome", json!(format!("{ended:?}"))),
            ("reason", json!(reason)),
        ];
        op.app.log.event(LogLevel::Warn, "ingestion_failed", op.now(), &op.request, &fields);
        op.write(queue::end(op, job, &lease, ended)).await?;
    }
    Ok(jobs.len())
}

/// Cuts a version's text and leaves the next step due, in one transaction; or says how the job ends otherwise.
async fn cut(op: &Op, job: &JobRow, lease: &str) -> Result<Result<(), Ended>> {
    let Some(version) = &job.version_id else { return Ok(Err(Ended::Never(NO_TEXT))) };
    let rows = op.read(vec![statement!(VERSION_TEXT, &job.org_id, version.as_str())]).await?;
    let parts: Vec<PartRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    if parts.is_empty() {
        return Ok(Err(Ended::Never(NO_TEXT)));
    }
    let text: String = parts.iter().map(|part| part.text.as_str()).collect();
    let chunks = match Text::as_pair(&text) {
        Some((question, answer)) => Ok(vec![Chunk::whole(format!("{question} — {answer}"))]),
        None => chunking::chunks(&text),
    };
    let Ok(chunks) = chunks else { return Ok(Err(Ended::Never(TOO_COMPLEX))) };
    op.write(cut_batch(op, job, lease, version, &chunks)).await?;
    Ok(Ok(()))
}

fn cut_batch(
    op: &Op,
    job: &JobRow,
    lease: &str,
    version: &str,
    chunks: &[Chunk],
) -> Vec<Statement> {
    let (org, id, now) = (&job.org_id, job.id.as_str(), op.now());
    let tokens: usize = chunks.iter().map(|chunk| chunk.token_count).sum();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let rows = chunks.iter().enumerate().map(|(at, chunk)| {
        let id = format!("{version}-{at:04}");
        json!([id, chunk.content, chunk.token_count, chunk.page_label, chunk.metadata(at)])
            .to_string()
    });
    let mut batch = vec![statement!(CHUNKS_DELETE, org, version, id, lease)];
    batch.extend(
        arrays(rows)
            .into_iter()
            .map(|rows| statement!(CHUNKS_INSERT, org, version, id, lease, rows)),
    );
    batch.push(statement!(
        VERSION_CUT,
        org,
        version,
        id,
        lease,
        count(chunks.len()),
        count(tokens)
    ));
    batch.push(statement!(DOCUMENT_CUT, org, version, id, lease, now, now.millis()));
    batch.extend(queue::end(op, job, lease, Ended::Done));
    batch
}
