//! The port for outbound HTTP.

use std::time::Duration;

use crate::app::BoxFuture;

/// An answer that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Body, at most the asked-for number of bytes.
    pub body: Vec<u8>,
}

/// Why there is no answer: a private text for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct HttpFailure(pub String);

/// A request to another service.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Absolute URL; made of configuration and validated ids alone.
    pub url: String,
    /// Header names and values; values may be credentials, so the request is never logged.
    pub headers: Vec<(&'static str, String)>,
    /// Body, if any.
    pub body: Option<String>,
    /// Given up after this time.
    pub timeout: Duration,
    /// An answer whose body is longer is a failure.
    pub max_bytes: usize,
}

/// Sends requests to other services. Redirects are not followed.
pub trait HttpClient: Send + Sync {
    /// Sends one request, once.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>>;
}
