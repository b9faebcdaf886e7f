//! PDF (ISO 32000-1), as far as its text goes: the pages in their order, each font's characters, lines by where they
//! stand, headings by their size.
//!
//! Written for this purpose: readers of PDF that draw are ten times as large as all other parsers together, and none
//! bounds what a hostile file may unfold into. Here one [`budget::Budget`] bounds bytes unfolded and bytes looked at,
//! whatever the file's objects refer to. The table of objects is not believed but made anew, so that damaged files are
//! read as well.

mod budget;
mod content;
mod file;
mod filter;
mod font;
mod lines;
mod object;
mod table;

use super::manuscript::{Manuscript, Refusal};

pub(super) fn parse(bytes: &[u8]) -> Result<Manuscript, Refusal> {
    // Some programs write a few bytes before the head.
    let head = bytes.get(..bytes.len().min(1_024)).unwrap_or_default();
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(Refusal::Broken);
    }
    let file = file::File::open(bytes)?;
    let mut manuscript = Manuscript::default();
    if let Some(title) = file.title() {
        manuscript.name(title.trim_start_matches("Microsoft Word - "));
    }
    let lines = content::lines(&file)?;
    lines::write(&lines, &mut manuscript)?;
    Ok(manuscript)
}

#[cfg(test)]
mod tests;
