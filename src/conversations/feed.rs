//! Tells `SEARCH` what was said, changed or deleted in `DB`.
//!
//! Triggers note each change in `search_changes`, in the transaction of the change, so that none is
//! missed however late it commits and whatever time it bears. A feed reads the oldest of them with the
//! messages as they are now, writes them to the index, and then forgets them; one that is lost half way is
//! made up for by the next. Two feeds at a time do no harm: the one that read the older state finds in
//! `SEARCH` that the other was there, and writes nothing.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::Op;
use crate::config::LogLevel;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::ids::OrgId;
use crate::knowledge::retrieval::tenant_key;
use crate::time::Timestamp;
use crate::{row, sql, statement};

const CHANGES: &str = sql!("sql/changes.sql");
const CHANGES_DELETE: &str = sql!("sql/changes_delete.sql");
const SEARCH_UPSERT: &str = sql!("sql/search_upsert.sql");
const SEARCH_FORGET: &str = sql!("sql/search_forget.sql");
const SEARCH_ADVANCE: &str = sql!("sql/search_advance.sql");

/// Changes read at a time.
const PASS_CHANGES: u32 = 200;
/// Passes of one feed: bounded, as work after a response has 30 seconds.
const MOST_PASSES: u32 = 10;
/// Bytes of messages bound to one statement; D1 takes 2 MB.
const STATEMENT_BYTES: usize = 500_000;
/// Turns within this time are told together.
const COALESCE: Duration = Duration::from_secs(5);
/// A feed that has not begun after this time was lost with its request.
const LOST_AFTER: Duration = Duration::from_secs(15);

/// Whether a feed of this isolate is waiting to begin: until when, in milliseconds.
#[derive(Debug, Default)]
pub struct Pending(AtomicI64);

impl Pending {
    /// Takes the place, unless another feed has it.
    fn claim(&self, now: Timestamp) -> bool {
        if now.millis() < self.0.load(Ordering::Relaxed) {
            return false;
        }
        self.0.store(now.plus(LOST_AFTER).millis(), Ordering::Relaxed);
        true
    }

    fn release(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Runs a feed after the response, unless one is about to.
pub fn run_soon(op: &Op) {
    if !op.app.search_feed.claim(op.now()) {
        return;
    }
    let later = op.clone();
    op.background.spawn(Box::pin(async move {
        later.app.ports.clock.sleep(COALESCE).await;
        later.app.search_feed.release();
        if let Err(error) = run(&later).await {
            let fields = [("reason", json!(error.private_context()))];
            let log = &later.app.log;
            log.event(LogLevel::Warn, "search_feed_failed", later.now(), &later.request, &fields);
        }
    }));
}

row! {
    struct ChangeRow {
        seq: i64,
        message_id: String,
        session_id: Option<String>,
        org_id: Option<OrgId>,
        content: Option<String>,
    }
}

/// Tells the index of what changed, at most 2000 changes; gives how many.
pub async fn run(op: &Op) -> Result<usize> {
    let mut told = 0;
    for _pass in 0..MOST_PASSES {
        let rows = op.read(vec![statement!(CHANGES, PASS_CHANGES)]).await?;
        let changes: Vec<ChangeRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
        let Some(last) = changes.last().map(|change| change.seq) else { break };
        let count = changes.len();
        op.search_write(index_statements(changes, last)).await?;
        op.write(vec![statement!(CHANGES_DELETE, last)]).await?;
        told += count;
        if count < usize::try_from(PASS_CHANGES).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(told)
}

fn index_statements(changes: Vec<ChangeRow>, last: i64) -> Vec<Statement> {
    let (mut gone, mut statements) = (Vec::new(), Vec::new());
    let (mut held, mut bytes) = (Vec::new(), 0);
    let upsert = |held: &mut Vec<Value>| {
        let messages = Value::Array(std::mem::take(held)).to_string();
        statement!(SEARCH_UPSERT, messages, last)
    };
    for change in changes {
        match change {
            ChangeRow {
                message_id,
                session_id: Some(session),
                org_id: Some(org),
                content: Some(content),
                ..
            } => {
                bytes += content.len();
                held.push(json!([message_id, session, org, tenant_key(&org), content]));
            }
            ChangeRow { message_id, .. } => gone.push(message_id),
        }
        if bytes > STATEMENT_BYTES {
            statements.push(upsert(&mut held));
            bytes = 0;
        }
    }
    if !held.is_empty() {
        statements.push(upsert(&mut held));
    }
    if !gone.is_empty() {
        statements.push(statement!(SEARCH_FORGET, json!(gone).to_string(), last));
    }
    statements.push(statement!(SEARCH_ADVANCE, last));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_feed_waits_at_a_time_and_a_lost_one_gives_way() {
        let pending = Pending::default();
        let at = Timestamp::from_seconds;
        assert!(pending.claim(at(100)));
        assert!(!pending.claim(at(104)));
        assert!(pending.claim(at(115)));
        pending.release();
        assert!(pending.claim(at(116)));
    }

    #[test]
    fn large_messages_go_in_several_statements() {
        let change = |seq: i64, content: Option<String>| ChangeRow {
            seq,
            message_id: format!("m{seq}"),
            session_id: content.as_ref().map(|_| "s".to_owned()),
            org_id: content.as_ref().map(|_| OrgId::from("o".to_owned())),
            content,
        };
        let large = || Some("x".repeat(STATEMENT_BYTES / 2 + 1));
        let changes =
            vec![change(1, large()), change(2, large()), change(3, None), change(4, large())];
        let sql: Vec<&str> = index_statements(changes, 4).iter().map(|one| one.sql).collect();
        assert_eq!(sql, [SEARCH_UPSERT, SEARCH_UPSERT, SEARCH_FORGET, SEARCH_ADVANCE]);
    }
}
