//! Outbound HTTP by the global `fetch`, which has no time-out and no size limit of its own.

use http_body_util::{BodyExt as _, Limited};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};

use super::fetch::describe;
use crate::app::BoxFuture;
use crate::http::client::{HttpAnswer, HttpClient, HttpFailure, HttpRequest};

/// The global `fetch`.
pub(super) struct Fetch;

impl HttpClient for Fetch {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>> {
        Box::pin(SendFuture::new(send(request)))
    }
}

async fn send(request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
    let failure = |error: JsValue| HttpFailure(describe(&error));
    let timeout_ms = u32::try_from(request.timeout.as_millis()).unwrap_or(u32::MAX);
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
    init.set_redirect(RequestRedirect::Manual);
    let headers = Headers::new().map_err(failure)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(failure)?;
    }
    init.set_headers(&headers);
    if let Some(body) = &request.body {
        init.set_body(&JsValue::from_str(body));
    }
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let promise = scope.fetch_with_str_and_init(&request.url, &init);
    let response: Response = JsFuture::from(promise).await.map_err(failure)?.unchecked_into();
    let body = match response.body() {
        Some(stream) => Limited::new(worker::Body::new(stream), request.max_bytes)
            .collect()
            .await
            .map_err(|error| HttpFailure(format!("the body cannot be read: {error}")))?
            .to_bytes()
            .to_vec(),
        None => Vec::new(),
    };
    Ok(HttpAnswer { status: response.status(), body })
}
