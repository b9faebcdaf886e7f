//! The reading of one site, step by step: each step is one request at most, and one transaction that records it and
//! leaves the next step to be taken. A run may be cut off between any two.

use std::time::Duration;

use serde_json::Value;

use super::address::{digest_of, path_and_query, same_site};
use super::fetch::{Answer, Body, Wanted, fetch};
use super::robots::{self, Robots};
use super::settings::CrawlConfig;
use super::sitemap::{self, Sitemap};
use super::store::{self, CrawlRow, Held, Outcome, PageRow, PageState, Phase, Visited, host_rest};
use super::visit::{self, Finding, Visit, pages_of};
use crate::app::Op;
use crate::backoff::jittered;
use crate::db::Statement;
use crate::error::{Kind, Result};
use crate::http::public_url::{PublicUrl, judge};
use crate::jobs::Run;
use crate::knowledge::ingestion::{Incoming, TakenIn, take_in};
use crate::time::Timestamp;

/// Between two requests to a site that does not say how long.
const PAUSE: Duration = Duration::from_secs(1);
/// A longer pause is not waited for: the site is due again after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Largest page.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Redirects of `robots.txt` that are followed (RFC 9309, section 2.3.1.2: at least five).
const ROBOTS_HOPS: usize = 5;
/// Redirects of a sitemap that are followed.
const SITEMAP_HOPS: usize = 3;
/// Sitemaps of a site that are read.
const MOST_SITEMAPS: usize = 50;
/// Stands before a sitemap that an index named, which is no index itself then.
const OF_INDEX: char = '+';
/// Visits of a page in a round that fail, then it has failed.
const MOST_TRIES: i64 = 3;
/// Visits that were begun and never ended: whoever reads that page dies of it.
const MOST_ATTEMPTS: i64 = 5;
/// Requests that fail one after another, then the site is left alone for a while.
const MOST_FAILURES: i64 = 5;
/// The same for `robots.txt`, without which nothing is read.
const MOST_ROBOTS_FAILURES: i64 = 3;
/// After so many, a site that is not to be read again by itself is given up.
const GIVEN_UP: i64 = 12;
/// How long a page that is gone is asked for again, in case that it comes back.
const GONE_KEPT: Duration = Duration::from_hours(30 * 24);
/// When a page that is not there any more is asked for again, before its document is archived: a site that is being
/// deployed may answer anything.
const SECOND_LOOK: Duration = Duration::from_mins(15);
/// For how long a site that asks us to come later is left alone at most.
const LONGEST_ABSENCE: Duration = Duration::from_hours(1);

const ACCEPT_PAGES: &str =
    "text/html,application/xhtml+xml;q=0.9,text/plain;q=0.8,application/pdf;q=0.7,*/*;q=0.1";
const ACCEPT_ANY: &str = "text/plain,*/*;q=0.8";

/// A crawl in somebody's hands.
pub(super) struct Reading<'a> {
    op: &'a Op,
    run: &'a Run,
    held: Held,
    host: String,
    phase: Phase,
    failures: i64,
    sitemaps: Vec<String>,
    config: CrawlConfig,
    robots: Robots,
    /// The rules of the last round, as they are kept; nothing where its configuration was another one.
    rules_before: Option<Value>,
    requests_left: u32,
    requests: u64,
    /// The page that is visited next.
    taken: Option<PageRow>,
}

/// What follows a step.
enum Next {
    /// Another one, after a pause.
    Step,
    /// Nothing in this run.
    Over,
}

/// Reads on where a crawl stands, as long as the run and its share of requests last; gives how many were made.
pub(super) async fn read_on(
    op: &Op,
    run: &Run,
    lease: &str,
    crawl: CrawlRow,
    requests: u32,
) -> Result<u64> {
    let held = Held { org: crawl.org_id, source: crawl.source_id, lease: lease.to_owned() };
    let config = match CrawlConfig::read(&crawl.config, op.app.config.environment) {
        Ok(config) => config,
        Err(error) => {
            let why = error.public_hint().unwrap_or("The configuration does not fit.");
            let batch = vec![
                held.told("error", Some(why), false, op.now()),
                held.release(Phase::Rests, crawl.failures, None),
            ];
            return op.write(batch).await.map(|_| 0);
        }
    };
    let robots = crawl.robots.and_then(|robots| serde_json::from_str::<Value>(&robots).ok());
    let failures = crawl.failures;
    let mut reading = Reading {
        op,
        run,
        held,
        host: crawl.host,
        phase: crawl.phase,
        failures: crawl.failures,
        sitemaps: crawl.sitemaps,
        config,
        robots: robots.as_ref().map(Robots::from_json).unwrap_or_default(),
        rules_before: robots,
        requests_left: requests,
        requests: 0,
        taken: None,
    };
    loop {
        match reading.step().await {
            Ok(Next::Step) => {}
            Ok(Next::Over) => return Ok(reading.requests),
            Err(error) => {
                // If that fails as well, the lease ends, and whoever claims next notes the same.
                let due = op.now().plus(absence(failures + 1));
                let _ = op.write(vec![reading.held.fail(due)]).await;
                return Err(error);
            }
        }
    }
}

impl Reading<'_> {
    async fn step(&mut self) -> Result<Next> {
        match self.phase {
            Phase::Begins | Phase::Rests => self.begin().await,
            Phase::Maps => self.map().await,
            Phase::Reads => self.visit_next().await,
        }
    }

    /// `robots.txt`, and with it a new round.
    async fn begin(&mut self) -> Result<Next> {
        let robots = match self.fetch_robots().await {
            Ok(robots) => robots,
            Err(why) => {
                self.failures += 1;
                let is_told = self.failures >= MOST_ROBOTS_FAILURES;
                return self.back_off(is_told.then_some(why.as_str()), self.failures).await;
            }
        };
        let path = path_and_query(&self.config.start_url);
        if !robots.allows(path) {
            return self.stop(&visit::forbids(path)).await;
        }
        self.failures = 0;
        self.sitemaps = self.sitemaps_of(&robots);
        self.robots = robots;
        self.phase = Phase::Maps;
        let (now, most) = (self.op.now(), self.config.max_pages);
        let start = std::slice::from_ref(&self.config.start_url);
        let rules = self.robots.to_json();
        // Links that were not followed under other rules are on pages that may not have changed.
        let whole = self.rules_before.as_ref() != Some(&rules);
        let mut batch = vec![self.held.begin(&rules, &self.sitemaps), self.held.renew(now, whole)];
        batch.extend(self.held.bound(most, now));
        batch.extend(self.held.add(start, 0, 0, most, 0, now));
        batch.push(self.held.told("syncing", None, false, now));
        self.end_step(batch, self.pause()).await
    }

    async fn fetch_robots(&mut self) -> Result<Robots, String> {
        let file = self.config.start_url.join("/robots.txt");
        let file = file.map_err(|reason| reason.expected().to_owned())?;
        let answer = self.follow(file, robots::MOST_BYTES, ROBOTS_HOPS, |_, _| true).await;
        match answer {
            Answer::Body(body) => Ok(Robots::parse(&body.bytes)),
            Answer::Unreachable(_) => Err(visit::NO_ANSWER.to_owned()),
            Answer::Status(status @ (429 | 500..), _) => {
                Err(format!("robots.txt cannot be read: the site answered {status}."))
            }
            // Not there, or not where it may be asked for: nothing is forbidden (RFC 9309, section 2.3.1.3).
            _ => Ok(Robots::default()),
        }
    }

    fn sitemaps_of(&self, robots: &Robots) -> Vec<String> {
        let start = &self.config.start_url;
        if let Some(sitemap) = &self.config.sitemap_url {
            return vec![sitemap.to_string()];
        }
        let named = robots.sitemaps.iter().filter_map(|sitemap| start.join(sitemap).ok());
        let usual = start.join("/sitemap.xml").ok();
        let mut sitemaps: Vec<String> = Vec::new();
        for sitemap in named.chain(usual).filter(|sitemap| same_site(sitemap, start)) {
            if !sitemaps.contains(&sitemap.to_string()) {
                sitemaps.push(sitemap.to_string());
            }
        }
        sitemaps
    }

    /// The next sitemap. One that cannot be read is no misfortune: links lead to pages as well.
    async fn map(&mut self) -> Result<Next> {
        let now = self.op.now();
        let sitemap = if self.sitemaps.is_empty() { None } else { Some(self.sitemaps.remove(0)) };
        let mut batch = Vec::new();
        let mut pause = Duration::ZERO;
        if let Some(sitemap) = sitemap {
            let (is_of_index, text) = match sitemap.strip_prefix(OF_INDEX) {
                Some(text) => (true, text),
                None => (false, sitemap.as_str()),
            };
            match self.fetch_sitemap(text).await {
                Some(Sitemap::Pages(pages)) => {
                    batch.extend(self.mapped(&pages, now).await?);
                }
                Some(Sitemap::Index(maps)) if !is_of_index => self.queue(&maps),
                Some(Sitemap::Index(_)) | None => {}
            }
            pause = self.pause();
        }
        if self.sitemaps.is_empty() {
            self.phase = Phase::Reads;
        }
        batch.push(self.held.go_on(self.phase, self.failures, &self.sitemaps));
        self.end_step(batch, pause).await
    }

    async fn fetch_sitemap(&mut self, text: &str) -> Option<Sitemap> {
        let url = judge(text, self.op.app.config.environment).ok()?;
        if !self.robots.allows(path_and_query(&url)) {
            return None;
        }
        let answer = self.follow(url, sitemap::MOST_BYTES, SITEMAP_HOPS, same_site).await;
        let Answer::Body(body) = answer else { return None };
        Some(Sitemap::read(&body.bytes))
    }

    /// The pages of a sitemap that are new, as many as a source may have: only these are judged.
    async fn mapped(&self, pages: &[String], now: Timestamp) -> Result<Vec<Statement>> {
        let (start, most) = (&self.config.start_url, self.config.max_pages);
        if self.config.max_depth == 0 {
            return Ok(Vec::new());
        }
        let urls = pages.iter().filter_map(|page| start.join(page).ok());
        let urls: Vec<PublicUrl> = pages_of(urls, &self.config).collect();
        if urls.is_empty() {
            return Ok(Vec::new());
        }
        let unknown = self.held.unknown(self.op, &urls).await?;
        let mut unknown = unknown.into_iter().filter_map(|place| urls.get(place));
        let mut added: Vec<PublicUrl> = Vec::new();
        let room = usize::try_from(most).unwrap_or_default();
        for url in unknown.by_ref() {
            if self.robots.allows(path_and_query(url)) {
                added.push(url.clone());
            }
            if added.len() == room {
                break;
            }
        }
        let others = u32::try_from(unknown.count()).unwrap_or(u32::MAX);
        Ok(self.held.add(&added, 1, 0, most, others, now))
    }

    fn queue(&mut self, maps: &[String]) {
        let start = &self.config.start_url;
        let maps = maps.iter().filter_map(|map| start.join(map).ok());
        for map in maps.filter(|map| same_site(map, start)) {
            let map = format!("{OF_INDEX}{map}");
            if self.sitemaps.len() < MOST_SITEMAPS && !self.sitemaps.contains(&map) {
                self.sitemaps.push(map);
            }
        }
    }

    /// The next page, or the end of the round.
    async fn visit_next(&mut self) -> Result<Next> {
        if self.taken.is_none() {
            let batch = vec![self.held.take(self.op.now()), self.held.waiting()];
            let rows = self.op.write(batch).await?;
            self.taken = rows.first().map_or(Ok(None), crate::db::Rows::first)?;
            if self.taken.is_none() {
                let waiting = rows.get(1).map_or(Ok(None), store::waiting_of)?;
                return match waiting {
                    None => self.finish().await,
                    Some(moment) => self.come_back(moment).await,
                };
            }
        }
        match self.taken.take() {
            Some(page) => self.visit(&page).await,
            None => Ok(Next::Over),
        }
    }

    async fn visit(&mut self, page: &PageRow) -> Result<Next> {
        let finding = self.find(page).await;
        let mut pause = self.pause();
        let mut batch = Vec::new();
        let visited = match finding {
            Finding::Same => {
                self.failures = 0;
                as_it_was(page, Outcome::Unchanged, None, None)
            }
            Finding::Document(body, title, links) => {
                self.failures = 0;
                let visited = self.take_page_in(page, body, title.as_deref()).await?;
                batch.extend(self.found(&links, page.depth + 1, 0));
                visited
            }
            Finding::Other { why, may_pass: true, .. }
                if page.state == PageState::Live
                    && page.document_id.is_some()
                    && page.attempts <= 1 =>
            {
                self.failures = 0;
                let again_at = self.op.now().plus(SECOND_LOOK);
                as_it_was(page, Outcome::Failed, Some(why), Some(again_at))
            }
            Finding::Other { state, outcome, why, leads_to, is_moved, .. } => {
                self.failures = 0;
                let (depth, hops) =
                    if is_moved { (page.depth, page.hops + 1) } else { (page.depth + 1, 0) };
                batch.extend(self.found(&leads_to, depth, hops));
                let (etag, last_modified, checksum) = (None, None, None);
                Visited {
                    state,
                    outcome,
                    etag,
                    last_modified,
                    checksum,
                    error: Some(why),
                    again_at: None,
                }
            }
            Finding::Failed { why, passes, after } => {
                self.failures += i64::from(passes);
                let after = after.map(|after| after.min(LONGEST_ABSENCE)).unwrap_or_default();
                pause = pause.max(after);
                let again_at = (passes && page.attempts < MOST_TRIES)
                    .then(|| self.op.now().plus(after.max(patience(page.attempts))));
                as_it_was(page, Outcome::Failed, Some(why), again_at)
            }
        };
        let now = self.op.now();
        if !matches!(visited.state, PageState::Live | PageState::Failed)
            && page.document_id.is_some()
        {
            batch.push(self.held.archive(&page.url, now));
        }
        batch.push(self.held.end(page, &visited, now));
        if self.failures >= MOST_FAILURES {
            self.op.write(batch).await?;
            return self.back_off(visited.error.as_deref(), self.failures).await;
        }
        batch.push(self.held.go_on(self.phase, self.failures, &self.sitemaps));
        self.end_step(batch, pause).await
    }

    /// What the page is now, with one request at most.
    async fn find(&mut self, page: &PageRow) -> Finding {
        let failed =
            |why: &str| Finding::Failed { why: why.to_owned(), passes: false, after: None };
        let Ok(url) = judge(&page.url, self.op.app.config.environment) else {
            return failed("The address may not be called any more.");
        };
        if page.attempts > MOST_ATTEMPTS {
            return failed("The page cannot be read: each attempt broke off.");
        }
        let visit = Visit {
            url: &url,
            depth: page.depth,
            hops: page.hops,
            config: &self.config,
            robots: &self.robots,
        };
        if let Some(finding) = visit.forbidden() {
            return finding;
        }
        // Of a document that was deleted by hand there must be a body, not only the news that it is the same.
        let known = page.state == PageState::Live && page.document_id.is_some();
        let wanted = Wanted {
            url: &url,
            accept: ACCEPT_PAGES,
            reads: visit::reads,
            most_bytes: PAGE_BYTES,
            cuts: false,
            etag: page.etag.as_deref().filter(|_| known),
            last_modified: page.last_modified.as_deref().filter(|_| known),
        };
        let finding = visit.judge(fetch(self.op, &wanted).await);
        self.count();
        finding
    }

    /// Hands a body over, unless it is the one of last time.
    async fn take_page_in(
        &self,
        page: &PageRow,
        body: Body,
        title: Option<&str>,
    ) -> Result<Visited> {
        let checksum = digest_of(&body.bytes);
        let was_live = page.state == PageState::Live && page.document_id.is_some();
        let mut visited = Visited {
            state: PageState::Live,
            outcome: Outcome::Unchanged,
            etag: body.etag,
            last_modified: body.last_modified,
            checksum: Some(checksum),
            error: None,
            again_at: None,
        };
        if was_live && visited.checksum == page.checksum {
            return Ok(visited);
        }
        if !was_live && page.document_id.is_some() {
            self.op.write(vec![self.held.restore(&page.url, self.op.now())]).await?;
        }
        let path = path_of(&page.url);
        let incoming = Incoming {
            external_id: &page.url,
            title,
            path: Some(path),
            mime: &body.content_type,
            bytes: &body.bytes,
            published: true,
        };
        visited.outcome = match take_in(self.op, &self.held.org, &self.held.source, incoming).await
        {
            Ok(TakenIn::Unchanged) if was_live => Outcome::Unchanged,
            Ok(_) if was_live => Outcome::Changed,
            Ok(_) => Outcome::New,
            // There is no room for its text: what was there stays.
            Err(error) if error.kind() == Kind::Conflict => {
                let why = error.public_hint().unwrap_or_else(|| error.text()).to_owned();
                return Ok(as_it_was(page, Outcome::Failed, Some(why), None));
            }
            // What is wrong with the page, in words for its owner.
            Err(error) if error.kind() != Kind::Internal && error.kind() != Kind::Unavailable => {
                visited.state = PageState::Skipped;
                visited.error = Some(format!("{}.", error.text()));
                Outcome::Skipped
            }
            Err(error) => return Err(error),
        };
        Ok(visited)
    }

    fn found(&self, urls: &[PublicUrl], depth: i64, hops: i64) -> Vec<Statement> {
        self.held.add(urls, depth, hops, self.config.max_pages, 0, self.op.now())
    }

    /// Writes what a step did, and takes the next page if there is time for it.
    async fn end_step(&mut self, mut batch: Vec<Statement>, pause: Duration) -> Result<Next> {
        let now = self.op.now();
        let goes_on =
            self.requests_left > 0 && pause <= LONGEST_PAUSE && self.run.has_time(self.op);
        if !goes_on {
            let due = now.plus(pause);
            batch.push(self.held.told("syncing", None, false, now));
            batch.push(self.held.release(self.phase, self.failures, Some(due)));
            batch.push(host_rest(&self.host, due));
            self.op.write(batch).await?;
            return Ok(Next::Over);
        }
        let takes = self.phase == Phase::Reads;
        if takes {
            batch.push(self.held.take(now));
        }
        let rows = self.op.write(batch).await?;
        if takes {
            self.taken = rows.last().map_or(Ok(None), crate::db::Rows::first)?;
        }
        if !pause.is_zero() {
            self.op.app.ports.clock.sleep(pause).await;
        }
        Ok(Next::Step)
    }

    /// All pages that are left are due later.
    async fn come_back(&self, moment: String) -> Result<Next> {
        let now = self.op.now();
        let batch = vec![
            self.held.told("syncing", None, false, now),
            self.held.release_at(self.phase, self.failures, moment),
            host_rest(&self.host, now.plus(self.pause())),
        ];
        self.op.write(batch).await.map(|_| Next::Over)
    }

    /// The round has been everywhere.
    async fn finish(&self) -> Result<Next> {
        let rows = self.op.read(vec![self.held.summary()]).await?;
        let summary = rows.first().map_or(Ok(None), crate::db::Rows::first::<store::SummaryRow>)?;
        let (live, error) = summary.map_or((0, None), |summary| (summary.live, summary.error));
        let nothing = error.unwrap_or_else(|| "No page of the site could be taken in.".to_owned());
        let (status, error) =
            if live > 0 { ("connected", None) } else { ("error", Some(nothing.as_str())) };
        let now = self.op.now();
        let batch = vec![
            self.held.told(status, error, true, now),
            self.held.forget(now.minus(GONE_KEPT)),
            self.held.release(Phase::Rests, 0, self.next_round()),
            host_rest(&self.host, now.plus(self.pause())),
        ];
        self.op.write(batch).await.map(|_| Next::Over)
    }

    /// The site may not be read: said at once, asked again with the next round.
    async fn stop(&self, why: &str) -> Result<Next> {
        let now = self.op.now();
        let batch = vec![
            self.held.told("error", Some(why), false, now),
            self.held.release(Phase::Rests, 0, self.next_round()),
            host_rest(&self.host, now.plus(self.pause())),
        ];
        self.op.write(batch).await.map(|_| Next::Over)
    }

    /// The site is left alone, each time for longer.
    async fn back_off(&self, why: Option<&str>, failures: i64) -> Result<Next> {
        let now = self.op.now();
        let next = self.next_round();
        let due = if failures >= GIVEN_UP { next } else { Some(now.plus(absence(failures))) };
        let mut batch = Vec::new();
        if let Some(why) = why {
            batch.push(self.held.told("error", Some(why), false, now));
        }
        let goes_on = self.phase == Phase::Reads && failures < GIVEN_UP;
        let phase = if goes_on { Phase::Reads } else { Phase::Begins };
        batch.push(self.held.release(phase, failures, due));
        batch.push(host_rest(&self.host, now.plus(self.pause())));
        self.op.write(batch).await.map(|_| Next::Over)
    }

    /// When the site is read again by itself: as often as it is told, a tenth sooner or later, so that sources that
    /// were made together do not stay together.
    fn next_round(&self) -> Option<Timestamp> {
        let hours = self.config.resync_after()?;
        Some(self.op.now().plus(jittered(hours * 9 / 10, hours / 5)))
    }

    fn pause(&self) -> Duration {
        self.robots.delay.unwrap_or_default().max(PAUSE)
    }

    fn count(&mut self) {
        self.requests_left = self.requests_left.saturating_sub(1);
        self.requests += 1;
    }

    /// Asks for a file that is no page, following redirects as far as they are judged well.
    async fn follow(
        &mut self,
        url: PublicUrl,
        most_bytes: usize,
        hops: usize,
        is_allowed: fn(&PublicUrl, &PublicUrl) -> bool,
    ) -> Answer {
        let mut url = url;
        for _hop in 0..=hops {
            let wanted = Wanted {
                url: &url,
                accept: ACCEPT_ANY,
                reads: |_| true,
                most_bytes,
                cuts: true,
                etag: None,
                last_modified: None,
            };
            self.count();
            let target = match fetch(self.op, &wanted).await {
                Answer::Redirect(target) => target,
                answer => return answer,
            };
            match url.join(&target) {
                Ok(next) if is_allowed(&next, &self.config.start_url) => url = next,
                _ => return Answer::Redirect(target),
            }
        }
        Answer::Redirect(url.to_string())
    }
}

/// What is known of the page stays.
fn as_it_was(
    page: &PageRow,
    outcome: Outcome,
    error: Option<String>,
    again_at: Option<Timestamp>,
) -> Visited {
    let state = match page.state {
        PageState::Live => PageState::Live,
        _ if outcome == Outcome::Failed => PageState::Failed,
        state => state,
    };
    Visited {
        state,
        outcome,
        etag: page.etag.clone(),
        last_modified: page.last_modified.clone(),
        checksum: page.checksum.clone(),
        error,
        again_at,
    }
}

/// How long a page that failed is left alone: a minute, then four.
fn patience(attempts: i64) -> Duration {
    if attempts <= 1 { Duration::from_mins(1) } else { Duration::from_mins(4) }
}

/// How long a site that failed is left alone: minutes first, hours later, a day at most.
fn absence(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 12) - 1).unwrap_or_default();
    Duration::from_mins(2_u64.saturating_pow(doublings)).min(Duration::from_hours(24))
}

/// The path of an address, as people read it.
fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.find('/').and_then(|at| after.get(at..)).unwrap_or("/")
}
