//! Sites, configuration, retention and what was recorded.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/audit-logs", "/portal/audit-logs", Least::Admin),
    Entry::get("GET /audit/logs", "/audit/logs", Least::Admin),
];
