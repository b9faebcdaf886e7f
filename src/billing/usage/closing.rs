//! The job that closes records of days that are over. What they then say stays, and of orgs with a customer at Stripe
//! it is what a meter is told.

use std::time::Duration;

use super::store;
use crate::app::Op;
use crate::error::Result;
use crate::jobs::Run;

/// How long after its day a record is open: turns that run on past midnight end within minutes, and Stripe finalizes
/// the invoice of a period about an hour after its end (docs.stripe.com/billing/invoices/subscription).
const OPEN_AFTER: Duration = Duration::from_mins(10);
/// Records of one transaction.
const MOST: u32 = 200;

/// One run.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let before = op.now().minus(OPEN_AFTER);
    while run.has_time(op) {
        let closed = store::records_close(op, before, MOST).await?;
        run.items += closed as u64;
        run.has_more = closed == MOST as usize;
        if !run.has_more {
            break;
        }
    }
    Ok(())
}
