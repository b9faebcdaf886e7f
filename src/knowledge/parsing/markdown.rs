//! Markdown (`CommonMark`'s blocks and GitHub's tables), as far as text and structure go: marks of emphasis, addresses
//! of links and raw HTML are left out.

use super::manuscript::{Manuscript, Refusal, bounded};

/// Longest address of a link, and longest tag, in bytes.
const LONGEST_ADDRESS: usize = 2_048;

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
        bounded(&self.paragraph)
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
    Inline::new(text).written()
}

/// Reads the marks within a paragraph.
struct Inline<'a> {
    text: &'a str,
    at: usize,
    written: String,
    /// For each of [`CLOSING`] where the next one is, from the last place that was asked about.
    closing: [Option<usize>; CLOSING.len()],
    /// Bytes that were looked at in search of what closes.
    #[cfg(test)]
    looked_at: usize,
}

/// What closes a name, an address and a tag.
const CLOSING: [u8; 3] = [b']', b')', b'>'];

impl<'a> Inline<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            written: String::with_capacity(text.len()),
            closing: [None; CLOSING.len()],
            #[cfg(test)]
            looked_at: 0,
        }
    }

    fn written(mut self) -> String {
        self.read();
        self.written
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            let after = self.rest();
            match c {
                '\\' => {
                    let escaped = after.chars().next().filter(char::is_ascii_punctuation);
                    self.written.push(escaped.unwrap_or('\\'));
                    self.at += escaped.map_or(0, char::len_utf8);
                }
                '*' | '`' | '[' => {}
                '_' if !(ends_in_word(&self.written) && begins_with_word(after)) => {}
                '!' if after.starts_with('[') => {}
                ']' => self.pass_address(),
                '<' => self.pass_tag(),
                c => self.written.push(c),
            }
        }
    }

    /// Goes past the `(address)` or `[name]` of a link.
    fn pass_address(&mut self) {
        let end = match self.rest().chars().next() {
            Some('(') => self.closes(b')'),
            Some('[') => self.closes(b']'),
            _ => None,
        };
        self.at = end.map_or(self.at, |end| end + 1);
    }

    /// Goes past a tag; an address in angle brackets is kept.
    fn pass_tag(&mut self) {
        let rest = self.rest();
        let is_tag = rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let end = if is_tag { self.closes(b'>') } else { None };
        let Some(end) = end else {
            self.written.push('<');
            return;
        };
        let inside = self.text.get(self.at..end).unwrap_or_default();
        if inside.contains("://") || inside.contains('@') && !inside.contains(['=', ' ']) {
            self.written.push_str(inside);
        }
        self.at = end + 1;
    }

    /// Where the next of a closing sign is, if it is near. No byte is looked at twice for the same sign, as where one
    /// was found, or the end, is remembered.
    fn closes(&mut self, sign: u8) -> Option<usize> {
        let known = CLOSING.iter().position(|closing| *closing == sign)?;
        let known = self.closing.get_mut(known)?;
        let at = match *known {
            Some(at) if at >= self.at => at,
            _ => {
                let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                let ahead = rest.iter().position(|byte| *byte == sign).unwrap_or(rest.len());
                #[cfg(test)]
                {
                    self.looked_at += ahead;
                }
                *known.insert(self.at + ahead)
            }
        };
        (at < self.text.len() && at - self.at <= LONGEST_ADDRESS).then_some(at)
    }
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(char::is_alphanumeric)
}

fn begins_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
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

    #[test]
    fn what_never_closes_is_looked_for_once() {
        for (text, written) in [
            ("](".repeat(100_000), "(".repeat(100_000)),
            ("<a".repeat(100_000), "<a".repeat(100_000)),
            ("][".repeat(100_000), String::new()),
            (format!("{}>)", "<a](".repeat(50_000)), String::new()),
        ] {
            let mut inline = Inline::new(&text);
            inline.read();
            assert!(inline.looked_at <= CLOSING.len() * text.len(), "{}", inline.looked_at);
            assert!(written.is_empty() || inline.written == written);
        }
    }

    #[test]
    fn what_closes_far_away_is_no_address() {
        let words = "word ".repeat(1_000);
        assert_eq!(inline(&format!("[a]({words})")), format!("a({words})"));
        assert_eq!(inline(&format!("x <y {words}>")), format!("x <y {words}>"));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[-#*_`|>\\[\\]()<!=~a1\\\\ \n]{0,200}") {
            prop_assert!(parse(&text).is_ok());
        }
    }
}
