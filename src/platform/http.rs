//! Outbound HTTP by the global `fetch`, which has no time-out and no size limit of its own.

use std::future::Future;
use std::time::Duration;

use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortController, Headers, ReadableStream, ReadableStreamDefaultReader,
    ReadableStreamReadResult, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::{JsCast as _, JsValue};

use super::clock::DateClock;
use super::fetch::describe;
use crate::app::BoxFuture;
use crate::http::client::{Chunks, HttpAnswer, HttpClient, HttpFailure, HttpRequest, HttpStream};
use crate::time::{self, Patience};

/// The global `fetch`.
pub(super) struct Fetch;

impl HttpClient for Fetch {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>> {
        Box::pin(SendFuture::new(async move {
            let timeout = request.timeout;
            within(timeout, send(request)).await
        }))
    }

    fn open(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpStream, HttpFailure>> {
        Box::pin(SendFuture::new(async move {
            let body = within(request.timeout, Body::open(&request)).await?;
            let (status, headers) = (body.status, body.headers.clone());
            let (body, timeout) = (SendWrapper::new(body), request.timeout);
            let chunks = Incoming { body, timeout, patience: Patience::default() };
            Ok(HttpStream { status, headers, chunks: Box::new(chunks) })
        }))
    }
}

async fn send(request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
    let mut answer = Body::open(&request).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.next().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer { status: answer.status, headers: std::mem::take(&mut answer.headers), body })
}

/// The outcome of `work`, or a failure if it takes longer; work that is given up is dropped.
async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, HttpFailure>>,
) -> Result<T, HttpFailure> {
    time::within(&DateClock, timeout, work).await.unwrap_or_else(|| Err(timed_out(timeout)))
}

fn timed_out(timeout: Duration) -> HttpFailure {
    HttpFailure(format!("{} after {} ms", HttpFailure::TIMED_OUT, timeout.as_millis()))
}

/// The bytes of a stream, at most so many.
pub(super) struct Bytes {
    reader: ReadableStreamDefaultReader,
    left: usize,
}

impl Bytes {
    pub(super) fn of(stream: &ReadableStream, most: usize) -> Self {
        Self { reader: stream.get_reader().unchecked_into(), left: most }
    }

    /// The next ones; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpFailure> {
        let read = JsFuture::from(self.reader.read()).await.map_err(failure)?;
        let read: ReadableStreamReadResult = read.unchecked_into();
        if read.get_done().unwrap_or(true) {
            return Ok(None);
        }
        let chunk = Uint8Array::new(&read.get_value()).to_vec();
        match self.left.checked_sub(chunk.len()) {
            Some(left) => self.left = left,
            None => return Err(HttpFailure("the body is longer than is read".to_owned())),
        }
        Ok(Some(chunk))
    }

    /// Tells the source that no more is wanted. Nobody waits for what it says to that.
    pub(super) fn cancel(&self) {
        let cancelled = JsFuture::from(self.reader.cancel());
        spawn_local(async move { drop(cancelled.await) });
    }
}

/// A request that is under way. Dropped, it is aborted.
struct Body {
    status: u16,
    headers: Vec<(String, String)>,
    bytes: Option<Bytes>,
    abort: AbortOnDrop,
}

struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

impl Body {
    async fn open(request: &HttpRequest) -> Result<Self, HttpFailure> {
        let controller = AbortController::new().map_err(failure)?;
        let init = RequestInit::new();
        init.set_method(request.method);
        init.set_signal(Some(&controller.signal()));
        let abort = AbortOnDrop(Some(controller));
        init.set_redirect(RequestRedirect::Manual);
        let headers = Headers::new().map_err(failure)?;
        for (name, value) in &request.headers {
            headers.set(name, value).map_err(failure)?;
        }
        init.set_headers(&headers);
        if let Some(body) = &request.body {
            init.set_body(&Uint8Array::from(body.as_slice()));
        }
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let promise = scope.fetch_with_str_and_init(&request.url, &init);
        let response: Response = JsFuture::from(promise).await.map_err(failure)?.unchecked_into();
        let bytes = response.body().map(|stream| Bytes::of(&stream, request.max_bytes));
        let (status, headers) = (response.status(), header_pairs(&response.headers()));
        Ok(Self { status, headers, bytes, abort })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpFailure> {
        let Some(bytes) = &mut self.bytes else {
            return Ok(None);
        };
        let chunk = bytes.next().await?;
        if chunk.is_none() {
            // Nothing is left to abort.
            self.bytes = None;
            self.abort.0 = None;
        }
        Ok(chunk)
    }
}

/// All headers in one crossing of the JavaScript boundary.
fn header_pairs(headers: &Headers) -> Vec<(String, String)> {
    let entries = Array::from(headers.as_ref());
    let text = JSON::stringify(&entries).map(String::from).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn failure(error: JsValue) -> HttpFailure {
    HttpFailure(describe(&error))
}

/// A body that is read as it comes.
struct Incoming {
    body: SendWrapper<Body>,
    timeout: Duration,
    patience: Patience,
}

impl Chunks for Incoming {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Vec<u8>, HttpFailure>>> {
        Box::pin(SendFuture::new(async move {
            let Self { body, timeout, patience } = self;
            let chunk = patience.within(&DateClock, *timeout, body.next()).await;
            chunk.unwrap_or_else(|| Err(timed_out(*timeout))).transpose()
        }))
    }
}
