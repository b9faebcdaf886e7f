//! Conversations, leads and visitors' data.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/conversations", "/portal/conversations", Least::Viewer),
    Entry::get(
        "GET /portal/conversations/export.csv",
        "/portal/conversations/export.csv",
        Least::Admin,
    ),
    Entry::get("GET /portal/conversations/{id}", "/portal/conversations/s_ended", Least::Viewer),
    Entry::write(
        "DELETE /portal/conversations/{id}",
        "/portal/conversations/s_ended",
        None,
        Least::Admin,
    ),
    Entry::get("GET /portal/leads", "/portal/leads", Least::Viewer),
    Entry::get("GET /portal/leads/export.csv", "/portal/leads/export.csv", Least::Admin),
    Entry::get("GET /portal/leads/{id}", "/portal/leads/lead_a", Least::Viewer)
        .foreign("/portal/leads/lead_b"),
    Entry::write(
        "PATCH /portal/leads/{id}",
        "/portal/leads/lead_a",
        Some(r#"{"status":"contacted"}"#),
        Least::Member,
    )
    .foreign("/portal/leads/lead_b"),
    Entry::write("DELETE /portal/leads/{id}", "/portal/leads/lead_a", None, Least::Admin)
        .foreign("/portal/leads/lead_b"),
    Entry::write(
        "DELETE /portal/visitors/{visitorId}",
        "/portal/visitors/visitor_2",
        None,
        Least::Admin,
    ),
];
