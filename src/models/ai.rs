//! The port to the models of the platform itself (Workers AI), which are reached by the binding `AI` and not by HTTP.

use std::time::Duration;

use serde_json::Value;

use crate::app::BoxFuture;
use crate::http::client::Chunks;

/// What a model is given.
#[derive(Debug, Clone)]
pub struct AiRequest {
    /// Its name, such as `@cf/meta/llama-3.1-8b-instruct-fp8-fast`; of configuration, or judged.
    pub model: String,
    /// Its input, as its page in Cloudflare's catalogue describes it.
    pub input: Value,
    /// Given up after this time: for a whole answer, all of it; for one that comes in pieces, until it begins, and
    /// again for each piece.
    pub timeout: Duration,
}

/// Runs models of the platform.
pub trait Ai: Send + Sync {
    /// Whether the binding is there. Without it everything else fails.
    fn is_bound(&self) -> bool;

    /// Runs a model and gives its whole answer, such as the vectors of an embedding.
    fn run(&self, request: AiRequest) -> BoxFuture<'_, Result<Value, AiFailure>>;

    /// Runs a model that answers in pieces: `input` must say so (`"stream": true`). Dropped, the answer is cancelled.
    fn open(&self, request: AiRequest) -> BoxFuture<'_, Result<Box<dyn Chunks>, AiFailure>>;
}

/// Why a model gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AiFailure {
    /// The platform's own code (Workers AI docs, "Errors").
    #[error("Workers AI failed with {0}")]
    Code(u16),
    /// It took too long.
    #[error("timed out after {0} ms")]
    TimedOut(u128),
    /// Anything else; the text of the platform may hold what it was given, and is left out.
    #[error("{0}")]
    Other(&'static str),
}

impl AiFailure {
    /// Reads what the binding throws: `5007: No such model …`.
    pub fn thrown(message: &str) -> Self {
        let code = message.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 4);
        match code.and_then(|digits| digits.parse().ok()) {
            Some(code) => Self::Code(code),
            None => Self::Other("the binding failed"),
        }
    }

    /// Whether asking again may help. Codes that speak of the request or of the account do not pass; `3036` is the
    /// account's allowance of the day.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Code(3007 | 3008 | 3040) | Self::TimedOut(_) | Self::Other(_) => true,
            Self::Code(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_whether_to_ask_again() {
        for (message, code, passing) in [
            ("5007: No such model @cf/x or task", Some(5007), false),
            ("AiError: 3040: Capacity temporarily exceeded, please try again.", Some(3040), true),
            ("InferenceUpstreamError: error code: 3036", Some(3036), false),
            ("3007: Request timeout", Some(3007), true),
            ("Network connection lost.", None, true),
            ("", None, true),
        ] {
            let failure = AiFailure::thrown(message);
            assert_eq!(failure.is_passing(), passing, "{message}");
            assert_eq!(
                matches!(failure, AiFailure::Code(read) if Some(read) == code),
                code.is_some()
            );
        }
    }
}
