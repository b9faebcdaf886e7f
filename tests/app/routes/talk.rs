//! Conversations that people take over, and what they are told of.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/handoffs", "/portal/handoffs", Least::Viewer),
    Entry::write(
        "POST /portal/conversations/{id}/accept",
        "/portal/conversations/s_active/accept",
        None,
        Least::Member,
    )
    .foreign("/portal/conversations/s_b/accept"),
    Entry::write(
        "POST /portal/conversations/{id}/reply",
        "/portal/conversations/s_taken/reply",
        Some(r#"{"message":"Hello"}"#),
        Least::Member,
    )
    .foreign("/portal/conversations/s_b/reply"),
    Entry::write(
        "POST /portal/conversations/{id}/release",
        "/portal/conversations/s_taken/release",
        None,
        Least::Member,
    )
    .foreign("/portal/conversations/s_b/release"),
    Entry::write(
        "POST /portal/conversations/{id}/close",
        "/portal/conversations/s_active/close",
        None,
        Least::Member,
    )
    .foreign("/portal/conversations/s_b/close"),
    Entry::get("GET /portal/notifications", "/portal/notifications", Least::Viewer),
    Entry::write(
        "POST /portal/notifications/{id}/read",
        "/portal/notifications/note_a/read",
        None,
        Least::Member,
    )
    .foreign("/portal/notifications/note_b/read"),
];
