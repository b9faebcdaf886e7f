//! Ends what nobody goes on with: conversations that went quiet, and turns that were lost. Forgets old notifications.
//!
//! A conversation is quiet half an hour after its last message, one that is handed over to a person after a day. It is
//! then **completed** if the visitor's last message was answered, and **abandoned** if not:
//!
//! - nothing was said after it, or
//! - the answer was that nothing is known (`unanswered`), or
//! - the answer broke off (`finish_reason` is `interrupted` or `cut`), or
//! - there is no message of a visitor at all.
//!
//! It ended with its last message, whenever that is noticed. A visitor who comes back later gets 409 `session_closed`,
//! and their page begins another conversation. A turn that is still answered keeps its conversation open.
//!
//! A turn that is `running` after five minutes was lost with its isolate. It fails; what was set aside for it stays
//! spent, as nobody knows what the provider charged.

use std::time::Duration;

use super::Run;
use crate::app::Op;
use crate::chat::SESSION_ACTIVE_FOR;
use crate::db::Rows;
use crate::error::Result;
use crate::{sql, statement};

const TURNS_FAIL: &str = sql!("sql/turns_fail.sql");
const SESSIONS_CLOSE: &str = sql!("sql/sessions_close.sql");
const SESSIONS_CLOSE_UNDATED: &str = sql!("sql/sessions_close_undated.sql");
const NOTIFICATIONS_FORGET: &str = sql!("sql/notifications_forget.sql");

/// How long a conversation with a person may be quiet.
const HANDED_OFF_FOR: Duration = Duration::from_hours(24);
/// After this time a turn was lost: models are given far less.
const TURN_FOR: Duration = Duration::from_mins(5);
/// How long notifications are kept.
const NOTIFICATIONS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Rows changed by one statement: D1 has one writer, which nobody may hold long.
const AT_A_TIME: u32 = 200;

/// One run.
pub(super) async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let now = op.now();
    let (quiet, left) = (now.minus(SESSION_ACTIVE_FOR), now.minus(HANDED_OFF_FOR));
    while run.has_time(op) {
        let pass = vec![
            statement!(TURNS_FAIL, now.minus(TURN_FOR), now, AT_A_TIME),
            statement!(SESSIONS_CLOSE, quiet, left, AT_A_TIME),
            statement!(SESSIONS_CLOSE_UNDATED, quiet, left, AT_A_TIME),
            statement!(NOTIFICATIONS_FORGET, now.minus(NOTIFICATIONS_KEPT), AT_A_TIME),
        ];
        let rows = op.write(pass).await?;
        let changed = rows.iter().map(Rows::count).collect::<Result<Vec<usize>>>()?;
        run.items += changed.iter().sum::<usize>() as u64;
        if changed.iter().all(|changed| *changed < AT_A_TIME as usize) {
            return Ok(());
        }
    }
    run.has_more = true;
    Ok(())
}
