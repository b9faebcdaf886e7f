//! One error type with two texts: what the caller may read, and what only the log may hold.
//!
//! It knows nothing of HTTP; [`crate::http::problem`] is the one place that maps it to a response.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, from the caller's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is malformed.
    BadRequest,
    /// There is no valid proof of who calls.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request contradicts the present state.
    Conflict,
    /// What the client read before has changed since.
    PreconditionFailed,
    /// The body exceeds its limit.
    TooLarge,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// Too many requests in the window.
    RateLimited,
    /// What was paid for is used up.
    PaymentRequired,
    /// Our fault. The caller learns nothing but that.
    Internal,
    /// Another service answered what it should not.
    BadGateway,
    /// Something we depend on cannot be reached now; trying again helps.
    Unavailable,
}

/// An error with a stable public code and text, and a private context for the log. Boxed, so that
/// results stay small on the path where nothing fails.
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: Kind,
    code: &'static str,
    text: &'static str,
    hint: Option<Cow<'static, str>>,
    member: Option<Cow<'static, str>>,
    context: Option<String>,
    retry_after_s: Option<u32>,
    raised_at: &'static Location<'static>,
}

impl Error {
    /// `code` is stable and machine-readable; `text` is the short sentence existing clients know.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn new(kind: Kind, code: &'static str, text: &'static str) -> Self {
        Self(Box::new(Details {
            kind,
            code,
            text,
            hint: None,
            member: None,
            context: None,
            retry_after_s: None,
            raised_at: Location::caller(),
        }))
    }

    /// The request is malformed.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn bad_request(code: &'static str, text: &'static str) -> Self {
        Self::new(Kind::BadRequest, code, text)
    }

    /// No valid proof of identity. One text whatever the cause, so that it tells an attacker nothing.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn unauthenticated(context: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, "unauthorized", "Unauthorized")
            .hint("Send a current Clerk session token: Authorization: Bearer <token>.")
            .context(context)
    }

    /// Known caller, not allowed.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn forbidden(code: &'static str, text: &'static str) -> Self {
        Self::new(Kind::Forbidden, code, text)
    }

    /// Absent, or hidden from this caller.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn not_found(code: &'static str, text: &'static str) -> Self {
        Self::new(Kind::NotFound, code, text)
    }

    /// Contradicts the present state.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn conflict(code: &'static str, text: &'static str) -> Self {
        Self::new(Kind::Conflict, code, text)
    }

    /// Our fault; `context` goes to the log only.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn internal(context: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal_error", "Internal server error")
            .hint("Try again; if it persists, report the requestId.")
            .context(context)
    }

    /// A dependency is out of reach; the caller is asked to come back.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn unavailable(code: &'static str, context: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, code, "Service temporarily unavailable")
            .hint("Try again in a few seconds.")
            .retry_after_s(2)
            .context(context)
    }

    /// A public sentence that says what to do.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The member of the body, or the parameter, that is refused.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn about(mut self, member: impl Into<Cow<'static, str>>) -> Self {
        self.0.member = Some(member.into());
        self
    }

    /// Private text for the log: never sent to a caller.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.0.context = Some(context.into());
        self
    }

    /// Seconds after which another attempt makes sense.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// What went wrong, from the caller's point of view.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable public code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The short public text.
    pub fn text(&self) -> &'static str {
        self.0.text
    }

    /// The public sentence that says what to do, where there is one.
    pub fn public_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The member or parameter that is refused, where it is one.
    pub fn member(&self) -> Option<&str> {
        self.0.member.as_deref()
    }

    /// Seconds to wait, where known.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// The private text with the place that raised the error.
    pub fn private_context(&self) -> String {
        let place = format!("{}:{}", self.0.raised_at.file(), self.0.raised_at.line());
        match &self.0.context {
            Some(context) => format!("{context} (at {place})"),
            None => format!("{} (at {place})", self.0.code),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.private_context())
    }
}

impl std::error::Error for Error {}
