//! Markdown (`CommonMark`'s blocks and GitHub's tables), as far as text and structure go: marks of emphasis, addresses
//! of links and raw HTML are left out.

use super::manuscript::{Manuscript, Refusal};

pub(super) fn parse(text: &str) -> Result<Manuscript, Refusal> {
    let mut reader = Reader::default();
    for line in without_front_matter(text, &mut reader.manuscript).lines() {
        reader.line(line)?;
    }
    reader.end_paragraph()?;
    Ok(reader.manuscript)
}

/// Leaves out the head between two lines of three dashes, but takes its title.
fn without_front_matter<'a>(text: &'a str, manuscript: &mut Manuscript) -> &'a str {
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else {
        return text;
    };
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        length += line.len();
        if line.trim_end() == "---" {
            return rest.get(length..).unwrap_or_default();
        }
        if let Some(title) = line.strip_prefix("title:") {
            manuscript.name(title.trim().trim_matches(['"', '\'']));
        }
    }
    // The head never ended, so that it was none.
    text
}

#[derive(Default)]
struct Reader {
    manuscript: Manuscript,
    paragraph: String,
    /// The marks that close the block of code it is in.
    fence: Option<String>,
}

impl Reader {
    fn line(&mut self, raw: &str) -> Result<(), Refusal> {
        let line = raw.trim().trim_start_matches(['>', ' ']);
        if let Some(fence) = &self.fence {
            if line.starts_with(fence.as_str()) {
                self.fence = None;
                return Ok(());
            }
            return self.manuscript.paragraph(raw);
        }
        if line.starts_with("```") || line.starts_with("~~~") {
            let mark = line.chars().next().unwrap_or('`');
            self.fence = Some(line.chars().take_while(|c| *c == mark).collect());
            return self.end_paragraph();
        }
        if line.is_empty() {
            return self.end_paragraph();
        }
        if let Some((level, text)) = heading(line) {
            self.end_paragraph()?;
            return self.heading(level, text);
        }
        if let Some(level) = underline(line).filter(|_| !self.paragraph.is_empty()) {
            let text = std::mem::take(&mut self.paragraph);
            return self.heading(level, &text);
        }
        if is_rule(line) {
            return self.end_paragraph();
        }
        if let Some(cells) = line.strip_prefix('|') {
            self.end_paragraph()?;
            return self.row(cells);
        }
        if let Some(text) = entry(line) {
            self.end_paragraph()?;
            // Further lines of the entry are paragraphs of their own.
            return self.manuscript.item(&inline(text));
        }
        self.paragraph.push_str(line);
        self.paragraph.push('\n');
        Ok(())
    }

    fn heading(&mut self, level: usize, text: &str) -> Result<(), Refusal> {
        let text = inline(text);
        if level == 1 {
            self.manuscript.name(&text);
        }
        self.manuscript.heading(level, &text)
    }

    fn row(&mut self, cells: &str) -> Result<(), Refusal> {
        let is_divider = cells.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
        if is_divider {
            return Ok(());
        }
        let cells: Vec<String> = cells.split('|').map(inline).collect();
        self.manuscript.row(cells.iter().map(String::as_str))
    }

    fn end_paragraph(&mut self) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.paragraph);
        self.manuscript.paragraph(&inline(&text))
    }
}

/// `## Text ##`: the level and the text.
fn heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_heading.then(|| (level, rest.trim().trim_end_matches('#').trim_end()))
}

/// A line of `=` or `-` makes a heading of the paragraph before it.
fn underline(line: &str) -> Option<usize> {
    match line.chars().next() {
        Some('=') if line.chars().all(|c| c == '=') => Some(1),
        Some('-') if line.chars().all(|c| c == '-') => Some(2),
        _ => None,
    }
}

fn is_rule(line: &str) -> bool {
    let mut marks = line.chars().filter(|c| !c.is_whitespace());
    let first = marks.next();
    matches!(first, Some('-' | '*' | '_'))
        && marks.clone().count() >= 2
        && marks.all(|c| Some(c) == first)
}

/// The text of an entry: after `-`, `*`, `+`, or a number with `.` or `)`.
fn entry(line: &str) -> Option<&str> {
    let after_bullet = line.strip_prefix(['-', '*', '+']);
    let after_number = || {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.strip_prefix(['.', ')']).filter(|_| (1..=9).contains(&(line.len() - rest.len())))
    };
    let rest = after_bullet.or_else(after_number)?;
    let text = rest.strip_prefix([' ', '\t'])?.trim_start();
    let boxed = text.strip_prefix("[ ] ").or_else(|| text.strip_prefix("[x] "));
    Some(boxed.unwrap_or(text))
}

/// Text without its marks: `*`, `_` around words, back ticks, addresses of links and images, tags.
fn inline(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\\' => {
                let escaped = after.chars().next().filter(char::is_ascii_punctuation);
                written.push(escaped.unwrap_or('\\'));
                after.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            '*' | '`' | '[' => after,
            '_' if !(ends_in_word(&written) && begins_with_word(after)) => after,
            '!' if after.starts_with('[') => after,
            ']' => after_address(after),
            '<' => after_tag(after, &mut written),
            c => {
                written.push(c);
                after
            }
        };
    }
    written
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(char::is_alphanumeric)
}

fn begins_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
}

/// What follows the `(address)` or `[name]` of a link.
fn after_address(text: &str) -> &str {
    let closing = match text.chars().next() {
        Some('(') => ')',
        Some('[') => ']',
        _ => return text,
    };
    text.split_once(closing).map_or(text, |(_, rest)| rest)
}

/// What follows a tag; an address in angle brackets is kept.
fn after_tag<'a>(text: &'a str, written: &mut String) -> &'a str {
    let is_tag = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
    let Some((inside, rest)) = text.split_once('>').filter(|_| is_tag) else {
        written.push('<');
        return text;
    };
    if inside.contains("://") || inside.contains('@') && !inside.contains(['=', ' ']) {
        written.push_str(inside);
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn structure_is_kept_and_marks_are_not() {
        let text = "---\ntitle: \"House rules\"\n---\n# Visiting *us* #\n\nWe are **open** [daily](https://a.example/x).\nNo `dogs`.\n\nParking\n-------\n\n1. By car_park_2\n- [x] By <b>bus</b>\n\n| Day | Hours |\n|:---|---:|\n| Mon | 9 \\- 5 |\n\n***\n```sh\n# not a heading\n```\n> Quoted, a < b, <hi@a.example>\n";
        let manuscript = parse(text).unwrap();
        assert_eq!(manuscript.title.as_deref(), Some("House rules"));
        assert_eq!(
            manuscript.text(),
            "# Visiting us\nWe are open daily. No dogs.\n## Parking\n- By car_park_2\n- By bus\n| Day | Hours\n| Mon | 9 - 5\n\\# not a heading\nQuoted, a < b, hi@a.example\n"
        );
    }

    #[test]
    fn the_first_large_heading_is_the_title() {
        let manuscript = parse("Intro\n\n## Small\n\nLarge\n=====\n").unwrap();
        assert_eq!(manuscript.title.as_deref(), Some("Large"));
        assert_eq!(parse("---\nno end").unwrap().text(), "no end\n");
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[-#*_`|>\\[\\]()<!=~a1\\\\ \n]{0,200}") {
            prop_assert!(parse(&text).is_ok());
        }
    }
}
