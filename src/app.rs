//! The only dependency container: configuration and the ports through which the outside is reached.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::analytics::TrafficCache;
use crate::auth::jwks::KeyCache;
use crate::auth::session::{SignatureVerifier, TokenCache};
use crate::billing::account::UpcomingCache;
use crate::chat::known_sites::KnownSites;
use crate::config::Config;
use crate::conversations::feed::Pending;
use crate::db::{Database, Retry, Rows, Statement};
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::log::{Log, RequestContext};
use crate::middleware::rate_limit::{SharedLimiter, Windows};
use crate::models::ai::Ai;
use crate::models::circuit::Circuits;
use crate::time::{Clock, Timestamp};
use crate::widget::events::Sampler;

/// A boxed future that a multi-threaded host may also run.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The outside, as the platform provides it.
#[derive(Clone)]
pub struct Ports {
    /// The state (`DB`).
    pub db: Arc<dyn Database>,
    /// The derived full-text index (`SEARCH`).
    pub search: Arc<dyn Database>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Checks RS256 signatures.
    pub signatures: Arc<dyn SignatureVerifier>,
    /// Outbound HTTP.
    pub http: Arc<dyn HttpClient>,
    /// The platform's rate limiter, shared by the isolates of one location.
    pub limiter: Arc<dyn SharedLimiter>,
    /// The platform's models; the binding may be missing.
    pub ai: Arc<dyn Ai>,
}

/// Built once per isolate; everything in it is the same for all tenants or keyed by caller.
pub struct App {
    /// Parsed configuration.
    pub config: Config,
    /// The outside.
    pub ports: Ports,
    /// Where log lines go.
    pub log: Log,
    /// Clerk's public keys.
    pub keys: KeyCache,
    /// Tokens whose signature was verified.
    pub tokens: TokenCache,
    /// Request counts of this isolate.
    pub windows: Windows,
    /// The traffic of our own zone.
    pub traffic: TrafficCache,
    /// What is billed next.
    pub upcoming: UpcomingCache,
    /// Models that fail and are left alone for a while.
    pub circuits: Circuits,
    /// Whose sites messages were let in to.
    pub sites: KnownSites,
    /// Whether this isolate is about to tell the index what changed.
    pub search_feed: Pending,
    /// Which batches of widgets' events this isolate counts.
    pub widget_events: Sampler,
}

impl App {
    /// Wires the parts together.
    pub fn new(config: Config, ports: Ports, log: Log) -> Self {
        Self {
            config,
            ports,
            log,
            keys: KeyCache::default(),
            tokens: TokenCache::default(),
            windows: Windows::default(),
            traffic: TrafficCache::default(),
            upcoming: UpcomingCache::default(),
            circuits: Circuits::default(),
            sites: KnownSites::default(),
            search_feed: Pending::default(),
            widget_events: Sampler::default(),
        }
    }
}

/// Work that may finish after the response: at most 30 s on Workers, and nothing critical.
pub trait Background: Send + Sync {
    /// Runs `task` beside or after the response.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// One operation of one request: the application and the request's own context. The first
/// parameter of whatever reaches the outside, so that every query is counted and every line is tied
/// to its request.
#[derive(Clone)]
pub struct Op {
    /// The application.
    pub app: Arc<App>,
    /// The request it belongs to.
    pub request: Arc<RequestContext>,
    /// Work after the response.
    pub background: Arc<dyn Background>,
}

impl Op {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.app.ports.clock.now()
    }

    /// Reads from `DB` in one round trip; a passing failure is tried again.
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.run(&self.app.ports.db, statements, Retry::Reads).await
    }

    /// Writes to `DB` in one transaction and one round trip. Not tried again: the outcome of a write
    /// whose answer was lost is unknown.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.run(&self.app.ports.db, statements, Retry::Never).await
    }

    /// Reads from `SEARCH` in one round trip.
    pub async fn search(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.run(&self.app.ports.search, statements, Retry::Reads).await
    }

    /// Writes to `SEARCH` in one transaction and one round trip.
    pub async fn search_write(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        self.run(&self.app.ports.search, statements, Retry::Never).await
    }

    async fn run(
        &self,
        database: &Arc<dyn Database>,
        statements: Vec<Statement>,
        retry: Retry,
    ) -> Result<Vec<Rows>> {
        let queries = statements.len();
        let rows = crate::db::run(&**database, &*self.app.ports.clock, &statements, retry).await?;
        self.request.count_queries(queries, &rows);
        Ok(rows)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Op {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::internal("the request-id layer did not run"))
    }
}
