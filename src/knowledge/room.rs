//! How much an org may keep as knowledge. The statements that insert judge it; here is what people hear of it.

use crate::app::Op;
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::{row, sql, statement};

const ROOM: &str = sql!("sql/room.sql");

row! {
    /// What an org has, and what its plan includes.
    struct RoomRow {
        sources: i64,
        most_sources: Option<i64>,
        documents: i64,
        most_documents: Option<i64>,
        bytes: i64,
        most_bytes: Option<i64>,
    }
}

async fn room(op: &Op, org: &OrgId) -> Result<Option<RoomRow>> {
    let rows = op.read(vec![statement!(ROOM, org)]).await?;
    rows.first().map_or(Ok(None), Rows::first)
}

/// The refusal of another source, if there is no room for one.
pub(super) async fn of_source(op: &Op, org: &OrgId) -> Result<Option<Error>> {
    let Some(room) = room(op, org).await? else { return Ok(None) };
    let full = room.most_sources.filter(|most| room.sources >= *most);
    Ok(full.map(|most| {
        Error::conflict("too_many_sources", "Too many knowledge sources")
            .hint(format!("The plan includes {most} knowledge sources: delete some first."))
    }))
}

/// The refusal of a text of so many bytes, if there is no room for it.
pub(super) async fn of_text(op: &Op, org: &OrgId, bytes: i64) -> Result<Option<Error>> {
    let Some(room) = room(op, org).await? else { return Ok(None) };
    if let Some(most) = room.most_bytes.filter(|most| room.bytes.saturating_add(bytes) > *most) {
        return Ok(Some(Error::conflict("knowledge_full", "Knowledge is full").hint(format!(
            "The plan includes {most} bytes of text, earlier versions with it: delete documents first."
        ))));
    }
    let full = room.most_documents.filter(|most| room.documents >= *most);
    Ok(full.map(|most| {
        Error::conflict("too_many_documents", "Too many documents")
            .hint(format!("The plan includes {most} documents: delete some first."))
    }))
}
