//! A document's text in the one form that everything after the parsers reads: a line per block, told apart by how it
//! begins.
//!
//! `# ` to `###### ` is a heading, `- ` an entry of a list, `| ` a row of a table, a form feed with a number the
//! start of a page; all else is a paragraph. A paragraph that begins like one of these has a backslash before it.
//! The text is stored so, and its digest is what tells two versions apart.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Kind};

/// Longest text of a document, in bytes: about 350 000 words.
pub(super) const LONGEST_TEXT: usize = 2 * 1024 * 1024;
/// Longest paragraph as it is gathered, blanks included, in bytes.
const LONGEST_GATHERED: usize = 2 * LONGEST_TEXT;
/// Most cells of a row.
const MOST_CELLS: usize = 1_000;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// Starts the line of a page's number.
const PAGE: char = '\u{c}';

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its text is longer than [`LONGEST_TEXT`].
    TooLong,
    /// It unfolds into more than a file of its kind may: parts, depth or bytes.
    TooComplex,
    /// It needs a password.
    Encrypted,
    /// It is not what it says it is, or it is damaged.
    Broken,
    /// Its text is in an encoding that is not read.
    Charset,
    /// There is no text in it, as in a scan.
    WithoutText,
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLong => Self::new(Kind::TooLarge, "document_too_long", "Document too long")
                .hint("A document has at most 2 MiB of text; split it into several."),
            Refusal::TooComplex => {
                Self::bad_request("document_too_complex", "Document too complex").hint(
                    "The file unfolds into more than is read; export it anew, as plain text if need be.",
                )
            }
            Refusal::Encrypted => {
                Self::bad_request("document_encrypted", "Document is encrypted")
                    .hint("Remove the password or the protection, save what is older than Word 2007 as .docx, and upload it again.")
            }
            Refusal::Broken => Self::bad_request("document_broken", "Document cannot be read").hint(
                "The file is damaged or of another type than its Content-Type says; export it anew.",
            ),
            Refusal::Charset => {
                Self::bad_request("document_charset", "Document is in another encoding").hint(
                    "The text is not in an encoding that is read; save it as UTF-8, and declare no other.",
                )
            }
            Refusal::WithoutText => {
                Self::bad_request("document_without_text", "Document has no text").hint(
                    "The file holds no text, as a scan does; run it through text recognition first.",
                )
            }
        }
    }
}

/// A text in the making, within its bounds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Manuscript {
    /// What the document calls itself.
    pub title: Option<String>,
    text: String,
    /// Whether there is anything but pages.
    has_words: bool,
}

/// A block, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block<'a> {
    /// A heading and its level, 1 to 6.
    Heading(usize, &'a str),
    /// A paragraph.
    Paragraph(&'a str),
    /// An entry of a list.
    Item(&'a str),
    /// A row of a table, its cells between ` | `.
    Row(&'a str),
    /// What follows is on this page.
    Page(u32),
}

impl Manuscript {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, to keep.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Whether it holds no words.
    pub fn is_empty(&self) -> bool {
        !self.has_words
    }

    /// SHA-256 of the text, in hexadecimal digits.
    pub fn checksum(&self) -> String {
        checksum(&self.text)
    }

    /// Takes the title, unless there is one already.
    pub fn name(&mut self, title: &str) {
        if self.title.is_none() {
            self.title = title_of(title);
        }
    }

    /// Adds a heading; levels are 1 to 6.
    pub fn heading(&mut self, level: usize, text: &str) -> Result<(), Refusal> {
        let marks = "######".get(..level.clamp(1, 6)).unwrap_or("#");
        self.line(&format!("{marks} "), text)
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) -> Result<(), Refusal> {
        self.line("", text)
    }

    /// Adds an entry of a list.
    pub fn item(&mut self, text: &str) -> Result<(), Refusal> {
        self.line("- ", text)
    }

    /// Adds a row of a table; one without words is left out.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<(), Refusal> {
        let cells: Vec<String> =
            cells.into_iter().map(clean).filter(|cell| !cell.is_empty()).collect();
        self.line("| ", &cells.join(" | "))
    }

    /// What follows is on the page of this number.
    pub fn page(&mut self, number: u32) -> Result<(), Refusal> {
        self.grow(16)?;
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{PAGE}{number}");
        Ok(())
    }

    fn line(&mut self, start: &str, text: &str) -> Result<(), Refusal> {
        let text = clean(text);
        if text.is_empty() {
            return Ok(());
        }
        self.grow(start.len() + text.len() + 2)?;
        self.has_words = true;
        self.text.push_str(start);
        if start.is_empty() && text.starts_with(['#', '-', '|', '\\']) {
            self.text.push('\\');
        }
        self.text.push_str(&text);
        self.text.push('\n');
        Ok(())
    }

    fn grow(&self, by: usize) -> Result<(), Refusal> {
        if self.text.len() + by > LONGEST_TEXT { Err(Refusal::TooLong) } else { Ok(()) }
    }
}

/// Refuses a paragraph that is gathered and has no end, before it fills the memory.
pub(super) fn bounded(paragraph: &str) -> Result<(), Refusal> {
    if paragraph.len() > LONGEST_GATHERED { Err(Refusal::TooLong) } else { Ok(()) }
}

/// Whether a row has room for one more cell; if not, the next is words of the last.
pub(super) fn has_room(row: &[String]) -> bool {
    row.len() < MOST_CELLS
}

/// A title in one line that is not too long; nothing where there are no words.
pub fn title_of(text: &str) -> Option<String> {
    let title: String = clean(text).chars().take(LONGEST_TITLE).collect();
    Some(title.trim_end().to_owned()).filter(|title| !title.is_empty())
}

/// SHA-256 of a text in normal form, in hexadecimal digits.
pub fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The blocks of a text in normal form.
pub fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    text.split('\n').filter(|line| !line.is_empty()).filter_map(block)
}

fn block(line: &str) -> Option<Block<'_>> {
    if let Some(number) = line.strip_prefix(PAGE) {
        return number.parse().ok().map(Block::Page);
    }
    if let Some(text) = line.strip_prefix('\\') {
        return Some(Block::Paragraph(text));
    }
    if let Some(text) = line.strip_prefix("- ") {
        return Some(Block::Item(text));
    }
    if let Some(text) = line.strip_prefix("| ") {
        return Some(Block::Row(text));
    }
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    match line.get(level..).and_then(|rest| rest.strip_prefix(' ')) {
        Some(text) if (1..=6).contains(&level) => Some(Block::Heading(level, text)),
        _ => Some(Block::Paragraph(line)),
    }
}

/// One line: every run of blanks is one space, and characters that nobody sees are gone, such as those that turn the
/// direction of writing or hide text from readers.
pub(super) fn clean(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() || c.is_control() {
            if !blank {
                written.push(' ');
            }
            blank = true;
        } else {
            written.push(c);
            blank = false;
        }
    }
    if written.ends_with(' ') {
        written.pop();
    }
    written
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_come_back_as_they_were_written() {
        let mut manuscript = Manuscript::default();
        manuscript.page(1).unwrap();
        manuscript.heading(2, " Opening\n hours ").unwrap();
        manuscript.paragraph("# of rooms: 3").unwrap();
        manuscript.paragraph("\\- odd").unwrap();
        manuscript.item("Monday").unwrap();
        manuscript.row(["Day", "", "from | to"]).unwrap();
        manuscript.paragraph(" \u{200b}\t").unwrap();
        assert_eq!(
            blocks(manuscript.text()).collect::<Vec<_>>(),
            [
                Block::Page(1),
                Block::Heading(2, "Opening hours"),
                Block::Paragraph("# of rooms: 3"),
                Block::Paragraph("\\- odd"),
                Block::Item("Monday"),
                Block::Row("Day | from | to"),
            ]
        );
    }

    #[test]
    fn what_nobody_sees_is_gone() {
        assert_eq!(clean("pay\u{202e}ment\u{e0041}\u{e0042} is\0due\u{ad}."), "payment is due.");
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let mut manuscript = Manuscript::default();
        let page = "word ".repeat(100_000);
        let written: Vec<_> = (0..5).map(|_| manuscript.paragraph(&page)).collect();
        assert_eq!(written.last(), Some(&Err(Refusal::TooLong)));
        assert!(manuscript.text().len() <= LONGEST_TEXT);
    }

    proptest! {
        #[test]
        fn a_paragraph_never_becomes_another_block(text in any::<String>()) {
            let mut manuscript = Manuscript::default();
            manuscript.paragraph(&text).unwrap();
            let cleaned = clean(&text);
            let expected: Vec<Block<'_>> =
                if cleaned.is_empty() { vec![] } else { vec![Block::Paragraph(&cleaned)] };
            prop_assert_eq!(blocks(manuscript.text()).collect::<Vec<_>>(), expected);
        }
    }
}
