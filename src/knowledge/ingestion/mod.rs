//! Documents come in, are cut into passages and go live.
//!
//! What comes in is read at once, so that whoever sends it hears what is wrong with it, and only its text is kept,
//! together with a job. The job cuts the text; a draft ends there, anything else is published by [`super::index`].
//! Each step is one transaction that leaves the next step due, so that a run may be cut off anywhere.
//!
//! The seam for whatever fetches documents by itself is [`take_in`].

mod intake;
mod queue;
mod removal;
mod work;

pub(super) use self::intake::{
    Content, Target, TargetRow, Text, Written, is_refused, job_insert, refusal, source_not_found,
    unsupported, version_publish, write_text,
};
pub use self::intake::{Incoming, TakenIn, take_in};

use crate::app::Op;
use crate::config::LogLevel;
use crate::error::Result;
use crate::jobs::Run;
use serde_json::json;

/// A run makes at most so many rounds: D1 answers 1000 queries to one invocation, and a round takes up to a hundred.
/// The clock does the rest.
const MOST_ROUNDS: usize = 8;

/// One run of the job `knowledge_ingestion`: cuts what came in, and tells the index what changed.
pub(crate) async fn run(op: &Op, run: &mut Run) -> Result<()> {
    for _round in 0..MOST_ROUNDS {
        if !run.has_time(op) {
            break;
        }
        let done = round(op).await?;
        if done == 0 {
            return Ok(());
        }
        run.items += done as u64;
    }
    run.has_more = true;
    Ok(())
}

/// Does after the response what a change left to do, so that it shows within seconds.
pub(crate) fn run_soon(op: &Op) {
    let later = op.clone();
    op.background.spawn(Box::pin(async move {
        for _round in 0..MOST_ROUNDS {
            match round(&later).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    let fields = [("reason", json!(error.private_context()))];
                    let log = &later.app.log;
                    return log.event(
                        LogLevel::Warn,
                        "knowledge_run_failed",
                        later.now(),
                        &later.request,
                        &fields,
                    );
                }
            }
        }
    }));
}

/// A bounded piece of all kinds of work; gives how much was done.
async fn round(op: &Op) -> Result<usize> {
    let cut = work::run(op).await?;
    let removed = removal::run(op).await?;
    let told = super::index::tell(op).await?;
    Ok(cut + removed + told)
}
