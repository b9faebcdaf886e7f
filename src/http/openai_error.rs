//! Errors as clients of OpenAI's API read them: `{"error": {"message", "type", "param", "code"}}`
//! (OpenAI, "Error codes"; its SDKs choose their classes by the status).

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::error::{Error, Kind};

/// Tells OpenAI's SDKs whether to send the request again; without it they do so after 409 and 429.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The document of an error. `request_id` is a member that OpenAI does not have.
pub fn document(error: &Error, request_id: &str) -> Value {
    let text = error.text().trim_end_matches('.');
    let message = match error.public_hint() {
        Some(hint) => format!("{text}. {hint}"),
        None => format!("{text}."),
    };
    let (kind, code) = kind_and_code(error);
    json!({
        "error": {
            "message": message,
            "type": kind,
            "param": error.member(),
            "code": code,
            "request_id": request_id,
        }
    })
}

/// Writes the document into the response that carries the error.
pub(super) fn write(mut response: Response, error: &Error, request_id: &str) -> Response {
    // A quota that is used up is a 429 to these clients; they have no class for 402.
    if error.kind() == Kind::PaymentRequired {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if !may_pass(error) {
        headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    *response.body_mut() = Body::from(document(error, request_id).to_string());
    response
}

/// `type` and `code`: OpenAI's where it has one for the case, else our own code.
fn kind_and_code(error: &Error) -> (&'static str, &'static str) {
    let own = error.code();
    match (error.kind(), own) {
        (_, "bot_not_found") => ("invalid_request_error", "model_not_found"),
        (Kind::Unauthenticated, _) => ("invalid_request_error", "invalid_api_key"),
        (Kind::PaymentRequired, _) | (_, "message_budget_exhausted") => {
            ("insufficient_quota", "insufficient_quota")
        }
        (Kind::RateLimited, _) => ("requests", "rate_limit_exceeded"),
        (Kind::Forbidden, _) => ("permission_error", own),
        (Kind::Internal | Kind::BadGateway | Kind::Unavailable, _) => ("server_error", own),
        _ => ("invalid_request_error", own),
    }
}

/// Whether the same request may succeed within a minute or so.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        Kind::PaymentRequired | Kind::Conflict => false,
        Kind::RateLimited => error.code() != "message_budget_exhausted",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Error) -> (String, String) {
        let document = document(error, "req_1");
        let text = |name: &str| document["error"][name].as_str().unwrap().to_owned();
        (text("type"), text("code"))
    }

    #[test]
    fn errors_have_the_types_and_codes_that_clients_know() {
        let known = |kind, code| told(&Error::new(kind, code, "Text"));
        for (kind, code, expected) in [
            (
                Kind::Unauthenticated,
                "gateway_token_invalid",
                ("invalid_request_error", "invalid_api_key"),
            ),
            (Kind::NotFound, "bot_not_found", ("invalid_request_error", "model_not_found")),
            (
                Kind::PaymentRequired,
                "spend_cap_reached",
                ("insufficient_quota", "insufficient_quota"),
            ),
            (
                Kind::RateLimited,
                "message_budget_exhausted",
                ("insufficient_quota", "insufficient_quota"),
            ),
            (Kind::RateLimited, "too_many_sessions", ("requests", "rate_limit_exceeded")),
            (Kind::Forbidden, "site_not_active", ("permission_error", "site_not_active")),
            (Kind::BadRequest, "invalid_body", ("invalid_request_error", "invalid_body")),
            (Kind::Internal, "internal_error", ("server_error", "internal_error")),
        ] {
            let (r#type, told) = known(kind, code);
            assert_eq!((r#type.as_str(), told.as_str()), expected, "{code}");
        }
    }

    #[test]
    fn the_message_holds_the_hint_and_the_member_is_named() {
        let error = Error::bad_request("invalid_body", "Invalid request body.")
            .hint("\"n\" is 2.")
            .about("n");
        assert_eq!(
            document(&error, "req_1")["error"],
            json!({
                "message": "Invalid request body. \"n\" is 2.", "type": "invalid_request_error", "param": "n",
                "code": "invalid_body", "request_id": "req_1",
            })
        );
        let bare = document(&Error::internal("secret"), "req_1");
        assert!(!bare.to_string().contains("secret"), "{bare}");
    }
}
