//! Screens that show figures and lists.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/overview", "/portal/overview", Least::Viewer),
    Entry::get("GET /portal/engines", "/portal/engines", Least::Viewer),
    Entry::get("GET /portal/insights", "/portal/insights", Least::Viewer),
    Entry::get("GET /portal/events", "/portal/events", Least::Viewer),
    Entry::get("GET /portal/clients", "/portal/clients", Least::Staff),
    Entry::get("GET /portal/cloudflare-analytics", "/portal/cloudflare-analytics", Least::Staff),
];
