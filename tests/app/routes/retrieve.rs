//! Policies, retrieval and the rebuilding of the index.

use super::{Entry, Least};

/// A policy of each org.
pub const POLICIES: &str = r#"
INSERT INTO knowledge_policies (id, org_id, name, description, rules, created_at, updated_at) VALUES
  ('kpol_a', 'org_a', 'Contact data', NULL, '[{"id":"r1","type":"redact","match":"pii","applies_to":"chunks","enforcement":"mask"}]', '2025-01-05T00:00:00.000Z', '2025-01-05T00:00:00.000Z'),
  ('kpol_b', 'org_b', 'Nothing of ours', 'All of it', '[]', '2025-01-05T00:00:00.000Z', '2025-01-05T00:00:00.000Z');
"#;

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
    .foreign("/portal/knowledge/policies/kpol_b")
    .given(POLICIES),
    Entry::write(
        "DELETE /portal/knowledge/policies/{id}",
        "/portal/knowledge/policies/kpol_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/knowledge/policies/kpol_b")
    .given(POLICIES),
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
