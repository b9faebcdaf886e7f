//! The log: one JSON object a line, with the same keys everywhere, tied to a request.
//!
//! Keys: `timestamp, level, requestId, message`, and where known `method, path, route, status,
//! durationMs, userId, impersonatorId, orgId, clientIp, d1RoundTrips, d1Queries, d1RowsRead,
//! d1RowsWritten, d1Ms`, then the event's own.
//! No token, key, e-mail address or message text may be passed to it.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::config::LogLevel;
use crate::db::Rows;
use crate::ids::{ClerkUserId, OrgId};
use crate::time::Timestamp;

/// Where lines go.
pub trait LogSink: Send + Sync {
    /// Writes one line.
    fn write(&self, level: LogLevel, line: &str);
}

/// A threshold and a sink.
#[derive(Clone)]
pub struct Log {
    threshold: LogLevel,
    sink: Arc<dyn LogSink>,
}

impl Log {
    /// Lines below `threshold` are dropped.
    pub fn new(threshold: LogLevel, sink: Arc<dyn LogSink>) -> Self {
        Self { threshold, sink }
    }

    /// Writes the event `message` with the request's facts and the event's own fields.
    pub fn event(
        &self,
        level: LogLevel,
        message: &'static str,
        now: Timestamp,
        request: &RequestContext,
        fields: &[(&'static str, Value)],
    ) {
        if level < self.threshold {
            return;
        }
        let line = Line { level, message, now, request, fields };
        if let Ok(text) = serde_json::to_string(&line) {
            self.sink.write(level, &text);
        }
    }
}

/// What is known of one request while it is served. Its parts grow as layers and handlers learn them.
#[derive(Debug)]
pub struct RequestContext {
    /// Echoed as `X-Request-ID`, in errors and in every line.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// Path without the query, made safe for the log.
    pub path: String,
    /// `CF-Connecting-IP`, or `local` where there is no edge in front.
    pub client_ip: String,
    /// When the request arrived.
    pub started: Timestamp,
    facts: Mutex<Facts>,
}

#[derive(Debug, Default)]
struct Facts {
    route: Option<String>,
    status: Option<u16>,
    duration_ms: Option<i64>,
    user_id: Option<String>,
    impersonator_id: Option<String>,
    org_id: Option<String>,
    d1_round_trips: u64,
    d1_queries: u64,
    d1_rows_read: u64,
    d1_rows_written: u64,
    d1_ms: f64,
    has_valid_token: bool,
}

impl RequestContext {
    /// A request that has just arrived.
    pub fn new(
        id: String,
        method: String,
        path: &str,
        client_ip: String,
        started: Timestamp,
    ) -> Self {
        Self { id, method, path: loggable_path(path), client_ip, started, facts: Mutex::default() }
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts());
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is one client: an address, or of version 6 the network of 64 bits that one household or machine has.
    pub fn client_key(&self) -> String {
        let Ok(IpAddr::V6(address)) = self.client_ip.parse() else {
            return self.client_ip.clone();
        };
        if let Some(address) = address.to_ipv4_mapped() {
            return address.to_string();
        }
        let [a, b, c, d, ..] = address.segments();
        Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
    }

    /// Its gateway token was found, and is valid.
    pub fn set_valid_token(&self) {
        self.change(|facts| facts.has_valid_token = true);
    }

    /// Whether its gateway token was found, and is valid.
    pub fn has_valid_token(&self) -> bool {
        self.facts().has_valid_token
    }

    /// The route's template, such as `/portal/flows/{id}`.
    pub fn set_route(&self, route: &str) {
        self.change(|facts| facts.route = Some(route.to_owned()));
    }

    /// Who calls, once the token is verified, and who impersonates them.
    pub fn set_user(&self, user: &ClerkUserId, impersonator: Option<&str>) {
        self.change(|facts| {
            facts.user_id = Some(user.to_string());
            facts.impersonator_id = impersonator.map(str::to_owned);
        });
    }

    /// The org the request is about.
    pub fn set_org(&self, org: &OrgId) {
        self.change(|facts| facts.org_id = Some(org.to_string()));
    }

    /// The outcome.
    pub fn set_outcome(&self, status: u16, now: Timestamp) {
        let duration_ms = now.millis_since(self.started);
        self.change(|facts| {
            facts.status = Some(status);
            facts.duration_ms = Some(duration_ms);
        });
    }

    /// Adds one round trip to D1.
    pub fn count_queries(&self, queries: usize, rows: &[Rows]) {
        self.change(|facts| {
            facts.d1_round_trips += 1;
            facts.d1_queries += queries as u64;
            facts.d1_rows_read += rows.iter().map(|rows| rows.meta().rows_read).sum::<u64>();
            facts.d1_rows_written += rows.iter().map(|rows| rows.meta().rows_written).sum::<u64>();
            facts.d1_ms += rows.iter().map(|rows| rows.meta().duration).sum::<f64>();
        });
    }
}

/// A path that can be written to the log: bounded, and without what looks like a key or an address, the visitor whose
/// data is erased, or a conversation, which whoever knows its id may read.
fn loggable_path(path: &str) -> String {
    const LONGEST: usize = 200;
    const VISITOR: &str = "/portal/visitors/";
    const SESSION: &str = "/chat/sessions/";
    if path.starts_with(VISITOR) {
        return format!("{VISITOR}{{visitorId}}");
    }
    if let Some((_, rest)) =
        path.strip_prefix(SESSION).map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    {
        let rest = loggable_path(rest);
        let slash = if rest.is_empty() { "" } else { "/" };
        return format!("{SESSION}{{id}}{slash}{rest}");
    }
    let shown = |segment: &str| {
        let secret =
            ["sk_", "dk_", "kgw_", "whsec_", "eyJ"].iter().any(|start| segment.starts_with(start));
        if secret || segment.contains('@') || segment.contains("%40") {
            "[redacted]".to_owned()
        } else {
            segment.to_owned()
        }
    };
    let path = path.split('/').map(shown).collect::<Vec<_>>().join("/");
    path.chars().take(LONGEST).collect()
}

struct Line<'a> {
    level: LogLevel,
    message: &'static str,
    now: Timestamp,
    request: &'a RequestContext,
    fields: &'a [(&'static str, Value)],
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = self.request.facts();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.now)?;
        map.serialize_entry("level", self.level.name())?;
        map.serialize_entry("requestId", &self.request.id)?;
        map.serialize_entry("message", self.message)?;
        map.serialize_entry("method", &self.request.method)?;
        map.serialize_entry("path", &self.request.path)?;
        if let Some(route) = &facts.route {
            map.serialize_entry("route", route)?;
        }
        if let Some(status) = facts.status {
            map.serialize_entry("status", &status)?;
        }
        if let Some(duration_ms) = facts.duration_ms {
            map.serialize_entry("durationMs", &duration_ms)?;
        }
        if let Some(user_id) = &facts.user_id {
            map.serialize_entry("userId", user_id)?;
        }
        if let Some(impersonator_id) = &facts.impersonator_id {
            map.serialize_entry("impersonatorId", impersonator_id)?;
        }
        if let Some(org_id) = &facts.org_id {
            map.serialize_entry("orgId", org_id)?;
        }
        map.serialize_entry("clientIp", &self.request.client_ip)?;
        if facts.d1_round_trips > 0 {
            map.serialize_entry("d1RoundTrips", &facts.d1_round_trips)?;
            map.serialize_entry("d1Queries", &facts.d1_queries)?;
            map.serialize_entry("d1RowsRead", &facts.d1_rows_read)?;
            map.serialize_entry("d1RowsWritten", &facts.d1_rows_written)?;
            map.serialize_entry("d1Ms", &((facts.d1_ms * 10.0).round() / 10.0))?;
        }
        for (key, value) in self.fields {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_is_one_client() {
        let key = |address: &str| {
            let now = Timestamp::from_seconds(0);
            let address = address.to_owned();
            RequestContext::new(String::new(), String::new(), "/", address, now).client_key()
        };
        for (address, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2::9", "2001:db8:1:2::"),
            ("2001:0DB8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::"),
            ("2001:db8:1:3::9", "2001:db8:1:3::"),
            ("local", "local"),
        ] {
            assert_eq!(key(address), expected, "{address}");
        }
    }

    #[test]
    fn paths_show_no_keys_or_addresses() {
        assert_eq!(loggable_path("/widget/config/sk_dental_live_x"), "/widget/config/[redacted]");
        assert_eq!(loggable_path("/widget/config/dk_dental_live_x"), "/widget/config/[redacted]");
        assert_eq!(loggable_path("/chat/sessions/0199-ab"), "/chat/sessions/{id}");
        assert_eq!(
            loggable_path("/chat/sessions/0199-ab/messages"),
            "/chat/sessions/{id}/messages"
        );
        assert_eq!(
            loggable_path("/chat/sessions/x/messages/y/feedback"),
            "/chat/sessions/{id}/messages/y/feedback"
        );
        assert_eq!(loggable_path("/x/ann@example.com"), "/x/[redacted]");
        assert_eq!(loggable_path("/portal/visitors/ann-1/x"), "/portal/visitors/{visitorId}");
        assert_eq!(loggable_path("/portal/overview"), "/portal/overview");
        assert_eq!(loggable_path(&"/a".repeat(500)).len(), 200);
    }
}
