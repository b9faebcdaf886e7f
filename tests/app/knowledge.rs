//! What an org knows, as it is read.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::paging::{ids, walk};

/// Knowledge of both orgs; the rows of the fixture are the oldest.
fn app() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO knowledge_sources (id, org_id, name, type, status, sync_cursor, last_synced_at, config, error_message, created_at, updated_at) VALUES
          ('s1', 'org_a', 'Drive', 'google_drive', 'error', 'c1', '2026-03-01 06:00:00', '{\"folder\":\"Docs\",\"refreshToken\":\"sesame\"}', 'Refused', '2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('s2', 'org_a', 'Odd', 'file', NULL, NULL, NULL, '[1]', NULL, '2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('s_b', 'org_b', 'Foreign', 'url', 'connected', NULL, NULL, '{}', NULL, '2026-03-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z');
         INSERT INTO knowledge_documents (id, org_id, source_id, title, path, external_id, status, checksum, mime_type, size_bytes, created_at, updated_at) VALUES
          ('d1', 'org_a', 's1', 'Fees', 'fees.pdf', '', 'ready', 'abc', 'application/pdf', 512, '2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('d2', 'org_a', 's1', 'Odd', '', NULL, NULL, '', '', NULL, '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z'),
          ('d_b', 'org_b', 's_b', 'Foreign', NULL, NULL, 'ready', NULL, NULL, NULL, '2026-03-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z');
         INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, checksum, chunk_count, token_count, created_at, created_by, change_note) VALUES
          ('v9', 'd1', 'org_a', 9, 'archived', 0, NULL, 0, 0, '2026-03-01T08:00:00.000Z', NULL, NULL),
          ('v10', 'd1', 'org_a', 10, 'live', 1, 'abc', 4, 40, '2026-03-02T08:00:00.000Z', 'u_admin_a', 'New fees'),
          ('v11', 'd1', 'org_a', 11, NULL, NULL, NULL, NULL, NULL, '2026-03-03 08:00:00', NULL, NULL),
          ('v_b', 'd_b', 'org_b', 1, 'live', 1, NULL, 1, 1, '2026-03-01T08:00:00.000Z', NULL, NULL);
         UPDATE knowledge_documents SET live_version_id = 'v10' WHERE id = 'd1';
         INSERT INTO knowledge_chunks (id, version_id, org_id, content, token_count, embedding, page_label, metadata) VALUES
          ('c1', 'v10', 'org_a', 'Second page', 10, '[0.1]', 'p. 2', '{\"a\":1}'),
          ('c2', 'v10', 'org_a', 'Tenth page', NULL, NULL, 'p. 10', 'broken'),
          ('c3', 'v10', 'org_a', 'No page', 10, NULL, NULL, NULL),
          ('c4', 'v10', 'org_a', 'No page either', 10, NULL, '', '{}'),
          ('c_b', 'v_b', 'org_b', 'Foreign', 1, NULL, NULL, '{}');
         INSERT INTO knowledge_policies (id, org_id, name, description, rules, created_at, updated_at) VALUES
          ('p1', 'org_a', 'No prices', 'Never quote', '[{\"id\":\"r1\",\"type\":\"redact\"},7]', '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z'),
          ('p2', 'org_a', 'Complaints', NULL, 'null', '2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('p3', 'org_a', 'Complaints', NULL, '{', '2026-03-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z'),
          ('p_b', 'org_b', 'A foreign one', NULL, '[]', '2026-03-01T08:00:00.000Z', '2026-03-04T08:00:00.000Z');
         INSERT INTO knowledge_ingestion_jobs (id, org_id, source_id, document_id, version_id, type, status, error_message, created_at, updated_at) VALUES
          ('j1', 'org_a', 's1', 'd1', 'v10', 'ingest_document', 'succeeded', NULL, '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z'),
          ('j2', 'org_a', 's1', NULL, NULL, 'sync', 'failed', 'Refused', '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('j_b', 'org_b', 's_b', NULL, NULL, 'sync', 'failed', 'Refused', '2026-03-02T08:00:00.000Z', '2026-03-03T08:00:00.000Z')",
    );
    app
}

#[test]
fn knowledge_of_an_org() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/knowledge");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("knowledge", answer.json());
}

#[test]
fn what_opens_a_source_is_never_told() {
    let app = app();
    for user in ["user_owner_a", "user_staff"] {
        let answer = app.get_as(user, "/portal/knowledge");
        assert!(answer.text.contains("refreshToken") && !answer.text.contains("sesame"));
    }
}

#[test]
fn an_org_without_sources_is_told() {
    let app = app();
    let body = app.get_as("user_staff", "/portal/knowledge?orgId=org_closed").json();
    assert_eq!(
        body,
        json!({"sources": [], "documents": [], "policies": [], "jobs": [], "message": "No knowledge sources configured"})
    );
}

#[test]
fn each_list_has_its_own_pages() {
    let app = app();
    let path = "/portal/knowledge?limit=1";
    for (list, cursor, next, expected) in [
        ("sources", "sourcesCursor", "nextSourcesCursor", vec!["s2", "s1", "ksrc_a"]),
        ("documents", "documentsCursor", "nextDocumentsCursor", vec!["d1", "d2", "kdoc_a"]),
        ("policies", "policiesCursor", "nextPoliciesCursor", vec!["p3", "p2", "p1"]),
    ] {
        assert_eq!(walk(&app, path, list, cursor, next), expected, "{list}");
        let refused = app.get_as("user_owner_a", &format!("{path}&{cursor}=x"));
        assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_cursor"), "{list}");
    }
    assert_eq!(app.get_as("user_owner_a", "/portal/knowledge?limit=501").status, 400);
}

#[test]
fn jobs_are_the_newest_of_the_org() {
    let app = app();
    app.db.run_script(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40)
         INSERT INTO knowledge_ingestion_jobs (id, org_id, type, updated_at)
         SELECT 'many' || n, 'org_a', 'embed', printf('2026-03-09T08:00:%02d.000Z', n) FROM n",
    );
    let jobs = ids(&app.get_as("user_owner_a", "/portal/knowledge").json(), "jobs");
    assert_eq!((jobs.len(), jobs[0].as_str(), jobs[24].as_str()), (25, "many40", "many16"));
}

#[test]
fn policies_are_in_the_order_of_their_names() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/knowledge/policies");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    let body = answer.json();
    assert_eq!(ids(&body, "policies"), ["p2", "p3", "p1"]);
    assert_eq!(body["policies"][0]["rules"], json!([]));
    assert_eq!(body["policies"][2]["rules"], json!([{"id": "r1", "type": "redact"}, 7]));
    let path = "/portal/knowledge/policies?limit=1";
    assert_eq!(walk(&app, path, "policies", "cursor", "nextCursor"), ["p2", "p3", "p1"]);
    let staff = app.get_as("user_staff", "/portal/knowledge/policies").json();
    assert_eq!(ids(&staff, "policies"), ["p_b", "p2", "p3", "p1"]);
}

#[test]
fn versions_of_a_document() {
    let app = app();
    let path = "/portal/knowledge/versions?documentId=d1";
    let answer = app.get_as("user_viewer_a", path);
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("versions", answer.json());
    let pages = walk(&app, &format!("{path}&limit=1"), "versions", "cursor", "nextCursor");
    assert_eq!(pages, ["v11", "v10", "v9"], "by number, not by its digits");
    let staff = app.get_as("user_staff", "/portal/knowledge/versions?documentId=d_b").json();
    assert_eq!(ids(&staff, "versions"), ["v_b"]);
    let none = app.get_as("user_owner_a", "/portal/knowledge/versions?documentId=d2").json();
    assert_eq!(none, json!({"versions": []}));
}

#[test]
fn chunks_of_a_version() {
    let app = app();
    let path = "/portal/knowledge/chunks?versionId=v10";
    let answer = app.get_as("user_viewer_a", path);
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("chunks", answer.json());
    let pages = walk(&app, &format!("{path}&limit=1"), "chunks", "cursor", "nextCursor");
    assert_eq!(pages, ["c3", "c4", "c2", "c1"], "pages as text, those without one first");
    let staff = app.get_as("user_staff", "/portal/knowledge/chunks?versionId=v_b").json();
    assert_eq!(ids(&staff, "chunks"), ["c_b"]);
}

#[test]
fn parents_must_be_named_and_seen() {
    let app = app();
    for (path, status, error) in [
        ("versions", 400, "documentId is required"),
        ("versions?documentId=", 400, "documentId is required"),
        ("versions?documentId=d_b", 404, "Document not found"),
        ("versions?documentId=nowhere", 404, "Document not found"),
        ("chunks", 400, "versionId is required"),
        ("chunks?versionId=v_b", 404, "Version not found"),
        ("chunks?versionId=nowhere", 404, "Version not found"),
    ] {
        let answer = app.get_as("user_owner_a", &format!("/portal/knowledge/{path}"));
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{path}");
        assert_eq!(answer.json()["versions"], Value::Null);
    }
    for path in ["versions?documentId=d_b&orgId=org_a", "chunks?versionId=v_b&orgId=org_a"] {
        assert_eq!(app.get_as("user_staff", &format!("/portal/knowledge/{path}")).status, 404);
    }
}
