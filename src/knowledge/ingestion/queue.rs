//! The queue of jobs: each is taken by one run, with a lease, tried again later when it fails, and given up in the end.

use std::time::Duration;

use crate::app::Op;
use crate::backoff;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::{OrgId, new_id};
use crate::{row, sql, statement};

const JOBS_CLAIM: &str = sql!("../sql/jobs_claim.sql");
const JOB_END: &str = sql!("../sql/job_end.sql");
const DOCUMENT_FAILED: &str = sql!("../sql/document_failed.sql");

/// A job that has not ended after this time was lost with its run.
const LEASE: Duration = Duration::from_mins(2);
/// Attempts before a job is given up.
pub(super) const MOST_ATTEMPTS: i64 = 5;
/// The wait after the first failed attempt; each further one waits four times as long.
const FIRST_WAIT: Duration = Duration::from_secs(30);

row! {
    /// A job that this run holds.
    #[derive(Debug, Clone)]
    pub(super) struct JobRow {
        pub(super) id: String,
        pub(super) org_id: OrgId,
        pub(super) document_id: Option<String>,
        pub(super) version_id: Option<String>,
        /// This one counts.
        pub(super) attempts: i64,
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is done.
    Done,
    /// It failed, and the next attempt may go well. The text is for people and says nothing of the cause.
    Again(&'static str),
    /// It failed, and always will.
    Never(&'static str),
}

/// Takes jobs of these types that are due, `most` of each, and the id of the lease that holds them. No other run has them too.
pub(super) async fn claim(op: &Op, types: &[&str], most: u32) -> Result<(String, Vec<JobRow>)> {
    let now = op.now();
    let lease = new_id(now)?;
    let claim =
        |kind: &&str| statement!(JOBS_CLAIM, *kind, now, lease.as_str(), now.plus(LEASE), most);
    let mut jobs = Vec::new();
    for rows in op.write(types.iter().map(claim).collect()).await? {
        jobs.extend(rows.all::<JobRow>()?);
    }
    Ok((lease, jobs))
}

/// Statements that end a job, if it is still held by `lease`. The first returns a row if it was.
pub(super) fn end(op: &Op, job: &JobRow, lease: &str, ended: Ended) -> Vec<Statement> {
    let now = op.now();
    let ended = match ended {
        Ended::Again(text) if job.attempts >= MOST_ATTEMPTS => Ended::Never(text),
        other => other,
    };
    let (status, next, message) = match ended {
        Ended::Done => ("succeeded", None, None),
        Ended::Again(text) => {
            ("pending", Some(now.plus(backoff::wait(FIRST_WAIT, 4, job.attempts))), Some(text))
        }
        Ended::Never(text) => ("failed", None, Some(text)),
    };
    let mut batch =
        vec![statement!(JOB_END, &job.org_id, job.id.as_str(), lease, status, next, message, now)];
    if let (Ended::Never(_), Some(document)) = (ended, &job.document_id) {
        batch.push(statement!(DOCUMENT_FAILED, &job.org_id, document.as_str(), now));
    }
    batch
}
