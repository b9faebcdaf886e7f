//! From pieces of text and where they stand to lines, and from lines to paragraphs and headings.

use super::table::Places;
use crate::knowledge::parsing::manuscript::{Manuscript, Refusal, clean};

/// A gap of so much of the size is a blank.
const BLANK: f64 = 0.18;
/// A gap of so many sizes is between columns: a line of its own.
const COLUMN: f64 = 6.0;
/// A step of so much of the size, up or down, is a new line.
const STEP: f64 = 0.45;
/// Lines further apart than so many sizes are of different paragraphs.
const PARAGRAPH: f64 = 1.75;
/// Text so much larger than most is a heading, or a large one.
const HEADING: f64 = 1.2;
const LARGE_HEADING: f64 = 1.6;
/// Longest heading, in characters.
const LONGEST_HEADING: usize = 160;
/// Most text, in bytes.
const MOST_TEXT: usize = 4 * 1024 * 1024;
/// Most lines.
const MOST_LINES: usize = 200_000;

/// A line of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    page: u32,
    text: String,
    size: f64,
    /// The distance from the line before, in sizes; large where there is none.
    gap: f64,
}

/// Lines in the making.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) done: Vec<Line>,
    page: u32,
    open: Option<Open>,
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    text: String,
    end: [f64; 2],
    size: f64,
    gap: f64,
}

impl Lines {
    pub(super) fn begin_page(&mut self, number: u32) {
        self.page = number;
    }

    pub(super) fn end_page(&mut self) -> Result<(), Refusal> {
        self.end_line()
    }

    /// A piece of text from one point to another, in the direction of its baseline.
    pub(super) fn show(
        &mut self,
        text: &str,
        from: [f64; 2],
        to: [f64; 2],
        direction: [f64; 2],
        size: f64,
    ) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        let size = if size.is_finite() && size > 0.01 { size } else { 1.0 };
        let mut gap = f64::MAX;
        if let Some(open) = &mut self.open {
            let (along, across) = offset(open.end, from, direction);
            let unit = open.size.max(size);
            if across.abs() <= STEP * unit && (-2.0 * unit..COLUMN * unit).contains(&along) {
                if along > BLANK * unit && !open.text.ends_with(' ') {
                    open.text.push(' ');
                }
                open.text.push_str(text);
                open.end = to;
                open.size = open.size.max(size);
                return self.bound();
            }
            gap = across.abs() / unit;
        }
        self.end_line()?;
        self.open = Some(Open { text: text.to_owned(), end: to, size, gap });
        self.bound()
    }

    fn end_line(&mut self) -> Result<(), Refusal> {
        if let Some(open) = self.open.take() {
            let text = clean(&open.text);
            if !text.is_empty() {
                self.bytes += text.len();
                self.done.push(Line { page: self.page, text, size: open.size, gap: open.gap });
            }
        }
        self.bound()
    }

    fn bound(&self) -> Result<(), Refusal> {
        let open = self.open.as_ref().map_or(0, |open| open.text.len());
        if self.bytes + open > MOST_TEXT || self.done.len() > MOST_LINES {
            Err(Refusal::TooLong)
        } else {
            Ok(())
        }
    }
}

/// How far a point is from another, along a direction and across it.
fn offset(from: [f64; 2], to: [f64; 2], direction: [f64; 2]) -> (f64, f64) {
    let [x, y] = [to[0] - from[0], to[1] - from[1]];
    let [dx, dy] = direction;
    let length = dx.hypot(dy);
    if length < 1e-9 {
        return (x, y);
    }
    ((x * dx + y * dy) / length, (y * dx - x * dy) / length)
}

/// Writes lines as paragraphs and headings, page by page.
pub(super) fn write(lines: &[Line], manuscript: &mut Manuscript) -> Result<(), Refusal> {
    let usual = usual_size(lines);
    let mut writer = Writer { manuscript, text: String::new(), level: None, size: 0.0 };
    let mut page = 0;
    for line in lines {
        if line.page != page {
            writer.flush()?;
            page = line.page;
            writer.manuscript.page(page)?;
        }
        writer.line(line, usual)?;
    }
    writer.flush()
}

/// The size that most of the text has, in quarters.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number there is"
)]
fn usual_size(lines: &[Line]) -> f64 {
    let mut bytes = Places::new();
    for line in lines {
        *bytes.entry((line.size * 4.0) as u32).or_default() += line.text.len();
    }
    let most = bytes.into_iter().max_by_key(|(_, bytes)| *bytes);
    most.map_or(1.0, |(size, _)| f64::from(size) / 4.0)
}

struct Writer<'m> {
    manuscript: &'m mut Manuscript,
    text: String,
    level: Option<usize>,
    size: f64,
}

impl Writer<'_> {
    fn line(&mut self, line: &Line, usual: f64) -> Result<(), Refusal> {
        let level = match line.size / usual.max(0.25) {
            ratio if ratio >= LARGE_HEADING => Some(1),
            ratio if ratio >= HEADING => Some(2),
            _ => None,
        };
        let is_entry = line.text.starts_with(['•', '▪', '◦', '‣', '·']);
        let goes_on = level == self.level
            && line.gap <= PARAGRAPH
            && !is_entry
            && (line.size - self.size).abs() <= 0.15 * self.size.max(line.size);
        if !goes_on {
            self.flush()?;
            self.level = level.filter(|_| line.text.chars().count() <= LONGEST_HEADING);
        }
        self.size = line.size;
        self.join(&line.text);
        Ok(())
    }

    /// Adds a line; a word that was divided at its end is one again.
    fn join(&mut self, text: &str) {
        let divided = self.text.ends_with('-')
            && self.text.chars().rev().nth(1).is_some_and(char::is_alphabetic)
            && text.starts_with(|c: char| c.is_ascii_lowercase());
        if divided {
            self.text.pop();
        } else if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.text);
        if let Some(level) = self.level.take() {
            if level == 1 {
                self.manuscript.name(&text);
            }
            return self.manuscript.heading(level, &text);
        }
        match text.strip_prefix(['•', '▪', '◦', '‣', '·']) {
            Some(entry) => self.manuscript.item(entry),
            None => self.manuscript.paragraph(&text),
        }
    }
}
