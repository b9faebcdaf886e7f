//! `fetch`: one request in, one response out. The application and its router are built with the
//! isolate's first request.

use std::str::FromStr as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::response::IntoResponse as _;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt as _;
use js_sys::{Array, JSON, JsString, Uint8Array};
use tower::ServiceExt as _;
use wasm_bindgen_futures::JsFuture;
use wasm_streams::ReadableStream;
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::{Context, Env, event};

use super::ai::Models;
use super::background::WaitUntil;
use super::clock::DateClock;
use super::d1::D1;
use super::http::Fetch;
use super::limiter::Limiters;
use super::log::{Console, log_panic};
use super::webcrypto::WebCrypto;
use crate::app::{App, Background, Ports};
use crate::config::{Config, DB, SEARCH};
use crate::error::Error;
use crate::http::problem;
use crate::log::Log;
use crate::middleware::security_headers;
use crate::router::router;

/// The application and its router. What they hold is the same for every request: bindings,
/// configuration, caches that survive being empty.
pub(super) struct Isolate {
    pub(super) app: Arc<App>,
    router: Router,
}

static ISOLATE: OnceLock<Isolate> = OnceLock::new();

#[event(start)]
fn start() {
    std::panic::set_hook(Box::new(log_panic));
}

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let router = &isolate(&env)?.router;
    let background: Arc<dyn Background> = Arc::new(WaitUntil::new(context));
    let response = match to_http(request) {
        Ok(mut request) => {
            request.extensions_mut().insert(background);
            router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
        }
        Err(error) => unreadable_request(error),
    };
    to_js(response).await
}

/// What this isolate serves with; built with its first request or job.
pub(super) fn isolate(env: &Env) -> worker::Result<&'static Isolate> {
    if let Some(isolate) = ISOLATE.get() {
        return Ok(isolate);
    }
    let built = build(env)?;
    Ok(ISOLATE.get_or_init(|| built))
}

fn build(env: &Env) -> worker::Result<Isolate> {
    let config = Config::read(|name| env.var(name).ok().map(|value| value.to_string()));
    let log = Log::new(config.log_level, Arc::new(Console));
    let ports = Ports {
        db: Arc::new(D1::bind(env, DB)?),
        search: Arc::new(D1::bind(env, SEARCH)?),
        clock: Arc::new(DateClock),
        signatures: Arc::new(WebCrypto::default()),
        http: Arc::new(Fetch),
        limiter: Arc::new(Limiters::bind(env)),
        ai: Arc::new(Models::bind(env)),
    };
    let app = Arc::new(App::new(config, ports, log));
    let router = router(&app);
    Ok(Isolate { app, router })
}

/// The answer to a request that never became one.
fn unreadable_request(error: Error) -> Response<Body> {
    let mut response = problem::render(error.into_response(), "unknown", problem::Form::Problem);
    security_headers::add(&mut response);
    response
}

fn to_http(request: web_sys::Request) -> Result<Request<Body>, Error> {
    let unreadable = |what: &str| {
        Error::bad_request("invalid_request", "Invalid request")
            .hint(format!("The {what} cannot be read."))
    };
    let method = Method::from_str(&request.method()).map_err(|_| unreadable("method"))?;
    let uri = Uri::from_str(&request.url()).map_err(|_| unreadable("URL"))?;
    let headers = headers(&request).ok_or_else(|| unreadable("header"))?;
    let mut http_request = Request::new(incoming(request, &headers));
    *http_request.method_mut() = method;
    *http_request.uri_mut() = uri;
    *http_request.headers_mut() = headers;
    Ok(http_request)
}

/// Longest body that is read by one promise.
const LONGEST_WHOLE: u64 = 1024 * 1024;

/// The body, of which nothing is read before it is asked for. A stream takes several promises for each chunk; a short
/// one whose length binds its sender is read by one.
fn incoming(request: web_sys::Request, headers: &HeaderMap) -> Body {
    if declared_length(headers).is_some_and(|length| length <= LONGEST_WHOLE) {
        return Body::from_stream(stream::once(SendFuture::new(async move {
            let buffer = JsFuture::from(request.array_buffer()?).await?;
            Ok::<_, worker::Error>(Uint8Array::new(&buffer).to_vec())
        })));
    }
    match request.body() {
        Some(stream) => Body::new(worker::Body::new(stream)),
        None => Body::empty(),
    }
}

/// What `Content-Length` says, where it counts: a body in chunks may be of any length (RFC 9112, section 6.3).
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// All headers in one crossing of the JavaScript boundary, which costs more than parsing a small text.
fn headers(request: &web_sys::Request) -> Option<HeaderMap> {
    let entries = Array::from(request.headers().as_ref());
    let text = String::from(JSON::stringify(&entries).ok()?);
    let entries: Vec<(String, String)> = serde_json::from_slice(text.as_bytes()).ok()?;
    let mut headers = HeaderMap::with_capacity(entries.len());
    for (name, value) in entries {
        // What is no header by HTTP's grammar is not seen by any rule, as if it had not been sent.
        if let (Ok(name), Ok(value)) = (HeaderName::from_str(&name), HeaderValue::from_str(&value))
        {
            headers.append(name, value);
        }
    }
    Some(headers)
}

/// Plain bytes where there are: wrapping every body in a stream would cost a quarter of the throughput. The headers
/// cross as one object, which the runtime reads twice as fast as a list of pairs.
async fn to_js(response: Response<Body>) -> worker::Result<web_sys::Response> {
    let (parts, body) = response.into_parts();
    let init = web_sys::ResponseInit::new();
    init.set_status(parts.status.as_u16());
    init.set_headers(&JSON::parse(&header_object(&parts.headers)?)?);

    // A body that is still being made: it is sent as it comes, and its failure breaks the transfer.
    if body.size_hint().exact().is_none() {
        let stream: web_sys::ReadableStream = outgoing(body).into_raw().unchecked_into();
        return Ok(web_sys::Response::new_with_opt_readable_stream_and_init(Some(&stream), &init)?);
    }

    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = if bytes.is_empty() { JsValue::NULL } else { Uint8Array::from(&*bytes).into() };
    let body = body.dyn_ref::<js_sys::Object>();
    Ok(web_sys::Response::new_with_opt_buffer_source_and_init(body, &init)?)
}

/// A body as a stream of JavaScript. `worker::Body` would put a second one around it, and with it every chunk through
/// WebAssembly twice.
fn outgoing(body: Body) -> ReadableStream {
    let chunks = body.into_data_stream().map(|chunk| match chunk {
        Ok(bytes) => Ok(Uint8Array::from(&*bytes).into()),
        Err(error) => Err(JsValue::from(error.to_string())),
    });
    ReadableStream::from_stream(chunks)
}

/// The headers as a JSON object; values of one name are joined, as HTTP allows for all that we send.
fn header_object(headers: &HeaderMap) -> serde_json::Result<String> {
    let mut object = String::from("{");
    for name in headers.keys() {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        object.push_str(if object.len() > 1 { ",\"" } else { "\"" });
        object.push_str(name.as_str());
        object.push_str("\":");
        object.push_str(&serde_json::to_string(&values.join(", "))?);
    }
    object.push('}');
    Ok(object)
}

/// The text of a JavaScript error, for the log.
pub(super) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error
            .dyn_ref::<JsString>()
            .map_or_else(|| "a value that is no error was thrown".to_owned(), String::from),
    }
}
