//! Ports that tests hold in their hands.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_executor::block_on;
use koby_portal::app::{Background, BoxFuture};
use koby_portal::config::LogLevel;
use koby_portal::http::client::{HttpAnswer, HttpClient, HttpFailure, HttpRequest};
use koby_portal::log::LogSink;
use koby_portal::middleware::rate_limit::{Policy, SharedLimiter};
use koby_portal::time::{Clock, Timestamp};
use serde_json::{Value, json};

use super::crypto::SigningKey;

/// A clock that stands still until it is moved; sleeping moves it.
pub struct FakeClock {
    millis: AtomicI64,
    tick: AtomicI64,
}

impl FakeClock {
    pub fn at(seconds: i64) -> Self {
        Self { millis: AtomicI64::new(seconds * 1000), tick: AtomicI64::new(0) }
    }

    pub fn seconds(&self) -> i64 {
        self.millis.load(Ordering::Relaxed) / 1000
    }

    /// Goes on by itself each time that it is looked at.
    pub fn ticks(&self, millis: i64) {
        self.tick.store(millis, Ordering::Relaxed);
    }

    pub fn advance(&self, seconds: i64) {
        self.millis.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(
            self.millis.fetch_add(self.tick.load(Ordering::Relaxed), Ordering::Relaxed),
        )
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.millis.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

const KEY_SET: &str = "https://clerk.example.com/.well-known/jwks.json";

/// Clerk's key set, and whatever a test says that others answer.
#[derive(Default)]
pub struct FakeHttp {
    /// What each URL answers, the key set's included.
    answers: Mutex<HashMap<String, Result<HttpAnswer, HttpFailure>>>,
    failures_first: AtomicUsize,
    calls: AtomicUsize,
    sent: Mutex<Vec<HttpRequest>>,
}

impl FakeHttp {
    pub fn answer_with_keys(&self, keys: &[SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(SigningKey::jwk).collect();
        self.answer_with(200, &json!({ "keys": keys }).to_string());
    }

    /// What the key set answers.
    pub fn answer_with(&self, status: u16, body: &str) {
        self.answer_at(KEY_SET, status, body);
    }

    /// What a URL answers from now on.
    pub fn answer_at(&self, url: &str, status: u16, body: &str) {
        let answer = HttpAnswer { status, body: body.as_bytes().to_vec() };
        self.answers.lock().unwrap().insert(url.to_owned(), Ok(answer));
    }

    /// The key set is out of reach.
    pub fn go_down(&self) {
        self.go_down_at(KEY_SET);
    }

    /// A URL is out of reach from now on.
    pub fn go_down_at(&self, url: &str) {
        let failure = Err(HttpFailure("timed out".to_owned()));
        self.answers.lock().unwrap().insert(url.to_owned(), failure);
    }

    pub fn fail_first(&self, count: usize) {
        self.failures_first.store(count, Ordering::Relaxed);
    }

    /// Requests for the key set.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Requests to others than the key set.
    pub fn sent(&self) -> Vec<HttpRequest> {
        self.sent.lock().unwrap().clone()
    }
}

impl HttpClient for FakeHttp {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>> {
        let url = request.url.clone();
        if url == KEY_SET {
            self.calls.fetch_add(1, Ordering::Relaxed);
        } else {
            self.sent.lock().unwrap().push(request);
        }
        let left = self.failures_first.load(Ordering::Relaxed);
        let answer = if left > 0 {
            self.failures_first.store(left - 1, Ordering::Relaxed);
            Err(HttpFailure("connection reset".to_owned()))
        } else {
            let answers = self.answers.lock().unwrap();
            answers.get(&url).unwrap_or_else(|| panic!("no answer for {url}")).clone()
        };
        Box::pin(std::future::ready(answer))
    }
}

/// The platform's limiter.
#[derive(Default)]
pub struct FakeLimiter(AtomicBool);

impl FakeLimiter {
    pub fn exhaust(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SharedLimiter for FakeLimiter {
    fn has_room(&self, _policy: Policy, _key: &str) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(!self.0.load(Ordering::Relaxed)))
    }
}

/// The lines that were logged.
#[derive(Default)]
pub struct Lines(Mutex<Vec<String>>);

impl Lines {
    pub fn all(&self) -> Vec<Value> {
        let lines = self.0.lock().unwrap();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines of one event.
    pub fn of(&self, message: &str) -> Vec<Value> {
        self.all().into_iter().filter(|line| line["message"] == message).collect()
    }

    pub fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl LogSink for Lines {
    fn write(&self, _level: LogLevel, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

/// Work that runs after the response.
#[derive(Default)]
pub struct Later(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Later {
    pub fn run(&self) {
        for task in self.0.lock().unwrap().drain(..) {
            block_on(task);
        }
    }
}

impl Background for Later {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(task);
    }
}
