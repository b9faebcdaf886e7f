//! Rebuilds `SEARCH` from `DB`. It holds nothing else, so that it may be emptied at any time.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::wrangler::{self, Database, Environment, Place};
use crate::{repo, setup, stamp};

/// Bounds one answer of wrangler; a passage has a few kilobytes at most.
const PAGE_ROWS: usize = 500;
/// Statements are sent once there are so many: neither memory nor the file grows with the tables.
const FILE_BYTES: usize = 8_000_000;

/// A table of the index and what it is filled from.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// The rows of DB after the one given.
    page_query: fn(&Value) -> Result<String>,
}

const PASSAGES: Table = Table {
    name: "passages",
    columns: &[
        "chunk_id",
        "org_id",
        "source_id",
        "document_id",
        "version_id",
        "title",
        "content",
        "page_label",
    ],
    page_query: passages_query,
};

const MESSAGES: Table = Table {
    name: "messages",
    columns: &["message_id", "org_id", "session_id", "content"],
    page_query: messages_query,
};

/// Options of `cargo xtask search-rebuild`.
#[derive(Args)]
pub(crate) struct SearchRebuildArgs {
    /// A deployed environment; without it the local databases
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<Environment>,
}

/// Runs `cargo xtask search-rebuild`.
pub(crate) fn command(args: &SearchRebuildArgs) -> Result<()> {
    setup::for_serving()?;
    rebuild(args.env.map_or(Place::Local, Place::Deployed))
}

/// Empties the index and fills it with every passage of the live knowledge and with every message.
pub(crate) fn rebuild(place: Place) -> Result<()> {
    eprintln!("Rebuilding the full-text index …");
    // The number that the feed has come to starts anew: DB may have been set back to an earlier state.
    let start = "DELETE FROM passages;\nDELETE FROM messages;\n\
                 UPDATE feeds SET seq = 0 WHERE name = 'messages';\n";
    let mut statements = Statements { place, sql: start.to_owned() };
    let passages = refill(&mut statements, &PASSAGES)?;
    let messages = refill(&mut statements, &MESSAGES)?;
    statements.send()?;
    eprintln!("The full-text index holds {passages} passages and {messages} messages.");
    Ok(())
}

/// Fills a table, page by page; gives the number of its rows.
fn refill(statements: &mut Statements, table: &Table) -> Result<usize> {
    let mut count = 0_usize;
    let mut last = Value::Null;
    loop {
        let query = (table.page_query)(&last)?;
        let rows = wrangler::query(Database::Main, statements.place, &query)?;
        for row in &rows {
            statements.sql.push_str(&insertion(table, row)?);
        }
        count += rows.len();
        if statements.sql.len() > FILE_BYTES {
            statements.send()?;
        }
        match rows.last().filter(|_| rows.len() == PAGE_ROWS) {
            Some(row) => last = row.clone(),
            None => return Ok(count),
        }
    }
}

/// What is to be run in the index.
struct Statements {
    place: Place,
    sql: String,
}

impl Statements {
    fn send(&mut self) -> Result<()> {
        let file = statements_file();
        repo::write(&file, std::mem::take(&mut self.sql))?;
        wrangler::execute_file(Database::Search, self.place, &file)?;
        repo::remove_file(&file)
    }
}

fn statements_file() -> PathBuf {
    repo::local().join("search-rebuild.sql")
}

/// The passages of live versions after the one given, in the order of their ids.
fn passages_query(last: &Value) -> Result<String> {
    let last_id = if last.is_null() { "" } else { text(last, "chunk_id")? };
    Ok(format!(
        "SELECT c.id AS chunk_id, c.org_id, c.version_id, v.document_id, d.source_id, d.title, \
         c.content, c.page_label FROM knowledge_chunks c \
         JOIN knowledge_versions v ON v.id = c.version_id AND v.is_live = 1 AND v.stage = 'live' \
         JOIN knowledge_documents d ON d.id = v.document_id AND d.live_version_id = v.id \
         AND d.status = 'ready' WHERE c.id > {} ORDER BY c.id LIMIT {PAGE_ROWS}",
        literal(last_id)
    ))
}

/// The messages after the one given, in the order they were stored, which the index keeps: it reads the
/// newest first.
fn messages_query(last: &Value) -> Result<String> {
    let last_place = if last.is_null() { "0" } else { text(last, "place")? };
    Ok(format!(
        "SELECT CAST(m.rowid AS TEXT) AS place, m.id AS message_id, m.org_id, m.session_id, m.content \
         FROM chat_messages m WHERE m.rowid > CAST({} AS INTEGER) ORDER BY m.rowid LIMIT {PAGE_ROWS}",
        literal(last_place)
    ))
}

fn insertion(table: &Table, row: &Value) -> Result<String> {
    let tenant_key = tenant_key(text(row, "org_id")?);
    let mut values = literal(&tenant_key);
    for column in table.columns {
        let value = row.get(column).filter(|value| !value.is_null());
        let sql = match value {
            Some(value) => literal(value.as_str().with_context(|| unexpected(column))?),
            None => "NULL".to_owned(),
        };
        let _ = write!(values, ", {sql}");
    }
    let columns = table.columns.join(", ");
    // The feed may have been there in the meantime.
    Ok(format!(
        "INSERT INTO {} (tenant_key, {columns}) VALUES ({values}) ON CONFLICT DO NOTHING;\n",
        table.name
    ))
}

fn text<'row>(row: &'row Value, column: &str) -> Result<&'row str> {
    row.get(column).and_then(Value::as_str).with_context(|| unexpected(column))
}

fn unexpected(column: &str) -> String {
    format!("DB answered a row whose {column} is not text; are its migrations applied?")
}

/// The organisation as one word of the full-text query language: an id such as `org_dental` would
/// be two words to the tokenizer.
fn tenant_key(org_id: &str) -> String {
    let digest = digest(&SHA256, org_id.as_bytes());
    format!("t{}", stamp::hex(digest.as_ref().get(..8).unwrap_or_default()))
}

/// A text as an SQL expression. What is not plain goes as its bytes: quotes, line ends, semicolons
/// and NUL then mean nothing to whoever splits or parses the statement.
fn literal(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-.,:/".contains(c);
    if text.chars().all(is_plain) && !text.contains("--") {
        return format!("'{text}'");
    }
    format!("CAST(X'{}' AS TEXT)", stamp::hex(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{PASSAGES, insertion, literal, messages_query, tenant_key};
    use serde_json::json;

    #[test]
    fn a_tenant_key_is_one_word() {
        let key = tenant_key("org_dental");
        assert_eq!(key.len(), 17);
        assert!(key.starts_with('t') && key.chars().all(|c| c.is_ascii_alphanumeric()), "{key}");
        assert_ne!(key, tenant_key("org_chadis"));
    }

    #[test]
    fn only_plain_texts_are_quoted() {
        assert_eq!(literal("org_dental"), "'org_dental'");
        assert_eq!(literal("it's"), "CAST(X'69742773' AS TEXT)");
        assert_eq!(literal("a\0;\n--"), "CAST(X'61003b0a2d2d' AS TEXT)");
    }

    #[test]
    fn a_missing_label_is_null_and_a_missing_text_is_refused() -> anyhow::Result<()> {
        let row = json!({"chunk_id": "c", "org_id": "o", "version_id": "v", "document_id": "d",
            "source_id": "s", "title": "t", "content": "x", "page_label": null});
        let sql = insertion(&PASSAGES, &row)?;
        assert!(sql.ends_with("'x', NULL) ON CONFLICT DO NOTHING;\n"), "{sql}");
        assert!(insertion(&PASSAGES, &json!({"chunk_id": 1})).is_err());
        Ok(())
    }

    #[test]
    fn messages_are_read_in_the_order_they_were_stored() -> anyhow::Result<()> {
        assert!(messages_query(&json!(null))?.contains("m.rowid > CAST('0' AS INTEGER)"));
        assert!(messages_query(&json!({"place": "500"}))?.contains("CAST('500' AS INTEGER)"));
        assert!(messages_query(&json!({"place": 500})).is_err());
        Ok(())
    }
}
