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
            "site_keys",
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
