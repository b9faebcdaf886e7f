//! Which sources are read by themselves, and how that is asked for: the one place that knows what reads them.

use serde_json::{Map, Value};

use super::source_store::SourceType;
use crate::app::Op;
use crate::auth::permission::Grant;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::new_id;
use crate::sql;

const SOURCE_JOB_INSERT: &str = sql!("sql/source_job_insert.sql");

/// Whether sources of a type are read by themselves; others are sent.
pub(super) fn reads(kind: SourceType) -> bool {
    kind == SourceType::Url
}

/// Judges what a source of a type is told, and completes it.
#[expect(clippy::unnecessary_wraps, reason = "what reads a type judges what it is told")]
pub(super) fn judged(
    _op: &Op,
    _kind: SourceType,
    config: Map<String, Value>,
) -> Result<Map<String, Value>> {
    Ok(config)
}

/// The statements that ask for a source to be read, for the batch of the change that asks; none for one that is not
/// read by itself. `anew`, where what is being read no longer counts.
pub(super) fn ask(
    grant: &Grant,
    source_id: &str,
    kind: SourceType,
    _config: &Map<String, Value>,
    _anew: bool,
) -> Result<Vec<Statement>> {
    if !reads(kind) {
        return Ok(Vec::new());
    }
    let now = grant.op().now();
    let params = [new_id(now)?.into(), source_id.into(), now.into()];
    Ok(vec![grant.statement(SOURCE_JOB_INSERT, params)])
}
