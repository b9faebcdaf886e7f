//! Which sources are read by themselves, and how that is asked for: the one place that knows what reads them.

use serde_json::{Map, Value};

use super::crawl;
use super::source_store::SourceType;
use crate::app::Op;
use crate::auth::permission::Grant;
use crate::db::Statement;
use crate::error::{Error, Result};

/// Whether sources of a type are read by themselves; others are sent.
pub(super) fn reads(kind: SourceType) -> bool {
    kind == SourceType::Url
}

/// Judges what a source of a type is told, and completes it.
pub(super) fn judged(
    op: &Op,
    kind: SourceType,
    config: Map<String, Value>,
) -> Result<Map<String, Value>> {
    if !reads(kind) {
        return Ok(config);
    }
    let config = crawl::validate_config(&config, op.app.config.environment)?;
    Ok(config.to_json())
}

/// The statements that ask for a source to be read, for the batch of the change that asks; none for one that is not
/// read by itself. `anew`, where what is being read no longer counts.
///
/// # Errors
/// 409 for a source that was never told what to read.
pub(super) fn ask(
    grant: &Grant,
    source_id: &str,
    kind: SourceType,
    config: &Map<String, Value>,
    anew: bool,
) -> Result<Vec<Statement>> {
    if !reads(kind) {
        return Ok(Vec::new());
    }
    let op = grant.op();
    let config = crawl::validate_config(config, op.app.config.environment).map_err(|error| {
        let hint = error.public_hint().unwrap_or_default();
        Error::conflict("source_not_configured", "Source is not configured")
            .hint(format!("Send PATCH with a config that says what to read: {hint}"))
    })?;
    Ok(crawl::enqueue(&grant.org, source_id, &config, op.now(), anew))
}
