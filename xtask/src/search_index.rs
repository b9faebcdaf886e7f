//! Rebuilds `SEARCH` from `DB`. It holds nothing else, so that it may be emptied at any time.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::wrangler::{self, Database, Environment, Place};
use crate::{node, repo, stamp};

/// Bound one answer of wrangler.
const PAGE_ROWS: usize = 5_000;
const PAGE_CHARS: u64 = 4_000_000;
/// Statements are sent once there are so many: neither memory nor the file grows with the tables.
const FILE_BYTES: usize = 8_000_000;
/// Bytes of a content that go into one statement: as hexadecimal digits they double, and D1 takes 100 000.
const PIECE_BYTES: usize = 40_000;
/// Rows that one statement deletes, and such statements in a file: other queries have a turn in between.
const DELETED_AT_ONCE: i64 = 1_000;
const DELETIONS_PER_FILE: usize = 20;
/// Pages that one query compares; D1 takes five terms of a compound SELECT.
const COMPARED_AT_ONCE: usize = 4;

/// A table of the index and what it is filled from.
struct Table {
    name: &'static str,
    /// The row's id comes first.
    columns: &'static [&'static str],
    selection: &'static str,
    source: &'static str,
    /// What the rows of DB are read in the order of, and its type.
    place: &'static str,
    place_type: &'static str,
}

/// The passages of live versions.
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
    selection: "c.id AS chunk_id, c.org_id, c.version_id, v.document_id, d.source_id, d.title, \
                c.content, c.page_label",
    source: "knowledge_chunks c \
             JOIN knowledge_versions v ON v.id = c.version_id AND v.is_live = 1 AND v.stage = 'live' \
             JOIN knowledge_documents d ON d.id = v.document_id AND d.live_version_id = v.id \
             AND d.status = 'ready'",
    place: "c.id",
    place_type: "TEXT",
};

/// All messages, in the order they were stored, which the index keeps: it reads the newest first.
const MESSAGES: Table = Table {
    name: "messages",
    columns: &["message_id", "org_id", "session_id", "content"],
    selection: "m.id AS message_id, m.org_id, m.session_id, m.content",
    source: "chat_messages m",
    place: "m.rowid",
    place_type: "INTEGER",
};

impl Table {
    fn id(&self) -> &'static str {
        self.columns.first().copied().unwrap_or_default()
    }
}

/// Options of `cargo xtask search-rebuild`.
#[derive(Args)]
pub(crate) struct SearchRebuildArgs {
    /// A deployed environment; without it the local databases
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<Environment>,
}

/// Runs `cargo xtask search-rebuild`.
pub(crate) fn command(args: &SearchRebuildArgs) -> Result<()> {
    node::ensure_packages()?;
    rebuild(args.env.map_or(Place::Local, Place::Deployed))
}

/// Empties the index and fills it with every passage of the live knowledge and with every message.
pub(crate) fn rebuild(place: Place) -> Result<()> {
    eprintln!("Filling the full-text index with passages and messages …");
    let mut filling =
        Filling { statements: Statements { place, sql: String::new() }, sent: vec![], deleted: 0 };
    empty(&mut filling.statements)?;
    let passages = filling.read(&PASSAGES)?;
    let messages = filling.read(&MESSAGES)?;
    filling.settle()?;
    eprintln!("The full-text index was filled with {passages} passages and {messages} messages.");
    if filling.deleted > 0 {
        eprintln!("{} of them were deleted meanwhile and taken out again.", filling.deleted);
    }
    Ok(())
}

/// Takes everything out of the index, oldest first. This ends before anything is read: what the feed
/// writes from then on stays.
fn empty(statements: &mut Statements) -> Result<()> {
    // If DB was set back to an earlier state, its changes have lower numbers than the index has come to,
    // and the feed would pass them over. Those that are queued now are in the state that is read later.
    let queued = "SELECT CAST(coalesce(max(seq), 0) AS TEXT) AS seq FROM search_changes";
    let queued = wrangler::query(Database::Main, statements.place, queued)?;
    let seq = number(queued.first(), "seq")?;
    let index = "SELECT CAST((SELECT seq FROM feeds WHERE name = 'messages') AS TEXT) AS seq, \
                 CAST(coalesce((SELECT min(id) FROM passages), 1) AS TEXT) AS passages_first, \
                 CAST(coalesce((SELECT max(id) FROM passages), 0) AS TEXT) AS passages_last, \
                 CAST(coalesce((SELECT min(id) FROM messages), 1) AS TEXT) AS messages_first, \
                 CAST(coalesce((SELECT max(id) FROM messages), 0) AS TEXT) AS messages_last";
    let index = wrangler::query(Database::Search, statements.place, index)?;
    let index = index.first();
    if number(index, "seq")? > seq {
        statements.sql = format!("UPDATE feeds SET seq = {seq} WHERE name = 'messages';\n");
    }
    for table in [&PASSAGES, &MESSAGES] {
        let bound = |end: &str| number(index, &format!("{}_{end}", table.name));
        for deletions in
            deletions(table, bound("first")?, bound("last")?).chunks(DELETIONS_PER_FILE)
        {
            statements.sql.extend(deletions.iter().map(String::as_str));
            if deletions.len() == DELETIONS_PER_FILE {
                statements.send()?;
            }
        }
    }
    statements.send()
}

fn deletions(table: &Table, first: i64, last: i64) -> Vec<String> {
    let firsts = (0..).map_while(|at: i64| {
        let from = first.checked_add(at.checked_mul(DELETED_AT_ONCE)?)?;
        (from <= last).then_some(from)
    });
    let deletion = |from: i64| {
        let to = last.min(from.saturating_add(DELETED_AT_ONCE - 1));
        format!("DELETE FROM {} WHERE id BETWEEN {from} AND {to};\n", table.name)
    };
    firsts.map(deletion).collect()
}

/// What is written to the index, and has yet to be compared with DB.
struct Filling {
    statements: Statements,
    sent: Vec<Written>,
    /// How much of it was not there any more.
    deleted: usize,
}

/// Rows of a table that were read between two places.
#[cfg_attr(test, derive(Clone))]
struct Written {
    table: &'static Table,
    from: String,
    to: String,
    ids: Vec<String>,
}

impl Filling {
    /// Reads a table, page by page; gives the number of its rows.
    fn read(&mut self, table: &'static Table) -> Result<usize> {
        let mut count = 0_usize;
        let mut last = String::new();
        loop {
            let query = page_query(table, &last);
            let rows = wrangler::query(Database::Main, self.statements.place, &query)?;
            let Some(end) = rows.last() else { return Ok(count) };
            let mut ids = Vec::with_capacity(rows.len());
            for row in &rows {
                self.statements.sql.push_str(&insertion(table, row)?);
                ids.push(text(row, table.id())?.to_owned());
            }
            count += rows.len();
            let to = text(end, "place")?.to_owned();
            let from = std::mem::replace(&mut last, to.clone());
            self.sent.push(Written { table, from, to, ids });
            if self.statements.sql.len() > FILE_BYTES {
                self.settle()?;
            }
            let chars = end.get("so_far").and_then(Value::as_u64).unwrap_or(PAGE_CHARS);
            if rows.len() < PAGE_ROWS && chars < PAGE_CHARS {
                return Ok(count);
            }
        }
    }

    /// Sends what is waiting, then takes out again what was deleted after it had been read: the feed told
    /// of that while it was not in the index yet. What is deleted later, the feed finds.
    fn settle(&mut self) -> Result<()> {
        self.statements.send()?;
        for sent in std::mem::take(&mut self.sent).chunks(COMPARED_AT_ONCE) {
            let left = left_query(sent);
            let left = wrangler::query(Database::Main, self.statements.place, &left)?;
            for (table, id) in gone(sent, &left) {
                self.deleted += 1;
                let (table, column) = (table.name, table.id());
                let removal = format!("DELETE FROM {table} WHERE {column} = {};\n", literal(id));
                self.statements.sql.push_str(&removal);
            }
        }
        self.statements.send()
    }
}

/// What was written and is not left.
fn gone<'sent>(sent: &'sent [Written], left: &[Value]) -> Vec<(&'static Table, &'sent str)> {
    let left: HashSet<(&str, &str)> = left
        .iter()
        .filter_map(|row| Some((row.get("name")?.as_str()?, row.get("id")?.as_str()?)))
        .collect();
    let written = sent.iter().flat_map(|sent| sent.ids.iter().map(|id| (sent.table, id.as_str())));
    written.filter(|(table, id)| !left.contains(&(table.name, *id))).collect()
}

/// What is to be run in the index.
struct Statements {
    place: Place,
    sql: String,
}

impl Statements {
    fn send(&mut self) -> Result<()> {
        if self.sql.is_empty() {
            return Ok(());
        }
        let file = statements_file();
        repo::write(&file, std::mem::take(&mut self.sql))?;
        wrangler::execute_file(Database::Search, self.place, &file)?;
        repo::remove_file(&file)
    }
}

fn statements_file() -> PathBuf {
    repo::local().join("search-rebuild.sql")
}

/// The rows of DB after a place, as many as one answer can hold. Each has its own place, and how many
/// characters of content there are up to it.
fn page_query(table: &Table, after: &str) -> String {
    let Table { selection, source, place, place_type, .. } = table;
    format!(
        "SELECT * FROM (SELECT page.*, sum(length(content)) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) \
         AS so_far FROM (SELECT {place} AS at, CAST({place} AS TEXT) AS place, {selection} FROM {source} \
         WHERE {place} > CAST({} AS {place_type}) ORDER BY {place} LIMIT {PAGE_ROWS}) AS page) \
         WHERE so_far - length(content) < {PAGE_CHARS} ORDER BY at",
        literal(after)
    )
}

/// The ids of what there still is between the places of each.
fn left_query(sent: &[Written]) -> String {
    let left = sent.iter().map(|written| {
        let Table { name, selection, source, place, place_type, .. } = written.table;
        let id = selection.split(' ').next().unwrap_or_default();
        format!(
            "SELECT '{name}' AS name, {id} AS id FROM {source} \
             WHERE {place} > CAST({} AS {place_type}) AND {place} <= CAST({} AS {place_type})",
            literal(&written.from),
            literal(&written.to)
        )
    });
    left.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Puts a row into the index; a long content follows in further statements.
fn insertion(table: &Table, row: &Value) -> Result<String> {
    let content = pieces(text(row, "content")?);
    let (first, rest) = content.split_first().context("a text has at least one piece")?;
    let mut values = literal(&tenant_key(text(row, "org_id")?));
    for column in table.columns {
        let value = row.get(column).filter(|value| !value.is_null());
        let sql = match value {
            Some(_) if *column == "content" => literal(first),
            Some(value) => literal(value.as_str().with_context(|| unexpected(column))?),
            None => "NULL".to_owned(),
        };
        let _ = write!(values, ", {sql}");
    }
    let columns = table.columns.join(", ");
    // The feed may have been there in the meantime.
    let mut sql = format!(
        "INSERT INTO {} (tenant_key, {columns}) VALUES ({values}) ON CONFLICT DO NOTHING;\n",
        table.name
    );
    let id = literal(text(row, table.id())?);
    let mut bytes = first.len();
    for piece in rest {
        // Only to what the statements before this one wrote.
        let _ = writeln!(
            sql,
            "UPDATE {} SET content = content || {} WHERE {} = {id} \
             AND length(CAST(content AS BLOB)) = {bytes};",
            table.name,
            literal(piece),
            table.id()
        );
        bytes += piece.len();
    }
    Ok(sql)
}

/// A text in pieces that a statement can hold; at least one.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    while text.len() > PIECE_BYTES {
        let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE_BYTES));
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

fn number(row: Option<&Value>, column: &str) -> Result<i64> {
    let text = row.and_then(|row| row.get(column)).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).with_context(|| unexpected(column))
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
    use super::{
        MESSAGES, PASSAGES, Written, deletions, gone, insertion, left_query, literal, page_query,
        pieces, tenant_key,
    };
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
    fn a_page_begins_after_the_place_given() {
        assert!(page_query(&MESSAGES, "").contains("WHERE m.rowid > CAST('' AS INTEGER)"));
        assert!(page_query(&MESSAGES, "500").contains("WHERE m.rowid > CAST('500' AS INTEGER)"));
        assert!(page_query(&PASSAGES, "c_1").contains("WHERE c.id > CAST('c_1' AS TEXT)"));
    }

    #[test]
    fn what_was_deleted_meanwhile_is_taken_out_again() {
        let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
        let written = Written { table: &MESSAGES, from: "0".into(), to: "9".into(), ids };
        let passages = Written { table: &PASSAGES, from: String::new(), ..written.clone() };
        let sent = [written, passages];
        let query = left_query(&sent);
        assert!(
            query.starts_with(
                "SELECT 'messages' AS name, m.id AS id FROM chat_messages m \
                 WHERE m.rowid > CAST('0' AS INTEGER) AND m.rowid <= CAST('9' AS INTEGER) \
                 UNION ALL SELECT 'passages' AS name, c.id AS id FROM knowledge_chunks c JOIN"
            ),
            "{query}"
        );
        let left = [("messages", "c"), ("messages", "a"), ("passages", "b"), ("passages", "c")];
        let left = left.map(|(name, id)| json!({"name": name, "id": id}));
        let gone: Vec<_> =
            gone(&sent, &left).into_iter().map(|(table, id)| (table.name, id)).collect();
        assert_eq!(gone, [("messages", "b"), ("passages", "a")]);
    }

    #[test]
    fn the_index_is_emptied_in_chunks() {
        assert!(deletions(&MESSAGES, 1, 0).is_empty());
        let chunks = deletions(&MESSAGES, 5, 2_004);
        assert_eq!(
            chunks,
            [
                "DELETE FROM messages WHERE id BETWEEN 5 AND 1004;\n",
                "DELETE FROM messages WHERE id BETWEEN 1005 AND 2004;\n"
            ]
        );
        assert_eq!(deletions(&MESSAGES, 5, 2_005).len(), 3);
        assert_eq!(
            deletions(&PASSAGES, 1, 1),
            ["DELETE FROM passages WHERE id BETWEEN 1 AND 1;\n"]
        );
    }

    #[test]
    fn a_long_content_goes_in_pieces_that_a_statement_can_hold() -> anyhow::Result<()> {
        assert_eq!(pieces(""), [""]);
        let content = "é😀;".repeat(20_000);
        assert_eq!(pieces(&content).concat(), content);
        let row = json!({"message_id": "m", "org_id": "o", "session_id": "s", "content": content});
        let sql = insertion(&MESSAGES, &row)?;
        assert_eq!(sql.lines().count(), 4);
        assert!(sql.lines().all(|statement| statement.len() < 100_000));
        let written: Vec<usize> = pieces(&content).iter().map(|piece| piece.len()).collect();
        let second = sql.lines().nth(2).unwrap_or_default();
        let expected = format!(
            "WHERE message_id = 'm' AND length(CAST(content AS BLOB)) = {};",
            written[0] + written[1]
        );
        assert!(second.starts_with("UPDATE messages SET content = content || CAST(X'"));
        assert!(second.ends_with(&expected), "{expected}");
        Ok(())
    }
}
