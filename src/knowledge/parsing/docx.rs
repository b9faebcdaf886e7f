//! Word's documents (ECMA-376, "Office Open XML"): a ZIP with XML in it, of which the text, the styles that make
//! headings, and the tables are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::charset;
use super::manuscript::{Manuscript, Refusal, bounded, has_room};
use super::markup::{Tag, Token, Tokens, push_text};
use super::zip::Archive;

/// Longest XML that is unfolded, in bytes.
const LONGEST_XML: usize = 8 * 1024 * 1024;
/// How OLE files begin: those of older versions of Word, and encrypted ones.
const OLE: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];
/// Most styles that are looked at.
const MOST_STYLES: usize = 2_000;
/// Longest id of a style, in bytes: Word's have at most 253 characters.
const LONGEST_ID: usize = 1_024;

pub(super) fn parse(bytes: &[u8]) -> Result<Manuscript, Refusal> {
    if bytes.starts_with(&OLE) {
        return Err(Refusal::Encrypted);
    }
    let archive = Archive::open(bytes)?;
    // One part after the other, so that both are never in memory.
    let styles = match archive.file("word/styles.xml", LONGEST_XML)? {
        Some(styles) => styles_of(&xml(&styles)?),
        None => Styles::new(),
    };
    let document = archive.file("word/document.xml", LONGEST_XML)?.ok_or(Refusal::Broken)?;
    let mut reader = Reader { styles, ..Reader::default() };
    for token in Tokens::of_xml(&xml(&document)?) {
        match token {
            Token::Text(text) => reader.gather(text)?,
            Token::Open(tag) => reader.open(&tag)?,
            Token::Close(tag) => reader.close(&tag)?,
        }
    }
    reader.end_paragraph()?;
    Ok(reader.manuscript)
}

/// A part of the document as text: UTF-8 or UTF-16, as ECMA-376 has it.
fn xml(part: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    charset::unicode(part).ok_or(Refusal::Broken)
}

/// The levels of styles by their ids.
type Styles = BTreeMap<String, usize>;

/// The styles that make headings, and their levels; 0 is the title's. Ids are in the language of who wrote the
/// document, names are not.
fn styles_of(xml: &str) -> Styles {
    let mut styles = Styles::new();
    let mut id = String::new();
    for token in Tokens::of_xml(xml) {
        let Token::Open(tag) = token else { continue };
        let level = match local(&tag) {
            "style" => {
                id = attribute(&tag, "styleId").unwrap_or_default();
                continue;
            }
            "name" => attribute(&tag, "val").and_then(|name| level_of(&name)),
            "outlineLvl" => outline_level(&tag),
            _ => continue,
        };
        if let Some(level) = level
            && styles.len() < MOST_STYLES
            && id.len() <= LONGEST_ID
        {
            // The first name of a style counts.
            styles.entry(id.clone()).or_insert(level);
        }
    }
    styles
}

/// The level of a style's English name.
fn level_of(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    if name == "title" {
        return Some(0);
    }
    let number = name.strip_prefix("heading")?.trim_start().parse().ok()?;
    (1..=9).contains(&number).then_some(number)
}

fn outline_level(tag: &Tag<'_>) -> Option<usize> {
    let level: usize = attribute(tag, "val")?.parse().ok()?;
    (level < 9).then_some(level + 1)
}

/// The name without its namespace.
fn local<'a>(tag: &Tag<'a>) -> &'a str {
    tag.name.rsplit_once(':').map_or(tag.name, |(_, name)| name)
}

/// The value of an attribute, whatever its namespace.
fn attribute(tag: &Tag<'_>, name: &str) -> Option<String> {
    let mut rest = tag.attributes;
    while let Some((before, after)) = rest.split_once('=') {
        let found = before.trim().rsplit([':', ' ']).next().unwrap_or_default();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, tail) = after.get(1..)?.split_once(quote)?;
        if found == name {
            let mut text = String::new();
            push_text(&mut text, value);
            return Some(text);
        }
        rest = tail;
    }
    None
}

#[derive(Default)]
struct Reader {
    styles: Styles,
    manuscript: Manuscript,
    text: String,
    /// The level of the heading that the paragraph is; 0 for the title.
    level: Option<usize>,
    is_item: bool,
    /// Whether text is content now.
    in_text: bool,
    /// How many tables are open; those within a cell are words of it.
    tables: usize,
    row: Vec<String>,
    /// How many elements are open that repeat others for older programs.
    fallbacks: usize,
}

impl Reader {
    fn gather(&mut self, text: &str) -> Result<(), Refusal> {
        if self.in_text && self.fallbacks == 0 {
            push_text(&mut self.text, text);
        }
        bounded(&self.text)
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        match local(tag) {
            "Fallback" if !tag.closes_itself => self.fallbacks += 1,
            _ if self.fallbacks > 0 => {}
            "t" => self.in_text = !tag.closes_itself,
            "tab" | "br" | "cr" => self.text.push(' '),
            "noBreakHyphen" => self.text.push('-'),
            "pStyle" => {
                let style = attribute(tag, "val");
                let style = style.as_deref().filter(|id| id.len() <= LONGEST_ID);
                let known = style.and_then(|id| self.styles.get(id)).copied();
                self.level = known.or_else(|| style.and_then(level_of));
            }
            "outlineLvl" => self.level = self.level.or_else(|| outline_level(tag)),
            "numPr" => self.is_item = true,
            "tbl" => {
                self.end_paragraph()?;
                self.tables += 1;
            }
            "tr" if self.tables == 1 => self.row.clear(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        match local(tag) {
            "Fallback" => self.fallbacks = self.fallbacks.saturating_sub(1),
            _ if self.fallbacks > 0 => {}
            "t" => self.in_text = false,
            "p" if self.tables > 0 => self.text.push(' '),
            "p" => self.end_paragraph()?,
            "tc" if self.tables == 1 && has_room(&self.row) => {
                self.row.push(std::mem::take(&mut self.text));
            }
            "tr" if self.tables == 1 => {
                let mut row = std::mem::take(&mut self.row);
                row.push(std::mem::take(&mut self.text));
                self.manuscript.row(row.iter().map(String::as_str))?;
            }
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                (self.level, self.is_item) = (None, false);
            }
            _ => {}
        }
        Ok(())
    }

    fn end_paragraph(&mut self) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.text);
        let is_item = std::mem::take(&mut self.is_item);
        match self.level.take() {
            Some(0) => {
                self.manuscript.name(&text);
                self.manuscript.heading(1, &text)
            }
            Some(level) => self.manuscript.heading(level, &text),
            None if is_item => self.manuscript.item(&text),
            None => self.manuscript.paragraph(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::zip::tests::{Entry, zip};
    use super::*;

    const STYLES: &str = r#"<w:styles><w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
        <w:style w:styleId="Titel"><w:name w:val="Title"/></w:style></w:styles>"#;
    const DOCUMENT: &str = r#"<?xml version="1.0"?><w:document><w:body>
        <w:p><w:pPr><w:pStyle w:val="Titel"/></w:pPr><w:r><w:t>House rules</w:t></w:r></w:p>
        <w:p><w:pPr><w:pStyle w:val="berschrift2"/></w:pPr><w:r><w:t>Dogs &amp; cats</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Dogs are </w:t></w:r><w:r><w:t>welcome</w:t><w:br/><w:delText>not</w:delText><w:t>today.</w:t></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>on a lead</w:t></w:r></w:p>
        <mc:AlternateContent><mc:Choice><w:p><w:r><w:t>Box</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>Box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Day</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Fee</w:t></w:r></w:p></w:tc></w:tr>
        <w:tr><w:tc><w:p><w:r><w:t>Mon</w:t></w:r></w:p></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>5</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>
        </w:body></w:document>"#;

    fn docx(document: &str) -> Vec<u8> {
        zip(&[
            Entry::deflated("[Content_Types].xml", b"<Types/>"),
            Entry::deflated("word/styles.xml", STYLES.as_bytes()),
            Entry::deflated("word/document.xml", document.as_bytes()),
        ])
    }

    #[test]
    fn headings_lists_and_tables() {
        let manuscript = parse(&docx(DOCUMENT)).unwrap();
        assert_eq!(manuscript.title.as_deref(), Some("House rules"));
        assert_eq!(
            manuscript.text(),
            "# House rules\n## Dogs & cats\nDogs are welcome today.\n- on a lead\nBox\n| Day | Fee\n| Mon | 5\n"
        );
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert_eq!(parse(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1]), Err(Refusal::Encrypted));
        assert_eq!(parse(b"PK\x03\x04 and no more"), Err(Refusal::Broken));
        assert_eq!(parse(&zip(&[Entry::deflated("a.txt", b"a")])), Err(Refusal::Broken));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = vec![b' '; LONGEST_XML + 1];
        let file = zip(&[Entry::deflated("word/document.xml", &bomb)]);
        assert!(file.len() < 100_000);
        assert_eq!(parse(&file), Err(Refusal::TooComplex));
    }

    #[test]
    fn parts_are_unicode() {
        let latin = b"<w:p><w:t>caf\xe9</w:t></w:p>";
        let file = zip(&[Entry::deflated("word/document.xml", latin)]);
        assert_eq!(parse(&file), Err(Refusal::Broken));
        let wide: Vec<u8> = "\u{feff}<w:p><w:t>café</w:t></w:p>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let file = zip(&[Entry::deflated("word/document.xml", &wide)]);
        assert_eq!(parse(&file).unwrap().text(), "café\n");
    }

    #[test]
    fn a_paragraph_is_bounded_while_it_is_gathered() {
        let run = format!("<w:t>{}</w:t>", "x".repeat(1 << 20));
        let mut reader = Reader { in_text: true, ..Reader::default() };
        let gathered: Vec<_> = (0..6).map(|_| reader.gather(&run)).collect();
        assert_eq!(gathered.last(), Some(&Err(Refusal::TooLong)));
    }

    #[test]
    fn ids_of_styles_are_bounded_in_length_and_number() {
        let style = |n: usize, length: usize| {
            let id = format!("{}{n}", "x".repeat(length));
            format!(r#"<w:style w:styleId="{id}"><w:name w:val="title"/><w:name w:val="title"/>"#)
        };
        let long: String = (0..200).map(|n| style(n, 5_000)).collect();
        assert!(styles_of(&long).is_empty());
        let many: String = (0..MOST_STYLES + 100).map(|n| style(n, 9)).collect();
        let styles = styles_of(&many);
        // What one look costs at most: as many comparisons as the map is deep, of so many bytes each.
        assert_eq!(styles.len(), MOST_STYLES);
        assert!(styles.keys().all(|id| id.len() <= LONGEST_ID));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_is_refused_or_read(at in 0..2_000_usize, byte in any::<u8>(), cut in 0..3_000_usize) {
            let mut file = docx(DOCUMENT);
            if let Some(damaged) = file.get_mut(at) {
                *damaged = byte;
            }
            file.truncate(cut.max(10));
            let _ = parse(&file);
        }

        #[test]
        fn no_xml_breaks_it(xml in "(<w:p>|</w:p>|<w:t>|</w:t>|<w:tbl>|</w:tbl>|<w:tr>|<w:tc>|</w:tc>|</w:tr>|<w:pStyle w:val=|\"|a|>|<){0,60}") {
            let _ = parse(&docx(&xml));
        }
    }
}
