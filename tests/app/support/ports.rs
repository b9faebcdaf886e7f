//! Ports that tests hold in their hands.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_executor::block_on;
use koby_portal::app::{Background, BoxFuture};
use koby_portal::config::LogLevel;
use koby_portal::http::client::{
    Chunks, HttpAnswer, HttpClient, HttpFailure, HttpRequest, HttpStream,
};
use koby_portal::log::LogSink;
use koby_portal::middleware::rate_limit::{Policy, SharedLimiter};
use koby_portal::models::ai::{Ai, AiFailure, AiRequest};
use koby_portal::time::{Clock, Timestamp};
use serde_json::{Value, json};

use super::crypto::SigningKey;

/// A clock that stands still until it is moved; sleeping moves it.
pub struct FakeClock {
    millis: AtomicI64,
    tick: AtomicI64,
    holds: AtomicBool,
}

impl FakeClock {
    pub fn at(seconds: i64) -> Self {
        Self {
            millis: AtomicI64::new(seconds * 1000),
            tick: AtomicI64::new(0),
            holds: AtomicBool::new(false),
        }
    }

    pub fn seconds(&self) -> i64 {
        self.millis() / 1000
    }

    pub fn millis(&self) -> i64 {
        self.millis.load(Ordering::Relaxed)
    }

    /// Goes on by itself each time that it is looked at.
    pub fn ticks(&self, millis: i64) {
        self.tick.store(millis, Ordering::Relaxed);
    }

    /// Whoever sleeps from now on does not wake.
    pub fn hold(&self) {
        self.holds.store(true, Ordering::Relaxed);
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
        if self.holds.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
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
    /// What each URL answers chunk by chunk, one after another; the last one again and again.
    streams: Mutex<HashMap<String, VecDeque<Streamed>>>,
    /// Streams that were dropped before their end.
    aborted: Arc<AtomicUsize>,
    /// Who answers requests to addresses that begin so.
    servers: Mutex<Vec<(String, Arc<Server>)>>,
}

/// Answers requests.
type Server = dyn Fn(&HttpRequest) -> Result<Streamed, HttpFailure> + Send + Sync;

/// An answer that comes chunk by chunk.
#[derive(Clone)]
pub struct Streamed {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub chunks: Vec<Result<Vec<u8>, HttpFailure>>,
    /// Whether nothing more comes after the chunks, and no end either.
    pub stalls: bool,
    /// Whether each chunk is waited for.
    pub is_slow: bool,
}

impl Streamed {
    pub fn of(status: u16, chunks: &[&str]) -> Self {
        Self::bytes(status, chunks.iter().map(|chunk| chunk.as_bytes()))
    }

    pub fn bytes<'a>(status: u16, chunks: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let chunks = chunks.into_iter().map(|chunk| Ok(chunk.to_vec())).collect();
        Self { status, headers: Vec::new(), chunks, stalls: false, is_slow: false }
    }

    /// All of it, for who does not read it as it comes.
    fn whole(self) -> Result<HttpAnswer, HttpFailure> {
        let chunks: Result<Vec<Vec<u8>>, HttpFailure> = self.chunks.into_iter().collect();
        Ok(HttpAnswer { status: self.status, headers: self.headers, body: chunks?.concat() })
    }

    /// After what there is, nothing comes any more, not even an end.
    pub fn stalled(mut self) -> Self {
        self.stalls = true;
        self
    }

    /// Each chunk is there when it is asked for a second time.
    pub fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The connection breaks after what there is.
    pub fn cut(mut self) -> Self {
        self.chunks.push(Err(HttpFailure("the connection was cut".to_owned())));
        self
    }
}

struct StreamedChunks {
    left: VecDeque<Result<Vec<u8>, HttpFailure>>,
    stalls: bool,
    is_slow: bool,
    aborted: Arc<AtomicUsize>,
}

impl Chunks for StreamedChunks {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Vec<u8>, HttpFailure>>> {
        match self.left.pop_front() {
            None if self.stalls => Box::pin(std::future::pending()),
            chunk if self.is_slow => {
                let mut chunk = Some(chunk);
                let mut is_awaited = false;
                Box::pin(std::future::poll_fn(move |context| {
                    if !std::mem::replace(&mut is_awaited, true) {
                        context.waker().wake_by_ref();
                        return std::task::Poll::Pending;
                    }
                    std::task::Poll::Ready(chunk.take().flatten())
                }))
            }
            chunk => Box::pin(std::future::ready(chunk)),
        }
    }
}

impl Drop for StreamedChunks {
    fn drop(&mut self) {
        if self.stalls || !self.left.is_empty() {
            self.aborted.fetch_add(1, Ordering::Relaxed);
        }
    }
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
        self.answer_bytes_at(url, status, &[], body.as_bytes());
    }

    /// What a URL answers from now on, with headers.
    pub fn answer_bytes_at(&self, url: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let answer = HttpAnswer { status, headers: headers.collect(), body: body.to_vec() };
        self.answers.lock().unwrap().insert(url.to_owned(), Ok(answer));
    }

    /// What a URL answers to who reads it as it comes: these one after another, then the last again.
    pub fn stream_at(&self, url: &str, answers: impl IntoIterator<Item = Streamed>) {
        self.streams.lock().unwrap().insert(url.to_owned(), answers.into_iter().collect());
    }

    /// Who answers requests to addresses that begin with `prefix` from now on.
    pub fn serve(
        &self,
        prefix: &str,
        server: impl Fn(&HttpRequest) -> Result<Streamed, HttpFailure> + Send + Sync + 'static,
    ) {
        self.servers.lock().unwrap().insert(0, (prefix.to_owned(), Arc::new(server)));
    }

    fn server_of(&self, url: &str) -> Option<Arc<Server>> {
        let servers = self.servers.lock().unwrap();
        servers.iter().find(|(prefix, _)| url.starts_with(prefix)).map(|(_, found)| found.clone())
    }

    /// How many streams were dropped before their end.
    pub fn aborted(&self) -> usize {
        self.aborted.load(Ordering::Relaxed)
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
        if let Some(server) = self.server_of(&request.url) {
            let answer = server(&request).and_then(Streamed::whole);
            self.sent.lock().unwrap().push(request);
            return Box::pin(std::future::ready(answer));
        }
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

    fn open(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpStream, HttpFailure>> {
        let url = request.url.clone();
        if let Some(server) = self.server_of(&url) {
            let answer = server(&request);
            self.sent.lock().unwrap().push(request);
            let aborted = self.aborted.clone();
            let stream =
                answer.map(|Streamed { status, headers, chunks, stalls, is_slow }| HttpStream {
                    status,
                    headers,
                    chunks: Box::new(StreamedChunks {
                        left: chunks.into(),
                        stalls,
                        is_slow,
                        aborted,
                    }),
                });
            return Box::pin(std::future::ready(stream));
        }
        let streamed = {
            let mut streams = self.streams.lock().unwrap();
            streams.get_mut(&url).map(|answers| {
                let next = answers.front().cloned().unwrap();
                if answers.len() > 1 {
                    answers.pop_front();
                }
                next
            })
        };
        let Some(Streamed { status, headers, chunks, stalls, is_slow }) = streamed else {
            let whole = self.send(request);
            let aborted = self.aborted.clone();
            return Box::pin(async move {
                let HttpAnswer { status, headers, body } = whole.await?;
                let left = VecDeque::from([Ok(body)]);
                Ok(HttpStream {
                    status,
                    headers,
                    chunks: Box::new(StreamedChunks {
                        left,
                        stalls: false,
                        is_slow: false,
                        aborted,
                    }),
                })
            });
        };
        self.sent.lock().unwrap().push(request);
        let aborted = self.aborted.clone();
        let chunks = StreamedChunks { left: chunks.into(), stalls, is_slow, aborted };
        Box::pin(std::future::ready(Ok(HttpStream { status, headers, chunks: Box::new(chunks) })))
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
        while let Some(task) = self.take() {
            block_on(task);
        }
    }

    /// As far as it comes without waiting.
    pub fn run_what_can(&self) {
        while let Some(mut task) = self.take() {
            let mut context = Context::from_waker(Waker::noop());
            // Something slow is there when it is asked for again.
            let _ = (0..50).find(|_| task.as_mut().poll(&mut context).is_ready());
        }
    }

    /// A task may spawn another.
    fn take(&self) -> Option<BoxFuture<'static, ()>> {
        let mut tasks = self.0.lock().unwrap();
        if tasks.is_empty() { None } else { Some(tasks.remove(0)) }
    }
}

impl Background for Later {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(task);
    }
}

/// The platform's models.
#[derive(Default)]
pub struct FakeAi {
    bound: AtomicBool,
    /// What each model answers: whole, or in pieces.
    answers: Mutex<HashMap<String, AiAnswer>>,
    asked: Mutex<Vec<AiRequest>>,
    aborted: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum AiAnswer {
    Whole(Value),
    InPieces(Streamed),
    Failure(AiFailure),
}

impl FakeAi {
    /// What a model answers as a whole.
    pub fn answer_with(&self, model: &str, answer: Value) {
        self.set(model, AiAnswer::Whole(answer));
    }

    /// What a model answers in pieces.
    pub fn stream_with(&self, model: &str, answer: Streamed) {
        self.set(model, AiAnswer::InPieces(answer));
    }

    pub fn fail_with(&self, model: &str, failure: AiFailure) {
        self.set(model, AiAnswer::Failure(failure));
    }

    /// The binding is there from the first answer on.
    fn set(&self, model: &str, answer: AiAnswer) {
        self.bound.store(true, Ordering::Relaxed);
        self.answers.lock().unwrap().insert(model.to_owned(), answer);
    }

    /// What models were asked.
    pub fn asked(&self) -> Vec<AiRequest> {
        self.asked.lock().unwrap().clone()
    }

    fn take(&self, request: AiRequest) -> AiAnswer {
        let answer = self.answers.lock().unwrap().get(&request.model).cloned();
        self.asked.lock().unwrap().push(request);
        answer.unwrap_or(AiAnswer::Failure(AiFailure::Code(5007)))
    }
}

impl Ai for FakeAi {
    fn is_bound(&self) -> bool {
        self.bound.load(Ordering::Relaxed)
    }

    fn run(&self, request: AiRequest) -> BoxFuture<'_, Result<Value, AiFailure>> {
        let answer = match self.take(request) {
            AiAnswer::Whole(answer) => Ok(answer),
            AiAnswer::Failure(failure) => Err(failure),
            AiAnswer::InPieces(_) => panic!("asked for a whole answer"),
        };
        Box::pin(std::future::ready(answer))
    }

    fn open(&self, request: AiRequest) -> BoxFuture<'_, Result<Box<dyn Chunks>, AiFailure>> {
        let answer = match self.take(request) {
            AiAnswer::InPieces(Streamed { chunks, stalls, is_slow, .. }) => {
                let aborted = self.aborted.clone();
                let chunks = StreamedChunks { left: chunks.into(), stalls, is_slow, aborted };
                Ok(Box::new(chunks) as Box<dyn Chunks>)
            }
            AiAnswer::Failure(failure) => Err(failure),
            AiAnswer::Whole(_) => Err(AiFailure::Other("the model does not answer in pieces")),
        };
        Box::pin(std::future::ready(answer))
    }
}
