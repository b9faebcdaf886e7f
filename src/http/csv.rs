//! Lists as CSV files (RFC 4180, UTF-8 with a byte order mark), sent page by page, so that an export of any length needs the
//! memory of one page.
//!
//! A failure after the first page ends the body with an error: the client sees a broken transfer and no
//! short file that looks whole.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::{HeaderValue, header};
use http_body::Frame;
use serde_json::json;

use crate::app::{BoxFuture, Op};
use crate::audit::{Entry, reading_insert};
use crate::auth::permission::{Actor, Tenant};
use crate::config::LogLevel;
use crate::error::{Error, Result};

/// Rows read at a time.
pub const PAGE_ROWS: u32 = 500;

/// A line of the file.
pub trait Record {
    /// The first line.
    const HEADER: &'static [&'static str];

    /// The values, in the order of the header; empty where there is none.
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// The lines of a page.
pub struct Lines {
    text: String,
    rows: usize,
    /// The cursor of the next page.
    next: Option<String>,
}

impl Lines {
    /// From the rows of a page, and the cursor of the next.
    pub fn of<R: Record>((records, next): (Vec<R>, Option<String>)) -> Self {
        let mut text = String::new();
        for record in &records {
            push_line(&mut text, &record.cells());
        }
        Self { text, rows: records.len(), next }
    }
}

/// The list that is exported. It proves the caller's right with each page anew.
pub trait Pages: Send + Sync {
    /// The operation.
    fn op(&self) -> &Op;

    /// The lines of the page at a cursor, and who may have them.
    fn page(&self, cursor: Option<String>) -> BoxFuture<'_, Result<(Exporter, Lines)>>;
}

/// Who exports, and what they may see.
pub type Exporter = (Actor, Tenant);

/// What is exported.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// The event of the audit trail.
    pub event: &'static str,
    /// The first line.
    pub header: &'static [&'static str],
}

/// Answers with a file. The first page is read before the answer, which is a refusal where the caller may
/// not have it; the others while it is sent.
pub async fn export(
    pages: Box<dyn Pages>,
    File { name: file, event, header }: File,
    filters: Vec<&'static str>,
) -> Result<Response> {
    let op = pages.op().clone();
    let first = Rest { pages, file, cursor: None, rows: 0 }.next().await?;
    op.app.log.event(LogLevel::Info, "export", op.now(), &op.request, &[("file", json!(file))]);
    let metadata = json!({ "filters": filters });
    note(&op, first.by, &Entry { event, target_type: "file", target_id: file, metadata })?;
    let body = Body::new(Streamed {
        ready: Some(Bytes::from(head(header) + &first.text)),
        coming: first.rest.map(Rest::start),
        file,
        op,
    });

    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = format!("attachment; filename=\"{file}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Writes the audit entry beside the answer.
fn note(op: &Op, (actor, tenant): Exporter, entry: &Entry<'_>) -> Result<()> {
    let org = match &tenant {
        Tenant::Org(org) => Some(org),
        Tenant::All => None,
    };
    let entry = reading_insert(&actor, org, entry)?;
    let later = op.clone();
    op.background.spawn(Box::pin(async move {
        if let Err(error) = later.write(vec![entry]).await {
            let fields = [("reason", json!(error.private_context()))];
            let log = &later.app.log;
            log.event(LogLevel::Error, "export_not_audited", later.now(), &later.request, &fields);
        }
    }));
    Ok(())
}

/// Lines that are ready, and what comes after them.
struct Chunk {
    by: Exporter,
    text: String,
    rest: Option<Rest>,
}

/// What is still to be read.
struct Rest {
    pages: Box<dyn Pages>,
    file: &'static str,
    cursor: Option<String>,
    rows: usize,
}

impl Rest {
    fn start(self) -> BoxFuture<'static, Result<Chunk>> {
        Box::pin(self.next())
    }

    async fn next(self) -> Result<Chunk> {
        let Self { pages, file, cursor, rows } = self;
        let (by, lines) = pages.page(cursor).await?;
        let rows = rows + lines.rows;
        if lines.next.is_some() {
            let rest = Self { pages, file, cursor: lines.next, rows };
            return Ok(Chunk { by, text: lines.text, rest: Some(rest) });
        }
        let op = pages.op();
        let fields = [("file", json!(file)), ("rows", json!(rows))];
        op.app.log.event(LogLevel::Info, "export_end", op.now(), &op.request, &fields);
        Ok(Chunk { by, text: lines.text, rest: None })
    }
}

/// A body whose pages are read while it is sent.
struct Streamed {
    ready: Option<Bytes>,
    coming: Option<BoxFuture<'static, Result<Chunk>>>,
    file: &'static str,
    op: Op,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(ready) = this.ready.take() {
            return Poll::Ready(Some(Ok(Frame::data(ready))));
        }
        let Some(coming) = &mut this.coming else {
            return Poll::Ready(None);
        };
        let chunk = ready!(coming.as_mut().poll(context));
        this.coming = None;
        match chunk {
            Ok(Chunk { text, rest, .. }) => {
                this.coming = rest.map(Rest::start);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))))
            }
            Err(error) => {
                let op = &this.op;
                let fields = [
                    ("file", json!(this.file)),
                    ("code", json!(error.code())),
                    ("reason", json!(error.private_context())),
                ];
                op.app.log.event(LogLevel::Error, "export_failed", op.now(), &op.request, &fields);
                Poll::Ready(Some(Err(error)))
            }
        }
    }
}

/// The byte order mark, without which Excel takes UTF-8 for the local code page, and the header line.
fn head(header: &[&str]) -> String {
    let mut text = String::from('\u{FEFF}');
    let cells: Vec<Cow<'_, str>> = header.iter().map(|name| Cow::Borrowed(*name)).collect();
    push_line(&mut text, &cells);
    text
}

fn push_line(text: &mut String, cells: &[Cow<'_, str>]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_cell(text, cell);
    }
    text.push_str("\r\n");
}

/// What a spreadsheet would run as a formula is marked as text (OWASP, "CSV injection"). Each cell is quoted, so
/// that none ends early where a spreadsheet takes another mark than the comma between cells.
fn push_cell(text: &mut String, cell: &str) {
    const FORMULAS: [char; 11] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    text.push('"');
    if cell.starts_with(FORMULAS) {
        text.push('\'');
    }
    text.push_str(&cell.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (cell, expected) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("a;=1+1", "\"a;=1+1\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("+1 555 0100", "\"'+1 555 0100\""),
            ("-2", "\"'-2\""),
            ("@cmd", "\"'@cmd\""),
            ("\tx", "\"'\tx\""),
            ("\rx", "\"'\rx\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "\"'＝1\""),
            ("＋1", "\"'＋1\""),
            ("－1", "\"'－1\""),
            ("＠x", "\"'＠x\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a=b", "\"a=b\""),
        ] {
            let mut text = String::new();
            push_cell(&mut text, cell);
            assert_eq!(text, expected, "{cell:?}");
        }
    }

    #[test]
    fn lines_end_as_the_standard_says() {
        let mut text = String::new();
        push_line(&mut text, &["a".into(), "".into(), "c".into()]);
        assert_eq!(text, "\"a\",\"\",\"c\"\r\n");
    }
}
