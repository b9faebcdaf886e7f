//! Stripe's API (docs.stripe.com/api), in one pinned version: what is asked twice is done once, and what failed is
//! asked again where Stripe says so.
//!
//! What it answers is another service's word: read leniently, bounded, and not passed on.

use std::time::Duration;

use form_urlencoded::byte_serialize;
use serde_json::{Map, Value};

use crate::app::Op;
use crate::backoff;
use crate::http::client::{HttpAnswer, HttpRequest, header, retry_after};
use crate::secret::Secret;

/// The version whose answers are read here, and whose events the webhook's endpoint should send.
pub const API_VERSION: &str = "2026-10-28.endive";
/// Pages that are asked for are so short that they fit, also with as much metadata as Stripe allows.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// The longest that is waited between two; where Stripe asks for more, it is not asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// Where the API lies, and the key for it.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// `STRIPE_SECRET_KEY`.
    pub key: Option<Secret<String>>,
    /// `STRIPE_BASE_URL`, without a slash at its end. Nothing if it was refused: a key must not go elsewhere.
    pub base: Option<String>,
}

impl StripeConfig {
    /// Whether the key is for real money; nothing without one that says so.
    pub fn is_live(&self) -> Option<bool> {
        let (_, rest) = self.key.as_ref()?.expose().split_once('_')?;
        match rest.split_once('_')?.0 {
            "live" => Some(true),
            "test" => Some(false),
            _ => None,
        }
    }
}

/// An id of Stripe's: a kind in lower case, `_`, and letters, digits and `_`; at most 255. So it is one segment of a
/// path as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeId(String);

impl StripeId {
    /// Nothing if the text is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('_')?;
        let is_kind = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = is_kind && !rest.is_empty() && text.len() <= 255 && rest.bytes().all(is_rest);
        fits.then(|| Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parameters of a request, as a form holds them: `line_items[0][price]`.
#[derive(Debug, Clone, Default)]
pub struct Form(String);

impl Form {
    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With one more parameter, if there is a value.
    #[must_use]
    pub fn with_any(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The key is not taken, or may not do this.
    Refused,
    /// There is no such thing.
    NotFound,
    /// The request does not fit; Stripe's message says why.
    Unfit,
    /// Stripe has an event of a meter by this identifier.
    Duplicate,
    /// It fails, is too busy, or cannot be reached in time.
    Down,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What can be done.
    pub kind: FailureKind,
    /// A private text for the log: Stripe's code and the request's id, but not its sentence, which may name a person.
    pub reason: String,
    /// Whether Stripe had given this answer before, and gives it for a day to whoever asks with the same key.
    pub is_kept: bool,
}

/// How long Stripe is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For one answer.
    timeout: Duration,
    /// How often a request is sent at most.
    attempts: u32,
}

/// As long as it takes.
const PATIENT: Patience = Patience { timeout: Duration::from_secs(10), attempts: 3 };
/// For what can be done without.
const HASTY: Patience = Patience { timeout: Duration::from_secs(3), attempts: 1 };

/// A way to Stripe, where a key for it is configured.
pub struct Stripe<'a> {
    op: &'a Op,
    key: &'a str,
    base: &'a str,
    patience: Patience,
}

impl<'a> Stripe<'a> {
    /// Nothing without `STRIPE_SECRET_KEY`.
    pub fn of(op: &'a Op) -> Option<Self> {
        let config = &op.app.config.stripe;
        let (key, base) = (config.key.as_ref()?.expose(), config.base.as_deref()?);
        Some(Self { op, key, base, patience: PATIENT })
    }

    /// The same, for what somebody waits for and can do without: one attempt of three seconds.
    #[must_use]
    pub fn in_haste(self) -> Self {
        Self { patience: HASTY, ..self }
    }

    /// Reads an object or a list; `path` begins with `/v1/`.
    pub async fn get(&self, path: &str, query: &Form) -> Result<Map<String, Value>, Failure> {
        let joint = if query.0.is_empty() { "" } else { "?" };
        self.send("GET", format!("{}{path}{joint}{}", self.base, query.0), None).await
    }

    /// Makes or changes an object. Sent again with the same `idempotency_key` it is done once (Stripe docs,
    /// "Idempotent requests": for 24 hours at least).
    pub async fn post(
        &self,
        path: &str,
        form: &Form,
        idempotency_key: &str,
    ) -> Result<Map<String, Value>, Failure> {
        let url = format!("{}{path}", self.base);
        self.send("POST", url, Some((form.0.clone(), idempotency_key))).await
    }

    async fn send(
        &self,
        method: &'static str,
        url: String,
        body: Option<(String, &str)>,
    ) -> Result<Map<String, Value>, Failure> {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.key)),
            ("stripe-version", API_VERSION.to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        if let Some((_, idempotency_key)) = &body {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
            headers.push(("idempotency-key", (*idempotency_key).to_owned()));
        }
        let request = HttpRequest {
            method,
            url,
            headers,
            body: body.map(|(form, _)| form.into_bytes()),
            timeout: self.patience.timeout,
            max_bytes: LARGEST_ANSWER,
        };
        let mut attempt = 1;
        loop {
            // Whatever became of an attempt, the next has the same key: it is done once.
            let (failure, again_after) = match self.op.app.ports.http.send(request.clone()).await {
                Ok(answer) if (200..300).contains(&answer.status) => return object(&answer),
                Ok(answer) => (failure_of(&answer), self.again_after(&answer, attempt)),
                Err(lost) => {
                    let reason = format!("Stripe cannot be reached: {lost}");
                    let failure = Failure { kind: FailureKind::Down, reason, is_kept: false };
                    (failure, Some(pause(attempt)))
                }
            };
            match again_after
                .filter(|pause| attempt < self.patience.attempts && *pause <= LONGEST_PAUSE)
            {
                Some(pause) => self.op.app.ports.clock.sleep(pause).await,
                None => return Err(failure),
            }
            attempt += 1;
        }
    }

    /// How long to wait before the request is sent again; nothing if it should not be. Stripe's own word comes first.
    fn again_after(&self, answer: &HttpAnswer, attempt: u32) -> Option<Duration> {
        let is_passing = matches!(answer.status, 409 | 429 | 500..);
        let should = match header(&answer.headers, "stripe-should-retry") {
            Some("true") => true,
            Some("false") => false,
            _ => is_passing,
        };
        let asked = retry_after(&answer.headers, self.op.now()).unwrap_or_default();
        should.then(|| asked.max(pause(attempt)))
    }
}

/// Twice as long each time.
fn pause(attempt: u32) -> Duration {
    backoff::wait(SHORTEST_PAUSE, 2, attempt.into())
}

fn object(answer: &HttpAnswer) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| Failure {
        kind: FailureKind::Down,
        reason: format!("Stripe answered {} with no object: {error}", answer.status),
        is_kept: false,
    })
}

fn failure_of(answer: &HttpAnswer) -> Failure {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let member = |name: &str| body.get("error")?.get(name)?.as_str();
    // The code is that of the second version of this API; the first one's answer may have the sentence alone.
    let is_duplicate = || {
        member("code") == Some("duplicate_meter_event")
            || member("message").is_some_and(|text| text.contains("already exists with identifier"))
    };
    let kind = match answer.status {
        401 | 403 => FailureKind::Refused,
        404 => FailureKind::NotFound,
        // Another request has the same key or changes the same object.
        409 | 429 => FailureKind::Down,
        400 if is_duplicate() => FailureKind::Duplicate,
        400..=499 => FailureKind::Unfit,
        _ => FailureKind::Down,
    };
    let request = header(&answer.headers, "request-id").unwrap_or("no request id");
    let code = member("code").or_else(|| member("type")).unwrap_or("no code");
    let reason = format!("Stripe answered {} {code} ({request})", answer.status);
    let is_kept = header(&answer.headers, "idempotent-replayed") == Some("true");
    Failure { kind, reason, is_kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_segments_of_a_path() {
        for id in ["cus_1", "sub_1AbC", "in_test_x", "price_chatbot_monthly"] {
            assert_eq!(StripeId::parse(id).unwrap().as_str(), id);
        }
        let long = format!("cus_{}", "x".repeat(252));
        for odd in ["", "cus", "_1", "cus_", "Cus_1", "cus_1/..", "cus_1?x", "cus_é", &long] {
            assert_eq!(StripeId::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn forms_hold_nested_names() {
        let form = Form::default()
            .with("line_items[0][price]", "price_1")
            .with_any("customer", None)
            .with("success_url", "https://a.example/?b=c&d");
        assert_eq!(
            form.0,
            "line_items%5B0%5D%5Bprice%5D=price_1&success_url=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d"
        );
    }
}
