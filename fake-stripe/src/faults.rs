//! Failures that a test asks for.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::request::Response;

/// How the next request fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// An error instead of an answer; nothing is done.
    Status {
        /// 500, 503 or 429.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
        /// `Stripe-Should-Retry`.
        should_retry: Option<bool>,
    },
    /// The work is done and the answer is lost.
    LostAnswer,
    /// An error of the server in the midst of the work: nothing is done, and whoever asks with the request's key gets it
    /// again (Stripe docs, "Idempotent requests").
    KeptError,
}

impl Fault {
    /// An error of the server.
    pub fn server_error() -> Self {
        Self::Status { status: 500, retry_after_s: None, should_retry: None }
    }

    /// Too many requests: to be sent again after so many seconds.
    pub fn too_many(retry_after_s: u32) -> Self {
        Self::Status { status: 429, retry_after_s: Some(retry_after_s), should_retry: Some(true) }
    }
}

/// The failures to come, one for each request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: &Fault, times: usize) {
        self.0.extend(std::iter::repeat_n(fault.clone(), times));
    }

    pub(crate) fn next(&mut self) -> Option<Fault> {
        self.0.pop_front()
    }
}

/// The answer of a failure that does nothing.
pub(crate) fn answer(
    status: u16,
    retry_after_s: Option<u32>,
    should_retry: Option<bool>,
) -> Response {
    let mut response = Response::fault(status);
    if let Some(seconds) = retry_after_s {
        response.put_header("retry-after", &seconds.to_string());
    }
    if let Some(should_retry) = should_retry {
        response.put_header("stripe-should-retry", &should_retry.to_string());
    }
    response
}
