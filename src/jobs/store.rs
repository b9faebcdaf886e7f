//! The statements of jobs.

use serde::Serialize;
use serde_json::json;

use crate::app::Op;
use crate::auth::permission::{Scope, Scoped};
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql, sql, statement};

const RUNS: &str = scoped_sql!("sql/runs.sql");
const DUE_NOW: &str = sql!("sql/due_now.sql");
const DUE: &str = sql!("sql/due.sql");
const RUN_LOST: &str = sql!("sql/run_lost.sql");
const CLAIM: &str = sql!("sql/claim.sql");
const RELEASE: &str = sql!("sql/release.sql");
const RUN_INSERT: &str = sql!("sql/run_insert.sql");

/// What is recorded of a run that was lost.
const LOST: &str = "the run was lost: it did not end before its lease did";

row! {
    struct DueRow {
        name: String,
    }
}

row! {
    /// A job that was taken.
    #[derive(Debug)]
    pub(super) struct ClaimRow {
        pub(super) cursor: Option<String>,
    }
}

/// Those of the jobs that are due and not held.
pub(super) async fn due(op: &Op, names: &[&str]) -> Result<Vec<String>> {
    let rows = op.read(vec![statement!(DUE, json!(names).to_string(), op.now())]).await?;
    let due: Vec<DueRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    Ok(due.into_iter().map(|row| row.name).collect())
}

/// Takes a job, if it is still due and not held. Of a run that held it and was lost, the outcome is recorded.
pub(super) async fn claim(
    op: &Op,
    name: &str,
    lease: &str,
    until: Timestamp,
) -> Result<Option<ClaimRow>> {
    let now = op.now();
    let lost = statement!(RUN_LOST, new_id(now)?, name, now, LOST);
    let rows = op.write(vec![lost, statement!(CLAIM, name, now, lease, until)]).await?;
    rows.last().map_or(Ok(None), Rows::first)
}

/// A run that has ended.
pub(super) struct Ended<'a> {
    pub(super) job: &'static str,
    pub(super) lease: &'a str,
    pub(super) started: Timestamp,
    pub(super) outcome: &'static str,
    pub(super) items: u64,
    pub(super) reason: Option<&'a str>,
    pub(super) due: Timestamp,
    pub(super) cursor: Option<String>,
}

/// Records a run and gives its job back.
pub(super) async fn run_end(op: &Op, run: Ended<'_>) -> Result<()> {
    let items = i64::try_from(run.items).unwrap_or(i64::MAX);
    let id = new_id(run.started)?;
    let now = op.now();
    let release = statement!(RELEASE, run.job, run.lease, run.due, run.cursor);
    let insert =
        statement!(RUN_INSERT, id, run.job, run.started, now, run.outcome, items, run.reason);
    op.write(vec![release, insert]).await.map(drop)
}

row! {
    /// A run of a job.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub struct RunOut {
        started_at: StoredTime,
        ended_at: StoredTime,
        /// `done`, `more` or `failed`.
        outcome: String,
        items: i64,
        reason: Option<String>,
    }
}

/// The ten newest runs of a job.
pub fn runs(scope: &Scope, job: &str) -> Scoped {
    scope.statement(RUNS, [job.into()])
}

/// Makes a job due.
pub fn due_now(job: &str, now: Timestamp) -> Statement {
    statement!(DUE_NOW, job, now)
}
