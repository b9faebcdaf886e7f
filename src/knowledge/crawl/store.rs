//! The statements of crawls and their pages.

use serde_json::{Map, Value};

use crate::app::Op;
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::http::public_url::PublicUrl;
use crate::ids::OrgId;
use crate::time::Timestamp;
use crate::{choice, row, sql, statement};

use super::address::digest;
use crate::knowledge::index::arrays;

const CRAWL_ENQUEUE: &str = sql!("sql/crawl_enqueue.sql");
const SOURCE_SYNCING: &str = sql!("sql/source_syncing.sql");
const CRAWLS_LOST: &str = sql!("sql/crawls_lost.sql");
const CRAWLS_CLAIM: &str = sql!("sql/crawls_claim.sql");
const CRAWLS_HELD: &str = sql!("sql/crawls_held.sql");
const CRAWL_BEGIN: &str = sql!("sql/crawl_begin.sql");
const CRAWL_GO_ON: &str = sql!("sql/crawl_go_on.sql");
const CRAWL_RELEASE: &str = sql!("sql/crawl_release.sql");
const CRAWL_FAIL: &str = sql!("sql/crawl_fail.sql");
const HOST_REST: &str = sql!("sql/host_rest.sql");
const PAGES_RENEW: &str = sql!("sql/pages_renew.sql");
const PAGES_ADD: &str = sql!("sql/pages_add.sql");
const PAGES_UNKNOWN: &str = sql!("sql/pages_unknown.sql");
const PAGES_LEFT_OUT: &str = sql!("sql/pages_left_out.sql");
const PAGES_SURPLUS_ARCHIVE: &str = sql!("sql/pages_surplus_archive.sql");
const PAGES_SURPLUS_FORGET: &str = sql!("sql/pages_surplus_forget.sql");
const PAGES_SUMMARY: &str = sql!("sql/pages_summary.sql");
const PAGES_WAITING: &str = sql!("sql/pages_waiting.sql");
const PAGES_FORGET: &str = sql!("sql/pages_forget.sql");
const PAGE_TAKE: &str = sql!("sql/page_take.sql");
const PAGE_END: &str = sql!("sql/page_end.sql");
const DOCUMENT_ARCHIVE: &str = sql!("sql/document_archive.sql");
const DOCUMENT_RESTORE: &str = sql!("sql/document_restore.sql");
const SOURCE_READ: &str = sql!("sql/source_read.sql");

choice! {
    /// What comes next in the reading of a site.
    pub(super) enum Phase {
        /// `robots.txt`.
        Begins = "begins",
        /// Sitemaps.
        Maps = "maps",
        /// Pages.
        Reads = "reads",
        /// Nothing, until it is due again.
        Rests = "rests",
    }
}

choice! {
    /// What is known of a page.
    pub enum PageState {
        /// It was not visited yet.
        Pending = "pending",
        /// It is a document.
        Live = "live",
        /// It is read and not taken in.
        Skipped = "skipped",
        /// It leads to another page.
        Moved = "moved",
        /// It is not there any more.
        Gone = "gone",
        /// It cannot be read.
        Failed = "failed",
    }
}

choice! {
    /// What a visit found.
    pub enum Outcome {
        /// A document that was not known.
        New = "new",
        /// Another text.
        Changed = "changed",
        /// The same.
        Unchanged = "unchanged",
        /// Nothing any more.
        Gone = "gone",
        /// Nothing that is taken in.
        Skipped = "skipped",
        /// No answer that could be used.
        Failed = "failed",
    }
}

row! {
    /// A crawl that is held.
    #[derive(Debug, Clone)]
    pub(super) struct CrawlRow {
        pub(super) source_id: String,
        pub(super) org_id: OrgId,
        pub(super) host: String,
        pub(super) phase: Phase,
        pub(super) failures: i64,
        pub(super) robots: Option<String>,
        pub(super) sitemaps: Vec<String>,
        pub(super) config: Map<String, Value>,
    }
}

row! {
    /// A page that is to be visited.
    #[derive(Debug, Clone)]
    pub(super) struct PageRow {
        pub(super) digest: String,
        pub(super) url: String,
        pub(super) state: PageState,
        pub(super) depth: i64,
        pub(super) hops: i64,
        pub(super) etag: Option<String>,
        pub(super) last_modified: Option<String>,
        pub(super) checksum: Option<String>,
        pub(super) document_id: Option<String>,
        pub(super) attempts: i64,
    }
}

row! {
    /// What a round came to.
    #[derive(Debug)]
    pub(super) struct SummaryRow {
        /// Pages that are documents.
        pub(super) live: i64,
        /// Why the start page is none.
        pub(super) error: Option<String>,
    }
}

row! {
    struct PlaceRow {
        place: i64,
    }
}

row! {
    struct WaitingRow {
        next_at: Option<String>,
    }
}

/// The statements that ask for a source to be read, for the batch of the change that asks.
pub(super) fn enqueue(
    org: &OrgId,
    source: &str,
    host: &str,
    now: Timestamp,
    anew: bool,
) -> Vec<Statement> {
    vec![
        statement!(CRAWL_ENQUEUE, org, source, host, now, anew),
        statement!(SOURCE_SYNCING, org, source, now),
    ]
}

/// Takes crawls that are due, and notes those that were lost.
pub(super) async fn claim(
    op: &Op,
    lease: &str,
    until: Timestamp,
    most: u32,
) -> Result<Vec<CrawlRow>> {
    let claim = statement!(CRAWLS_CLAIM, op.now(), lease, until, most);
    let lost = statement!(CRAWLS_LOST, op.now());
    let rows = op.write(vec![lost, claim, statement!(CRAWLS_HELD, lease)]).await?;
    rows.get(2).map_or(Ok(Vec::new()), Rows::all)
}

/// Writes for one crawl, each of which does nothing once another run holds it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) org: OrgId,
    pub(super) source: String,
    pub(super) lease: String,
}

/// What a visit ends with.
#[derive(Debug, Clone)]
pub(super) struct Visited {
    pub(super) state: PageState,
    pub(super) outcome: Outcome,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) checksum: Option<String>,
    pub(super) error: Option<String>,
    /// When it is visited again in this round.
    pub(super) again_at: Option<Timestamp>,
}

impl Held {
    fn statement(&self, sql: &'static str, params: impl IntoIterator<Item = Param>) -> Statement {
        let mut all: Vec<Param> =
            vec![(&self.org).into(), self.source.as_str().into(), self.lease.as_str().into()];
        all.extend(params);
        Statement { sql, params: all }
    }

    pub(super) fn begin(&self, robots: &Value, sitemaps: &[String]) -> Statement {
        self.statement(CRAWL_BEGIN, [robots.to_string().into(), list(sitemaps)])
    }

    /// Every page is visited again; `whole` if also those that are unchanged are to be sent.
    pub(super) fn renew(&self, now: Timestamp, whole: bool) -> Statement {
        self.statement(PAGES_RENEW, [now.into(), whole.into()])
    }

    /// Takes pages out of which there are more than `most`.
    pub(super) fn bound(&self, most: u32, now: Timestamp) -> [Statement; 2] {
        let archive = [most.into(), now.into(), now.millis().into()];
        [
            self.statement(PAGES_SURPLUS_ARCHIVE, archive),
            self.statement(PAGES_SURPLUS_FORGET, [most.into()]),
        ]
    }

    /// Which of the pages are not known, by their place.
    pub(super) async fn unknown(&self, op: &Op, pages: &[PublicUrl]) -> Result<Vec<usize>> {
        let digests = Value::from(pages.iter().map(digest).collect::<Vec<String>>()).to_string();
        let read = statement!(PAGES_UNKNOWN, &self.org, self.source.as_str(), digests);
        let rows = op.read(vec![read]).await?;
        let places: Vec<PlaceRow> = rows.first().map_or(Ok(Vec::new()), Rows::all)?;
        Ok(places.into_iter().filter_map(|row| usize::try_from(row.place).ok()).collect())
    }

    /// Adds pages to the frontier, as long as there is room for `most`, and notes how many had none; `others` were not
    /// looked at.
    pub(super) fn add(
        &self,
        pages: &[PublicUrl],
        depth: i64,
        hops: i64,
        most: u32,
        others: u32,
        now: Timestamp,
    ) -> Vec<Statement> {
        let pages =
            pages.iter().map(|url| serde_json::json!([digest(url), url.as_str()]).to_string());
        let mut statements = Vec::new();
        for pages in arrays(pages) {
            let frontier = [pages.as_str().into(), depth.into(), hops.into(), most.into()];
            let frontier = [now.into()].into_iter().chain(frontier);
            statements.push(self.statement(PAGES_ADD, frontier));
            statements.push(self.statement(PAGES_LEFT_OUT, [pages.into(), others.into()]));
        }
        statements
    }

    pub(super) fn go_on(&self, phase: Phase, failures: i64, sitemaps: &[String]) -> Statement {
        self.statement(CRAWL_GO_ON, [phase.into(), failures.into(), list(sitemaps)])
    }

    pub(super) fn take(&self, now: Timestamp) -> Statement {
        self.statement(PAGE_TAKE, [now.into()])
    }

    /// When the next visit of the round is due.
    pub(super) fn waiting(&self) -> Statement {
        statement!(PAGES_WAITING, &self.org, self.source.as_str())
    }

    pub(super) fn end(&self, page: &PageRow, visited: &Visited, now: Timestamp) -> Statement {
        self.statement(
            PAGE_END,
            [
                now.into(),
                page.digest.as_str().into(),
                visited.state.into(),
                visited.outcome.into(),
                visited.etag.as_deref().into(),
                visited.last_modified.as_deref().into(),
                visited.checksum.as_deref().into(),
                visited.error.as_deref().into(),
                visited.again_at.into(),
            ],
        )
    }

    /// Says of the source how its reading goes; `ended` if it went to its end.
    pub(super) fn told(
        &self,
        status: &'static str,
        error: Option<&str>,
        ended: bool,
        now: Timestamp,
    ) -> Statement {
        self.statement(SOURCE_READ, [now.into(), status.into(), error.into(), ended.into()])
    }

    pub(super) fn forget(&self, gone_before: Timestamp) -> Statement {
        statement!(PAGES_FORGET, &self.org, self.source.as_str(), gone_before)
    }

    pub(super) fn summary(&self) -> Statement {
        statement!(PAGES_SUMMARY, &self.org, self.source.as_str())
    }

    /// Archives the document of a page.
    pub(super) fn archive(&self, url: &str, now: Timestamp) -> Statement {
        self.statement(DOCUMENT_ARCHIVE, [url.into(), now.into(), now.millis().into()])
    }

    /// Takes the document of a page that is back out of the archive.
    pub(super) fn restore(&self, url: &str, now: Timestamp) -> Statement {
        self.statement(DOCUMENT_RESTORE, [url.into(), now.into(), now.millis().into()])
    }

    /// Gives the crawl back until a moment as it is stored.
    pub(super) fn release_at(&self, phase: Phase, failures: i64, due: String) -> Statement {
        self.statement(CRAWL_RELEASE, [phase.into(), failures.into(), due.into()])
    }

    /// Gives a crawl back whose step failed.
    pub(super) fn fail(&self, due: Timestamp) -> Statement {
        self.statement(CRAWL_FAIL, [due.into()])
    }

    pub(super) fn release(&self, phase: Phase, failures: i64, due: Option<Timestamp>) -> Statement {
        self.statement(CRAWL_RELEASE, [phase.into(), failures.into(), due.into()])
    }
}

/// Nobody asks a host before a moment.
pub(super) fn host_rest(host: &str, until: Timestamp) -> Statement {
    statement!(HOST_REST, host, until)
}

/// The moment of [`Held::waiting`], as stored.
pub(super) fn waiting_of(rows: &Rows) -> Result<Option<String>> {
    Ok(rows.one::<WaitingRow>()?.next_at)
}

fn list(items: &[String]) -> Param {
    Value::from(items.to_vec()).to_string().into()
}
