//! The application under test and the people who call it.

pub mod crypto;
pub mod fake_stripe;
pub mod paging;
pub mod ports;
pub mod sqlite;

use std::future::Future as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use futures_executor::block_on;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use koby_portal::app::{App, Background, Op, Ports};
use koby_portal::config::Config;
use koby_portal::ids::OrgId;
use koby_portal::knowledge::retrieval::tenant_key;
use koby_portal::log::{Log, RequestContext};
use koby_portal::router::router;
use koby_portal::time::Clock as _;
use serde_json::Value;
use tower::ServiceExt as _;
use tower::util::Oneshot;

use crypto::{RingVerifier, SigningKey, Token};
use ports::{FakeAi, FakeClock, FakeHttp, FakeLimiter, Later, Lines};
use sqlite::Sqlite;

/// 2026-03-15T12:00:00Z, a Sunday.
pub const NOON: i64 = 1_773_576_000;

/// Configuration of the tests, as development would have it but with Clerk's key set.
const CONFIG: [(&str, &str); 9] = [
    ("ENVIRONMENT", "staging"),
    ("CLERK_DOMAIN", "clerk.example.com"),
    ("ALLOWED_ORIGINS", "https://app.example.com,https://*.preview.example.com"),
    ("LOG_LEVEL", "debug"),
    ("PORTAL_RATE_LIMIT_MAX", "120"),
    ("CHAT_RATE_LIMIT_MAX", "30"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_test"),
    ("CLERK_WEBHOOK_SECRET", crypto::CLERK_SECRET),
    ("ENCRYPTION_KEYS", "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
];

/// Where the default model answers.
pub const GEMINI: &str = "https://generativelanguage.googleapis.com/v1beta/models/\
                          gemini-2.5-flash:streamGenerateContent?alt=sse";

fn two_orgs() -> Sqlite {
    let db = Sqlite::migrated("migrations");
    db.run_script(include_str!("../../fixtures/two_orgs.sql"));
    db
}

fn passages() -> Sqlite {
    let search = Sqlite::migrated("migrations/search");
    let mut passages = include_str!("../../fixtures/passages.sql").to_owned();
    for org in ["org_a", "org_b"] {
        let key = tenant_key(&OrgId::from(org.to_owned()));
        passages = passages.replace(&format!("{{key:{org}}}"), &key);
    }
    search.run_script(&passages);
    search
}

/// The application with all its ports in reach.
pub struct TestApp {
    router: Router,
    app: Arc<App>,
    pub db: Arc<Sqlite>,
    pub search: Arc<Sqlite>,
    pub clock: Arc<FakeClock>,
    pub http: Arc<FakeHttp>,
    pub limiter: Arc<FakeLimiter>,
    pub ai: Arc<FakeAi>,
    pub lines: Arc<Lines>,
}

impl TestApp {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// `changes` replace or add configuration; an empty value removes an entry.
    pub fn with(changes: &[(&str, &str)]) -> Self {
        let config = Config::read(|name| {
            let entries = changes.iter().chain(&CONFIG);
            entries.into_iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let db = Arc::new(Sqlite::like("DB with two orgs", two_orgs));
        let search = Arc::new(Sqlite::like("SEARCH with passages", passages));
        let clock = Arc::new(FakeClock::at(NOON));
        let http = Arc::new(FakeHttp::default());
        http.answer_with_keys(&[SigningKey::clerk()]);
        // The fixture's site has a key that Google does not know: the built-in engine answers.
        http.answer_at(GEMINI, 400, "{}");
        let limiter = Arc::new(FakeLimiter::default());
        let ai = Arc::new(FakeAi::default());
        let lines = Arc::new(Lines::default());
        let ports = Ports {
            db: db.clone(),
            search: search.clone(),
            clock: clock.clone(),
            signatures: Arc::new(RingVerifier),
            http: http.clone(),
            limiter: limiter.clone(),
            ai: ai.clone(),
        };
        let log = Log::new(config.log_level, lines.clone());
        let app = Arc::new(App::new(config, ports, log));
        let router = router(&app);
        Self { router, app, db, search, clock, http, limiter, ai, lines }
    }

    /// Hands a request over as the Workers runtime would: its answer, and the work for later that it leaves.
    fn hand_over(
        &self,
        mut request: Request<Body>,
    ) -> (Oneshot<Router, Request<Body>>, Arc<Later>) {
        let later = Arc::new(Later::default());
        let background: Arc<dyn Background> = later.clone();
        request.extensions_mut().insert(background);
        (self.router.clone().oneshot(request), later)
    }

    /// Sends a request; work for later runs after it.
    pub fn send(&self, request: Request<Body>) -> Answer {
        let (db_before, search_before) = (self.db.round_trips(), self.search.round_trips());
        let (answering, later) = self.hand_over(request);
        let response = block_on(answering).unwrap();
        let answer = Answer::read(
            response,
            self.db.round_trips() - db_before,
            self.search.round_trips() - search_before,
        );
        // It runs beside the next requests, whose time its waits are not.
        let now = self.clock.seconds();
        later.run();
        self.clock.advance(now - self.clock.seconds());
        answer
    }

    /// `POST path` whose answer is read as it comes.
    pub fn open(&self, path: &str, headers: &[(&str, &str)], body: String) -> Coming {
        let (answering, later) = self.hand_over(posting(path, headers, body));
        let response = block_on(answering).unwrap();
        assert_eq!(response.status(), 200);
        Coming { body: response.into_body(), later }
    }

    /// `POST path` by somebody who goes as soon as there is something to wait for; what was left to do beside the answer
    /// is done.
    pub fn post_and_go(&self, path: &str, headers: &[(&str, &str)], body: String) {
        let (answering, later) = self.hand_over(posting(path, headers, body));
        let mut answering = Box::pin(answering);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(answering.as_mut().poll(&mut context).is_pending());
        drop(answering);
        later.run_what_can();
    }

    /// Sends a request and leaves the body of the answer unread; work for later is forgotten.
    pub fn begin(&self, request: Request<Body>) -> Response<Body> {
        let (answering, _) = self.hand_over(request);
        block_on(answering).unwrap()
    }

    /// What the platform hands to a job.
    pub fn job(&self) -> Op {
        let path = "/scheduled";
        let now = self.clock.now();
        let request = RequestContext::new(
            "job_1".to_owned(),
            "CRON".to_owned(),
            path,
            "local".to_owned(),
            now,
        );
        let background = Arc::new(Later::default());
        Op { app: self.app.clone(), request: Arc::new(request), background }
    }

    /// `GET path` whose body breaks off: its status, and what came before that.
    pub fn get_broken(&self, user: &str, path: &str) -> (u16, String) {
        let authorization = format!("Bearer {}", self.token(user).sign());
        let request = Request::get(path).header("authorization", authorization);
        let request = request.body(Body::empty()).unwrap();
        let response = block_on(self.router.clone().oneshot(request)).unwrap();
        let status = response.status().as_u16();
        let (mut body, mut text) = (response.into_body(), String::new());
        loop {
            match block_on(body.frame()) {
                Some(Ok(frame)) => text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap(),
                Some(Err(_)) => return (status, text),
                None => panic!("the body is whole: {text}"),
            }
        }
    }

    /// `GET path` without a token.
    pub fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
    }

    /// `GET path` as a person of the fixture.
    pub fn get_as(&self, user: &str, path: &str) -> Answer {
        self.get_with(&self.token(user), path)
    }

    /// `GET path` with this token.
    pub fn get_with(&self, token: &Token, path: &str) -> Answer {
        let authorization = format!("Bearer {}", token.sign());
        let request = Request::get(path).header("authorization", authorization);
        self.send(request.body(Body::empty()).unwrap())
    }

    /// Any request as a person of the fixture, with a JSON body or none.
    pub fn send_as(&self, user: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.send_with(Some(&self.token(user)), method, path, body)
    }

    /// Any request without a token.
    pub fn send_without_token(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.send_with(None, method, path, body)
    }

    /// Any request with this token.
    pub fn send_with(
        &self,
        token: Option<&Token>,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.sign()));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_owned()));
        self.send(request.body(body).unwrap())
    }

    /// Any request with this token and a body of this type.
    pub fn send_typed(
        &self,
        token: &Token,
        method: &str,
        path: &str,
        media_type: &str,
        body: Option<impl Into<Body>>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", token.sign()));
        if body.is_some() {
            request = request.header("content-type", media_type);
        }
        self.send(request.body(body.map_or_else(Body::empty, Into::into)).unwrap())
    }

    /// A token as Clerk would issue it now.
    pub fn token(&self, user: &str) -> Token {
        Token::issued(user, self.clock.seconds())
    }

    /// `POST path` with a JSON body and headers.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send(posting(path, headers, body))
    }
}

/// `POST path` with a JSON body and headers.
fn posting(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// An answer that is read as it comes.
pub struct Coming {
    body: Body,
    later: Arc<Later>,
}

impl Coming {
    /// What comes next.
    pub fn next(&mut self) -> String {
        let frame = block_on(self.body.frame()).unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    }

    /// The reader goes; what was left to do beside the answer is done.
    pub fn leave(self) {
        drop(self.body);
        self.later.run_what_can();
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Round trips to `DB` before the answer.
    pub db_trips: usize,
    /// Round trips to `SEARCH` before the answer.
    pub search_trips: usize,
}

impl Answer {
    fn read(response: Response<Body>, db_trips: usize, search_trips: usize) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = block_on(body.collect()).unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
            db_trips,
            search_trips,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The stable code of a problem document.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The text that clients of the former system read.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
