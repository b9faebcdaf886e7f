//! One request to a site: bounded in time and size, and no redirect followed unseen.

use std::time::Duration;

use super::robots::PRODUCT;
use crate::app::Op;
use crate::http::client::{HttpRequest, header};
use crate::http::public_url::PublicUrl;

/// For the head of an answer, and for each piece of its body.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// For the whole of it: a body that trickles is given up.
const LONGEST_ANSWER: Duration = Duration::from_secs(15);
/// Longest `ETag` and `Last-Modified` that are kept.
const LONGEST_VALIDATOR: usize = 256;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) url: &'a PublicUrl,
    pub(super) accept: &'static str,
    /// Whether a body of this media type is read.
    pub(super) reads: fn(&str) -> bool,
    pub(super) most_bytes: usize,
    /// Whether a longer body is read as far as that; else it is not wanted at all.
    pub(super) cuts: bool,
    /// A body that still has these is not sent again.
    pub(super) etag: Option<&'a str>,
    pub(super) last_modified: Option<&'a str>,
}

/// A body and what came with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// Media type, without its parameters; empty if there was none.
    pub(super) media_type: String,
    /// `Content-Type` as it was sent.
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// `X-Robots-Tag`.
    pub(super) robots: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// 200.
    Body(Body),
    /// 304.
    NotModified,
    /// A redirect and where it leads, as written.
    Redirect(String),
    /// Another status; after how long to come back, where the site says so.
    Status(u16, Option<Duration>),
    /// More than was wanted.
    TooLong,
    /// A body of a type that is not read.
    OtherType(String),
    /// No answer, or not in time; a private text says why.
    Unreachable(String),
}

/// Asks once.
pub(super) async fn fetch(op: &Op, wanted: &Wanted<'_>) -> Answer {
    let ends = op.now().plus(LONGEST_ANSWER);
    let stream = match op.app.ports.http.open(request(op, wanted)).await {
        Ok(stream) => stream,
        Err(failure) => return Answer::Unreachable(failure.0),
    };
    let named = |name: &str| header(&stream.headers, name).map(str::trim);
    match stream.status {
        200 => {}
        304 => return Answer::NotModified,
        301 | 302 | 303 | 307 | 308 => {
            let target = named("location").unwrap_or_default();
            return Answer::Redirect(target.to_owned());
        }
        status => return Answer::Status(status, named("retry-after").and_then(seconds)),
    }
    let content_type = named("content-type").unwrap_or_default().to_owned();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !(wanted.reads)(&media_type) {
        return Answer::OtherType(media_type);
    }
    let length = named("content-length").and_then(|length| length.parse::<usize>().ok());
    if !wanted.cuts && length.is_some_and(|length| length > wanted.most_bytes) {
        return Answer::TooLong;
    }
    let body = Body {
        media_type,
        content_type,
        bytes: Vec::new(),
        etag: named("etag").and_then(validator),
        last_modified: named("last-modified").and_then(validator),
        robots: named("x-robots-tag").map(str::to_owned),
    };
    let mut stream = stream;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.chunks.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(failure) => return Answer::Unreachable(failure.0),
        }
        if bytes.len() > wanted.most_bytes {
            if !wanted.cuts {
                return Answer::TooLong;
            }
            bytes.truncate(wanted.most_bytes);
            break;
        }
        if op.now() > ends {
            return Answer::Unreachable("the body trickles".to_owned());
        }
    }
    Answer::Body(Body { bytes, ..body })
}

fn request(op: &Op, wanted: &Wanted<'_>) -> HttpRequest {
    let about = op.app.config.portal_url.as_deref().map(|url| format!(" (+{url})"));
    let agent = format!("{PRODUCT}/1.0{}", about.unwrap_or_default());
    let mut headers = vec![("user-agent", agent), ("accept", wanted.accept.to_owned())];
    headers.extend(wanted.etag.map(|etag| ("if-none-match", etag.to_owned())));
    headers.extend(wanted.last_modified.map(|date| ("if-modified-since", date.to_owned())));
    HttpRequest {
        method: "GET",
        url: wanted.url.as_str().to_owned(),
        headers,
        body: None,
        timeout: LONGEST_WAIT,
        // Counted here, where a body that is too long is told apart from one that breaks off.
        max_bytes: usize::MAX,
    }
}

/// A validator that may be sent back as it is.
fn validator(value: &str) -> Option<String> {
    let fits = !value.is_empty() && value.len() <= LONGEST_VALIDATOR;
    (fits && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())).then(|| value.to_owned())
}

/// `Retry-After` in seconds; a date is as good as none.
fn seconds(value: &str) -> Option<Duration> {
    value.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}
