//! A clip on its way to a visitor: bytes are handed on as they come. When the visitor goes, the body is dropped, and
//! with it the request to the provider.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse as _, Response};
use base64ct::{Base64, Encoding as _};
use http::{HeaderValue, header};
use http_body::Frame;
use serde::Serialize;
use serde_json::json;

use super::store::Hold;
use crate::app::{BoxFuture, Op};
use crate::clients::elevenlabs::{Clip, Failure, FailureKind};
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::http::extract::Json;

/// The largest clip that is sent as JSON, in bytes: all of it is held at once, three times over.
const LARGEST_WHOLE: usize = 4 * 1024 * 1024;

/// A clip that has begun.
pub(super) struct Begun {
    pub(super) clip: Clip,
    pub(super) hold: Hold,
    /// What it costs, in micro-dollars.
    pub(super) microusd: i64,
}

impl Begun {
    fn settle(self) {
        self.hold.settle(self.clip.length_ms(), self.microusd);
    }
}

/// What the caller reads of a provider's failure.
pub(super) fn error_of(failure: &Failure) -> Error {
    let unavailable = |code| {
        Error::new(Kind::Unavailable, code, "Service temporarily unavailable")
            .context(failure.reason.as_str())
    };
    let odd = |code| {
        Error::new(Kind::BadGateway, code, "Service temporarily unavailable")
            .context(failure.reason.as_str())
    };
    match failure.kind {
        FailureKind::Refused => unavailable("voice_key_refused")
            .hint("The provider takes the key no more, or its quota is used up; the site's owner can tell."),
        FailureKind::Busy => unavailable("voice_busy")
            .hint("Too much is said at once; try again in a few seconds.")
            .retry_after_s(5),
        FailureKind::Down => unavailable("voice_unavailable")
            .hint("The provider of the voice cannot be reached; try again in a few seconds.")
            .retry_after_s(5),
        FailureKind::Unfit => odd("voice_rejected")
            .hint("The provider does not know the site's voice, model or agent; its owner can correct them."),
        FailureKind::Odd => odd("voice_bad_answer").hint("Try again; if it persists, report the requestId."),
        FailureKind::TooLong => too_long().context(failure.reason.as_str()),
    }
}

fn too_long() -> Error {
    Error::bad_request("clip_too_long", "Text too long").hint(
        "Send the text in parts; a clip that is asked for as JSON may have 4 MiB, one as audio ten minutes.",
    )
}

/// A whole clip, for clients of the former service.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct ClipOut {
    /// Standard base64.
    audio_base64: String,
    mime_type: &'static str,
}

/// Answers with the whole clip as JSON.
pub(super) async fn whole(mut begun: Begun) -> Result<Response> {
    let mut audio = Vec::new();
    while let Some(bytes) = begun.clip.next().await {
        let bytes = bytes.map_err(|failure| error_of(&failure))?;
        if audio.len() + bytes.len() > LARGEST_WHOLE {
            return Err(too_long());
        }
        audio.extend(bytes);
    }
    begun.settle();
    let audio_base64 = Base64::encode_string(&audio);
    Ok(Json(ClipOut { audio_base64, mime_type: "audio/mpeg" }).into_response())
}

/// Answers with the clip while it is made.
pub(super) fn stream(op: &Op, begun: Begun) -> Response {
    let mut response =
        Response::new(Body::new(Speaking { op: op.clone(), coming: Some(next(begun)) }));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/mpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}

type Coming = BoxFuture<'static, (Begun, Option<Result<Vec<u8>, Failure>>)>;

fn next(mut begun: Begun) -> Coming {
    Box::pin(async move {
        let bytes = begun.clip.next().await;
        (begun, bytes)
    })
}

/// A body whose bytes come from the provider as they are asked for.
struct Speaking {
    op: Op,
    coming: Option<Coming>,
}

impl HttpBody for Speaking {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let Some(coming) = &mut this.coming else {
            return Poll::Ready(None);
        };
        let (begun, bytes) = ready!(coming.as_mut().poll(context));
        this.coming = None;
        Poll::Ready(match bytes {
            Some(Ok(bytes)) => {
                this.coming = Some(next(begun));
                Some(Ok(Frame::data(Bytes::from(bytes))))
            }
            Some(Err(failure)) => {
                let op = &this.op;
                let fields =
                    [("reason", json!(failure.reason)), ("bytes", json!(begun.clip.bytes()))];
                op.app.log.event(LogLevel::Warn, "voice_cut", op.now(), &op.request, &fields);
                Some(Err(error_of(&failure)))
            }
            None => {
                begun.settle();
                None
            }
        })
    }
}
