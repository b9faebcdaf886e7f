//! Puts an export of D1 in an order that an empty database can take.
//!
//! An export gives each table with its rows, and at its end the triggers, or the schema and the rows in a
//! file each. Read as they are, a table refers to one that is not there yet, or the triggers count,
//! sum and queue every row once more. Uses the standard library alone, as a test of the application
//! compiles this file as well.

use std::io::{self, BufRead, Write};

/// D1 takes no longer statement.
const STATEMENT_BYTES: usize = 100_000;
/// The words that tell what a statement is: `CREATE TABLE IF NOT EXISTS <name>` is the longest.
const HEAD_WORDS: usize = 6;

/// Where the statements go, in the order in which they are to be run.
pub(crate) struct Ordered<W> {
    /// Tables and indexes.
    pub(crate) tables: W,
    /// Rows.
    pub(crate) rows: W,
    /// Triggers and views.
    pub(crate) triggers: W,
    /// What was written.
    pub(crate) counts: Counts,
}

/// How many statements there were.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tables; their indexes are not counted.
    pub(crate) tables: usize,
    pub(crate) rows: usize,
    pub(crate) triggers: usize,
    /// Rows that were left out: of the index's queue, and of tables that others keep.
    pub(crate) rows_left_out: usize,
    /// Rows of statements that are longer than D1 takes.
    pub(crate) rows_too_long: usize,
}

impl<W: Write> Ordered<W> {
    /// Begins the files.
    pub(crate) fn new(tables: W, mut rows: W, triggers: W) -> io::Result<Self> {
        // Rows refer to such as come later.
        writeln!(rows, "PRAGMA defer_foreign_keys = TRUE;")?;
        Ok(Self { tables, rows, triggers, counts: Counts::default() })
    }

    /// Adds the statements of an export, or of one of its two files.
    pub(crate) fn add(&mut self, mut export: impl BufRead) -> io::Result<()> {
        while let Some(statement) = next_statement(&mut export)? {
            self.write(&statement)?;
        }
        Ok(())
    }

    fn write(&mut self, statement: &Statement) -> io::Result<()> {
        let out = match statement.kind()? {
            Kind::Nothing => return Ok(()),
            Kind::RowLeftOut => {
                self.counts.rows_left_out += 1;
                return Ok(());
            }
            Kind::Table => {
                self.counts.tables += 1;
                &mut self.tables
            }
            Kind::Index => &mut self.tables,
            Kind::Row => {
                self.counts.rows += 1;
                self.counts.rows_too_long += usize::from(statement.text.len() > STATEMENT_BYTES);
                &mut self.rows
            }
            Kind::Trigger => {
                self.counts.triggers += 1;
                &mut self.triggers
            }
        };
        out.write_all(statement.text.trim_ascii())?;
        out.write_all(b"\n")
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Table,
    Index,
    Row,
    RowLeftOut,
    /// Also a view.
    Trigger,
    /// Nothing that the database would keep.
    Nothing,
}

struct Statement {
    text: Vec<u8>,
    head: Vec<String>,
}

impl Statement {
    fn kind(&self) -> io::Result<Kind> {
        let head: Vec<String> = self.head.iter().map(|word| word.to_ascii_uppercase()).collect();
        let words: Vec<&str> = head.iter().map(String::as_str).collect();
        let kept = |name: &str, kind| if is_kept_by_others(name) { Kind::Nothing } else { kind };
        let kind = match words.as_slice() {
            [] | ["PRAGMA" | "ANALYZE" | "BEGIN" | "COMMIT", ..] => Kind::Nothing,
            ["DELETE", "FROM", name] if is_kept_by_others(name) => Kind::Nothing,
            ["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, ..]
            | ["CREATE", "TABLE", name, ..] => kept(name, Kind::Table),
            ["CREATE", "INDEX", ..] | ["CREATE", "UNIQUE", "INDEX", ..] => Kind::Index,
            ["CREATE", "TRIGGER" | "VIEW", ..] => Kind::Trigger,
            ["INSERT" | "REPLACE", "INTO", name, ..] | ["INSERT", "OR", _, "INTO", name, ..] => {
                // The index is filled anew afterwards, which leaves nothing to queue.
                if is_kept_by_others(name) || *name == "SEARCH_CHANGES" {
                    Kind::RowLeftOut
                } else {
                    Kind::Row
                }
            }
            _ => {
                let begin = self.text.trim_ascii();
                let begin = String::from_utf8_lossy(begin.get(..60).unwrap_or(begin)).into_owned();
                return Err(io::Error::other(format!("an export has no such statement: {begin}")));
            }
        };
        Ok(kind)
    }
}

/// Whether a table is the engine's own: `sqlite_sequence`, which follows the rows by itself, or one of D1's.
fn is_kept_by_others(name: &str) -> bool {
    name.starts_with("SQLITE_") || name.starts_with("_CF_")
}

/// Reads up to the end of a statement; none at the end of the file.
fn next_statement(export: &mut impl BufRead) -> io::Result<Option<Statement>> {
    let mut text = Vec::new();
    let mut scanner = Scanner::default();
    loop {
        let from = text.len();
        export.read_until(b';', &mut text)?;
        let read = text.get(from..).unwrap_or_default();
        for (at, byte) in read.iter().enumerate() {
            scanner.take(*byte, read.get(at + 1).copied());
        }
        if scanner.is_complete {
            return Ok(Some(Statement { text, head: scanner.head }));
        }
        if read.last() != Some(&b';') {
            scanner.end_word(false);
            return match scanner {
                Scanner { within: Within::Quotes(_) | Within::BlockComment, .. } => Err(cut_off()),
                Scanner { head, .. } if !head.is_empty() => Err(cut_off()),
                _ => Ok(None),
            };
        }
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the export ends in the middle of a statement")
}

#[derive(Clone, Copy, Default)]
enum Within {
    #[default]
    Plain,
    /// Up to this byte; one that is doubled ends the quotes and begins new ones.
    Quotes(u8),
    LineComment,
    BlockComment,
}

/// What was read last, white space and comments aside.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Semicolon,
    /// An END right after a semicolon.
    EndOfBody,
}

/// Tells where a statement ends: at a semicolon that is not quoted and in no comment; in a trigger, at the
/// one after an END that follows a semicolon, as the END of a CASE does not.
#[derive(Default)]
struct Scanner {
    within: Within,
    word: Vec<u8>,
    head: Vec<String>,
    last: Last,
    is_complete: bool,
    /// The next byte belongs to a pair that was taken already.
    skips: bool,
}

impl Scanner {
    fn take(&mut self, byte: u8, next: Option<u8>) {
        if std::mem::take(&mut self.skips) {
            return;
        }
        match self.within {
            Within::Plain => self.take_plain(byte, next),
            Within::Quotes(end) if byte == end => {
                self.end_word(true);
                self.within = Within::Plain;
            }
            Within::Quotes(_) => {
                if self.head.len() < HEAD_WORDS {
                    self.word.push(byte);
                }
            }
            Within::LineComment if byte == b'\n' => self.within = Within::Plain,
            Within::BlockComment if byte == b'*' && next == Some(b'/') => {
                self.skips = true;
                self.within = Within::Plain;
            }
            Within::LineComment | Within::BlockComment => {}
        }
    }

    fn take_plain(&mut self, byte: u8, next: Option<u8>) {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii() {
            self.word.push(byte);
            return;
        }
        self.end_word(false);
        match (byte, next) {
            (b'-', Some(b'-')) => self.within = Within::LineComment,
            (b'/', Some(b'*')) => {
                self.skips = true;
                self.within = Within::BlockComment;
            }
            (b'\'' | b'"' | b'`', _) => self.within = Within::Quotes(byte),
            (b'[', _) => self.within = Within::Quotes(b']'),
            (b';', _) => {
                self.is_complete = !self.is_trigger() || self.last == Last::EndOfBody;
                self.last = Last::Semicolon;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => self.last = Last::Other,
        }
    }

    fn end_word(&mut self, is_quoted: bool) {
        if self.word.is_empty() {
            return;
        }
        let is_end = !is_quoted && self.word.eq_ignore_ascii_case(b"END");
        let ends_body = is_end && self.last == Last::Semicolon;
        self.last = if ends_body { Last::EndOfBody } else { Last::Other };
        let word = std::mem::take(&mut self.word);
        if self.head.len() < HEAD_WORDS {
            self.head.push(String::from_utf8_lossy(&word).into_owned());
        }
    }

    fn is_trigger(&self) -> bool {
        let is = |at: usize, words: &[&str]| {
            self.head.get(at).is_some_and(|word| words.iter().any(|w| w.eq_ignore_ascii_case(word)))
        };
        is(0, &["CREATE"])
            && (is(1, &["TRIGGER"]) || is(1, &["TEMP", "TEMPORARY"]) && is(2, &["TRIGGER"]))
    }
}
