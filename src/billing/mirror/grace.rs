//! The job that ends days of grace.

use super::store::graces_end;
use crate::app::Op;
use crate::error::Result;
use crate::jobs::Run;

/// Orgs of one statement.
const MOST: u32 = 100;

/// Brings the standing of orgs whose days of grace are over up to date.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    while run.has_time(op) {
        let ended = graces_end(op, MOST).await?;
        run.items += ended;
        run.has_more = ended == u64::from(MOST);
        if !run.has_more {
            break;
        }
    }
    Ok(())
}
