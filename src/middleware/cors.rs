//! Which pages may read an answer (Fetch standard; the rules are in `docs/SECURITY.md`).
//!
//! The allowed origin is decided per request and written on errors too. Preflights end here, without
//! authentication and without D1. CORS keeps other pages from reading; it is not access control.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::Config;
use crate::http::problem;
use crate::origin::Origin;

/// Code of the refusal of a page that a site does not list.
pub const ORIGIN_NOT_ALLOWED: &str = "origin_not_allowed";

/// Which pages may read the answers of an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Those of `ALLOWED_ORIGINS`.
    Portal,
    /// Those that the site lists. A preflight does not say which site it is for, so any origin may
    /// ask; the handler refuses pages that the site does not list, and that refusal is not readable.
    Site,
    /// None: no browser calls these.
    Closed,
}

/// The request's page, if it may read the answers.
pub fn allowed_page(policy: Policy, config: &Config, headers: &HeaderMap) -> Option<Origin> {
    let may_read = |page: &Origin| match policy {
        Policy::Portal => config.cors_allow_all || config.allowed_origins.allows(page),
        Policy::Site => true,
        Policy::Closed => false,
    };
    origin_of(headers).filter(may_read)
}

/// Lets the page read the answer, unless the handler refused the page itself.
pub fn allow_page(response: &mut Response, page: Option<&Origin>) {
    let refused =
        problem::error_of(response).is_some_and(|error| error.code() == ORIGIN_NOT_ALLOWED);
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(page) = page.filter(|_| !refused) {
        allow(headers, page);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "Content-Disposition, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID",
            ),
        );
    }
}

/// The page's origin, if the request names a well-formed one.
pub fn origin_of(headers: &HeaderMap) -> Option<Origin> {
    headers.get(ORIGIN)?.to_str().ok().and_then(Origin::parse)
}

/// Answers a preflight.
pub fn preflight(page: Option<&Origin>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        VARY,
        HeaderValue::from_static(
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ),
    );
    if let Some(page) = page {
        allow(headers, page);
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, X-Request-ID, X-Site-Key",
            ),
        );
        // Chromium keeps a preflight for two hours at most.
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: &Origin) {
    if let Ok(value) = HeaderValue::from_str(&origin.to_string()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
}
