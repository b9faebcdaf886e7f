//! Everything that is no page: the API.

use std::io;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use super::shared::Shared;

const LARGEST_BODY: usize = 1024 * 1024;

/// Answers as the API does.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = crate::Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: texts(&head.headers),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    if request.method != "GET" {
        shared.touch();
    }
    let answer = shared.with(|stripe| stripe.handle(&request));
    if answer.is_lost {
        return lost();
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = Body::from(answer.body.to_string());
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

/// The connection breaks where the answer should be.
fn lost() -> Response {
    let broken = io::Error::other("the answer is lost");
    Response::new(Body::from_stream(stream::iter([Err::<Vec<u8>, _>(broken)])))
}
