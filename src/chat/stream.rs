//! A turn as an event stream (WHATWG HTML, "Server-sent events"), sent while the answer is made.
//!
//! What happens is told to an outbox; its encoder writes that as its reader knows it, the widget's ([`WidgetEvents`])
//! or another. A comment every twelve seconds keeps the connection open.
//!
//! The body that is sent drives the turn. When the visitor goes, it is dropped, and with it the request to the
//! provider; a task beside it stores what there is by then.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::{HeaderValue, header};
use http_body::Frame;
use serde_json::{Value, json};

use crate::app::BoxFuture;
use crate::error::Error;
use crate::http::problem;
use crate::ids::SessionId;
use crate::models::Usage;
use crate::time::{Clock, Patience};

/// How long nothing may be sent.
const HEARTBEAT: Duration = Duration::from_secs(12);

/// What a turn tells its reader.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// It was let in.
    Start { session: &'a SessionId, turn: &'a str },
    /// There is more of the answer.
    Text(&'a str),
    /// There is no more of it; the last event.
    End(&'a Ended<'a>),
    /// It failed; the last event.
    Failure { error: &'a Error, request_id: &'a str },
}

/// How an answer ended.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    pub(super) session: &'a SessionId,
    pub(super) turn: &'a str,
    /// An array.
    pub(super) citations: &'a Value,
    pub(super) finish_reason: &'a str,
    /// Whether the answer is a part of one.
    pub(super) is_partial: bool,
    pub(super) latency_ms: i64,
    /// None where no model was asked.
    pub(super) usage: Option<Usage>,
}

/// Writes events as a reader knows them.
pub(super) trait Encoder: fmt::Debug + Send + Sync {
    /// Server-sent events, or nothing; `characters` of the answer have been sent with it.
    fn encode(&self, event: &Event<'_>, characters: usize) -> String;
}

/// Events as the widget reads them: `start`, then `delta` with text, then `citations`, and one last `done` or `error`.
/// The id of each is the turn's and how many characters of the answer the visitor has with it, so that one who lost
/// the connection can say where to go on.
#[derive(Debug)]
struct WidgetEvents {
    turn_id: String,
}

impl WidgetEvents {
    fn event(&self, name: &str, data: &Value, characters: usize) -> String {
        // JSON has no line ends outside its texts, and escapes them inside.
        format!("id: {}.{characters}\nevent: {name}\ndata: {data}\n\n", self.turn_id)
    }

    fn end(&self, ended: &Ended<'_>, characters: usize) -> String {
        let citations = json!({ "citations": ended.citations });
        let done = json!({
            "session_id": ended.session,
            "turn_id": ended.turn,
            "finish_reason": ended.finish_reason,
            "partial": ended.is_partial,
            "latency_ms": ended.latency_ms,
        });
        self.event("citations", &citations, characters) + &self.event("done", &done, characters)
    }
}

impl Encoder for WidgetEvents {
    fn encode(&self, event: &Event<'_>, characters: usize) -> String {
        match event {
            Event::Start { session, turn } => {
                self.event("start", &json!({ "session_id": session, "turn_id": turn }), characters)
            }
            Event::Text(text) => self.event("delta", &json!({ "text": text }), characters),
            Event::End(ended) => self.end(ended, characters),
            Event::Failure { error, request_id } => {
                // What a plain answer says by `Retry-After`.
                let retry = error.retry_after().map(|seconds| format!("retry: {seconds}000\n"));
                let event = self.event("error", &problem::document(error, request_id), characters);
                retry.unwrap_or_default() + &event
            }
        }
    }
}

/// What was made of an answer so far, and what of it is to be sent.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Writes what somebody reads; without one only the text is kept.
    encoder: Option<Box<dyn Encoder>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    text: String,
    characters: usize,
    ready: VecDeque<Bytes>,
    end: Option<End>,
    waits_for_end: Option<Waker>,
    patience: Patience,
}

/// How the sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All was sent.
    Whole,
    /// The visitor went.
    Gone,
}

impl Outbox {
    /// For an answer that is sent to the widget while it is made.
    pub(super) fn sending(turn_id: &str) -> Self {
        Self::encoding(Box::new(WidgetEvents { turn_id: turn_id.to_owned() }))
    }

    /// For an answer that is sent while it is made.
    pub(super) fn encoding(encoder: Box<dyn Encoder>) -> Self {
        Self { encoder: Some(encoder), state: Mutex::default() }
    }

    /// For an answer that is sent when it is whole.
    pub(super) fn collecting() -> Self {
        Self { encoder: None, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds text to the answer.
    pub(super) fn say(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut state = self.state();
        state.text.push_str(text);
        state.characters += text.chars().count();
        self.push(&mut state, &Event::Text(text));
    }

    /// Sends an event that adds no text.
    pub(super) fn report(&self, event: &Event<'_>) {
        self.push(&mut self.state(), event);
    }

    fn push(&self, state: &mut State, event: &Event<'_>) {
        let Some(encoder) = &self.encoder else { return };
        let text = encoder.encode(event, state.characters);
        if !text.is_empty() {
            state.ready.push_back(Bytes::from(text));
        }
    }

    /// Skips what the visitor has already: `characters` of the answer.
    pub(super) fn resume_at(&self, characters: usize) {
        self.state().characters = characters;
    }

    /// The answer so far.
    pub(super) fn text(&self) -> String {
        self.state().text.clone()
    }

    fn take(&self) -> Option<Bytes> {
        let mut state = self.state();
        if state.ready.len() < 2 {
            return state.ready.pop_front();
        }
        // What came together is sent together: each chunk crosses into JavaScript.
        let together: Vec<u8> = state.ready.drain(..).flatten().collect();
        Some(Bytes::from(together))
    }

    /// Nobody waits for more of the answer; the first call counts.
    pub(super) fn close(&self, end: End) {
        let mut state = self.state();
        if state.end.is_none() {
            state.end = Some(end);
            if let Some(waker) = state.waits_for_end.take() {
                waker.wake();
            }
        }
    }

    /// Resolves when the sending has ended.
    pub(super) async fn ended(&self) -> End {
        poll_fn(|context| {
            let mut state = self.state();
            if let Some(end) = state.end {
                return Poll::Ready(end);
            }
            state.waits_for_end = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Waits for `work`, and keeps the connection open meanwhile.
    pub(super) async fn awaiting<T>(&self, clock: &dyn Clock, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.encoder.is_none() {
            return work.await;
        }
        let mut patience = std::mem::take(&mut self.state().patience);
        let outcome = loop {
            match patience.within(clock, HEARTBEAT, work.as_mut()).await {
                Some(outcome) => break outcome,
                None => self.state().ready.push_back(Bytes::from_static(b": \n\n")),
            }
        };
        self.state().patience = patience;
        outcome
    }
}

/// A body whose frames are made by the work that it drives.
struct Sending {
    work: Option<BoxFuture<'static, ()>>,
    outbox: Arc<Outbox>,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(bytes) = self.outbox.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Some(work) = &mut self.work
            && work.as_mut().poll(context).is_ready()
        {
            self.work = None;
        }
        match self.outbox.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.work.is_some() => Poll::Pending,
            None => {
                self.outbox.close(End::Whole);
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        // The request to the provider goes with the work.
        let unfinished = self.work.take().is_some();
        self.outbox.close(if unfinished { End::Gone } else { End::Whole });
    }
}

/// An answer that sends what `work` puts into the outbox.
pub(super) fn respond(outbox: Arc<Outbox>, work: BoxFuture<'static, ()>) -> Response {
    let mut response = Response::new(Body::new(Sending { work: Some(work), outbox }));
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use futures_executor::block_on;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::time::Timestamp;

    /// A clock whose sleepers wake when it has been moved so far.
    #[derive(Default, Clone)]
    struct MovedClock(Arc<AtomicI64>);

    impl Clock for MovedClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            let (clock, until) = (self.clone(), self.now().plus(duration));
            Box::pin(poll_fn(
                move |_| {
                    if clock.now() >= until { Poll::Ready(()) } else { Poll::Pending }
                },
            ))
        }
    }

    fn read(outbox: &Arc<Outbox>, work: BoxFuture<'static, ()>) -> String {
        let response = respond(outbox.clone(), work);
        let bytes = block_on(response.into_body().collect()).unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn events_say_how_much_of_the_answer_there_is() {
        let outbox = Arc::new(Outbox::sending("t1"));
        let inner = outbox.clone();
        let session = SessionId::from("s1".to_owned());
        let text = read(
            &outbox,
            Box::pin(async move {
                inner.report(&Event::Start { session: &session, turn: "t1" });
                inner.say("Grüße\n");
                inner.say("!");
                inner.report(&Event::End(&Ended {
                    session: &session,
                    turn: "t1",
                    citations: &json!([]),
                    finish_reason: "stop",
                    is_partial: false,
                    latency_ms: 7,
                    usage: None,
                }));
            }),
        );
        assert_eq!(
            text,
            "id: t1.0\nevent: start\ndata: {\"session_id\":\"s1\",\"turn_id\":\"t1\"}\n\n\
             id: t1.6\nevent: delta\ndata: {\"text\":\"Grüße\\n\"}\n\n\
             id: t1.7\nevent: delta\ndata: {\"text\":\"!\"}\n\n\
             id: t1.7\nevent: citations\ndata: {\"citations\":[]}\n\n\
             id: t1.7\nevent: done\ndata: {\"finish_reason\":\"stop\",\"latency_ms\":7,\"partial\":false,\
             \"session_id\":\"s1\",\"turn_id\":\"t1\"}\n\n"
        );
        assert_eq!(block_on(outbox.ended()), End::Whole);
    }

    #[test]
    fn a_visitor_who_goes_ends_the_work() {
        let outbox = Arc::new(Outbox::sending("t1"));
        let inner = outbox.clone();
        let dropped = Arc::new(());
        let held = dropped.clone();
        let work = Box::pin(async move {
            inner.say("Half");
            std::future::pending::<()>().await;
            drop(held);
        });
        let mut body = respond(outbox.clone(), work).into_body();
        assert!(block_on(body.frame()).is_some());
        assert_eq!(Arc::strong_count(&dropped), 2);
        drop(body);
        assert_eq!(Arc::strong_count(&dropped), 1);
        assert_eq!((block_on(outbox.ended()), outbox.text().as_str()), (End::Gone, "Half"));
    }

    #[test]
    fn a_quiet_stream_has_a_heartbeat() {
        let (clock, outbox) = (MovedClock::default(), Arc::new(Outbox::sending("t1")));
        let (inner, watched) = (outbox.clone(), clock.clone());
        let answer = Arc::new(AtomicI64::new(0));
        let made = answer.clone();
        let work = Box::pin(async move {
            let piece = poll_fn(|_| match made.load(Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready("Hello"),
            });
            inner.say(inner.awaiting(&watched, piece).await);
        });
        let mut body = respond(outbox, work).into_body();
        let mut next = || {
            let frame = Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
            match frame {
                Poll::Ready(Some(frame)) => {
                    let bytes = frame.unwrap().into_data().unwrap();
                    Some(String::from_utf8(bytes.to_vec()).unwrap())
                }
                Poll::Ready(None) => Some("the end".to_owned()),
                Poll::Pending => None,
            }
        };
        assert_eq!(next(), None);
        clock.0.store(11_999, Ordering::Relaxed);
        assert_eq!(next(), None);
        clock.0.store(12_000, Ordering::Relaxed);
        assert_eq!(next().as_deref(), Some(": \n\n"));
        assert_eq!(next(), None, "once");
        clock.0.store(24_000, Ordering::Relaxed);
        assert_eq!(next().as_deref(), Some(": \n\n"), "and again");
        answer.store(1, Ordering::Relaxed);
        assert!(next().unwrap().contains("Hello"));
        assert_eq!(next().as_deref(), Some("the end"));
    }
}
