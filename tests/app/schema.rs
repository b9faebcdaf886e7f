//! The migrations and what they result in.

use std::path::Path;

use crate::support::sqlite::{Sqlite, sql_files};

const SCHEMA_HEAD: &str = "\
-- The result of all migrations of DB, then of SEARCH. Made by the test `schema_sql_is_current`:
-- run it with BLESS=1 after adding a migration.
";

fn schema(folder: &str) -> String {
    let rows = Sqlite::migrated(folder).rows(
        "SELECT sql FROM sqlite_master
          WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'd1_%'
            AND name NOT LIKE 'passages_fts_%' AND name NOT LIKE 'messages_fts_%'
          ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, name",
    );
    let statements = rows.iter().map(|row| format!("{};\n", row["sql"].as_str().unwrap()));
    statements.collect::<Vec<_>>().join("\n")
}

#[test]
fn schema_sql_is_current() {
    let expected = format!(
        "{SCHEMA_HEAD}\n-- DB\n\n{}\n-- SEARCH\n\n{}",
        schema("migrations"),
        schema("migrations/search")
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.sql");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == expected, "schema.sql lags the migrations; run this test with BLESS=1");
}

#[test]
fn migrations_are_numbered_without_gaps_and_named_by_what_they_do() {
    for folder in ["migrations", "migrations/search"] {
        for (at, (name, _)) in sql_files(Path::new(folder)).iter().enumerate() {
            let (number, verb) = name.split_once('_').unwrap();
            assert_eq!(number, format!("{:04}", at + 1), "{folder}/{name}");
            assert!(verb.strip_suffix(".sql").is_some() && verb.contains('_'), "{folder}/{name}");
        }
    }
}

#[test]
fn migrations_only_add() {
    for folder in ["migrations", "migrations/search"] {
        for (name, script) in sql_files(Path::new(folder)) {
            let script = script.to_uppercase();
            for word in ["DROP TABLE", "DROP COLUMN", "RENAME", "DELETE FROM"] {
                assert!(!script.contains(word), "{folder}/{name} has {word}");
            }
        }
    }
}

#[test]
fn the_first_migration_can_be_applied_to_a_database_that_has_it() {
    let database = Sqlite::empty();
    let files = sql_files(Path::new("migrations"));
    database.run_script(&files[0].1);
    database.run_script(&files[0].1);
}

#[test]
fn older_conversations_get_what_the_lists_show() {
    let database = Sqlite::empty();
    let files = sql_files(Path::new("migrations"));
    let (before, after) = files.split_at(5);
    for (_, script) in before {
        database.run_script(script);
    }
    database.run_script(
        "INSERT INTO orgs (id, name) VALUES ('o', 'O');
         INSERT INTO portal_sites (id, org_id, site_key, name, type) VALUES ('s', 'o', 'k', 'S', 'chatbot');
         INSERT INTO chat_sessions (id, site_id, org_id, started_at, status, message_count) VALUES
          ('talked', 's', 'o', NULL, NULL, NULL), ('silent', 's', 'o', NULL, 'completed', 3),
          ('whole', 's', 'o', '2026-01-02 00:00:00', 'abandoned', 1);
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at) VALUES
          ('m1', 'talked', 's', 'o', 'assistant', 'Hello', '2026-01-01T00:00:00.000Z'),
          ('m2', 'talked', 's', 'o', 'user', 'First', '2026-01-01T00:00:01.000Z'),
          ('m3', 'talked', 's', 'o', 'user', 'Second', '2026-01-01T00:00:02.000Z');",
    );
    for (_, script) in after {
        database.run_script(script);
    }
    let row = |started: &str, status: &str, messages: i64, preview: Option<&str>| serde_json::json!({"started_at": started, "status": status, "message_count": messages, "preview": preview});
    assert_eq!(
        database.rows(
            "SELECT started_at, status, message_count, preview FROM chat_sessions ORDER BY id"
        ),
        [
            row("1970-01-01T00:00:00.000Z", "completed", 3, None),
            row("2026-01-01T00:00:00.000Z", "active", 0, Some("First")),
            row("2026-01-02 00:00:00", "abandoned", 1, None),
        ]
    );
}

#[test]
fn documents_of_the_system_before_get_one_live_version_and_numbers_of_their_own() {
    let database = Sqlite::empty();
    let files = sql_files(Path::new("migrations"));
    let is_before = |(name, _): &&(String, String)| name.as_str() < "0011";
    for (_, script) in files.iter().take_while(is_before) {
        database.run_script(script);
    }
    database.run_script(
        "INSERT INTO orgs (id, name) VALUES ('o', 'O');
         INSERT INTO knowledge_sources (id, org_id, name, type) VALUES ('s', 'o', 'S', 'url');
         INSERT INTO knowledge_documents (id, org_id, source_id, title, external_id) VALUES
          ('named', 'o', 's', 'T', 'x'), ('newest', 'o', 's', 'T', 'x'), ('stage', 'o', 's', 'T', ''), ('none', 'o', 's', 'T', NULL);
         INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, created_at) VALUES
          ('n1', 'named', 'o', 1, 'live', 1, '2025-01-01'), ('n2', 'named', 'o', 2, 'live', 1, '2025-01-02'),
          ('w1', 'newest', 'o', 1, 'live', 1, '2025-01-01'), ('w2', 'newest', 'o', 1, 'live', 1, '2025-01-02'), ('w3', 'newest', 'o', 2, 'draft', 0, '2025-01-03'),
          ('g1', 'stage', 'o', 1, 'live', 0, '2025-01-01'), ('g2', 'stage', 'o', 2, 'archived', 1, '2025-01-02');
         UPDATE knowledge_documents SET live_version_id = 'n1' WHERE id = 'named';
         UPDATE knowledge_documents SET live_version_id = 'g1' WHERE id = 'stage';",
    );
    for (_, script) in files.iter().skip_while(is_before) {
        database.run_script(script);
    }
    let versions = database.rows("SELECT id || ' ' || version_number || ' ' || stage || ' ' || is_live AS v FROM knowledge_versions ORDER BY id");
    let versions: Vec<&str> = versions.iter().map(|row| row["v"].as_str().unwrap()).collect();
    assert_eq!(
        versions,
        [
            "g1 1 archived 0",
            "g2 2 live 1",
            "n1 1 live 1",
            "n2 2 archived 0",
            "w1 1 archived 0",
            "w2 2 live 1",
            "w3 3 draft 0"
        ]
    );
    let documents = database.rows("SELECT id || ' ' || coalesce(live_version_id, '-') || ' ' || coalesce(external_key, '-') AS d FROM knowledge_documents ORDER BY id");
    let documents: Vec<&str> = documents.iter().map(|row| row["d"].as_str().unwrap()).collect();
    assert_eq!(documents, ["named n1 x", "newest w2 -", "none - -", "stage g2 -"]);
    let second = "UPDATE knowledge_versions SET is_live = 1 WHERE id = 'n2'";
    assert!(database.try_script(second).unwrap_err().contains("UNIQUE"));
}

#[test]
fn every_tenant_table_has_its_org_and_an_index_on_it() {
    let database = Sqlite::migrated("migrations");
    let tables = database.rows(
        "SELECT m.name AS tbl FROM sqlite_master m JOIN pragma_table_info(m.name) c
          WHERE m.type = 'table' AND c.name = 'org_id' ORDER BY 1",
    );
    assert!(tables.len() > 25);
    // Found by their parent, which is indexed by org, or read by staff alone.
    let without = [
        "action_run_dlq",
        "billing_invoice_lines",
        "knowledge_chunks",
        "knowledge_embeddings",
        "knowledge_versions",
        "search_changes",
    ];
    for table in tables.iter().map(|row| row["tbl"].as_str().unwrap()) {
        let indexed = database.rows(&format!(
            "SELECT 1 FROM pragma_index_list('{table}') i JOIN pragma_index_info(i.name) c
              WHERE c.seqno = 0 AND c.name = 'org_id'",
        ));
        assert_eq!(indexed.is_empty(), without.contains(&table), "{table}");
    }
}

#[test]
fn seeds_can_be_applied_twice() {
    let database = Sqlite::migrated("migrations");
    let counts = |database: &Sqlite| {
        [
            "orgs",
            "users",
            "portal_sites",
            "knowledge_chunks",
            "chat_messages",
            "metrics_rollup",
            "audit_logs",
            "leads",
        ]
        .map(|table| database.value(&format!("SELECT count(*) FROM {table}")))
    };
    let seed = || {
        for (_, script) in sql_files(Path::new("seeds")) {
            database.run_script(&script);
        }
    };
    seed();
    let first = counts(&database);
    seed();
    assert_eq!(counts(&database), first);
    assert!(database.rows("PRAGMA foreign_key_check").is_empty());
}
