//! The port for outbound HTTP: answers read whole, and answers read as they come.

use std::time::Duration;

use crate::app::BoxFuture;

/// An answer that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body, at most the asked-for number of bytes.
    pub body: Vec<u8>,
}

/// An answer whose body is read as it comes. Dropped, it ends the request, so that the other side stops.
pub struct HttpStream {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub chunks: Box<dyn Chunks>,
}

/// A body as it comes.
pub trait Chunks: Send {
    /// The next bytes; nothing at the end. A failure is the last thing it gives.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Vec<u8>, HttpFailure>>>;
}

/// The value of a header, by its name in lower case.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
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
    pub body: Option<Vec<u8>>,
    /// Given up after this time: for an answer that is read whole, all of it; for one that is read as it comes,
    /// until its head is there, and again for each chunk.
    pub timeout: Duration,
    /// An answer whose body is longer is a failure.
    pub max_bytes: usize,
}

/// Sends requests to other services. Redirects are not followed: a redirect is an answer.
pub trait HttpClient: Send + Sync {
    /// Sends one request, once, and reads the answer whole.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>>;

    /// Sends one request, once, and gives the answer with its body still to come.
    fn open(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpStream, HttpFailure>>;
}
