//! The one mapping from [`Error`] to a response: an RFC 9457 problem document that also carries the
//! `error` and `requestId` members that existing clients read.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::openai_error;
use crate::error::{Error, Kind};

/// The body of every error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    /// The short sentence existing clients know.
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The same for clients that read the code in `error` and the sentence here.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    request_id: &'a str,
}

impl<'a> Problem<'a> {
    fn of(error: &'a Error, request_id: &'a str) -> Self {
        let status = status(error.kind());
        Self {
            r#type: problem_type(error.kind()),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: error.code(),
            error: error.text(),
            detail: error.public_hint(),
            message: error.public_hint().filter(|_| error.text() == error.code()),
            request_id,
        }
    }
}

/// The problem document of an error, where it is no body of its own.
pub fn document(error: &Error, request_id: &str) -> Value {
    serde_json::to_value(Problem::of(error, request_id)).unwrap_or_default()
}

/// How the errors of an audience are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An RFC 9457 problem document.
    Problem,
    /// As clients of OpenAI's API read them.
    OpenAi,
}

/// The status of each kind.
fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::BadGateway => StatusCode::BAD_GATEWAY,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// An error leaves a handler or layer as its status and headers, with the error itself as an
/// extension; the outermost layer, which knows the request id, writes the body ([`render`]).
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(self.kind());
        if self.kind() == Kind::Unauthenticated {
            let challenge = if self.code().starts_with("site_key") {
                "SiteKey realm=\"chat\""
            } else {
                "Bearer error=\"invalid_token\""
            };
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The error that a response carries, if it carries one.
pub fn error_of(response: &Response) -> Option<&Arc<Error>> {
    response.extensions().get::<Arc<Error>>()
}

/// Writes the error document into a response that carries an [`Error`]; others pass unchanged.
pub fn render(mut response: Response, request_id: &str, form: Form) -> Response {
    let Some(error) = error_of(&response).cloned() else {
        return response;
    };
    if form == Form::OpenAi {
        return openai_error::write(response, &error, request_id);
    }
    let body = serde_json::to_vec(&Problem::of(&error, request_id)).unwrap_or_default();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
    response
}

/// RFC 9457: `about:blank` unless a registered type says more.
fn problem_type(kind: Kind) -> &'static str {
    match kind {
        Kind::RateLimited | Kind::PaymentRequired => {
            "https://iana.org/assignments/http-problem-types#quota-exceeded"
        }
        _ => "about:blank",
    }
}
