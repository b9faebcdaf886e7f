//! One line as a request starts, one as it ends, and one more for what the operator must know.

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::Response;
use http::Request;
use serde_json::json;

use crate::app::Op;
use crate::config::LogLevel;
use crate::error::{Error, Kind};
use crate::http::problem;

/// Logs `request_start`.
pub fn start(op: &Op, request: &Request<Body>) {
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        op.request.set_route(route.as_str());
    }
    op.app.log.event(LogLevel::Info, "request_start", op.now(), &op.request, &[]);
}

/// Logs the refusal or failure that the answer carries, and `request_end`.
pub fn end(op: &Op, response: &Response) {
    let log = &op.app.log;
    let now = op.now();
    op.request.set_outcome(response.status().as_u16(), now);
    if let Some(error) = problem::error_of(response)
        && let Some((level, message)) = event_of(error)
    {
        let fields = [("code", json!(error.code())), ("reason", json!(error.private_context()))];
        log.event(level, message, now, &op.request, &fields);
    }
    log.event(LogLevel::Info, "request_end", now, &op.request, &[]);
}

/// The event that an error is logged as, once, here.
fn event_of(error: &Error) -> Option<(LogLevel, &'static str)> {
    match error.kind() {
        Kind::Unauthenticated => Some((LogLevel::Warn, "auth_failed")),
        Kind::Forbidden => Some((LogLevel::Warn, "access_denied")),
        Kind::RateLimited => Some((LogLevel::Warn, "rate_limit_exceeded")),
        Kind::TooLarge => Some((LogLevel::Warn, "request_too_large")),
        Kind::Internal => Some((LogLevel::Error, "internal_error")),
        Kind::BadGateway => Some((LogLevel::Error, "dependency_failed")),
        Kind::Unavailable => Some((LogLevel::Error, "dependency_unavailable")),
        _ => None,
    }
}
