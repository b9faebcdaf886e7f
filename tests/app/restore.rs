//! A database comes back from its export as it was.

use std::io::{self, Write};
use std::path::Path;

use crate::support::sqlite::{Sqlite, sql_files};

#[path = "../../xtask/src/sql_export.rs"]
mod sql_export;

use sql_export::Ordered;

fn seeded() -> Sqlite {
    let database = Sqlite::migrated("migrations");
    for (_, script) in sql_files(Path::new("seeds")) {
        database.run_script(&script);
    }
    database
}

fn texts(database: &Sqlite, sql: &str) -> Vec<String> {
    let rows = database.rows(sql);
    rows.iter().map(|row| row["t"].as_str().unwrap().to_owned()).collect()
}

/// The statements that `wrangler d1 export` writes: each table with its rows, then the rest.
fn export(database: &Sqlite, with_schema: bool, with_rows: bool) -> Vec<String> {
    let mut out = vec!["PRAGMA defer_foreign_keys=TRUE;\n".to_owned()];
    let mut add = |statement: &str| out.push(format!("{statement};\n"));
    let tables = "SELECT name AS t FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL
                   ORDER BY name = 'sqlite_sequence', rowid";
    for table in texts(database, tables) {
        if with_schema && table == "sqlite_sequence" {
            add("DELETE FROM sqlite_sequence");
        } else if with_schema {
            let sql = format!("SELECT sql AS t FROM sqlite_schema WHERE name = '{table}'");
            add(&texts(database, &sql)[0]);
        }
        if with_rows {
            // Without generated columns.
            let columns =
                texts(database, &format!("SELECT name AS t FROM pragma_table_info('{table}')"));
            let names = columns.join("\",\"");
            let values = columns.iter().map(|column| format!("quote(\"{column}\")"));
            let values = values.collect::<Vec<_>>().join(" || ',' || ");
            let insertion = format!("INSERT INTO \"{table}\" (\"{names}\") VALUES(");
            let sql = format!("SELECT '{insertion}' || {values} || ')' AS t FROM \"{table}\"");
            for row in texts(database, &sql) {
                add(&row);
            }
        }
    }
    if with_schema {
        let rest = "SELECT sql AS t FROM sqlite_schema WHERE type <> 'table' AND sql NOT NULL
                     ORDER BY type COLLATE NOCASE DESC";
        for sql in texts(database, rest) {
            add(&sql);
        }
    }
    out
}

/// A file that remembers what it was given at a time: a statement each, as D1's limit is one on statements.
#[derive(Default)]
struct Statements(Vec<String>);

impl Write for Statements {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.push(String::from_utf8(piece.to_vec()).unwrap());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a file as D1 does, in one transaction.
fn run(database: &Sqlite, file: &[String]) -> Result<(), String> {
    database.run_script("BEGIN");
    file.iter().try_for_each(|statement| database.try_script(statement))?;
    database.try_script("COMMIT")
}

fn restored(exports: &[Vec<String>]) -> Sqlite {
    let file = Statements::default;
    let mut ordered = Ordered::new(file(), file(), file()).unwrap();
    for export in exports {
        ordered.add(export.concat().as_bytes()).unwrap();
    }
    assert!(ordered.counts.tables > 40 && ordered.counts.triggers > 15, "{:?}", ordered.counts);
    assert!(ordered.counts.rows > 100 && ordered.counts.rows_left_out > 0, "{:?}", ordered.counts);
    assert_eq!(ordered.counts.rows_too_long, 0);
    let database = Sqlite::empty();
    for Statements(file) in [ordered.tables, ordered.rows, ordered.triggers] {
        run(&database, &file).unwrap();
    }
    database
}

const TABLES: &str = "SELECT name AS t FROM sqlite_schema
                       WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const DEFINITIONS: &str = "SELECT type || ' ' || name || ': ' || sql AS t FROM sqlite_schema
                            WHERE sql NOT NULL ORDER BY 1";

fn assert_same(database: &Sqlite, other: &Sqlite) {
    assert_eq!(texts(database, DEFINITIONS), texts(other, DEFINITIONS));
    for table in texts(database, TABLES) {
        let rows = |database: &Sqlite| {
            let rows = database.rows(&format!("SELECT * FROM \"{table}\""));
            let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
            rows.sort();
            rows
        };
        // The index is filled anew after a restore.
        let expected = if table == "search_changes" { Vec::new() } else { rows(database) };
        assert!(rows(other) == expected, "{table}");
    }
    assert!(other.rows("PRAGMA foreign_key_check").is_empty());
}

#[test]
fn an_export_of_one_file_is_restored() {
    let database = seeded();
    let export = export(&database, true, true);
    assert_same(&database, &restored(&[export]));
}

#[test]
fn an_export_of_a_file_for_the_schema_and_one_for_the_rows_is_restored() {
    let database = seeded();
    let exports = [export(&database, true, false), export(&database, false, true)];
    assert_same(&database, &restored(&exports));
}

#[test]
fn what_is_restored_counts_and_queues_from_then_on() {
    let database = restored(&[export(&seeded(), true, true)]);
    let members = || database.value("SELECT sum(member_count) FROM orgs").as_i64().unwrap();
    let before = members();
    assert_eq!(
        database.value("SELECT count(*) FROM user_memberships").as_i64(),
        Some(before),
        "each counted once"
    );
    database.run_script(
        "DELETE FROM user_memberships WHERE id = (SELECT min(id) FROM user_memberships);
         UPDATE chat_messages SET content = 'x' WHERE id = (SELECT min(id) FROM chat_messages);",
    );
    assert_eq!(members(), before - 1);
    assert_eq!(database.value("SELECT count(*) FROM search_changes"), 1);
    assert!(database.try_script("DELETE FROM audit_logs").is_err());
}

#[test]
fn an_export_cannot_be_read_as_it_is() {
    let database = seeded();
    let refusal = run(&Sqlite::empty(), &export(&database, true, true)).unwrap_err();
    assert!(refusal.contains("no such table: main.knowledge_versions"), "{refusal}");
    let both = [export(&database, true, false), export(&database, false, true)].concat();
    let refusal = run(&Sqlite::empty(), &both).unwrap_err();
    assert!(refusal.contains("UNIQUE"), "{refusal}");
}
