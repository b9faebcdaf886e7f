//! The index compared with `DB`, and an org's part of it written anew.
//!
//! Both go on where they stopped, a bounded piece at a time, and change nothing that is right: documents are marked
//! as changed, some at a time, so that [`super::index`] tells the index of them again in its own order; passages of
//! what `DB` no longer shows are then looked for and taken out.

use serde_json::json;

use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::Grant;
use crate::config::LogLevel;
use crate::db::Rows;
use crate::error::Result;
use crate::ids::OrgId;
use crate::jobs::Run;
use crate::time::{StoredTime, Timestamp};
use crate::{row, sql, statement};

const REINDEX_REQUEST: &str = sql!("sql/reindex_request.sql");
const REINDEX_NEXT: &str = sql!("sql/reindex_next.sql");
const REINDEX_ADVANCE: &str = sql!("sql/reindex_advance.sql");
const REINDEX_END: &str = sql!("sql/reindex_end.sql");
const DOCUMENTS_MARK: &str = sql!("sql/documents_mark.sql");
const VERSIONS_SHOWN: &str = sql!("sql/versions_shown.sql");
const SEARCH_VERSIONS: &str = sql!("sql/search_versions.sql");
const SEARCH_VERSIONS_REMOVE: &str = sql!("sql/search_versions_remove.sql");
const ORGS_COUNTED: &str = sql!("sql/orgs_counted.sql");
const SEARCH_ORGS_COUNTED: &str = sql!("sql/search_orgs_counted.sql");
const DRIFT_REQUEST: &str = sql!("sql/drift_request.sql");

/// Documents that are marked at a time: answers look at all that are.
const MARKED: u32 = 50;
/// Versions that are looked for at a time.
const SWEPT: u32 = 200;
/// Orgs that are counted at a time.
const COUNTED: u32 = 20;

row! {
    struct ReindexRow {
        org_id: OrgId,
        requested_at: StoredTime,
        cursor: String,
        waiting: i64,
    }
}

row! {
    struct DocumentRow {
        id: String,
    }
}

row! {
    struct VersionRow {
        document_id: String,
        version_id: String,
    }
}

row! {
    struct CountRow {
        org_id: String,
        passages: i64,
    }
}

row! {
    struct OrgCountRow {
        org_id: String,
        shown: i64,
        is_settled: bool,
    }
}

/// Has an org's part of the index written anew; gives when that was asked for.
pub(super) async fn request(grant: &Grant) -> Result<StoredTime> {
    let now = grant.op().now();
    let request = grant.statement(REINDEX_REQUEST, [now.into()]);
    let entry = grant.audit(&Entry {
        event: "knowledge.reindex.requested",
        target_type: "org",
        target_id: grant.org.as_str(),
        metadata: json!({}),
    })?;
    grant.write(vec![request, entry]).await?;
    Ok(StoredTime::from(now.to_string()))
}

/// The job `search_rebuild`: writes the parts of orgs that were asked for anew, the longest waiting first.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    while run.has_time(op) {
        let rows = op.read(vec![statement!(REINDEX_NEXT, op.now())]).await?;
        let Some(reindex) = rows.first().map_or(Ok(None), Rows::first::<ReindexRow>)? else {
            return Ok(());
        };
        let done = match reindex.cursor.strip_prefix('p') {
            Some(after) => sweep(op, &reindex, after).await?,
            // What was marked before is told first: answers look at all that is marked.
            None if reindex.waiting >= i64::from(MARKED) => return Ok(()),
            None => mark(op, &reindex).await?,
        };
        run.items += done;
    }
    run.has_more = true;
    Ok(())
}

/// Marks the next documents as changed.
async fn mark(op: &Op, reindex: &ReindexRow) -> Result<u64> {
    let now = op.now();
    let after = reindex.cursor.strip_prefix('d').unwrap_or_default();
    let marked = op
        .write(vec![statement!(DOCUMENTS_MARK, &reindex.org_id, now, now.millis(), after, MARKED)])
        .await?;
    let marked: Vec<DocumentRow> = marked.first().map_or(Ok(Vec::new()), Rows::all)?;
    let last = marked.iter().map(|row| row.id.as_str()).max();
    let cursor = last.map_or_else(|| "p".to_owned(), |last| format!("d{last}"));
    advance(op, reindex, &cursor).await?;
    Ok(marked.len() as u64)
}

/// Takes passages out of the index that are of no version that is shown.
async fn sweep(op: &Op, reindex: &ReindexRow, after: &str) -> Result<u64> {
    let org = &reindex.org_id;
    let found = op.search(vec![statement!(SEARCH_VERSIONS, org, after, SWEPT)]).await?;
    let found: Vec<VersionRow> = found.first().map_or(Ok(Vec::new()), Rows::all)?;
    let Some(last) = found.last() else {
        let end = statement!(REINDEX_END, org, &reindex.requested_at);
        op.write(vec![end]).await?;
        return Ok(0);
    };
    let pairs: Vec<[&str; 2]> =
        found.iter().map(|row| [row.document_id.as_str(), row.version_id.as_str()]).collect();
    let shown = op.read(vec![statement!(VERSIONS_SHOWN, org, json!(pairs).to_string())]).await?;
    let shown: Vec<VersionRow> = shown.first().map_or(Ok(Vec::new()), Rows::all)?;
    let is_shown = |row: &&VersionRow| shown.iter().any(|shown| shown.version_id == row.version_id);
    let gone: Vec<&str> =
        found.iter().filter(|row| !is_shown(row)).map(|row| row.version_id.as_str()).collect();
    if !gone.is_empty() {
        let removal = statement!(SEARCH_VERSIONS_REMOVE, org, json!(gone).to_string());
        op.search_write(vec![removal]).await?;
    }
    // One document may have more versions than were read: its others come with the next.
    advance(op, reindex, &format!("p{}", last.document_id)).await?;
    Ok(gone.len() as u64)
}

async fn advance(op: &Op, reindex: &ReindexRow, cursor: &str) -> Result<()> {
    let advance = statement!(REINDEX_ADVANCE, &reindex.org_id, &reindex.requested_at, cursor);
    op.write(vec![advance]).await.map(drop)
}

/// The job `search_drift`, once a day: counts each org's passages in `DB` and in the index, and asks for the index to
/// be written anew where they differ.
pub async fn compare(op: &Op, run: &mut Run) -> Result<()> {
    while run.has_time(op) {
        let after = run.cursor.clone().unwrap_or_default();
        let counted = op.read(vec![statement!(ORGS_COUNTED, after.as_str(), COUNTED)]).await?;
        let counted: Vec<OrgCountRow> = counted.first().map_or(Ok(Vec::new()), Rows::all)?;
        let Some(last) = counted.last().map(|row| row.org_id.clone()) else {
            run.cursor = None;
            return Ok(());
        };
        let orgs: Vec<&str> = counted.iter().map(|row| row.org_id.as_str()).collect();
        let indexed =
            op.search(vec![statement!(SEARCH_ORGS_COUNTED, json!(orgs).to_string())]).await?;
        let indexed: Vec<CountRow> = indexed.first().map_or(Ok(Vec::new()), Rows::all)?;
        let in_index =
            |org: &str| indexed.iter().find(|row| row.org_id == org).map_or(0, |row| row.passages);
        let differs = |row: &&OrgCountRow| row.is_settled && row.shown != in_index(&row.org_id);
        let adrift: Vec<&str> =
            counted.iter().filter(differs).map(|row| row.org_id.as_str()).collect();
        report(op, &adrift, op.now()).await?;
        run.items += counted.len() as u64;
        run.cursor = Some(last);
    }
    run.has_more = true;
    Ok(())
}

async fn report(op: &Op, adrift: &[&str], now: Timestamp) -> Result<()> {
    if adrift.is_empty() {
        return Ok(());
    }
    let fields = [("orgs", json!(adrift))];
    op.app.log.event(LogLevel::Warn, "search_drift", now, &op.request, &fields);
    op.write(vec![statement!(DRIFT_REQUEST, json!(adrift).to_string(), now)]).await.map(drop)
}
