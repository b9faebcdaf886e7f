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

const COLUMNS: [&str; 8] = [
    "chunk_id",
    "org_id",
    "source_id",
    "document_id",
    "version_id",
    "title",
    "content",
    "page_label",
];

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

/// Empties the index and fills it with every passage of the live knowledge.
pub(crate) fn rebuild(place: Place) -> Result<()> {
    eprintln!("Rebuilding the full-text index …");
    let mut sql = "DELETE FROM passages;\n".to_owned();
    let mut passages = 0_usize;
    let mut last_id = String::new();
    loop {
        let rows = wrangler::query(Database::Main, place, &page_query(&last_id))?;
        for row in &rows {
            sql.push_str(&insertion(row)?);
        }
        passages += rows.len();
        match rows.last().filter(|_| rows.len() == PAGE_ROWS) {
            Some(row) => text(row, "chunk_id")?.clone_into(&mut last_id),
            None => break,
        }
    }
    let file = statements_file();
    repo::write(&file, sql)?;
    wrangler::execute_file(Database::Search, place, &file)?;
    repo::remove_file(&file)?;
    eprintln!("The full-text index holds {passages} passages.");
    Ok(())
}

fn statements_file() -> PathBuf {
    repo::local().join("search-rebuild.sql")
}

/// The passages of live versions after the one given, in the order of their ids.
fn page_query(last_id: &str) -> String {
    format!(
        "SELECT c.id AS chunk_id, c.org_id, c.version_id, v.document_id, d.source_id, d.title, \
         c.content, c.page_label FROM knowledge_chunks c \
         JOIN knowledge_versions v ON v.id = c.version_id AND v.is_live = 1 AND v.stage = 'live' \
         JOIN knowledge_documents d ON d.id = v.document_id AND d.live_version_id = v.id \
         AND d.status = 'ready' WHERE c.id > {} ORDER BY c.id LIMIT {PAGE_ROWS}",
        literal(last_id)
    )
}

fn insertion(row: &Value) -> Result<String> {
    let tenant_key = tenant_key(text(row, "org_id")?);
    let mut values = literal(&tenant_key);
    for column in COLUMNS {
        let value = row.get(column).filter(|value| !value.is_null());
        let sql = match value {
            Some(value) => literal(value.as_str().with_context(|| unexpected(column))?),
            None => "NULL".to_owned(),
        };
        let _ = write!(values, ", {sql}");
    }
    Ok(format!("INSERT INTO passages (tenant_key, {}) VALUES ({values});\n", COLUMNS.join(", ")))
}

fn text<'row>(row: &'row Value, column: &str) -> Result<&'row str> {
    row.get(column).and_then(Value::as_str).with_context(|| unexpected(column))
}

fn unexpected(column: &str) -> String {
    format!("DB answered a passage whose {column} is not text; are its migrations applied?")
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
    use super::{insertion, literal, tenant_key};
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
        assert!(insertion(&row)?.ends_with("'x', NULL);\n"));
        assert!(insertion(&json!({"chunk_id": 1})).is_err());
        Ok(())
    }
}
