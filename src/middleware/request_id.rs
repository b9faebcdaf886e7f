//! Names the request, and writes the error body last, when its name is known.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Request};

use crate::app::{App, Background, Op};
use crate::http::problem;
use crate::ids::random_bytes;
use crate::log::RequestContext;

/// Header in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CF_CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");

/// Longest inbound id that is taken over.
const LONGEST: usize = 64;

/// Takes over a short safe inbound `X-Request-ID`, or makes one.
pub fn open(app: Arc<App>, request: &mut Request<Body>) -> Op {
    let id = inbound(request.headers()).unwrap_or_else(fresh);
    let context = RequestContext::new(
        id,
        request.method().to_string(),
        request.uri().path(),
        client_ip(request.headers()),
        app.ports.clock.now(),
    );
    let background = request
        .extensions_mut()
        .remove::<Arc<dyn Background>>()
        .unwrap_or_else(|| Arc::new(NoBackground));
    Op { app, request: Arc::new(context), background }
}

/// Writes the error body, if there is one, and echoes the id.
pub fn close(op: &Op, response: Response, errors: problem::Form) -> Response {
    let mut response = problem::render(response, &op.request.id, errors);
    if let Ok(value) = HeaderValue::from_str(&op.request.id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// For hosts that give no background: the task is dropped, as it may be anywhere.
struct NoBackground;

impl Background for NoBackground {
    fn spawn(&self, _task: crate::app::BoxFuture<'static, ()>) {}
}

fn inbound(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=LONGEST).contains(&id.len()) && id.bytes().all(safe);
    fits.then(|| id.to_owned())
}

/// A new id.
pub fn fresh() -> String {
    let bytes = random_bytes::<8>().unwrap_or_default();
    format!("req_{}", hex::encode(bytes))
}

/// The address that Cloudflare saw. `X-Forwarded-For` is the client's own claim and is not read.
fn client_ip(headers: &HeaderMap) -> String {
    headers
        .get(CF_CONNECTING_IP)
        .and_then(|value| value.to_str().ok())
        .filter(|ip| !ip.is_empty() && ip.len() <= 45)
        .unwrap_or("local")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(id).unwrap());
        inbound(&headers)
    }

    #[test]
    fn only_short_safe_ids_are_taken_over() {
        assert_eq!(given("trace-12345.a_b").as_deref(), Some("trace-12345.a_b"));
        assert_eq!(given("7").as_deref(), Some("7"));
        for refused in ["", &"a".repeat(65), "has space here", "quote\"inside", "émile-émile"] {
            assert_eq!(given(refused), None, "{refused}");
        }
    }

    #[test]
    fn fresh_ids_have_the_prefix() {
        let id = fresh();
        assert!(id.starts_with("req_") && id.len() == 20, "{id}");
    }
}
