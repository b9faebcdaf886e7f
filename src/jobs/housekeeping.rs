//! Forgets what nobody asks for any more: old runs of jobs, old turns, the counts of past minutes, old notices, the counts
//! of widget events of two years ago, sessions whose tokens have ended, and old receipts of Clerk's events.

use std::time::Duration;

use super::Run;
use crate::app::Op;
use crate::db::Rows;
use crate::error::Result;
use crate::ids::first_id;
use crate::{sql, statement};

const RUNS_FORGET: &str = sql!("sql/runs_forget.sql");
const TURNS_FORGET: &str = sql!("sql/turns_forget.sql");
const COUNTERS_FORGET: &str = sql!("sql/counters_forget.sql");
const NOTICES_FORGET: &str = sql!("sql/notices_forget.sql");
const WIDGET_EVENTS_FORGET: &str = sql!("sql/widget_events_forget.sql");
const ENDED_SESSIONS_FORGET: &str = sql!("sql/ended_sessions_forget.sql");
const CLERK_EVENTS_FORGET: &str = sql!("sql/clerk_events_forget.sql");

/// How long runs are kept.
const RUNS_KEPT: Duration = Duration::from_hours(14 * 24);
/// How long counts of minutes are kept.
const MINUTES_KEPT: Duration = Duration::from_hours(1);
/// How long turns are kept, whose messages may be sent again so long.
const TURNS_KEPT: Duration = Duration::from_hours(7 * 24);
/// How long notices are kept: so that those of a year's subscription can be seen.
const NOTICES_KEPT: Duration = Duration::from_hours(400 * 24);
/// How long counts of widget events are kept: so that a year can be seen beside the one before.
const WIDGET_EVENTS_KEPT: Duration = Duration::from_hours(2 * 366 * 24);
/// How long receipts of Clerk's events are kept. One that is sent again later is judged by the snapshots.
const CLERK_EVENTS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Rows deleted by one statement: D1 has one writer, which nobody may hold long.
const AT_A_TIME: u32 = 1_000;

/// One run.
pub(super) async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let now = op.now();
    let minute: String = now.minus(MINUTES_KEPT).to_string().chars().take(16).collect();
    while run.has_time(op) {
        let forget = vec![
            statement!(RUNS_FORGET, now.minus(RUNS_KEPT), AT_A_TIME),
            statement!(COUNTERS_FORGET, minute.as_str(), AT_A_TIME),
            statement!(TURNS_FORGET, first_id(now.minus(TURNS_KEPT)), AT_A_TIME),
            statement!(NOTICES_FORGET, now.minus(NOTICES_KEPT), AT_A_TIME),
            statement!(WIDGET_EVENTS_FORGET, now.minus(WIDGET_EVENTS_KEPT).date(), AT_A_TIME),
            statement!(ENDED_SESSIONS_FORGET, now, AT_A_TIME),
            statement!(CLERK_EVENTS_FORGET, now.minus(CLERK_EVENTS_KEPT), AT_A_TIME),
        ];
        let rows = op.write(forget).await?;
        let deleted = rows.iter().map(Rows::count).collect::<Result<Vec<usize>>>()?;
        run.items += deleted.iter().sum::<usize>() as u64;
        if deleted.iter().all(|deleted| *deleted < AT_A_TIME as usize) {
            return Ok(());
        }
    }
    run.has_more = true;
    Ok(())
}
