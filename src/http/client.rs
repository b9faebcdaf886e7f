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

/// Sends requests to other services. Redirects are not followed.
pub trait HttpClient: Send + Sync {
    /// `GET url`, given up after `timeout`; a body beyond `max_bytes` is a failure.
    fn get(
        &self,
        url: &str,
        timeout: Duration,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<HttpAnswer, HttpFailure>>;
}
