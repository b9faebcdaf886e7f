//! Gateway tokens and budgets.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/gateway-tokens", "/portal/gateway-tokens", Least::Admin),
    Entry::write(
        "POST /portal/gateway-tokens",
        "/portal/gateway-tokens",
        Some(r#"{"name":"Shop","siteIds":["site_a1"]}"#),
        Least::Admin,
    ),
    Entry::write(
        "POST /portal/gateway-tokens/{id}/rotate",
        "/portal/gateway-tokens/gt_a/rotate",
        Some(r#"{"overlapHours":1}"#),
        Least::Admin,
    )
    .foreign("/portal/gateway-tokens/gt_b/rotate"),
    Entry::write(
        "DELETE /portal/gateway-tokens/{id}",
        "/portal/gateway-tokens/gt_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/gateway-tokens/gt_b"),
    Entry::get("GET /portal/budgets", "/portal/budgets", Least::Viewer),
    Entry::write(
        "PATCH /portal/budgets",
        "/portal/budgets",
        Some(r#"{"messagesPerDay":10}"#),
        Least::Admin,
    ),
    Entry::write(
        "PATCH /portal/sites/{id}/budget",
        "/portal/sites/site_a1/budget",
        Some(r#"{"messagesPerDay":10}"#),
        Least::Admin,
    )
    .foreign("/portal/sites/site_b1/budget"),
];
