//! Bounds requests per client address (of version 6, per network of 64 bits), or per gateway token: by a window of this
//! isolate, and, for a client that has used a quarter of its quota here, by the platform's limiter too, which the
//! isolates of one location share and which is approximate by design. People at work stay below that and wait for nobody.
//!
//! Both shield the Worker; neither is accounting. Budgets that cost money are counted in D1.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::Audience;
use crate::app::{BoxFuture, Op};
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::gateway;
use crate::time::Timestamp;

/// Length of a window.
const WINDOW_S: u32 = 60;
/// The part of a quota (one in so many) that an isolate serves without asking the shared limiter.
const UNSHARED_PART: u32 = 4;
/// Addresses that one isolate counts at a time; beyond it only the shared limiter counts.
const MOST_CLIENTS: usize = 10_000;

/// The part of a quota (one in so many) that an address may use for tokens that are refused.
const REFUSED_PART: u32 = 10;
/// The names of the windows of refused tokens, by address, and of good ones.
const REFUSED: &str = "gateway-refused";
const KNOWN: &str = "gateway-known";

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is counted for an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing.
    Exempt,
    /// `PORTAL_RATE_LIMIT_MAX` a minute.
    Portal,
    /// `CHAT_RATE_LIMIT_MAX` a minute.
    Chat,
    /// `POLL_RATE_LIMIT_MAX` a minute.
    Poll,
    /// `WIDGET_RATE_LIMIT_MAX` a minute.
    Widget,
    /// `GATEWAY_RATE_LIMIT_MAX` a minute and token.
    Gateway,
}

impl Policy {
    fn quota(self, config: &Config) -> Option<u32> {
        match self {
            Self::Exempt => None,
            Self::Portal => Some(config.portal_rate_limit_max),
            Self::Chat => Some(config.chat_rate_limit_max),
            Self::Poll => Some(config.poll_rate_limit_max),
            Self::Widget => Some(config.widget_rate_limit_max),
            Self::Gateway => Some(config.gateway_rate_limit_max),
        }
    }
}

/// The platform's rate limiter.
pub trait SharedLimiter: Send + Sync {
    /// Whether the shared count for `key` still has room. A limiter that fails lets requests pass.
    fn has_room(&self, policy: Policy, key: &str) -> BoxFuture<'_, bool>;
}

/// Request counts of this isolate, per audience and client.
#[derive(Debug, Default)]
pub struct Windows(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    of: HashMap<(&'static str, String), Window>,
    /// When windows that have ended were looked for last, because there was no room.
    pruned: Option<Timestamp>,
}

impl Counts {
    /// Whether there is room for one more. All are looked through at most once a second.
    fn has_room(&mut self, now: Timestamp) -> bool {
        let is_due = self.pruned.is_none_or(|pruned| now.millis_since(pruned) >= 1_000);
        if self.of.len() >= MOST_CLIENTS && is_due {
            self.of.retain(|_, window| window.ends > now);
            self.pruned = Some(now);
        }
        self.of.len() < MOST_CLIENTS
    }
}

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Timestamp,
    count: u32,
}

/// The state of a window after a request was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict {
    admitted: bool,
    remaining: u32,
    resets_in_s: u32,
}

impl Windows {
    /// Counts a request unless the window is full; refused requests are not counted.
    fn admit(&self, audience: &'static str, client: &str, quota: u32, now: Timestamp) -> Verdict {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (audience, client.to_owned());
        if !counts.of.contains_key(&key) && !counts.has_room(now) {
            // With nothing left, the shared limiter is asked.
            return Verdict { admitted: true, remaining: 0, resets_in_s: WINDOW_S };
        }
        let fresh =
            Window { ends: now.plus(std::time::Duration::from_secs(WINDOW_S.into())), count: 0 };
        let window = counts.of.entry(key).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        let admitted = window.count < quota;
        if admitted {
            window.count += 1;
        }
        let left_ms = window.ends.millis_since(now);
        Verdict {
            admitted,
            remaining: quota.saturating_sub(window.count),
            resets_in_s: u32::try_from((left_ms + 999) / 1000).unwrap_or(WINDOW_S).max(1),
        }
    }

    /// Whether so many were counted in a window that has not ended; looking does not count.
    fn has(&self, audience: &'static str, client: &str, count: u32, now: Timestamp) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = counts.of.get(&(audience, client.to_owned()));
        window.is_some_and(|window| window.ends > now && window.count >= count)
    }
}

/// A request's place in its window.
pub struct Count {
    audience: &'static Audience,
    quota: u32,
    verdict: Verdict,
    whose: &'static str,
}

/// Who is counted.
#[derive(Debug)]
pub struct Client {
    /// An address, or the digest of what looks like a gateway token.
    key: String,
    is_token: bool,
}

impl Client {
    /// Servers of several customers may share an address, and one customer's servers have many.
    pub fn of(audience: &Audience, op: &Op, headers: &HeaderMap) -> Self {
        let token = Some(headers).filter(|_| audience.rate == Policy::Gateway);
        match token.and_then(gateway::token_digest) {
            Some(key) => Self { key, is_token: true },
            None => Self { key: op.request.client_key(), is_token: false },
        }
    }
}

/// Counts a token that was refused against the address that sent it, so that nobody who invents tokens has a quota
/// for each; and remembers one that was found, so that it does not suffer for its neighbours. What was answered before
/// the token was looked for says nothing of it.
pub fn note_token(op: &Op, client: &Client, response: &Response) {
    if !client.is_token {
        return;
    }
    let (windows, now) = (&op.app.windows, op.now());
    if op.request.has_valid_token() {
        windows.admit(KNOWN, &client.key, u32::MAX, now);
    } else if response.status() == StatusCode::UNAUTHORIZED {
        windows.admit(REFUSED, &op.request.client_key(), u32::MAX, now);
    }
}

/// Whether a token, by its digest, may be invented: nobody knows it here, and its address has sent one that was.
pub fn may_be_invented(op: &Op, digest: &str) -> bool {
    let (windows, now) = (&op.app.windows, op.now());
    windows.has(REFUSED, &op.request.client_key(), 1, now) && !windows.has(KNOWN, digest, 1, now)
}

/// Whether a token nobody knows comes from an address that sent too many of these.
fn is_invented(op: &Op, client: &Client, quota: u32) -> bool {
    let (windows, now) = (&op.app.windows, op.now());
    client.is_token
        && windows.has(REFUSED, &op.request.client_key(), quota.div_ceil(REFUSED_PART), now)
        && !windows.has(KNOWN, &client.key, 1, now)
}

/// Counts the request.
///
/// # Errors
/// The answer to a request that finds either count exhausted: 429.
pub async fn count(
    audience: &'static Audience,
    op: &Op,
    client: &Client,
) -> Result<Option<Count>, Response> {
    let app = &op.app;
    let Some(quota) = audience.rate.quota(&app.config) else {
        return Ok(None);
    };
    let mut verdict = app.windows.admit(audience.name, &client.key, quota, op.now());
    if is_invented(op, client, quota) {
        verdict.admitted = false;
        verdict.remaining = 0;
    }
    let asks = verdict.admitted && quota - verdict.remaining > quota / UNSHARED_PART;
    if asks && !app.ports.limiter.has_room(audience.rate, &client.key).await {
        verdict.admitted = false;
        verdict.remaining = 0;
    }
    let count = Count {
        audience,
        quota,
        verdict,
        whose: if client.is_token { "token" } else { "address" },
    };
    if verdict.admitted {
        return Ok(Some(count));
    }
    let mut response = count.refusal().into_response();
    tell(&mut response, Some(&count));
    Err(response)
}

impl Count {
    fn refusal(&self) -> Error {
        let Self { audience, quota, verdict, whose } = self;
        let text = match audience.rate {
            Policy::Chat => "Rate limit exceeded. Please try again later.",
            Policy::Portal | Policy::Poll | Policy::Widget | Policy::Gateway | Policy::Exempt => {
                "Rate limit exceeded"
            }
        };
        Error::new(Kind::RateLimited, "rate_limit_exceeded", text)
            .hint(format!(
                "At most {quota} requests a minute are served per {whose}; try again in {} s.",
                verdict.resets_in_s
            ))
            .retry_after_s(verdict.resets_in_s)
    }
}

/// Tells the count in `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers); `t` is in seconds
/// from now.
pub fn tell(response: &mut Response, count: Option<&Count>) {
    let Some(Count { audience, quota, verdict, .. }) = count else {
        return;
    };
    let name = audience.name;
    let policy = format!("\"{name}\";q={quota};w={WINDOW_S}");
    let state = format!("\"{name}\";r={};t={}", verdict.remaining, verdict.resets_in_s);
    for (header, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_admits_its_quota_and_starts_anew() {
        let windows = Windows::default();
        let at = |ms| windows.admit("portal", "203.0.113.1", 2, Timestamp::from_millis(ms));
        assert_eq!(at(0), Verdict { admitted: true, remaining: 1, resets_in_s: 60 });
        assert_eq!(at(500), Verdict { admitted: true, remaining: 0, resets_in_s: 60 });
        assert_eq!(at(1_000), Verdict { admitted: false, remaining: 0, resets_in_s: 59 });
        assert!(at(60_000).admitted);
    }

    #[test]
    fn addresses_and_audiences_do_not_share() {
        let windows = Windows::default();
        let now = Timestamp::from_millis(0);
        assert!(windows.admit("portal", "203.0.113.1", 1, now).admitted);
        assert!(windows.admit("portal", "203.0.113.2", 1, now).admitted);
        assert!(windows.admit("chat", "203.0.113.1", 1, now).admitted);
        assert!(!windows.admit("portal", "203.0.113.1", 1, now).admitted);
    }

    #[test]
    fn looking_at_a_window_does_not_count() {
        let windows = Windows::default();
        let has = |count, ms| windows.has("x", "a", count, Timestamp::from_millis(ms));
        assert!(!has(1, 0));
        windows.admit("x", "a", u32::MAX, Timestamp::from_millis(0));
        assert!(has(1, 1) && has(1, 2) && !has(2, 3));
        assert!(!has(1, 60_000), "the window has ended");
    }

    #[test]
    fn memory_is_bounded() {
        let windows = Windows::default();
        for client in 0..MOST_CLIENTS + 50 {
            windows.admit("portal", &client.to_string(), 1, Timestamp::from_millis(0));
        }
        let held = |ms| {
            windows.admit("portal", &format!("at {ms}"), 1, Timestamp::from_millis(ms));
            windows.0.lock().unwrap().of.len()
        };
        assert_eq!((held(0), held(59_500)), (MOST_CLIENTS, MOST_CLIENTS));
        assert_eq!(held(60_001), MOST_CLIENTS, "looked through half a second ago");
        assert_eq!(held(60_500), 1);
    }
}
