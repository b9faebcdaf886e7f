//! Outbound HTTP by the global `fetch`, which has no time-out and no size limit of its own.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, ReadableStreamReadResult, RequestInit,
    RequestRedirect, Response, WorkerGlobalScope,
};
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::{JsCast as _, JsValue};

use super::fetch::describe;
use crate::app::BoxFuture;
use crate::http::client::{Chunks, HttpAnswer, HttpClient, HttpFailure, HttpRequest, HttpStream};

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
            let chunks = Incoming { body: SendWrapper::new(body), timeout: request.timeout };
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
    let mut work = pin!(work);
    let mut delay = pin!(worker::Delay::from(timeout));
    std::future::poll_fn(|context| {
        if let Poll::Ready(outcome) = work.as_mut().poll(context) {
            return Poll::Ready(outcome);
        }
        delay
            .as_mut()
            .poll(context)
            .map(|()| Err(HttpFailure(format!("timed out after {} ms", timeout.as_millis()))))
    })
    .await
}

/// A request that is under way. Dropped, it is aborted.
struct Body {
    status: u16,
    headers: Vec<(String, String)>,
    reader: Option<ReadableStreamDefaultReader>,
    left: usize,
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
        let reader = response.body().map(|stream| stream.get_reader().unchecked_into());
        Ok(Self {
            status: response.status(),
            headers: header_pairs(&response.headers()),
            reader,
            left: request.max_bytes,
            abort,
        })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpFailure> {
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let read = JsFuture::from(reader.read()).await.map_err(failure)?;
        let read: ReadableStreamReadResult = read.unchecked_into();
        if read.get_done().unwrap_or(true) {
            // Nothing is left to abort.
            self.reader = None;
            self.abort.0 = None;
            return Ok(None);
        }
        let chunk = Uint8Array::new(&read.get_value()).to_vec();
        match self.left.checked_sub(chunk.len()) {
            Some(left) => self.left = left,
            None => return Err(HttpFailure("the body is longer than is read".to_owned())),
        }
        Ok(Some(chunk))
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
}

impl Chunks for Incoming {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Vec<u8>, HttpFailure>>> {
        Box::pin(SendFuture::new(async move {
            let timeout = self.timeout;
            within(timeout, self.body.next()).await.transpose()
        }))
    }
}
