//! Sites, configuration, retention and what was recorded.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/sites", "/portal/sites", Least::Viewer),
    Entry::write("POST /portal/sites", "/portal/sites", Some(r#"{"name":"New"}"#), Least::Admin),
    Entry::get("GET /portal/sites/{id}", "/portal/sites/site_a1", Least::Viewer)
        .foreign("/portal/sites/site_b1"),
    Entry::write(
        "PATCH /portal/sites/{id}",
        "/portal/sites/site_a1",
        Some(r#"{"name":"Renamed"}"#),
        Least::Admin,
    )
    .foreign("/portal/sites/site_b1"),
    // Of a site that is active; a second one changes nothing and leaves no trace.
    Entry::write(
        "POST /portal/sites/{id}/pause",
        "/portal/sites/site_a1/pause",
        None,
        Least::Admin,
    )
    .foreign("/portal/sites/site_b1/pause"),
    // Of a site that is paused.
    Entry::write(
        "POST /portal/sites/{id}/resume",
        "/portal/sites/site_a2/resume",
        None,
        Least::Admin,
    )
    .foreign("/portal/sites/site_b1/resume"),
    Entry::write(
        "POST /portal/sites/{id}/rotate-key",
        "/portal/sites/site_a1/rotate-key",
        None,
        Least::Admin,
    )
    .foreign("/portal/sites/site_b1/rotate-key"),
    Entry::get("GET /portal/config", "/portal/config", Least::Viewer),
    Entry::write(
        "PATCH /portal/config",
        "/portal/config",
        Some(r#"{"settings":{"timezone":"UTC"}}"#),
        Least::Admin,
    ),
    Entry::get("GET /portal/retention", "/portal/retention", Least::Viewer),
    Entry::get("GET /retention/policies", "/retention/policies", Least::Viewer),
    Entry::write(
        "POST /portal/retention",
        "/portal/retention",
        Some(r#"{"dataType":"chat_messages","ttlDays":90}"#),
        Least::Admin,
    ),
    Entry::write(
        "PUT /retention/policies",
        "/retention/policies",
        Some(r#"{"dataType":"chat_messages","ttlDays":90}"#),
        Least::Admin,
    ),
    Entry::write(
        "DELETE /retention/policies/{id}",
        "/retention/policies/ret_a_sessions",
        None,
        Least::Admin,
    )
    .foreign("/retention/policies/ret_b_sessions"),
    Entry::get("GET /portal/audit-logs", "/portal/audit-logs", Least::Admin),
    Entry::get("GET /audit/logs", "/audit/logs", Least::Admin),
];
