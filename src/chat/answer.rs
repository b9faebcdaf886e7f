//! The built-in engine: it answers in the words of the org's own knowledge, or says that it does not
//! know. It needs no model and invents nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ids::DocumentId;
use crate::knowledge::retrieval::{self, MARK_CLOSE, MARK_OPEN, Passage, lower_case};

/// Passages quoted in one answer.
const MOST_QUOTES: usize = 2;
/// Sentences quoted from the best passage; others give one less.
const MOST_SENTENCES: usize = 3;
/// Words that an answer shares with a passage it stands on.
const LEAST_SHARED: usize = 4;
/// From this score on a passage usually speaks to a question.
const SPEAKS: f64 = 0.35;
/// Longest quote, in characters.
const LONGEST_QUOTE: usize = 700;

/// A text for the visitor and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) citations: Vec<Citation>,
}

/// Where a quote comes from, in the order of the `[1]`, `[2]` in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct Citation {
    /// The number in brackets in the text.
    number: usize,
    chunk_id: String,
    source_id: String,
    version_id: String,
    document_id: DocumentId,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

impl Citation {
    fn of(number: usize, passage: &Passage) -> Self {
        Self {
            number,
            chunk_id: passage.chunk_id.clone(),
            source_id: passage.source_id.clone(),
            version_id: passage.version_id.clone(),
            document_id: passage.document_id.clone(),
            title: passage.title.clone(),
            pointer: passage.page_label.clone(),
        }
    }

    /// The document's title.
    pub(super) fn title(&self) -> &str {
        &self.title
    }
}

/// What stands around quotes.
pub(super) struct Words<'a> {
    /// Before them.
    pub(super) found: &'a str,
    /// In their place.
    pub(super) not_known: &'a str,
}

/// Quotes the passages that say something about the question's `terms`; else an honest "I don't know".
pub(super) fn compose(terms: &[String], passages: &[Passage], words: &Words<'_>) -> Answer {
    let mut quotes = Vec::new();
    let mut citations = Vec::new();
    for passage in passages {
        if citations.len() == MOST_QUOTES {
            break;
        }
        if !is_about(terms, passage) {
            continue;
        }
        let sentences = MOST_SENTENCES - citations.len();
        let Some(quote) = quote(terms, &passage.marked, sentences) else {
            continue;
        };
        if quotes.contains(&quote) {
            continue;
        }
        quotes.push(quote);
        citations.push(Citation::of(citations.len() + 1, passage));
    }
    if quotes.is_empty() {
        return Answer { text: words.not_known.to_owned(), citations };
    }
    let numbered: Vec<String> =
        quotes.iter().enumerate().map(|(at, quote)| format!("“{quote}” [{}]", at + 1)).collect();
    Answer { text: format!("{}\n\n{}", words.found, numbered.join("\n\n")), citations }
}

/// The passages that a model's answer stands on: those whose number it gives in brackets; if it gives none, the one
/// whose words it uses.
pub(super) fn citations_of(text: &str, passages: &[Passage]) -> Vec<Citation> {
    let mut numbers: Vec<usize> = Vec::new();
    for rest in text.split('[').skip(1) {
        let number = rest.split_once(']').and_then(|(inside, _)| inside.trim().parse().ok());
        numbers.extend(number.filter(|number| !numbers.contains(number)));
    }
    let numbered = numbers.iter().filter_map(|number| {
        let passage = passages.get(number.checked_sub(1)?)?;
        Some(Citation::of(*number, passage))
    });
    let citations: Vec<Citation> = numbered.collect();
    if !citations.is_empty() {
        return citations;
    }
    let said = retrieval::terms(text);
    let shared = |passage: &Passage| {
        let words: Vec<String> =
            passage.marked.split(|c: char| !c.is_alphanumeric()).map(lower_case).collect();
        said.iter().filter(|term| words.iter().any(|word| same_stem(term, word))).count()
    };
    let counted = passages.iter().enumerate().map(|(at, passage)| (shared(passage), at, passage));
    // Of equals the first, which matches the question best.
    let best = counted.max_by_key(|(shared, at, _)| (*shared, std::cmp::Reverse(*at)));
    best.filter(|(shared, _, _)| *shared >= LEAST_SHARED && shared * 5 >= said.len() * 2)
        .map(|(_, at, passage)| vec![Citation::of(at + 1, passage)])
        .unwrap_or_default()
}

/// A passage speaks to a question if it holds half of its topic words, or three of a long one, or if it was found to by
/// words that mean the same or were misspelt.
fn is_about(terms: &[String], passage: &Passage) -> bool {
    let covered = coverage(terms, passage);
    let holds_enough = covered > 0 && (covered * 2 >= terms.len() || covered >= 3);
    holds_enough || (passage.score >= SPEAKS && passage.marked.contains(MARK_OPEN))
}

/// How many of the terms the passage holds, in its text or its title.
fn coverage(terms: &[String], passage: &Passage) -> usize {
    let matched = matched_words(&passage.marked);
    let title: Vec<String> =
        passage.title.split(|c: char| !c.is_alphanumeric()).map(lower_case).collect();
    let holds = |term: &&String| matched.iter().chain(&title).any(|word| same_stem(term, word));
    terms.iter().filter(holds).count()
}

/// The words between marks, in lower case.
fn matched_words(marked: &str) -> Vec<String> {
    marked
        .split(MARK_OPEN)
        .skip(1)
        .filter_map(|rest| rest.split(MARK_CLOSE).next())
        .map(lower_case)
        .collect()
}

/// The index matches by stem; two words of one stem share their beginning.
fn same_stem(term: &str, word: &str) -> bool {
    let shared = term.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    let shorter = term.chars().count().min(word.chars().count());
    shorter > 0
        && shared >= shorter.min(4)
        && shared * 2 >= term.chars().count().max(word.chars().count())
}

/// The sentences of a passage that hold most terms, in their own order, without marks.
fn quote(terms: &[String], marked: &str, most: usize) -> Option<String> {
    let sentences = sentences(marked);
    let held: Vec<usize> = sentences
        .iter()
        .map(|sentence| {
            // Marked is what fits a word of the question, be it by its meaning.
            let words: BTreeSet<String> = matched_words(sentence).into_iter().collect();
            words.len().min(terms.len())
        })
        .collect();
    // A passage found by its title alone opens with what it is about.
    let by_title = held.iter().all(|held| *held == 0);
    let outranks = |other: usize, held: usize, at: usize, other_at: usize| {
        other > held || (other == held && other_at < at)
    };
    let chosen = |at: usize, own: usize| {
        let better = held
            .iter()
            .enumerate()
            .filter(|(other_at, other)| outranks(**other, own, at, *other_at));
        (by_title || own > 0) && better.count() < most
    };
    let text = sentences
        .iter()
        .zip(&held)
        .enumerate()
        .filter(|(at, (_, own))| chosen(*at, **own))
        .map(|(_, (sentence, _))| *sentence)
        .collect::<Vec<_>>()
        .join(" ");
    let plain: String = text.chars().filter(|c| *c != MARK_OPEN && *c != MARK_CLOSE).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { None } else { Some(shorten(&plain)) }
}

/// Cuts at sentence ends: `.`, `!` or `?` before white space, and at line ends.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(end) = sentence_end(rest) {
            let (sentence, tail) = rest.split_at(end);
            sentences.push(sentence.trim());
            rest = tail;
        }
        sentences.push(rest.trim());
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn sentence_end(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((_, c)) = characters.next() {
        let next = characters.peek();
        if matches!(c, '.' | '!' | '?') && next.is_some_and(|(_, next)| next.is_whitespace()) {
            return next.map(|(at, _)| *at);
        }
    }
    None
}

fn shorten(text: &str) -> String {
    if text.chars().nth(LONGEST_QUOTE).is_none() {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST_QUOTE).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{whole_words} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(title: &str, marked: &str) -> Passage {
        Passage {
            chunk_id: format!("chunk of {title}"),
            source_id: "source".to_owned(),
            document_id: DocumentId::from("document".to_owned()),
            version_id: "version".to_owned(),
            title: title.to_owned(),
            page_label: Some("Hours".to_owned()),
            content: marked.replace(['<', '>'], ""),
            marked: marked.replace('<', "\u{2}").replace('>', "\u{3}"),
            score: 0.2,
            triggered: Vec::new(),
        }
    }

    fn terms(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_models_answer_cites_by_number_or_by_its_words() {
        let passages = [
            passage("Parking", "Parking behind the building is free for two hours."),
            passage("Hours", "We are open on Saturday from eight to one."),
        ];
        let numbers = |text: &str| {
            citations_of(text, &passages).iter().map(|one| one.number).collect::<Vec<_>>()
        };
        assert_eq!(numbers("Open [2], free parking [1][2]. [9] [x] ["), [2, 1]);
        assert_eq!(
            numbers("You may park behind the building, parking is free for two hours."),
            [1]
        );
        assert_eq!(numbers("Hello! How can I help?"), Vec::<usize>::new());
    }

    const WORDS: Words<'_> = Words {
        found: "Here is what I found:",
        not_known: "I don't know the answer to that from the information I have. Call 1.",
    };

    #[test]
    fn the_sentences_that_match_are_quoted_and_cited() {
        let hours = passage(
            "Visiting us",
            "We are a family practice. Our <opening> <hours> on <Saturday> are 9 to 1. Parking is free.",
        );
        let answer = compose(&terms(&["opening", "hours", "saturday"]), &[hours], &WORDS);
        assert_eq!(
            answer.text,
            "Here is what I found:\n\n“Our opening hours on Saturday are 9 to 1.” [1]"
        );
        assert_eq!(answer.citations.len(), 1);
        assert_eq!(answer.citations[0].pointer.as_deref(), Some("Hours"));
    }

    #[test]
    fn what_is_barely_touched_is_not_an_answer() {
        let teeth = passage("Whitening", "We whiten <teeth> gently.");
        let answer = compose(&terms(&["write", "poem", "teeth"]), &[teeth], &WORDS);
        assert_eq!(
            answer.text,
            "I don't know the answer to that from the information I have. Call 1."
        );
        assert!(answer.citations.is_empty());
    }

    #[test]
    fn what_ranking_found_by_other_words_is_quoted() {
        let whitening = || {
            let text = "We see children too. Teeth <whitening> <costs> 300 dollars. Park behind the house.";
            passage("Prices", text)
        };
        let asked = terms(&["whitning", "charge"]);
        let found = compose(&asked, &[Passage { score: 0.4, ..whitening() }], &WORDS);
        assert!(found.text.ends_with("“Teeth whitening costs 300 dollars.” [1]"), "{}", found.text);
        let unlike = compose(&asked, &[Passage { score: 0.2, ..whitening() }], &WORDS);
        assert!(unlike.citations.is_empty(), "{}", unlike.text);
    }

    #[test]
    fn nothing_found_is_said() {
        assert!(compose(&terms(&["visa"]), &[], &WORDS).text.ends_with("Call 1."));
        assert!(compose(&[], &[], &WORDS).text.starts_with("I don't know"));
    }

    #[test]
    fn a_title_counts_and_its_passage_opens_the_quote() {
        let insurance =
            passage("Insurance", "We take most plans. Ask the desk. Bring your card. More here.");
        let answer = compose(&terms(&["insurance"]), &[insurance], &WORDS);
        assert!(
            answer.text.contains("“We take most plans. Ask the desk. Bring your card.” [1]"),
            "{}",
            answer.text
        );
    }

    #[test]
    fn stems_share_their_beginning() {
        assert!(same_stem("opening", "open") || same_stem("hours", "hour"));
        assert!(same_stem("hours", "hour"));
        assert!(same_stem("clean", "cleanings"));
        assert!(!same_stem("cat", "category"));
        assert!(!same_stem("price", "parking"));
    }

    #[test]
    fn long_quotes_are_cut_at_a_word() {
        let long = format!("<visa> {}", "word ".repeat(400));
        let answer = compose(&terms(&["visa"]), &[passage("Long", &long)], &WORDS);
        assert!(answer.text.chars().count() < LONGEST_QUOTE + 60);
        assert!(answer.text.ends_with("word …” [1]"));
    }
}
