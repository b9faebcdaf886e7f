//! What an org, a site, a deployment and a visitor may use, and what is said when it is used up.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Kind};
use crate::row;
use crate::time::Timestamp;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const MINUTE_S: i64 = 60;
const DAY_S: i64 = 86_400;

row! {
    /// A limit, and what of it was used. Nothing is limited where a limit is none.
    #[derive(Debug, Clone)]
    pub(super) struct LimitRow {
        /// Whose, and the length of its window: `site-minute`, `org-month`, …
        pub(super) name: String,
        pub(super) messages: Option<i64>,
        /// In micro-dollars.
        pub(super) microusd: Option<i64>,
        pub(super) used_messages: i64,
        pub(super) used_microusd: i64,
    }
}

impl LimitRow {
    fn is_of(&self, window: &str) -> bool {
        self.name.ends_with(window)
    }

    fn has_no_message(&self) -> bool {
        self.messages.is_some_and(|most| self.used_messages >= most)
    }

    fn has_no_money(&self, turn_microusd: i64) -> bool {
        self.microusd.is_some_and(|most| self.used_microusd.saturating_add(turn_microusd) > most)
    }

    fn resets_in_s(&self, now: Timestamp) -> u32 {
        resets_in_s(&self.name, now)
    }
}

/// Seconds until the window of a limit ends. A month counts until its day ends, when its oldest uses may leave it.
pub(crate) fn resets_in_s(name: &str, now: Timestamp) -> u32 {
    let window = if name.ends_with("minute") { MINUTE_S } else { DAY_S };
    u32::try_from(window - now.seconds().rem_euclid(window)).unwrap_or(1).max(1)
}

/// Why a message was not let in, if a limit was the reason: minutes first, as they pass soonest.
pub(super) fn refusal(limits: &[LimitRow], turn_microusd: i64, now: Timestamp) -> Option<Error> {
    let spent =
        |window: &str| limits.iter().find(|limit| limit.is_of(window) && limit.has_no_message());
    if let Some(limit) = spent("minute") {
        let seconds = limit.resets_in_s(now);
        return Some(
            Error::new(
                Kind::RateLimited,
                "rate_limit_exceeded",
                "Rate limit exceeded. Please try again later.",
            )
            .hint(format!("Too many messages within a minute; try again in {seconds} s."))
            .retry_after_s(seconds),
        );
    }
    if let Some(limit) = limits.iter().find(|limit| limit.has_no_money(turn_microusd)) {
        return Some(
            Error::new(Kind::PaymentRequired, "spend_cap_reached", "Spend cap reached")
                .hint(format!("The {} cap is used up; its owner can raise it.", words(&limit.name)))
                .retry_after_s(limit.resets_in_s(now)),
        );
    }
    let limit = spent("day").or_else(|| spent("month"))?;
    let hint = if limit.name == "visitor-day" {
        "This visitor, or who shares the address, has sent all messages of a day.".to_owned()
    } else {
        let whose = words(&limit.name);
        format!("All messages of the {whose} budget are used; its owner can raise it.")
    };
    Some(
        Error::new(Kind::RateLimited, "message_budget_exhausted", "Message limit reached")
            .hint(hint)
            .retry_after_s(limit.resets_in_s(now)),
    )
}

/// All conversations that a site, or one client of it, may have at a time are open.
pub(super) fn too_many_sessions() -> Error {
    Error::new(Kind::RateLimited, "too_many_sessions", "Too many conversations")
        .hint("As many conversations are open as may be at a time; go on with one, or try again in a few minutes.")
        .retry_after_s(60)
}

/// `site-day` as people say it.
pub(crate) fn words(name: &str) -> String {
    let (whose, window) = name.split_once('-').unwrap_or((name, ""));
    let whose = if whose == "org" { "organization" } else { whose };
    match window {
        "day" => format!("{whose}'s daily"),
        "month" => format!("{whose}'s monthly"),
        _ => whose.to_owned(),
    }
}

/// Adds the limits of messages to the `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers).
pub(super) fn tell(headers: &mut HeaderMap, limits: &[LimitRow], now: Timestamp) {
    for limit in limits {
        let Some(most) = limit.messages else { continue };
        let left = most - limit.used_messages;
        tell_limit(headers, &limit.name, "", most, left, now);
    }
}

/// Adds one limit to the `RateLimit` fields: `name` says its window, `what` what is counted if not messages.
pub(crate) fn tell_limit(
    headers: &mut HeaderMap,
    name: &str,
    what: &str,
    most: i64,
    left: i64,
    now: Timestamp,
) {
    let window = match name.rsplit('-').next() {
        Some("minute") => MINUTE_S,
        Some("day") => DAY_S,
        _ => 31 * DAY_S,
    };
    let policy = format!("\"{name}{what}\";q={most};w={window}");
    let state = format!("\"{name}{what}\";r={};t={}", left.max(0), resets_in_s(name, now));
    for (field, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, messages: Option<i64>, used: i64) -> LimitRow {
        LimitRow {
            name: name.to_owned(),
            messages,
            microusd: Some(1_000),
            used_messages: used,
            used_microusd: 0,
        }
    }

    #[test]
    fn the_limit_that_passes_soonest_is_told_first() {
        let now = Timestamp::from_seconds(86_400 * 3 + 3_590);
        let code = |limits: &[LimitRow]| {
            refusal(limits, 100, now).map(|error| (error.code(), error.retry_after().unwrap()))
        };
        let free = limit("org-month", Some(9), 8);
        assert_eq!(code(&[free.clone(), limit("org-day", None, 99)]), None);
        let day = limit("site-day", Some(3), 3);
        assert_eq!(code(&[free.clone(), day.clone()]), Some(("message_budget_exhausted", 82_810)));
        let minute = limit("visitor-minute", Some(2), 2);
        assert_eq!(code(&[day, minute]), Some(("rate_limit_exceeded", 10)));
        let poor = LimitRow { used_microusd: 901, ..free };
        assert_eq!(code(&[poor]).map(|(code, _)| code), Some("spend_cap_reached"));
    }
}
