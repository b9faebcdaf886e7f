//! A question as it is searched for: its topic words, and what else may stand in a passage that answers it.

use serde_json::Value;

use super::intent::{Answer, intent};
use super::meanings::{phrase, related};
use super::retrieval::{probe, quoted};
use super::words::{is_everyday, is_filler, is_misspelt, skeleton, stem, words};

/// Words of a question that are searched for: each costs a look into the index.
const MOST_TERMS: usize = 10;
/// Longest word, in characters.
const LONGEST_TERM: usize = 40;
/// What is read of a question, in characters: more than any visitor may send.
const LONGEST_QUESTION: usize = 5_000;
/// Letters that a word must have so that others may begin with it.
const SHORTEST_PREFIX: usize = 4;
/// Words of a meaning that the index is asked for at once.
const MOST_MEANT: usize = 23;

/// How well a word of a passage fits one of a question.
const SAME: f64 = 1.0;
const SAME_STEM: f64 = 0.95;
const MISSPELT: f64 = 0.85;
const AKIN: f64 = 0.6;
const RELATED: f64 = 0.58;
const INTENDED: f64 = 0.3;

/// What a visitor asks.
#[derive(Debug, Clone)]
pub struct Question {
    text: String,
    terms: Vec<Term>,
    answer: Answer,
}

/// A topic word of a question.
#[derive(Debug, Clone)]
pub struct Term {
    folded: String,
    stem: String,
    /// Stems of words of the same meaning, in order.
    related: Vec<&'static str>,
    /// The words themselves.
    meant: Vec<&'static str>,
    /// It is not in the question, but its answers hold such a word.
    is_intent: bool,
}

impl Question {
    /// Reads a question.
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().take(LONGEST_QUESTION).collect();
        let mut terms: Vec<Term> = Vec::new();
        for folded in topic(&text) {
            if terms.len() < MOST_TERMS && terms.iter().all(|term| term.stem != stem(&folded)) {
                terms.push(Term::of(folded));
            }
        }
        let intent = intent(&text);
        terms.extend(intent.as_ref().and_then(|intent| Term::intended(&intent.words)));
        let answer = intent.map_or(Answer::Any, |intent| intent.answer);
        Self { text, terms, answer }
    }

    /// What its answers hold besides their topic.
    pub(super) fn answer(&self) -> Answer {
        self.answer
    }

    /// As it was asked.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its topic words; none when it is about nothing.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// What the index is asked: number of the term, kind, weight and match of each.
    pub(super) fn probes(&self) -> Vec<Value> {
        self.terms.iter().enumerate().flat_map(|(at, term)| term.probes(at)).collect()
    }
}

/// The words of a question that say what it is about, folded, phrases being put as the words they mean.
fn topic(text: &str) -> Vec<String> {
    let folded: Vec<String> = words(text).into_iter().map(|word| word.folded).collect();
    let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
    let mut topic: Vec<String> = Vec::new();
    let mut rest = folded.as_slice();
    while let Some((first, others)) = rest.split_first() {
        if let Some((taken, meant)) = phrase(rest) {
            topic.extend(meant.split_whitespace().map(str::to_owned));
            rest = rest.get(taken..).unwrap_or_default();
            continue;
        }
        rest = others;
        let is_number = first.bytes().all(|byte| byte.is_ascii_digit());
        let is_short = first.chars().nth(1).is_none() && !is_number;
        if !is_short && !is_filler(first) {
            topic.push(first.chars().take(LONGEST_TERM).collect());
        }
    }
    topic
}

impl Term {
    fn of(folded: String) -> Self {
        let meant = related(&folded);
        let stems = stems(&meant);
        Self { stem: stem(&folded).to_owned(), related: stems, meant, folded, is_intent: false }
    }

    /// The term for the words that answers to a question of its kind hold.
    fn intended(meant: &[&'static str]) -> Option<Self> {
        let related = stems(meant);
        let first = meant.first()?;
        Some(Self {
            folded: (*first).to_owned(),
            stem: String::new(),
            related,
            meant: meant.to_vec(),
            is_intent: true,
        })
    }

    /// What it counts besides how rare it is: numbers and words of everyday talk say little.
    pub(super) fn weight(&self) -> f64 {
        let is_number = self.folded.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || is_everyday(&self.folded) { 0.4 } else { 1.0 }
    }

    /// Whether it is not in the question itself.
    pub(super) fn is_intent(&self) -> bool {
        self.is_intent
    }

    fn probes(&self, at: usize) -> Vec<Value> {
        const TEXT: &str = "{title page_label content}";
        if self.is_intent {
            let words: Vec<String> = self.meant.iter().map(|word| (*word).to_owned()).collect();
            return vec![probe(at, 1, INTENDED, &format!("{TEXT} : ({})", quoted(" OR ", &words)))];
        }
        let own = quoted("", std::slice::from_ref(&self.folded));
        let mut probes = vec![
            probe(at, 0, SAME, &format!("{TEXT} : {own}")),
            probe(at, 3, 0.5, &format!("{{title page_label}} : {own}")),
        ];
        let words = self.meant.iter().take(MOST_MEANT);
        let words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
        let mut others = quoted(" OR ", &words);
        if let Some(prefix) =
            self.prefix(self.stem.chars().count().min(self.folded.chars().count() * 7 / 10 + 1))
        {
            let joint = if others.is_empty() { "" } else { " OR " };
            others = format!("{others}{joint}\"{prefix}\" *");
        }
        if !others.is_empty() {
            probes.push(probe(at, 1, RELATED, &format!("{TEXT} : ({others})")));
        }
        let bones = skeleton(&self.folded);
        if let Some(start) = self.prefix(self.folded.chars().count() * 3 / 5) {
            let mut meant = format!("{TEXT} : (\"{start}\" *)");
            if bones.chars().count() >= 3 {
                meant = format!("({meant} OR skeleton : \"{bones}\")");
            }
            probes.push(probe(at, 2, MISSPELT, &meant));
        }
        probes
    }

    /// The start of the word, of at least so many letters; nothing if the word is no longer than that.
    fn prefix(&self, letters: usize) -> Option<String> {
        let letters = letters.max(SHORTEST_PREFIX);
        let is_word = self.folded.chars().all(char::is_alphabetic);
        let start: String = self.folded.chars().take(letters).collect();
        (is_word && start.chars().count() == letters).then_some(start)
    }

    /// How well a word of a passage fits: 0 is not at all. `may_be_misspelt` if no passage holds the term.
    pub(super) fn fit(&self, folded: &str, own_stem: &str, may_be_misspelt: bool) -> f64 {
        let is_related = || self.related.binary_search(&own_stem).is_ok();
        if self.is_intent {
            return if is_related() { INTENDED } else { 0.0 };
        }
        if folded == self.folded {
            return SAME;
        }
        if own_stem == self.stem {
            return SAME_STEM;
        }
        if may_be_misspelt && is_misspelt(&self.folded, folded) {
            return MISSPELT;
        }
        if is_related() {
            return RELATED;
        }
        if is_akin(&self.folded, folded) { AKIN } else { 0.0 }
    }
}

/// The stems of words, in order.
fn stems(words: &[&'static str]) -> Vec<&'static str> {
    let mut stems: Vec<&'static str> = words.iter().map(|word| stem(word)).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// Whether a word that fits so is another one, of the same meaning.
pub(super) fn is_meaning(fit: f64) -> bool {
    fit <= RELATED
}

/// Whether two words begin so much alike that one is likely made of the other: orthodontics, orthodontist.
fn is_akin(left: &str, right: &str) -> bool {
    let shared = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let (left, right) = (left.chars().count(), right.chars().count());
    let (shorter, longer) = (left.min(right), left.max(right));
    shared > SHORTEST_PREFIX && (shared == shorter || shared * 10 >= longer * 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_what_is_searched_for() {
        let asked = |text: &str| {
            let question = Question::of(text);
            let own = question.terms.iter().filter(|term| !term.is_intent);
            own.map(|term| term.folded.clone()).collect::<Vec<_>>()
        };
        assert_eq!(asked("Could you please tell me what parking is?"), ["parking"]);
        assert_eq!(asked("What would a crown set me back?"), ["crown", "cost"]);
        assert_eq!(asked("when are the opening hours"), ["hours", "open"]);
        assert_eq!(asked("¿Cuánto cuesta una limpieza?"), ["cuesta", "limpieza"]);
        assert_eq!(asked("cancel, cancelling, CANCELLED"), ["cancel"]);
        assert!(asked("and so on?").is_empty());
    }

    #[test]
    fn words_fit_by_form_meaning_and_spelling() {
        let term = &Question::of("appointment").terms()[0].clone();
        let fit = |word: &str| term.fit(word, stem(word), false);
        assert!(fit("appointment") > fit("appointments"));
        assert!(fit("appointments") > fit("booking") && fit("booking") > 0.0);
        assert!((fit("parking") - 0.0).abs() < f64::EPSILON);
        let wrong = &Question::of("apointmnt").terms()[0].clone();
        assert!(wrong.fit("appointment", stem("appointment"), true) > 0.5);
        assert!(wrong.fit("appointment", stem("appointment"), false) < 0.1);
    }
}
