//! The port for outbound HTTP: answers read whole, and answers read as they come.

use std::time::Duration;

use crate::app::BoxFuture;
use crate::time::Timestamp;

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

/// How long an answer asks to wait (RFC 9110, section 10.2.3): seconds, or a date. Nothing if it does not say, or what
/// it says is neither.
pub fn retry_after(headers: &[(String, String)], now: Timestamp) -> Option<Duration> {
    let text = header(headers, "retry-after")?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let moment = http_date(text)?;
    Some(Duration::from_millis(moment.millis_since(now).unsigned_abs()))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that is sent (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.strip_suffix(" GMT")?.split_once(", ")?.1.split(' ');
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
    let year = words.next()?.parse().ok()?;
    let mut parts = words.next()?.split(':').map(str::parse::<i8>);
    let mut part = || parts.next()?.ok();
    let moment = jiff::civil::DateTime::new(year, month, day, part()?, part()?, part()?, 0).ok()?;
    let moment = jiff::tz::Offset::UTC.to_timestamp(moment).ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// Why there is no answer: a private text for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct HttpFailure(pub String);

impl HttpFailure {
    /// What a failure's text begins with when time ran out.
    pub const TIMED_OUT: &str = "timed out";

    /// Whether time ran out: the other side may have done what was asked.
    pub fn is_time_out(&self) -> bool {
        self.0.starts_with(Self::TIMED_OUT)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        // 1994-11-06T08:49:37Z
        let now = Timestamp::from_seconds(784_111_777);
        let wait = |value: &str| retry_after(&[("retry-after".to_owned(), value.to_owned())], now);
        assert_eq!(wait("120"), Some(Duration::from_mins(2)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        for odd in [
            "",
            "soon",
            "-1",
            "1.5",
            "99999999999999999999",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ] {
            assert_eq!(wait(odd), None, "{odd}");
        }
        assert_eq!(retry_after(&[], now), None);
    }
}
