//! Where a provider is asked, by which key, and how its answers to that begin.

use std::time::Duration;

use serde_json::Value;

use crate::app::Op;
use crate::http::client::{Chunks, HttpRequest, HttpStream, retry_after};
use crate::models::{Failure, FailureKind};
use crate::secret::Secret;

/// Silence after which a provider is given up; the chain gives up sooner.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest answer, in bytes of its event stream.
const LONGEST_STREAM: usize = 8 * 1024 * 1024;
/// What is read of an answer that refuses.
const LONGEST_REFUSAL: usize = 16 * 1024;
/// Longest code of an error that is logged.
const LONGEST_CODE: usize = 64;
/// Longest address.
const LONGEST_ADDRESS: usize = 1024;

/// The address below which an API lies, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    address: String,
    /// `api-version=…`, which Azure asks for.
    query: Option<String>,
}

impl BaseUrl {
    /// Reads an absolute address. Whether it may be called is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, query) = match text.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (text, None),
        };
        let (scheme, rest) = address.split_once("://")?;
        let authority = rest.split('/').next()?;
        let is_plain = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' | b'%')
        };
        let is_version = |query: &str| {
            let version = query.strip_prefix("api-version=");
            version.is_some_and(|version| {
                !version.is_empty()
                    && version
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            })
        };
        let fits = matches!(scheme, "https" | "http")
            && !authority.is_empty()
            && !authority.contains('@')
            && text.len() <= LONGEST_ADDRESS
            && rest.bytes().all(is_plain)
            && rest.split('/').all(|segment| !matches!(segment, "." | ".."))
            && query.is_none_or(is_version);
        let address = address.trim_end_matches('/').to_owned();
        fits.then(|| Self { address, query: query.map(str::to_owned) })
    }

    /// An address of the code itself.
    pub(crate) fn known(address: &'static str) -> Self {
        Self { address: address.to_owned(), query: None }
    }

    /// The address of what lies below it.
    pub(super) fn below(&self, path: &str) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{path}{query}", self.address)
    }

    /// Whether it says which version of the API it wants, as only Azure's do.
    pub(super) fn has_version(&self) -> bool {
        self.query.is_some()
    }

    /// Whether it is called by `https`.
    pub fn is_secure(&self) -> bool {
        self.address.starts_with("https://")
    }

    /// The host, without a port.
    pub(super) fn host(&self) -> &str {
        let rest = self.address.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', ':']).next().unwrap_or_default()
    }
}

/// A provider's API as one site or the platform reaches it.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) base: BaseUrl,
    pub(super) key: Option<Secret<String>>,
}

/// What a provider says instead of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// Its code of the error; nothing of its text, which may hold what was sent.
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads the `error` of a document: Gemini's and OpenAI's, and those of who imitates them.
    pub(super) fn of(status: u16, document: &Value) -> Option<Self> {
        // Gemini wraps it into an array where no event stream was begun.
        let document = document.get(0).unwrap_or(document);
        let error = document.get("error").filter(|error| !error.is_null())?;
        let told =
            error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let names =
            ["status", "code", "type"].into_iter().filter_map(|name| error.get(name)?.as_str());
        let code = names.filter(|code| is_code(code)).map(str::to_owned).next();
        let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
        let delay = details.filter_map(|detail| detail.get("retryDelay")?.as_str()).next();
        Some(Self {
            status: told.filter(|code| (400..600).contains(code)).unwrap_or(status),
            code,
            retry_after: delay.and_then(seconds),
        })
    }

    /// What can be done about it.
    pub(super) fn into_failure(self, provider: &str) -> Failure {
        let exhausted = matches!(self.code.as_deref(), Some("insufficient_quota"));
        let passes = matches!(self.status, 408 | 425 | 429 | 500..=599) && !exhausted;
        let code = self.code.map(|code| format!(" ({code})")).unwrap_or_default();
        Failure {
            kind: if passes { FailureKind::Passing } else { FailureKind::Refused },
            reason: format!("{provider} answered {}{code}", self.status),
            retry_after: self.retry_after,
        }
    }
}

fn is_code(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !text.is_empty() && text.len() <= LONGEST_CODE && text.bytes().all(is_plain)
}

/// A duration as Google writes it, `3.5s`, in whole seconds, rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) =
        text.strip_suffix('s')?.split_once('.').unwrap_or((text.strip_suffix('s')?, ""));
    let more = u64::from(part.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole.parse::<u64>().ok()?.checked_add(more)?))
}

/// Why there is no stream of an answer.
#[derive(Debug)]
pub(super) enum NoStream {
    /// Nobody answered.
    Unreachable(Failure),
    /// The provider said no.
    Refused(Refusal),
}

/// Sends a question and gives the body of the answer as it comes.
pub(super) async fn open(
    op: &Op,
    provider: &str,
    url: String,
    mut headers: Vec<(&'static str, String)>,
    body: &Value,
) -> Result<Box<dyn Chunks>, NoStream> {
    headers.push(("content-type", "application/json".to_owned()));
    headers.push(("accept", "text/event-stream".to_owned()));
    let request = HttpRequest {
        method: "POST",
        url,
        headers,
        body: Some(body.to_string().into_bytes()),
        timeout: SILENCE,
        max_bytes: LONGEST_STREAM,
    };
    let answer = op.app.ports.http.open(request).await;
    let answer = answer.map_err(|failure| {
        NoStream::Unreachable(Failure::passing(format!("{provider} cannot be reached: {failure}")))
    })?;
    if (200..300).contains(&answer.status) {
        return Ok(answer.chunks);
    }
    Err(NoStream::Refused(refusal(op, answer).await))
}

async fn refusal(op: &Op, mut answer: HttpStream) -> Refusal {
    let mut body = Vec::new();
    while let Some(Ok(chunk)) = answer.chunks.next().await {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_REFUSAL {
            break;
        }
    }
    let document = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut refusal = Refusal::of(answer.status, &document).unwrap_or_default();
    // What the status line says counts; the document may be anybody's.
    refusal.status = answer.status;
    refusal.retry_after = retry_after(&answer.headers, op.now()).or(refusal.retry_after);
    refusal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn base_addresses_are_plain() {
        let below = |text: &str| BaseUrl::parse(text).map(|base| base.below("/x"));
        for (text, url) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/x"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/x"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010/x"),
            (
                "https://a.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://a.openai.azure.com/openai/deployments/d/x?api-version=2024-10-21",
            ),
        ] {
            assert_eq!(below(text).as_deref(), Some(url));
        }
        for odd in [
            "",
            "api.openai.com",
            "ftp://a.example",
            "https://",
            "https:///v1",
            "https://key@a.example",
            "https://a.example/v1?key=1",
            "https://a.example/v1?api-version=1&key=2",
            "https://a.example/#x",
            "https://a.example/v1/../admin",
            "https://a.example/a b",
            "https://a.example\\@b.example",
            "https://a.example/?api-version=",
        ] {
            assert_eq!(below(odd), None, "{odd}");
        }
        assert_eq!(below(&format!("https://a.example/{}", "a".repeat(LONGEST_ADDRESS))), None);
        assert_eq!(BaseUrl::parse("http://a.example:80/b").unwrap().host(), "a.example");
    }

    #[test]
    fn refusals_are_classed_by_what_helps() {
        let failure = |status, document: Value| {
            let refusal =
                Refusal::of(status, &document).unwrap_or(Refusal { status, ..Refusal::default() });
            refusal.into_failure("p")
        };
        for (status, kind) in [
            (400, FailureKind::Refused),
            (401, FailureKind::Refused),
            (404, FailureKind::Refused),
            (302, FailureKind::Refused),
            (408, FailureKind::Passing),
            (429, FailureKind::Passing),
            (500, FailureKind::Passing),
            (529, FailureKind::Passing),
        ] {
            let failure = failure(status, Value::Null);
            assert_eq!((failure.kind, failure.reason), (kind, format!("p answered {status}")));
        }
        let quota = failure(
            429,
            json!({"error": {"code": "insufficient_quota", "message": "You said: hello"}}),
        );
        assert_eq!(
            (quota.kind, quota.reason.as_str()),
            (FailureKind::Refused, "p answered 429 (insufficient_quota)")
        );
        let gemini = failure(
            200,
            json!([{"error": {"code": 503, "status": "UNAVAILABLE", "message": "m", "details": [{"@type": "x"}, {"retryDelay": "3.5s"}]}}]),
        );
        assert_eq!(gemini.kind, FailureKind::Passing);
        assert_eq!(gemini.reason, "p answered 503 (UNAVAILABLE)");
        assert_eq!(gemini.retry_after, Some(Duration::from_secs(4)));
        let odd =
            failure(500, json!({"error": {"code": "sk-secret with words", "status": "a\nb"}}));
        assert_eq!(odd.reason, "p answered 500");
        assert_eq!(Refusal::of(200, &json!({"error": null})), None);
        assert_eq!(
            failure(500, json!({"error": {"details": [{"retryDelay": "-1s"}]}})).retry_after,
            None
        );
    }
}
