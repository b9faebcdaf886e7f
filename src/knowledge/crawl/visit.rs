//! What an answer of a page means: a judgement without I/O.

use std::time::Duration;

use super::address::{self, may_be_page, normal, path_and_query, same_site};
use super::discovery::{Discovery, Wishes};
use super::fetch::{Answer, Body};
use super::robots::Robots;
use super::settings::CrawlConfig;
use super::store::{Outcome, PageState};
use crate::http::public_url::PublicUrl;
use crate::knowledge::parsing::charset;

/// Redirects that are followed one after another.
pub(super) const MOST_HOPS: i64 = 3;

/// Links of a page that are compared with `robots.txt`.
const MOST_JUDGED: usize = 1_000;

/// A page that is visited.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) url: &'a PublicUrl,
    pub(super) depth: i64,
    pub(super) hops: i64,
    pub(super) config: &'a CrawlConfig,
    pub(super) robots: &'a Robots,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// The same as last time.
    Same,
    /// A body that may become a document, its title, and where it leads.
    Document(Body, Option<String>, Vec<PublicUrl>),
    /// Nothing that is taken in; where it leads, how many redirects away.
    Other {
        state: PageState,
        outcome: Outcome,
        /// For people.
        why: String,
        leads_to: Vec<PublicUrl>,
        /// Whether where it leads is the same page elsewhere.
        is_moved: bool,
        /// Whether a site that is being changed may say so for a while.
        may_pass: bool,
    },
    /// No answer that could be used, and whether it may be better soon.
    Failed { why: String, passes: bool, after: Option<Duration> },
}

fn other(state: PageState, why: impl Into<String>) -> Finding {
    let outcome = if state == PageState::Gone { Outcome::Gone } else { Outcome::Skipped };
    let why = why.into();
    Finding::Other { state, outcome, why, leads_to: Vec::new(), is_moved: false, may_pass: false }
}

/// What may be otherwise soon.
fn passing(finding: Finding) -> Finding {
    match finding {
        Finding::Other { state, outcome, why, leads_to, is_moved, .. } => {
            Finding::Other { state, outcome, why, leads_to, is_moved, may_pass: true }
        }
        finding => finding,
    }
}

fn skipped(why: impl Into<String>) -> Finding {
    other(PageState::Skipped, why)
}

/// Media types that are read.
pub(super) fn reads(media_type: &str) -> bool {
    crate::knowledge::parsing::Format::of(media_type).is_some()
}

impl Visit<'_> {
    /// Why a page is not asked for at all.
    pub(super) fn forbidden(&self) -> Option<Finding> {
        if !self.config.covers(self.url) {
            return Some(skipped("The source's configuration leaves it out."));
        }
        let path = path_and_query(self.url);
        (!self.robots.allows(path)).then(|| skipped(forbids(path)))
    }

    /// What its answer means.
    pub(super) fn judge(&self, answer: Answer) -> Finding {
        match answer {
            Answer::NotModified => Finding::Same,
            Answer::Redirect(target) => passing(self.redirect(&target)),
            Answer::Status(404, _) => passing(other(PageState::Gone, "The page is gone.")),
            Answer::Status(410, _) => other(PageState::Gone, "The page is gone."),
            Answer::Status(status, after) => Finding::Failed {
                why: answered(status),
                passes: status == 408 || status == 429 || status >= 500,
                after,
            },
            Answer::TooLong => skipped("It is larger than 2 MiB."),
            Answer::OtherType(media_type) => skipped(not_read(&media_type)),
            Answer::Unreachable(_) => {
                Finding::Failed { why: NO_ANSWER.to_owned(), passes: true, after: None }
            }
            Answer::Body(body) => self.body(body),
        }
    }

    fn redirect(&self, target: &str) -> Finding {
        let target = match self.url.join(target) {
            Ok(target) => target,
            Err(reason) => {
                let why = format!(
                    "It redirects to an address that is not called: it {}.",
                    reason.expected()
                );
                return skipped(why);
            }
        };
        let Some(target) = normal(&target).filter(|target| self.config.covers(target)) else {
            return skipped(
                "It redirects to another site, or to a part that the configuration leaves out.",
            );
        };
        if target == *self.url {
            return skipped("It redirects to itself.");
        }
        if self.hops >= MOST_HOPS {
            return skipped("It is behind more than three redirects.");
        }
        let why = format!("It redirects to {target}.");
        moved(PageState::Moved, why, target)
    }

    fn body(&self, body: Body) -> Finding {
        let mut wishes = Wishes::default();
        if let Some(robots) = &body.robots {
            wishes.read_header(robots);
        }
        let is_html = matches!(body.media_type.as_str(), "text/html" | "application/xhtml+xml");
        if !is_html {
            return if wishes.no_index {
                skipped(NO_INDEX)
            } else {
                Finding::Document(body, None, Vec::new())
            };
        }
        let page = Discovery::read(&charset::text(&body.bytes));
        wishes.no_index |= page.wishes.no_index;
        wishes.no_follow |= page.wishes.no_follow;
        let links = if wishes.no_follow { Vec::new() } else { self.links(&page) };
        if wishes.no_index {
            let (state, outcome) = (PageState::Skipped, Outcome::Skipped);
            return Finding::Other {
                state,
                outcome,
                why: NO_INDEX.to_owned(),
                leads_to: links,
                is_moved: false,
                may_pass: false,
            };
        }
        if let Some(canonical) = self.canonical(&page) {
            let why = format!("Its canonical address is {canonical}.");
            return if self.config.covers(&canonical) && self.hops < MOST_HOPS {
                moved(PageState::Skipped, why, canonical)
            } else {
                skipped(why)
            };
        }
        let title = Some(page.title).filter(|title| !title.is_empty());
        Finding::Document(body, title, links)
    }

    /// Where the page wishes to be found, if that is another page: not only another spelling of this one, as a site
    /// that was moved to https may still name its old address.
    fn canonical(&self, page: &Discovery) -> Option<PublicUrl> {
        let canonical = normal(&self.url.join(page.canonical.as_deref()?).ok()?)?;
        let bare = |url: &PublicUrl| path_and_query(url).trim_end_matches('/').to_owned();
        let is_this = same_site(&canonical, self.url) && bare(&canonical) == bare(self.url);
        (!is_this).then_some(canonical)
    }

    /// The pages that it leads to and that may be read, each once.
    fn links(&self, page: &Discovery) -> Vec<PublicUrl> {
        if self.depth >= i64::from(self.config.max_depth) {
            return Vec::new();
        }
        let base = page.base.as_deref().and_then(|base| self.url.join(base).ok());
        let base = base.as_ref().unwrap_or(self.url);
        let links = page.links.iter().filter_map(|link| base.join(link).ok());
        pages_of(links, self.config)
            .filter(|url| url != self.url)
            .take(MOST_JUDGED)
            .filter(|url| self.robots.allows(path_and_query(url)))
            .collect()
    }
}

/// Those of the addresses that are pages of the source, each once, in order. Whether they may be read is not asked here.
pub(super) fn pages_of(
    urls: impl Iterator<Item = PublicUrl>,
    config: &CrawlConfig,
) -> impl Iterator<Item = PublicUrl> {
    let mut known = std::collections::BTreeSet::new();
    urls.filter_map(|url| normal(&url))
        .filter(|url| config.covers(url) && may_be_page(url))
        .filter(move |url| known.insert(address::digest(url)))
}

fn moved(state: PageState, why: String, target: PublicUrl) -> Finding {
    let leads_to = vec![target];
    let outcome = Outcome::Skipped;
    Finding::Other { state, outcome, why, leads_to, is_moved: true, may_pass: false }
}

const NO_INDEX: &str = "It asks not to be kept (noindex).";
/// Of a site or page that does not answer.
pub(super) const NO_ANSWER: &str = "The site does not answer.";

/// Of a status that is of no use.
pub(super) fn answered(status: u16) -> String {
    format!("The site answered {status}.")
}

/// Of a path that `robots.txt` forbids.
pub(super) fn forbids(path: &str) -> String {
    format!("robots.txt forbids {}.", path.chars().take(200).collect::<String>())
}

fn not_read(media_type: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '+' | '.');
    let name: String = media_type.chars().filter(is_name).take(80).collect();
    match name.as_str() {
        "" => "It does not say of what type it is.".to_owned(),
        name => format!("It is of the type {name}, which is not read."),
    }
}
