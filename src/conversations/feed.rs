//! Tells `SEARCH` what was said, changed or deleted in `DB`.
//!
//! Triggers note each change in `search_changes`, in the transaction of the change, so that none is
//! missed however late it commits and whatever time it bears. A feed reads the oldest of them with the
//! messages as they are now, writes them to the index, and then forgets them; one that is lost half way is
//! made up for by the next. Two feeds at a time do no harm: the one that read the older state finds in
//! `SEARCH` that the other was there, and writes nothing.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;

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

/// Changes read at a time, at most.
const PASS_CHANGES: u32 = 2_000;
/// Characters read at a time, at most.
const PASS_CHARACTERS: u32 = 600_000;
/// Characters of a message that can be found, from its start: no message is too long for a pass. A
/// visitor's has 5 000 at most.
const MESSAGE_CHARACTERS: u32 = 10_000;
/// Bytes told at a time, as JSON; D1 takes 2 MB. A message as above has 60 kB at most.
const PASS_BYTES: usize = 900_000;
/// A feed begins no pass after this time, as work after a response has 30 seconds.
const LONGEST: Duration = Duration::from_secs(20);
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
        if let Err(error) = run(&later, LONGEST).await {
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

/// Tells the index of what changed, as far as the time allows; gives how many changes.
pub async fn run(op: &Op, longest: Duration) -> Result<usize> {
    let end = op.now().plus(longest);
    let mut told = 0;
    while op.now() < end {
        let limits = statement!(CHANGES, PASS_CHANGES, MESSAGE_CHARACTERS, PASS_CHARACTERS);
        let rows = op.read(vec![limits]).await?;
        let Pass { statements, changes, last } =
            Pass::of(rows.first().map_or(Ok(Vec::new()), Rows::all)?);
        if changes == 0 {
            break;
        }
        op.search_write(statements).await?;
        op.write(vec![statement!(CHANGES_DELETE, last)]).await?;
        told += changes;
    }
    Ok(told)
}

/// Changes that are told at once.
struct Pass {
    statements: Vec<Statement>,
    /// How many, and the number of the last.
    changes: usize,
    last: i64,
}

impl Pass {
    /// As many of the changes, in their order, as one statement holds.
    fn of(changes: Vec<ChangeRow>) -> Self {
        let (mut gone, mut held, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut count, mut last) = (0, 0);
        for change in changes {
            let seq = change.seq;
            match change {
                ChangeRow {
                    message_id,
                    session_id: Some(session),
                    org_id: Some(org),
                    content: Some(content),
                    ..
                } => {
                    let key = tenant_key(&org);
                    // As it is sent: JSON writes some characters with six.
                    let message = json!([message_id, session, org, key, content]).to_string();
                    bytes += message.len() + 1;
                    if bytes > PASS_BYTES && count > 0 {
                        break;
                    }
                    held.push(message);
                }
                ChangeRow { message_id, .. } => gone.push(message_id),
            }
            (count, last) = (count + 1, seq);
        }
        let mut statements = Vec::new();
        if !held.is_empty() {
            statements.push(statement!(SEARCH_UPSERT, format!("[{}]", held.join(",")), last));
        }
        if !gone.is_empty() {
            statements.push(statement!(SEARCH_FORGET, json!(gone).to_string(), last));
        }
        statements.push(statement!(SEARCH_ADVANCE, last));
        Self { statements, changes: count, last }
    }
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

    fn change(seq: i64, content: Option<&str>) -> ChangeRow {
        ChangeRow {
            seq,
            message_id: format!("m{seq}"),
            session_id: content.map(|_| "s".to_owned()),
            org_id: content.map(|_| OrgId::from("o".to_owned())),
            content: content.map(str::to_owned),
        }
    }

    #[test]
    fn a_pass_holds_what_one_statement_takes_as_it_is_written() {
        // Six bytes each in JSON.
        let longest = "\u{1}".repeat(usize::try_from(MESSAGE_CHARACTERS).unwrap());
        let changes = (1..=40).map(|seq| change(seq, (seq != 3).then_some(&longest)));
        let Pass { statements, changes, last } = Pass::of(changes.collect());
        let sql: Vec<&str> = statements.iter().map(|one| one.sql).collect();
        assert_eq!(sql, [SEARCH_UPSERT, SEARCH_FORGET, SEARCH_ADVANCE]);
        assert_eq!((changes, last), (15, 15), "the others wait for the next pass");
        let Some(crate::db::Param::Text(messages)) = statements[0].params.first() else {
            panic!("a text")
        };
        assert!(messages.len() <= PASS_BYTES + 2, "{}", messages.len());
        let messages: Vec<serde_json::Value> = serde_json::from_str(messages).unwrap();
        assert_eq!(messages.len(), 14);
    }

    #[test]
    fn nothing_is_no_pass() {
        assert_eq!(Pass::of(Vec::new()).changes, 0);
    }
}
