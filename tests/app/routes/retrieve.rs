//! Policies, retrieval and the rebuilding of the index.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::write(
        "POST /portal/knowledge/policies",
        "/portal/knowledge/policies",
        Some(
            r#"{"name":"Numbers","rules":[{"type":"redact","match":"pii","applies_to":"responses"}]}"#,
        ),
        Least::Admin,
    ),
    Entry::write(
        "PATCH /portal/knowledge/policies/{id}",
        "/portal/knowledge/policies/kpol_a",
        Some(r#"{"name":"Other"}"#),
        Least::Admin,
    )
    .foreign("/portal/knowledge/policies/kpol_b"),
    Entry::write(
        "DELETE /portal/knowledge/policies/{id}",
        "/portal/knowledge/policies/kpol_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/knowledge/policies/kpol_b"),
    Entry {
        changes: false,
        ..Entry::write(
            "POST /portal/knowledge/retrieve",
            "/portal/knowledge/retrieve",
            Some(r#"{"query":"opening hours on saturday"}"#),
            Least::Viewer,
        )
    },
    Entry::write("POST /portal/knowledge/reindex", "/portal/knowledge/reindex", None, Least::Admin),
];
