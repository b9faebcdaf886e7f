//! Word's documents (ECMA-376, "Office Open XML"): a ZIP with XML in it, of which the text, the styles that make
//! headings, and the tables are read.

use super::charset;
use super::manuscript::{Manuscript, Refusal};
use super::markup::{Tag, Token, Tokens, push_text};
use super::zip::Archive;

/// Longest XML that is unfolded, in bytes.
const LONGEST_XML: usize = 24 * 1024 * 1024;
/// How OLE files begin: those of older versions of Word, and encrypted ones.
const OLE: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];
/// Most styles that are looked at.
const MOST_STYLES: usize = 2_000;

pub(super) fn parse(bytes: &[u8]) -> Result<Manuscript, Refusal> {
    if bytes.starts_with(&OLE) {
        return Err(Refusal::Encrypted);
    }
    let archive = Archive::open(bytes)?;
    let document = archive.file("word/document.xml", LONGEST_XML)?.ok_or(Refusal::Broken)?;
    let styles = archive.file("word/styles.xml", LONGEST_XML)?.unwrap_or_default();
    let mut reader = Reader { styles: styles_of(&charset::text(&styles)), ..Reader::default() };
    for token in Tokens::of_xml(&charset::text(&document)) {
        match token {
            Token::Text(text) => reader.gather(text),
            Token::Open(tag) => reader.open(&tag)?,
            Token::Close(tag) => reader.close(&tag)?,
        }
    }
    reader.end_paragraph()?;
    Ok(reader.manuscript)
}

/// The styles that make headings, and their levels; 0 is the title's. Ids are in the language of who wrote the
/// document, names are not.
fn styles_of(xml: &str) -> Vec<(String, usize)> {
    let mut styles: Vec<(String, usize)> = Vec::new();
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
            && !styles.iter().any(|(known, _)| *known == id)
        {
            styles.push((id.clone(), level));
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
    styles: Vec<(String, usize)>,
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
    fn gather(&mut self, text: &str) {
        if self.in_text && self.fallbacks == 0 {
            push_text(&mut self.text, text);
        }
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
                let known = self.styles.iter().find(|(id, _)| Some(id) == style.as_ref());
                self.level = match known {
                    Some((_, level)) => Some(*level),
                    None => style.as_deref().and_then(level_of),
                };
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
            "tc" if self.tables == 1 => self.row.push(std::mem::take(&mut self.text)),
            "tr" if self.tables == 1 => {
                let row = std::mem::take(&mut self.row);
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
