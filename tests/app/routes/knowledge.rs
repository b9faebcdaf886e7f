//! Changes to what an organization's assistants know.

use super::{Entry, Least};

/// A source of each organization, with what is to be changed in it.
const GIVEN: &str = "
    INSERT INTO knowledge_sources (id, org_id, name, type, config) VALUES
     ('src_a', 'org_a', 'Site', 'url', '{\"start_url\":\"https://site.example/\"}'),
     ('src_b', 'org_b', 'Site', 'url', '{\"start_url\":\"https://site.example/\"}');
    INSERT INTO knowledge_documents (id, org_id, source_id, title, status, mime_type) VALUES
     ('doc_a', 'org_a', 'src_a', 'Fees', 'ready', 'text/markdown'), ('qa_a', 'org_a', 'src_a', 'Dogs?', 'ready', 'text/x-qa'),
     ('doc_b', 'org_b', 'src_b', 'Fees', 'ready', 'text/x-qa');
    INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, chunk_count) VALUES
     ('ver_a1', 'doc_a', 'org_a', 1, 'archived', 0, 1), ('ver_a2', 'doc_a', 'org_a', 2, 'live', 1, 1), ('ver_b', 'doc_b', 'org_b', 1, 'draft', 0, 1);
    INSERT INTO knowledge_ingestion_jobs (id, org_id, type, status) VALUES
     ('job_a', 'org_a', 'ingest_document', 'failed'), ('job_b', 'org_b', 'ingest_document', 'failed')";

pub const ROUTES: &[Entry] = &[
    Entry::write(
        "POST /portal/knowledge/sources",
        "/portal/knowledge/sources",
        Some(r#"{"name": "Handbook", "type": "file"}"#),
        Least::Member,
    ),
    Entry::write(
        "PATCH /portal/knowledge/sources/{id}",
        "/portal/knowledge/sources/src_a",
        Some(r#"{"name": "Handbook", "status": "paused"}"#),
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/sources/src_b"),
    Entry::write(
        "DELETE /portal/knowledge/sources/{id}",
        "/portal/knowledge/sources/src_a",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/sources/src_b"),
    Entry::write(
        "POST /portal/knowledge/sources/{id}/sync",
        "/portal/knowledge/sources/src_a/sync",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/sources/src_b/sync"),
    Entry::write(
        "POST /portal/knowledge/documents",
        "/portal/knowledge/documents",
        Some(
            r##"{"sourceId": "src_a", "title": "Parking", "content": "# Parking\n\nIt is free."}"##,
        ),
        Least::Member,
    )
    .given(GIVEN),
    Entry::write(
        "POST /portal/knowledge/documents/upload",
        "/portal/knowledge/documents/upload?sourceId=src_a",
        Some("Parking is free."),
        Least::Member,
    )
    .given(GIVEN)
    .typed("text/plain")
    .foreign("/portal/knowledge/documents/upload?sourceId=src_b"),
    Entry::write(
        "PATCH /portal/knowledge/documents/{id}",
        "/portal/knowledge/documents/doc_a",
        Some(r#"{"title": "Prices"}"#),
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/documents/doc_b"),
    Entry::write(
        "DELETE /portal/knowledge/documents/{id}",
        "/portal/knowledge/documents/doc_a",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/documents/doc_b"),
    Entry::write(
        "POST /portal/knowledge/documents/{id}/rollback",
        "/portal/knowledge/documents/doc_a/rollback",
        Some(r#"{"versionId": "ver_a1"}"#),
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/documents/doc_b/rollback"),
    Entry::write(
        "POST /portal/knowledge/qa",
        "/portal/knowledge/qa",
        Some(r#"{"question": "Are dogs welcome?", "answer": "Yes, on a lead."}"#),
        Least::Member,
    ),
    Entry::write(
        "PATCH /portal/knowledge/qa/{id}",
        "/portal/knowledge/qa/qa_a",
        Some(r#"{"answer": "Yes, on a lead."}"#),
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/qa/doc_b"),
    Entry::write(
        "DELETE /portal/knowledge/qa/{id}",
        "/portal/knowledge/qa/qa_a",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/qa/doc_b"),
    Entry::write(
        "POST /portal/knowledge/versions/{id}/publish",
        "/portal/knowledge/versions/ver_a1/publish",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/versions/ver_b/publish"),
    Entry::write(
        "POST /portal/knowledge/versions/{id}/archive",
        "/portal/knowledge/versions/ver_a2/archive",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/versions/ver_b/archive"),
    Entry::write(
        "POST /portal/knowledge/versions/{id}/rechunk",
        "/portal/knowledge/versions/ver_a2/rechunk",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/versions/ver_b/rechunk"),
    Entry::get("GET /portal/knowledge/jobs", "/portal/knowledge/jobs", Least::Viewer),
    Entry::write(
        "POST /portal/knowledge/jobs/{id}/retry",
        "/portal/knowledge/jobs/job_a/retry",
        None,
        Least::Member,
    )
    .given(GIVEN)
    .foreign("/portal/knowledge/jobs/job_b/retry"),
];
