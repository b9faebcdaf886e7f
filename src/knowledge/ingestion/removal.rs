//! Deletes sources with their documents, some at a time: D1 has one writer, which nobody may hold long.

use crate::app::Op;
use crate::db::Rows;
use crate::error::Result;
use crate::ids::OrgId;
use crate::{row, sql, statement};

const SOURCES_REMOVED: &str = sql!("../sql/sources_removed.sql");
const SOURCE_DOCUMENTS_DELETE: &str = sql!("../sql/source_documents_delete.sql");
const SOURCE_DELETE: &str = sql!("../sql/source_delete.sql");

/// Sources that one round goes on with.
const SOURCES_AT_ONCE: u32 = 4;
/// Documents that one statement deletes, with all their chunks.
const DOCUMENTS_AT_ONCE: u32 = 25;

row! {
    struct SourceRow {
        id: String,
        org_id: OrgId,
    }
}

/// A round; gives how much was deleted.
pub(super) async fn run(op: &Op) -> Result<usize> {
    let rows = op.read(vec![statement!(SOURCES_REMOVED, SOURCES_AT_ONCE)]).await?;
    let sources: Vec<SourceRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
    let mut deleted = 0;
    for source in sources {
        let id = source.id.as_str();
        let batch = vec![
            statement!(SOURCE_DOCUMENTS_DELETE, &source.org_id, id, DOCUMENTS_AT_ONCE),
            statement!(SOURCE_DELETE, &source.org_id, id),
        ];
        for rows in op.write(batch).await? {
            deleted += rows.count()?;
        }
    }
    Ok(deleted)
}
