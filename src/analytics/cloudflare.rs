//! Cloudflare's GraphQL Analytics API: one request for the figures of a whole period and of its hours or
//! days (Cloudflare docs, "GraphQL Analytics API"; the datasets `httpRequests1hGroups` and
//! `httpRequests1dGroups`).
//!
//! Visitors are those of the whole period, each counted once: visitors of its days are not summed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::Op;
use crate::config::CloudflareZone;
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpRequest;
use crate::time::Timestamp;

const ENDPOINT: &str = "https://api.cloudflare.com/client/v4/graphql";
const TIMEOUT: Duration = Duration::from_secs(10);
/// 24 or 30 groups of five figures.
const LARGEST_ANSWER: usize = 256 * 1024;
/// The API's quota is counted in windows of five minutes (Cloudflare docs, "GraphQL limits").
const QUOTA_RETRY_S: u32 = 60;
const HOUR_MS: i64 = 3_600_000;

const BY_HOUR: &str = "query ($zone: string!, $since: Time!, $until: Time!) { viewer { zones(filter: {zoneTag: $zone}) { \
    whole: httpRequests1hGroups(limit: 1, filter: {datetime_geq: $since, datetime_lt: $until}) \
      { sum { requests cachedRequests bytes cachedBytes } uniq { uniques } } \
    parts: httpRequests1hGroups(limit: 24, filter: {datetime_geq: $since, datetime_lt: $until}, orderBy: [datetime_ASC]) \
      { dimensions { at: datetime } sum { requests cachedRequests bytes } uniq { uniques } } } } }";

const BY_DAY: &str = "query ($zone: string!, $since: Date!, $until: Date!) { viewer { zones(filter: {zoneTag: $zone}) { \
    whole: httpRequests1dGroups(limit: 1, filter: {date_geq: $since, date_lt: $until}) \
      { sum { requests cachedRequests bytes cachedBytes } uniq { uniques } } \
    parts: httpRequests1dGroups(limit: 31, filter: {date_geq: $since, date_lt: $until}, orderBy: [date_ASC]) \
      { dimensions { at: date } sum { requests cachedRequests bytes } uniq { uniques } } } } }";

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    /// The last 24 hours, by the hour.
    Day,
    /// Seven days, today included.
    Week,
    /// Thirty days, today included.
    Month,
}

impl Period {
    pub(super) const COUNT: usize = 3;

    /// What the query asks for; another period than these is the shortest.
    pub(super) fn of(text: Option<&str>) -> Self {
        match text {
            Some("7d") => Self::Week,
            Some("30d") => Self::Month,
            _ => Self::Day,
        }
    }

    /// How long an answer is given again.
    pub(super) fn fresh_for(self) -> Duration {
        match self {
            Self::Day => Duration::from_mins(1),
            Self::Week | Self::Month => Duration::from_mins(5),
        }
    }

    /// The first moment, on the hour or at midnight: 24 hours, the present one included, or whole days.
    fn start(self, now: Timestamp) -> Timestamp {
        let (unit, count) = match self {
            Self::Day => (HOUR_MS, 24),
            Self::Week => (24 * HOUR_MS, 7),
            Self::Month => (24 * HOUR_MS, 30),
        };
        let present = now.millis().div_euclid(unit).saturating_mul(unit);
        Timestamp::from_millis(present - (count - 1) * unit)
    }

    fn query(self, zone: &str, now: Timestamp) -> Value {
        let start = self.start(now);
        match self {
            Self::Day => {
                let after = start.plus(Duration::from_hours(24));
                let hour = |moment: Timestamp| moment.to_string().replace(".000Z", "Z");
                json!({"query": BY_HOUR, "variables": {"zone": zone, "since": hour(start), "until": hour(after)}})
            }
            Self::Week | Self::Month => {
                let after = now.plus(Duration::from_hours(24));
                json!({"query": BY_DAY, "variables": {"zone": zone, "since": start.date(), "until": after.date()}})
            }
        }
    }
}

/// Requests and bytes, of a period or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: i64,
    pub(super) cached_requests: i64,
    pub(super) bytes: i64,
    pub(super) cached_bytes: i64,
    pub(super) visitors: i64,
}

impl Counts {
    fn of(group: &Value) -> Self {
        let count = |pointer| group.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        Self {
            requests: count("/sum/requests"),
            cached_requests: count("/sum/cachedRequests"),
            bytes: count("/sum/bytes"),
            cached_bytes: count("/sum/cachedBytes"),
            visitors: count("/uniq/uniques"),
        }
    }
}

/// The traffic of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) whole: Counts,
    /// The hours or days with traffic, oldest first, by their ISO text.
    pub(super) parts: Vec<(String, Counts)>,
}

/// Asks for the traffic of a period, once.
///
/// # Errors
/// 503 when Cloudflare has no quota left or does not answer in time, else 502. What it said is told to
/// the log alone.
pub(super) async fn traffic(op: &Op, zone: &CloudflareZone, period: Period) -> Result<Traffic> {
    let now = op.now();
    let request = HttpRequest {
        method: "POST",
        url: ENDPOINT.to_owned(),
        headers: vec![
            ("authorization", format!("Bearer {}", zone.token.expose())),
            ("content-type", "application/json".to_owned()),
        ],
        body: Some(period.query(&zone.id, now).to_string().into_bytes()),
        timeout: TIMEOUT,
        max_bytes: LARGEST_ANSWER,
    };
    let answer = op.app.ports.http.send(request).await.map_err(|failure| {
        let text = failure.to_string();
        if is_timeout(&text) { busy(text) } else { broken(text) }
    })?;
    match answer.status {
        200..=299 => {}
        429 => return Err(busy("Cloudflare answered 429")),
        status => return Err(broken(format!("Cloudflare answered {status}"))),
    }
    let (whole, parts) = parsed(&answer.body)?;
    Ok(Traffic { start: period.start(now), end: now, whole, parts })
}

/// The whole and its parts.
fn parsed(body: &[u8]) -> Result<(Counts, Vec<(String, Counts)>)> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| broken("Cloudflare's answer does not parse"))?;
    if let Some(errors) = answer.get("errors").and_then(Value::as_array)
        && let Some(first) = errors.first()
    {
        let message = first.get("message").and_then(Value::as_str).unwrap_or("no message");
        let message: String = message.chars().take(300).collect();
        return Err(broken(format!("Cloudflare's errors begin with: {message}")));
    }
    let zone = answer.pointer("/data/viewer/zones/0").filter(|zone| zone.is_object());
    let zone = zone.ok_or_else(|| broken("Cloudflare knows no such zone for this token"))?;
    let groups = |name| {
        let groups: Option<&Vec<Value>> = zone.get(name).and_then(Value::as_array);
        groups.ok_or_else(|| broken(format!("Cloudflare's answer lacks the groups \"{name}\"")))
    };
    // A zone without traffic has no group.
    let whole = Counts::of(groups("whole")?.first().unwrap_or(&Value::Null));
    let part = |group: &Value| {
        let at = group.pointer("/dimensions/at").and_then(Value::as_str)?;
        Some((at.to_owned(), Counts::of(group)))
    };
    Ok((whole, groups("parts")?.iter().filter_map(part).collect()))
}

/// The texts of `fetch` when its abort signal fired, here and in other runtimes.
fn is_timeout(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["timeout", "timed out", "aborted"].iter().any(|part| text.contains(part))
}

const CODE: &str = "analytics_unavailable";
const TEXT: &str = "Failed to fetch analytics";

#[track_caller]
fn broken(context: impl Into<String>) -> Error {
    Error::new(Kind::BadGateway, CODE, TEXT)
        .hint("Cloudflare's analytics cannot be read now; the log knows why.")
        .context(context)
}

#[track_caller]
fn busy(context: impl Into<String>) -> Error {
    Error::new(Kind::Unavailable, CODE, TEXT)
        .hint("Cloudflare's analytics are busy; try again in a minute.")
        .retry_after_s(QUOTA_RETRY_S)
        .context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_asked_for_in_the_types_of_their_dataset() {
        let noon = Timestamp::from_seconds(1_773_576_000).plus(Duration::from_secs(90));
        let variables = |period: Period| period.query("z", noon)["variables"].clone();
        for (period, since, until) in [
            (Period::Day, "2026-03-14T13:00:00Z", "2026-03-15T13:00:00Z"),
            (Period::Week, "2026-03-09", "2026-03-16"),
            (Period::Month, "2026-02-14", "2026-03-16"),
        ] {
            assert_eq!(variables(period), json!({"zone": "z", "since": since, "until": until}));
        }
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        for body in [
            "",
            "<html>",
            "[]",
            r#"{"data":null,"errors":[{"message":"no"}]}"#,
            r#"{"data":{"viewer":{"zones":[]}},"errors":null}"#,
            r#"{"data":{"viewer":{"zones":[{"whole":[]}]}}}"#,
        ] {
            assert_eq!(parsed(body.as_bytes()).unwrap_err().kind(), Kind::BadGateway, "{body}");
        }
        let quiet = r#"{"data":{"viewer":{"zones":[{"whole":[],"parts":[]}]}},"errors":null}"#;
        assert_eq!(parsed(quiet.as_bytes()).unwrap().0.requests, 0);
    }
}
