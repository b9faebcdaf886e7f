//! What runs by the clock.
//!
//! Cron may fire twice, late or not at all, and a run may be cut off anywhere. So a job is a row in `jobs` that is
//! taken with a lease, does a bounded piece of work, says how far it came in a cursor, and is given back with the
//! moment at which it is due again. A run that was lost is taken up where it stood once its lease has ended; of
//! two that fire together one finds nothing to take. Each run leaves one row in `job_runs` and one line in the log; of
//! one that was lost, whoever takes its job over leaves the row.
//!
//! Each job is taken right before it runs and has time of its own, so that none waits for another that is slow, and
//! one that dies holds nothing but itself. Short ones come first, and the reading of other people's sites last.

mod housekeeping;
mod idle_close;
mod store;

pub use self::store::{RunOut, due_now, runs};

use std::time::Duration;

use serde_json::json;

use crate::app::{BoxFuture, Op};
use crate::billing::mirror::{grace, reconcile};
use crate::billing::usage::{closing, pushing};
use crate::config::LogLevel;
use crate::conversations::feed;
use crate::error::Result;
use crate::ids::new_id;
use crate::knowledge::{crawl, embedding, ingestion, rebuild};
use crate::notices::sending;
use crate::time::Timestamp;

/// A run that has not ended after this time was lost.
const LEASE: Duration = Duration::from_mins(2);

/// How long the index is told of messages; a pass of it may take as long again.
const FEED: Duration = Duration::from_secs(5);

/// Something that is done again and again.
pub struct Job {
    /// Its name in `jobs`, `job_runs` and the log.
    pub name: &'static str,
    /// How long after a run that did all there was it is due again.
    pub every: Duration,
    /// A run begins no further piece of work after this time.
    pub share: Duration,
    /// One run.
    pub run: for<'a> fn(&'a Op, &'a mut Run) -> BoxFuture<'a, Result<()>>,
}

/// The state of one run, which the job moves forward.
#[derive(Debug)]
pub struct Run {
    /// Where the last run stopped, in the job's own words; what the job leaves here is given to the next.
    pub cursor: Option<String>,
    /// How many things were done.
    pub items: u64,
    /// Whether there is more to do: the job is then due again at once.
    pub has_more: bool,
    ends: Timestamp,
}

impl Run {
    /// Whether another piece of work may begin.
    pub fn has_time(&self, op: &Op) -> bool {
        op.now() < self.ends
    }
}

/// All jobs, in the order in which they run. Their shares together are about the minute to the next tick.
const JOBS: &[Job] = &[
    Job {
        name: "idle_close",
        every: Duration::from_mins(1),
        share: Duration::from_secs(5),
        run: |op, run| Box::pin(idle_close::run(op, run)),
    },
    Job {
        name: "housekeeping",
        every: Duration::from_hours(1),
        share: Duration::from_secs(5),
        run: |op, run| Box::pin(housekeeping::run(op, run)),
    },
    Job {
        name: "billing_grace",
        every: Duration::from_mins(1),
        share: Duration::from_secs(2),
        run: |op, run| Box::pin(grace::run(op, run)),
    },
    Job {
        name: "search_feed",
        every: Duration::ZERO,
        share: FEED,
        run: |op, run| Box::pin(tell_index(op, run)),
    },
    Job {
        name: "knowledge_ingestion",
        every: Duration::ZERO,
        share: Duration::from_secs(10),
        run: |op, run| Box::pin(ingestion::run(op, run)),
    },
    Job {
        name: "usage_close",
        every: Duration::from_mins(10),
        share: Duration::from_secs(2),
        run: |op, run| Box::pin(closing::run(op, run)),
    },
    Job {
        name: "usage_meters",
        every: Duration::from_mins(5),
        share: Duration::from_secs(5),
        run: |op, run| Box::pin(pushing::run(op, run)),
    },
    Job {
        name: "notices_send",
        every: Duration::ZERO,
        share: Duration::from_secs(3),
        run: |op, run| Box::pin(sending::run(op, run)),
    },
    Job {
        name: "search_rebuild",
        every: Duration::ZERO,
        share: Duration::from_secs(5),
        run: |op, run| Box::pin(rebuild::run(op, run)),
    },
    Job {
        name: "search_drift",
        every: Duration::from_hours(24),
        share: Duration::from_secs(5),
        run: |op, run| Box::pin(rebuild::compare(op, run)),
    },
    Job {
        name: "knowledge_embeddings",
        every: Duration::from_mins(10),
        share: Duration::from_secs(10),
        run: |op, run| Box::pin(embedding::run(op, run)),
    },
    Job {
        name: reconcile::JOB,
        every: Duration::from_hours(24),
        share: Duration::from_secs(15),
        run: |op, run| Box::pin(reconcile::run(op, run)),
    },
    Job {
        name: "knowledge_crawl",
        every: Duration::ZERO,
        share: Duration::from_secs(15),
        run: |op, run| Box::pin(crawl::run(op, run)),
    },
];

/// Every minute: runs what is due.
pub async fn run_due(op: &Op) {
    let names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
    let due = match store::due(op, &names).await {
        Ok(due) => due,
        Err(error) => {
            return log(op, "due", LogLevel::Error, "failed", 0, Some(&error.private_context()));
        }
    };
    for job in JOBS.iter().filter(|job| due.iter().any(|name| name == job.name)) {
        if let Err(error) = take_and_run(op, job).await {
            log(op, job.name, LogLevel::Error, "untaken", 0, Some(&error.private_context()));
        }
    }
}

/// Runs a job, unless somebody else has taken it meanwhile.
async fn take_and_run(op: &Op, job: &Job) -> Result<()> {
    let lease = new_id(op.now())?;
    if let Some(taken) = store::claim(op, job.name, &lease, op.now().plus(LEASE)).await? {
        let ends = op.now().plus(job.share);
        run_one(op, job, Run { cursor: taken.cursor, items: 0, has_more: false, ends }, &lease)
            .await;
    }
    Ok(())
}

async fn run_one(op: &Op, job: &Job, mut run: Run, lease: &str) {
    let started = op.now();
    let before = run.cursor.clone();
    let outcome = (job.run)(op, &mut run).await;
    let reason = outcome.as_ref().err().map(crate::error::Error::private_context);
    let (level, word) = match (&outcome, run.has_more) {
        (Err(_), _) => (LogLevel::Error, "failed"),
        (Ok(()), true) => (LogLevel::Info, "more"),
        (Ok(()), false) => (LogLevel::Info, "done"),
    };
    log(op, job.name, level, word, run.items, reason.as_deref());
    let ended = store::Ended {
        job: job.name,
        lease,
        started,
        outcome: word,
        items: run.items,
        reason: reason.as_deref(),
        due: if word == "more" { op.now() } else { op.now().plus(job.every) },
        // What failed is done again from where it was.
        cursor: if outcome.is_ok() { run.cursor } else { before },
    };
    if let Err(error) = store::run_end(op, ended).await {
        log(op, job.name, LogLevel::Error, "unrecorded", run.items, Some(&error.private_context()));
    }
}

fn log(op: &Op, job: &str, level: LogLevel, outcome: &str, items: u64, reason: Option<&str>) {
    let mut fields =
        vec![("job", json!(job)), ("outcome", json!(outcome)), ("items", json!(items))];
    fields.extend(reason.map(|reason| ("reason", json!(reason))));
    op.app.log.event(level, "job", op.now(), &op.request, &fields);
}

/// What a lost feed did not tell the index.
async fn tell_index(op: &Op, run: &mut Run) -> Result<()> {
    run.items = feed::run(op, FEED).await? as u64;
    Ok(())
}
