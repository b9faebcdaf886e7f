//! Plain text: paragraphs between empty lines, entries that begin with a dash or a bullet, pages between form feeds.

use super::manuscript::{Manuscript, Refusal, bounded};

pub(super) fn parse(text: &str) -> Result<Manuscript, Refusal> {
    let mut manuscript = Manuscript::default();
    let has_pages = text.contains('\u{c}');
    for (number, page) in (1..).zip(text.split('\u{c}')) {
        if has_pages && !page.trim().is_empty() {
            manuscript.page(number)?;
        }
        write_page(&mut manuscript, page)?;
    }
    Ok(manuscript)
}

fn write_page(manuscript: &mut Manuscript, page: &str) -> Result<(), Refusal> {
    let mut paragraph = String::new();
    for line in page.lines().map(str::trim) {
        let item = line.strip_prefix(['-', '*', '•', '–']).filter(|rest| rest.starts_with(' '));
        if line.is_empty() || item.is_some() {
            manuscript.paragraph(&std::mem::take(&mut paragraph))?;
        }
        if let Some(text) = item {
            manuscript.item(text)?;
        } else {
            paragraph.push_str(line);
            paragraph.push(' ');
            bounded(&paragraph)?;
        }
    }
    manuscript.paragraph(&paragraph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_entries_and_pages() {
        let text = "We open\nat nine.\r\n\r\nBring:\n- a card\n* a pen\n\u{c}\nSecond page\u{c}\n";
        assert_eq!(
            parse(text).unwrap().text(),
            "\u{c}1\nWe open at nine.\nBring:\n- a card\n- a pen\n\u{c}2\nSecond page\n"
        );
        assert_eq!(parse("No pages").unwrap().text(), "No pages\n");
    }
}
