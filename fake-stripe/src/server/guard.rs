//! Pages are for a browser on this machine, and their forms for these pages alone.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Refuses names that are not this machine's, and forms that another site sends.
pub(super) async fn only_own_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, "host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_local = ["127.0.0.1", "localhost"].contains(&name);
    if !is_local || (request.method() == Method::POST && !is_same_site(headers, host)) {
        return (StatusCode::FORBIDDEN, "This form was sent from another site.").into_response();
    }
    let mut response = next.run(request).await;
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    if let Ok(policy) = policy.parse() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What a browser says of where a form comes from; programs say nothing.
fn is_same_site(headers: &HeaderMap, host: &str) -> bool {
    let has_own_origin =
        text(headers, "origin").is_none_or(|origin| origin == format!("http://{host}"));
    let is_own_fetch =
        text(headers, "sec-fetch-site").is_none_or(|site| ["same-origin", "none"].contains(&site));
    has_own_origin && is_own_fetch
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_sites_are_refused() {
        let judge = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            is_same_site(&headers, "127.0.0.1:1")
        };
        assert!(judge("origin", "http://127.0.0.1:1") && judge("sec-fetch-site", "same-origin"));
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "http://127.0.0.1:2"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!judge(name, value), "{name}: {value}");
        }
    }
}
