//! A text into passages: as long as an answer needs, cut where the text itself is cut.
//!
//! A passage ends before a large heading, unless there is next to nothing before it; else after about
//! [`TARGET_WORDS`], at the end of a paragraph where one is near, and always at the end of a sentence. The same text
//! gives the same passages.

use serde_json::json;

use super::parsing::{Block, Refusal, blocks};

/// A passage of so many words ends with its paragraph.
const TARGET_WORDS: usize = 180;
/// No passage has more words.
const MOST_WORDS: usize = 260;
/// Fewer words are too few for a passage of their own.
const LEAST_WORDS: usize = 40;
/// Headings of these levels begin a passage.
const LARGE_HEADING: usize = 2;
/// Most passages of one document.
const MOST_CHUNKS: usize = 4_000;
/// Characters that count as one word at least, for scripts without blanks and for texts that are no prose.
const CHARACTERS_PER_WORD: usize = 10;
/// Longest label, in characters.
const LONGEST_LABEL: usize = 80;

/// A passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Lines of whole sentences.
    pub(super) content: String,
    /// About how many tokens a model counts: four characters each.
    pub(super) token_count: usize,
    /// `p. 3`, `p. 3–4`, or the heading that it is under.
    pub(super) page_label: Option<String>,
    /// The headings above it, largest first, between ` > `; empty where there is none.
    pub(super) context: String,
}

impl Chunk {
    /// A passage that is made whole.
    pub(super) fn whole(content: String) -> Self {
        let token_count = tokens(&content);
        Self { content, token_count, page_label: None, context: String::new() }
    }

    /// What is stored beside the text.
    pub(super) fn metadata(&self, position: usize) -> serde_json::Value {
        json!({"position": position, "context": self.context})
    }
}

fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

/// The passages of a text in normal form.
pub(super) fn chunks(text: &str) -> Result<Vec<Chunk>, Refusal> {
    let mut cutter = Cutter::default();
    for block in blocks(text) {
        cutter.block(block)?;
    }
    cutter.cut()?;
    Ok(cutter.done)
}

#[derive(Default)]
struct Cutter {
    done: Vec<Chunk>,
    /// The first and the last page of the last passage.
    done_pages: Option<(u32, u32)>,
    /// The text that is being gathered, a line per block, and how many words it has.
    text: String,
    words: usize,
    /// Where it began.
    context: String,
    heading: Option<String>,
    pages: Option<(u32, u32)>,
    /// Whether the text is of the same large section as the passage before.
    continues: bool,
    /// Where the reading is: the headings by level, and the page.
    path: Vec<(usize, String)>,
    page: Option<u32>,
}

impl Cutter {
    fn block(&mut self, block: Block<'_>) -> Result<(), Refusal> {
        match block {
            Block::Page(number) => {
                if self.words >= TARGET_WORDS / 2 {
                    self.cut()?;
                }
                self.page = Some(number);
                Ok(())
            }
            Block::Heading(level, text) => self.heading(level, text),
            Block::Paragraph(text) | Block::Item(text) => self.lines(text),
            Block::Row(text) => self.row(text),
        }
    }

    fn heading(&mut self, level: usize, text: &str) -> Result<(), Refusal> {
        let enough = if level <= LARGE_HEADING { LEAST_WORDS } else { TARGET_WORDS / 2 };
        if self.words >= enough {
            self.cut()?;
            self.continues = level > LARGE_HEADING;
        }
        self.path.retain(|(above, _)| *above < level);
        self.path.push((level, text.chars().take(LONGEST_LABEL).collect()));
        for (at, piece) in pieces(text).enumerate() {
            self.add(piece, at == 0)?;
        }
        Ok(())
    }

    /// A paragraph or an entry, sentence by sentence.
    fn lines(&mut self, text: &str) -> Result<(), Refusal> {
        if self.words >= TARGET_WORDS {
            self.cut()?;
        }
        let mut begins = true;
        for sentence in sentences(text) {
            for piece in pieces(sentence) {
                begins |= self.words + words(piece) > MOST_WORDS;
                self.add(piece, begins)?;
                begins = false;
            }
        }
        Ok(())
    }

    /// A row stays whole where it fits.
    fn row(&mut self, text: &str) -> Result<(), Refusal> {
        if words(text) > MOST_WORDS {
            return self.lines(text);
        }
        self.add(text, true)
    }

    fn add(&mut self, text: &str, begins_line: bool) -> Result<(), Refusal> {
        let more = words(text);
        if self.words > 0 && self.words + more > MOST_WORDS {
            self.cut()?;
        }
        if self.text.is_empty() {
            self.context =
                self.path.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" > ");
            self.heading = self.path.last().map(|(_, text)| text.clone());
            self.pages = self.page.map(|page| (page, page));
        } else {
            self.text.push(if begins_line { '\n' } else { ' ' });
        }
        if let (Some((_, last)), Some(page)) = (&mut self.pages, self.page) {
            *last = page;
        }
        self.text.push_str(text);
        self.words += more;
        Ok(())
    }

    /// Ends a passage. What is left of a section, if too little, joins the passage before.
    fn cut(&mut self) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.text);
        let more = std::mem::take(&mut self.words);
        let joins = std::mem::replace(&mut self.continues, true) && more < LEAST_WORDS;
        if text.is_empty() {
            return Ok(());
        }
        if joins
            && let Some(last) = self.done.last_mut()
            && words(&last.content) + more <= MOST_WORDS
        {
            last.content.push('\n');
            last.content.push_str(&text);
            last.token_count = tokens(&last.content);
            if let (Some((first, _)), Some((_, end))) = (self.done_pages, self.pages.take()) {
                self.done_pages = Some((first, end));
                last.page_label = Some(label_of(first, end));
            }
            return Ok(());
        }
        if self.done.len() == MOST_CHUNKS {
            return Err(Refusal::TooComplex);
        }
        self.done_pages = self.pages.take();
        let page_label = match self.done_pages {
            Some((first, last)) => Some(label_of(first, last)),
            None => self.heading.take(),
        };
        let context = std::mem::take(&mut self.context);
        self.done.push(Chunk { token_count: tokens(&text), content: text, page_label, context });
        Ok(())
    }
}

/// The label of pages.
fn label_of(first: u32, last: u32) -> String {
    if first == last { format!("p. {first}") } else { format!("p. {first}–{last}") }
}

/// How many words a text counts as.
fn words(text: &str) -> usize {
    let words = text.split_ascii_whitespace().count();
    words.max(text.chars().count() / CHARACTERS_PER_WORD)
}

/// The sentences of a line: each ends in `.`, `!` or `?` before a blank, or in a full stop of East Asia.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let sentence = sentence_end(rest).and_then(|end| rest.split_at_checked(end));
        let (sentence, tail) = sentence.unwrap_or((rest, ""));
        rest = tail.trim_start();
        Some(sentence.trim_end()).filter(|sentence| !sentence.is_empty())
    })
}

fn sentence_end(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match c {
            '.' | '!' | '?' => next.is_some_and(char::is_whitespace),
            '。' | '！' | '？' => true,
            _ => false,
        };
        if ends {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// A sentence in pieces that each fit into a passage; most are one.
fn pieces(sentence: &str) -> impl Iterator<Item = &str> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at_checked(piece_end(rest)).unwrap_or((rest, ""));
        rest = tail.trim_start();
        Some(piece.trim_end())
    })
}

/// Where the longest piece ends that is no longer than a passage should be: between words, or within one that has no
/// end.
fn piece_end(text: &str) -> usize {
    let is_short = text.chars().nth(MOST_WORDS * CHARACTERS_PER_WORD).is_none();
    if is_short && words(text) <= MOST_WORDS {
        return text.len();
    }
    let (mut blanks, mut last_blank) = (0, 0);
    for (position, (at, c)) in text.char_indices().enumerate() {
        if c.is_whitespace() {
            blanks += 1;
            last_blank = at;
        }
        if blanks == TARGET_WORDS {
            return at;
        }
        if position == TARGET_WORDS * CHARACTERS_PER_WORD {
            return if last_blank > 0 { last_blank } else { at };
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::knowledge::parsing::Manuscript;

    /// Sentences of ten words.
    fn prose(sentences: usize) -> String {
        (1..=sentences).fold(String::new(), |text, n| {
            text + &format!("Sentence number {n} has exactly these ten words in it. ")
        })
    }

    fn manuscript(write: impl FnOnce(&mut Manuscript)) -> Vec<Chunk> {
        let mut manuscript = Manuscript::default();
        write(&mut manuscript);
        chunks(manuscript.text()).unwrap()
    }

    #[test]
    fn a_large_heading_begins_a_passage_and_a_small_section_does_not() {
        let made = manuscript(|text| {
            text.heading(1, "Handbook").unwrap();
            text.paragraph("Welcome.").unwrap();
            text.heading(2, "Hours").unwrap();
            text.paragraph(&prose(6)).unwrap();
            text.heading(3, "Holidays").unwrap();
            text.paragraph(&prose(2)).unwrap();
            text.heading(2, "Fees").unwrap();
            text.paragraph(&prose(5)).unwrap();
        });
        assert_eq!(made.len(), 2, "{made:#?}");
        assert!(made[0].content.starts_with("Handbook\nWelcome.\nHours\nSentence number 1"));
        assert!(made[0].content.contains("\nHolidays\n"));
        assert_eq!(made[1].content.lines().next(), Some("Fees"));
        assert_eq!(made[1].context, "Handbook > Fees");
        assert_eq!(made[1].page_label.as_deref(), Some("Fees"));
        assert_eq!(made[1].metadata(1), json!({"position": 1, "context": "Handbook > Fees"}));
    }

    #[test]
    fn long_text_is_cut_at_sentences_and_pages_are_named() {
        let made = manuscript(|text| {
            text.page(1).unwrap();
            text.paragraph(&prose(30)).unwrap();
            text.page(2).unwrap();
            text.paragraph(&prose(30)).unwrap();
        });
        let counts: Vec<usize> = made.iter().map(|chunk| words(&chunk.content)).collect();
        assert_eq!(counts, [260, 260, 80]);
        assert!(made.iter().all(|chunk| chunk.content.ends_with("in it.")));
        let labels: Vec<_> = made.iter().filter_map(|chunk| chunk.page_label.as_deref()).collect();
        assert_eq!(labels, ["p. 1", "p. 1–2", "p. 2"]);
        assert_eq!(made[0].token_count, made[0].content.len().div_ceil(4));
    }

    #[test]
    fn what_is_left_of_a_section_joins_the_passage_before() {
        let made = manuscript(|text| {
            text.paragraph(&prose(20)).unwrap();
            text.paragraph(&prose(2)).unwrap();
        });
        assert_eq!(made.len(), 1);
    }

    #[test]
    fn what_joins_from_the_next_page_names_it() {
        let made = manuscript(|text| {
            text.page(3).unwrap();
            text.paragraph(&prose(15)).unwrap();
            text.page(4).unwrap();
            text.paragraph(&prose(1)).unwrap();
            text.page(5).unwrap();
            text.paragraph(&prose(1)).unwrap();
        });
        let labels: Vec<_> = made.iter().map(|chunk| chunk.page_label.as_deref()).collect();
        assert_eq!(labels, [Some("p. 3–5")]);
    }

    #[test]
    fn a_text_without_sentences_is_cut_all_the_same() {
        let made = manuscript(|text| text.paragraph(&"x".repeat(50_000)).unwrap());
        assert!(made.len() > 5);
        let made = manuscript(|text| text.paragraph(&"語".repeat(5_000)).unwrap());
        assert!(made.len() > 1, "{}", made.len());
        let made = manuscript(|text| text.paragraph(&"word ".repeat(2_000)).unwrap());
        assert!(made.iter().all(|chunk| words(&chunk.content) <= MOST_WORDS));
    }

    #[test]
    fn more_passages_than_a_document_may_have_are_refused() {
        let mut manuscript = Manuscript::default();
        for _ in 0..MOST_CHUNKS + 2 {
            manuscript.heading(1, "A").unwrap();
            manuscript.paragraph(&"a ".repeat(LEAST_WORDS)).unwrap();
        }
        assert_eq!(chunks(manuscript.text()), Err(Refusal::TooComplex));
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_passage_is_too_long(
            parts in prop::collection::vec((0..6usize, "[a-zé。.!? ]{0,400}"), 0..30),
        ) {
            let mut manuscript = Manuscript::default();
            for (kind, text) in &parts {
                match kind {
                    0 => manuscript.heading(1, text).unwrap(),
                    1 => manuscript.heading(3, text).unwrap(),
                    2 => manuscript.item(text).unwrap(),
                    3 => manuscript.row(text.split('.')).unwrap(),
                    4 => manuscript.page(7).unwrap(),
                    _ => manuscript.paragraph(text).unwrap(),
                }
            }
            let made = chunks(manuscript.text()).unwrap();
            prop_assert_eq!(&made, &chunks(manuscript.text()).unwrap());
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '|').collect::<String>();
            let read: String = blocks(manuscript.text()).map(|block| match block {
                Block::Page(_) => String::new(),
                Block::Heading(_, text) | Block::Paragraph(text) | Block::Item(text) | Block::Row(text) => letters(text),
            }).collect();
            let written: String = made.iter().map(|chunk| letters(&chunk.content)).collect();
            prop_assert_eq!(read, written);
            for chunk in &made {
                prop_assert!(!chunk.content.is_empty());
                prop_assert!(words(&chunk.content) <= MOST_WORDS + MOST_WORDS / 4, "{}", words(&chunk.content));
            }
        }
    }
}
