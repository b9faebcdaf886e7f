//! Web sites as sources of knowledge: read page by page, politely, and again when they may have changed. Owns
//! `knowledge_crawls` and `knowledge_pages`.
//!
//! A site is read in rounds. Each begins with `robots.txt`, goes through the sitemaps, and then from page to page,
//! nearest to the start first; what is known of a page from earlier rounds makes the visit of one that is unchanged a
//! 304. What a page says is handed to [`super::ingestion::take_in`], and the document of a page that is gone is
//! archived. All of it is in rows, each step is a transaction, and a crawl is held by a lease, so that a run may be cut
//! off anywhere or fired twice.
//!
//! Everything that a site sends is hostile: addresses are judged at each hop (`http/public_url.rs`), bodies are bounded
//! in size and time, links, sitemaps, depth and pages in number.

mod address;
mod discovery;
mod fetch;
mod reading;
mod robots;
mod settings;
mod sitemap;
mod store;
mod visit;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Map, Value};

pub use self::settings::CrawlConfig;
pub use self::store::{Outcome, PageState};
use crate::app::{Background, BoxFuture, Op};
use crate::config::Environment;
use crate::db::Statement;
use crate::error::{Error, Result};
use crate::ids::{OrgId, new_id};
use crate::jobs::Run;
use crate::knowledge::ingestion;
use crate::time::Timestamp;

/// Sites that are read beside each other, each of another host: Workers open six connections at once.
const SITES_AT_ONCE: u32 = 4;
/// Requests of one run to all its sites. D1 answers 1000 queries to one invocation, and a page takes about fifteen.
const REQUESTS_PER_RUN: u32 = 40;
/// A crawl that was not given back after this time was lost.
const LEASE: Duration = Duration::from_mins(2);

/// Judges the `config` of a source of type `url`, and completes it.
///
/// # Errors
/// 400, with the member that does not fit.
pub fn validate_config(
    config: &Map<String, Value>,
    environment: Environment,
) -> Result<CrawlConfig> {
    CrawlConfig::read(config, environment)
}

/// The statements that ask for a source to be read, for the batch of the change that asks. With `anew`, a reading that
/// is under way begins again, as it must once the configuration is another one.
pub fn enqueue(
    org: &OrgId,
    source_id: &str,
    config: &CrawlConfig,
    now: Timestamp,
    anew: bool,
) -> Vec<Statement> {
    store::enqueue(org, source_id, config.start_url.host(), now, anew)
}

/// One run of the job `knowledge_crawl`.
pub(crate) async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let lease = new_id(op.now())?;
    let crawls = store::claim(op, &lease, op.now().plus(LEASE), SITES_AT_ONCE).await?;
    let Some(share) =
        u32::try_from(crawls.len()).ok().and_then(|n| REQUESTS_PER_RUN.checked_div(n))
    else {
        return Ok(());
    };
    run.has_more = true;
    let quiet = Op { background: Arc::new(Nothing), ..op.clone() };
    let (of_run, lease) = (&*run, lease.as_str());
    let readings: Vec<BoxFuture<'_, Result<u64>>> = crawls
        .into_iter()
        .map(|crawl| -> BoxFuture<'_, Result<u64>> {
            Box::pin(reading::read_on(&quiet, of_run, lease, crawl, share))
        })
        .collect();
    let mut failed: Option<Error> = None;
    let mut requests = 0;
    for outcome in all(readings).await {
        match outcome {
            Ok(made) => requests += made,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    run.items += requests;
    // What came in is cut and published once, not after each page.
    ingestion::run_soon(op);
    failed.map_or(Ok(()), Err)
}

/// Leaves undone what a page would do after a response.
struct Nothing;

impl Background for Nothing {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(task);
    }
}

/// Runs futures beside each other until all have ended.
async fn all<T>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut running: Vec<Option<BoxFuture<'_, T>>> = futures.into_iter().map(Some).collect();
    let mut ended = Vec::new();
    poll_fn(|context| {
        for slot in &mut running {
            if let Some(future) = slot
                && let Poll::Ready(outcome) = future.as_mut().poll(context)
            {
                ended.push(outcome);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended
}
