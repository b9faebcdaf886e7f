//! The statements of jobs.

use serde_json::json;

use crate::app::Op;
use crate::error::Result;
use crate::ids::new_id;
use crate::time::Timestamp;
use crate::{row, sql, statement};

const CLAIM: &str = sql!("sql/claim.sql");
const RELEASE: &str = sql!("sql/release.sql");
const RUN_INSERT: &str = sql!("sql/run_insert.sql");

row! {
    /// A job that was taken.
    #[derive(Debug)]
    pub(super) struct ClaimRow {
        pub(super) name: String,
        pub(super) cursor: Option<String>,
    }
}

/// Takes those of the jobs that are due and not held.
pub(super) async fn claim(
    op: &Op,
    names: &[&str],
    lease: &str,
    until: Timestamp,
) -> Result<Vec<ClaimRow>> {
    let claim = statement!(CLAIM, json!(names).to_string(), op.now(), lease, until);
    let rows = op.write(vec![claim]).await?;
    rows.first().map_or(Ok(Vec::new()), crate::db::Rows::all)
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
