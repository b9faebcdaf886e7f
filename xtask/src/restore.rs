//! Makes the files from which `DB` is restored out of an export.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::sql_export::Ordered;

/// The files in the order in which they are to be run.
const FILES: [&str; 3] = ["1-tables.sql", "2-rows.sql", "3-triggers.sql"];

/// Options of `cargo xtask restore-files`.
#[derive(Args)]
pub(crate) struct RestoreFilesArgs {
    /// What `wrangler d1 export` wrote: one file, or the schema's and the rows'
    #[arg(required = true, value_name = "EXPORT")]
    exports: Vec<PathBuf>,
    /// The folder for the files; those of an earlier call are replaced
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Runs `cargo xtask restore-files`: prints the names of the files in their order.
pub(crate) fn command(args: &RestoreFilesArgs) -> Result<()> {
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create {}", args.out.display()))?;
    let paths = FILES.map(|name| args.out.join(name));
    let [tables, rows, triggers] = &paths;
    let mut ordered = Ordered::new(created(tables)?, created(rows)?, created(triggers)?)?;
    for export in &args.exports {
        let file =
            File::open(export).with_context(|| format!("cannot read {}", export.display()))?;
        ordered
            .add(BufReader::new(file))
            .with_context(|| format!("{} cannot be restored", export.display()))?;
    }
    for file in [&mut ordered.tables, &mut ordered.rows, &mut ordered.triggers] {
        file.flush().context("the files could not be written to their end")?;
    }
    let counts = &ordered.counts;
    if counts.tables == 0 || counts.rows == 0 {
        bail!(
            "the export has {} tables and {} rows; give both files of an export that was made with \
             --no-data and --no-schema",
            counts.tables,
            counts.rows
        );
    }
    eprintln!(
        "{} tables, {} rows and {} triggers; {} rows were left out.",
        counts.tables, counts.rows, counts.triggers, counts.rows_left_out
    );
    if counts.rows_too_long > 0 {
        eprintln!(
            "{} rows are longer than the 100 000 bytes that D1 takes as one statement; {} will be refused \
             until they are shortened.",
            counts.rows_too_long,
            rows.display()
        );
    }
    for path in &paths {
        println!("{}", path.display());
    }
    Ok(())
}

/// A file that only its owner may read: exports hold personal data.
fn created(path: &Path) -> Result<BufWriter<File>> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    opened.map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use crate::sql_export::{Counts, Ordered};

    fn ordered(export: &str) -> std::io::Result<(String, String, String, Counts)> {
        let mut ordered = Ordered::new(Vec::new(), Vec::new(), Vec::new())?;
        ordered.add(export.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = text(&ordered.rows);
        let rows = rows.strip_prefix("PRAGMA defer_foreign_keys = TRUE;\n").unwrap_or_default();
        Ok((text(&ordered.tables), rows.to_owned(), text(&ordered.triggers), ordered.counts))
    }

    #[test]
    fn each_kind_of_statement_has_its_file() -> anyhow::Result<()> {
        let export = "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE a (id TEXT);\n\
            INSERT INTO \"a\" (\"id\") VALUES('1');\nCREATE TABLE IF NOT EXISTS \"b\" (id);\n\
            create unique index x ON a (id);\nCREATE VIEW v AS SELECT 1;\n\
            CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n";
        let (tables, rows, triggers, counts) = ordered(export)?;
        assert_eq!(
            tables,
            "CREATE TABLE a (id TEXT);\nCREATE TABLE IF NOT EXISTS \"b\" (id);\n\
             create unique index x ON a (id);\n"
        );
        assert_eq!(rows, "INSERT INTO \"a\" (\"id\") VALUES('1');\n");
        assert_eq!(
            triggers,
            "CREATE VIEW v AS SELECT 1;\n\
             CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n"
        );
        assert_eq!((counts.tables, counts.rows, counts.triggers), (2, 1, 2));
        Ok(())
    }

    #[test]
    fn a_semicolon_in_a_text_a_name_or_a_comment_ends_nothing() -> anyhow::Result<()> {
        for statement in [
            "INSERT INTO a VALUES('it''s; -- /* ');",
            "INSERT INTO a VALUES('\n\nCREATE TABLE x (y);\nEND;\n');",
            "INSERT INTO \"a;\" VALUES(X'3b', \"b;\", `c;`, [d;]);",
            "INSERT INTO a -- one; it's\n VALUES(1);",
            "INSERT INTO a /* one; \" /*/ VALUES(1 / 2 - 1, '*/');",
            "INSERT INTO a VALUES('');",
        ] {
            let (_, rows, _, counts) = ordered(&format!("{statement}\n{statement}"))?;
            assert_eq!((rows, counts.rows), (format!("{statement}\n{statement}\n"), 2));
        }
        Ok(())
    }

    #[test]
    fn a_trigger_ends_with_the_end_of_its_body() -> anyhow::Result<()> {
        for trigger in [
            "CREATE TRIGGER t AFTER UPDATE ON a BEGIN\n UPDATE b SET c = CASE WHEN 1 THEN 2 END;\n END;",
            "CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 'x; END;'; /* ; */ -- END;\n END ;",
            "create temp trigger t after insert on a when new.x = 1 begin select 1; select 2; end;",
            "CREATE TRIGGER \"end\" BEFORE DELETE ON a BEGIN SELECT \"END\"; SELECT \"END\"; END;",
        ] {
            let trigger = trigger.replace("temp ", "");
            let (_, rows, triggers, counts) =
                ordered(&format!("{trigger} INSERT INTO a VALUES (1);"))?;
            assert_eq!(triggers, format!("{trigger}\n"));
            assert_eq!((rows.as_str(), counts.triggers), ("INSERT INTO a VALUES (1);\n", 1));
        }
        Ok(())
    }

    #[test]
    fn the_queue_and_what_others_keep_are_left_out() -> anyhow::Result<()> {
        let export = "BEGIN TRANSACTION; DELETE FROM sqlite_sequence; ; -- nothing; here\n\
            INSERT INTO \"sqlite_sequence\" (\"name\",\"seq\") VALUES('search_changes',9);\n\
            INSERT INTO search_changes VALUES(9,'o','m'); INSERT INTO \"_cf_KV\" VALUES(1);\n\
            CREATE TABLE _cf_KV (a); ANALYZE sqlite_schema; COMMIT; /* the end */\n";
        let (tables, rows, triggers, counts) = ordered(export)?;
        assert_eq!((tables + &rows + &triggers).as_str(), "");
        assert_eq!(counts, Counts { rows_left_out: 3, ..Counts::default() });
        Ok(())
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_refused() {
        for export in [
            "INSERT INTO a VALUES('x;",
            "CREATE TABLE a (id)",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;",
            "CREATE TABLE a (id); /* never ended",
            "DELETE FROM a;",
            "DROP TABLE a;",
            "CREATE VIRTUAL TABLE f USING fts5 (a);",
        ] {
            assert!(ordered(export).is_err(), "{export}");
        }
    }

    #[test]
    fn rows_that_are_too_long_for_a_statement_are_counted() -> anyhow::Result<()> {
        let long = format!("INSERT INTO a VALUES('{}');", "x".repeat(100_000));
        assert_eq!(ordered(&long)?.3, Counts { rows: 1, rows_too_long: 1, ..Counts::default() });
        Ok(())
    }
}
