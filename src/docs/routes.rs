//! `GET /openapi.json`, `GET /docs`

use axum::body::Body;
use axum::response::Response;
use base64ct::{Base64, Encoding as _};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// `openapi.json` without the blanks that are for people.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));
const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");

/// `GET /openapi.json`: this API as a document of `OpenAPI` 3.1.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/openapi.json", tag = "Operation",
    responses((status = 200, description = "The document", content_type = "application/json", body = Object))))]
pub async fn get_openapi() -> Result<Response> {
    answer("application/json", DOCUMENT.into(), None)
}

/// `GET /docs`: this API for people to read.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/docs", tag = "Operation",
    responses((status = 200, description = "A page that renders the document", content_type = "text/html", body = String))))]
pub async fn get_docs() -> Result<Response> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>koby-portal API</title><style>{STYLE}</style>\
         <body><main id=\"api\"><p>Loading the API’s document…</p></main>\
         <noscript>This page needs JavaScript; the document itself is at <a href=\"/openapi.json\">/openapi.json</a>.</noscript>\
         <script>{SCRIPT}</script></body></html>"
    );
    // Nothing but the page's own style and script may run, and it may read nothing but this Worker.
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        source_of(STYLE),
        source_of(SCRIPT),
    );
    answer("text/html; charset=utf-8", page.into(), Some(&policy))
}

/// A text as a Content-Security-Policy names it (CSP Level 3, section 2.3.1).
fn source_of(text: &str) -> String {
    format!("sha256-{}", Base64::encode_string(&Sha256::digest(text.as_bytes())))
}

fn answer(media_type: &'static str, body: Body, policy: Option<&str>) -> Result<Response> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Some(policy) = policy {
        let policy = HeaderValue::from_str(policy)
            .map_err(|error| Error::internal(format!("the page's policy: {error}")))?;
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}
