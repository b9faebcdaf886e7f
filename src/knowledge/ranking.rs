//! The order of the passages that may answer a question.
//!
//! Each word of a question counts by how rare it is among the org's passages, and for a passage by how often and how
//! exactly it stands there, in the text, its heading or its document's title. The score is the share of what could be
//! had: 1 would be a passage in which every word of the question stands again and again, and 0 one with none of them.
//! From 0.35 on a passage usually speaks to the question; below 0.2 it seldom does.
//!
//! Where a model made vectors of question and passage, half of the score is their likeness.

use std::collections::{BTreeMap, BTreeSet};

use super::embedding::Vector;
use super::meanings::Answer;
use super::question::{Question, Term, is_meaning};
use super::retrieval::{Candidate, Commonness, MARK_CLOSE, MARK_OPEN, Passage};
use super::words::{Word, is_filler, stem, words};

/// What a word in the document's title and in the heading counts, beside one in the text.
const TITLE: f64 = 0.8;
const HEADING: f64 = 1.3;
/// What it counts that a word stands in another passage of the document, as far as they were found: they share what
/// they are about.
const CONTEXT: f64 = 0.4;
/// How soon further occurrences count for little, and how much the length of a text counts (BM25's k1 and b).
const SATURATION: f64 = 0.6;
const LENGTH: f64 = 0.2;
/// Words of an ordinary passage.
const ORDINARY_WORDS: f64 = 70.0;
/// How much it counts that the passage holds all words rather than a few.
const COVERAGE: f64 = 0.5;
/// How much it counts that words that stand together in the question do so in the passage.
const NEARNESS: f64 = 0.12;
/// Words that stand so near to each other stand together.
const NEAR: usize = 3;
/// How much it counts that the title and the heading say nothing else than the question.
const NAMED: f64 = 0.3;
const LABELLED: f64 = 0.4;
/// How much it counts that the passage holds an answer of the kind that is asked for.
const ANSWER: f64 = 0.1;
/// Words of the kind of the question count as little as a common word.
const INTENT_WEIGHT: f64 = 0.9;
/// Words that are read of a passage.
const MOST_WORDS: usize = 600;
/// How much more a rare word weighs than a common one: 1 is the logarithm of its rarity, less evens it out.
const CONTRAST: f64 = 0.7;
/// How much less a word of the same meaning counts where the org's passages lack the word itself.
const LACKING: f64 = 0.5;
/// How much the rarity of a word is that of all words of its meaning.
const CONCEPT: f64 = 0.5;
/// A word that no passage holds is weighed as if so large a share did.
const UNKNOWN: f64 = 0.5;
/// Cosines of texts that have nothing in common, and of such that say the same, as models give them.
const UNLIKE: f64 = 0.35;
const ALIKE: f64 = 0.85;
/// How much of the score is the likeness of the vectors.
const LIKENESS: f64 = 0.5;

/// The best `most` of the candidates, best first, with score and marks.
pub(super) fn ranked(
    question: &Question,
    vector: Option<&Vector>,
    candidates: Vec<Candidate>,
    commonness: &Commonness,
    most: usize,
) -> Vec<Passage> {
    let texts: Vec<Text> = candidates.iter().map(|candidate| Text::of(&candidate.passage)).collect();
    let asked = Asked::of(question, commonness, &texts);
    let mut read: Vec<Read> = texts.iter().map(|text| asked.read(text)).collect();
    asked.share(&candidates, &mut read);
    let mut passages: Vec<Passage> = candidates
        .into_iter()
        .zip(&read)
        .map(|(candidate, read)| {
            let lexical = asked.score(read);
            let likeness =
                vector.zip(candidate.vector.as_ref()).and_then(|(own, other)| own.cosine(other));
            let mut passage = candidate.passage;
            passage.score = likeness.map_or(lexical, |cosine| mixed(lexical, cosine));
            passage
        })
        .filter(|passage| passage.score > 0.0)
        .collect();
    passages.sort_by(|left, right| {
        right.score.total_cmp(&left.score).then_with(|| left.chunk_id.cmp(&right.chunk_id))
    });
    passages.truncate(most);
    for passage in &mut passages {
        passage.marked = asked.marked(&passage.content);
        passage.score = (passage.score * 10_000.0).round() / 10_000.0;
    }
    passages
}

fn mixed(lexical: f64, cosine: f64) -> f64 {
    let likeness = ((cosine - UNLIKE) / (ALIKE - UNLIKE)).clamp(0.0, 1.0);
    (1.0 - LIKENESS) * lexical + LIKENESS * likeness
}

/// The words of a passage.
struct Text {
    text: Vec<Word>,
    heading: Vec<Word>,
    title: Vec<Word>,
    /// It holds an answer, as far as its form tells.
    content: String,
}

impl Text {
    fn of(passage: &Passage) -> Self {
        let mut text = words(&passage.content);
        text.truncate(MOST_WORDS);
        Self {
            text,
            heading: topical(passage.page_label.as_deref().unwrap_or_default()),
            title: topical(&passage.title),
            content: passage.content.clone(),
        }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.text.iter().chain(&self.heading).chain(&self.title);
        words.map(|word| word.folded.as_str())
    }
}

/// The words of a title that say what it is about.
fn topical(title: &str) -> Vec<Word> {
    let mut words = words(title);
    words.retain(|word| !is_filler(&word.folded));
    words
}

/// A question with what its words weigh, and how well the words of the passages fit them.
struct Asked<'a> {
    terms: Vec<Weighed<'a>>,
    /// What all of them weigh.
    total: f64,
    /// What is asked for.
    answer: Answer,
    /// Of each word of the passages that fits one, how well it fits each.
    fits: BTreeMap<String, Vec<f64>>,
}

struct Weighed<'a> {
    term: &'a Term,
    weight: f64,
}

/// A passage as a question sees it: how well each of its words fits each term.
struct Read {
    text: Fits,
    heading: Fits,
    title: Fits,
    /// It holds an answer of the kind that is asked for.
    is_answer: bool,
    /// Of each term, how well the best word of the document's other passages fits it.
    around: Vec<f64>,
}

/// Of each word, how well it fits each term.
type Fits = Vec<Vec<f64>>;

impl Read {
    /// How well the best word of the passage fits a term.
    fn best(&self, term: usize) -> f64 {
        let fits = [&self.text, &self.heading, &self.title].map(|fits| occurrences(fits, term).1);
        fits.into_iter().fold(0.0, f64::max)
    }
}

impl<'a> Asked<'a> {
    fn of(question: &'a Question, commonness: &Commonness, texts: &[Text]) -> Self {
        let mut held_by: BTreeMap<&str, u32> = BTreeMap::new();
        for text in texts {
            let own: BTreeSet<&str> = text.words().collect();
            for word in own {
                *held_by.entry(word).or_default() += 1;
            }
        }
        let passages = f64::from(commonness.passages.max(1));
        let mut fits: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut terms = Vec::new();
        let count = question.terms().len();
        for (at, term) in question.terms().iter().enumerate() {
            let known = commonness.held_by.get(at).copied().unwrap_or_default();
            let found: Vec<(&str, f64, u32)> = held_by
                .iter()
                .map(|(word, held)| (*word, term.fit(word, stem(word), known == 0), *held))
                .filter(|(_, fit, _)| *fit > 0.0)
                .collect();
            let best = found.iter().map(|(_, fit, _)| *fit).fold(0.0, f64::max);
            let own = if term.is_intent() {
                INTENT_WEIGHT
            } else if known > 0 {
                let meant = commonness.meant_by.get(at).copied().unwrap_or_default().max(known);
                (1.0 - CONCEPT) * rarity(known, passages) + CONCEPT * rarity(meant, passages)
            } else if best > 0.0 {
                let most = found.iter().filter(|(_, fit, _)| *fit >= best).map(|(_, _, held)| *held);
                rarity(most.max().unwrap_or_default(), passages)
            } else {
                UNKNOWN * (1.0 + passages).ln()
            };
            for (word, fit, held) in found {
                let mut fit = fit;
                if is_meaning(fit) && !term.is_intent() {
                    if known == 0 { fit = fit.powf(LACKING); }
                }
                let all = fits.entry(word.to_owned()).or_insert_with(|| vec![0.0; count]);
                if let Some(own) = all.get_mut(at) {
                    *own = fit;
                }
            }
            terms.push(Weighed { term, weight: if term.is_intent() { own } else { own * term.weight() } });
        }
        let own = terms.iter().filter(|weighed| !weighed.term.is_intent());
        let total = own.map(|weighed| weighed.weight).sum();
        Self { terms, total, answer: question.answer(), fits }
    }

    fn read(&self, text: &Text) -> Read {
        Read {
            text: self.fits(&text.text),
            heading: self.fits(&text.heading),
            title: self.fits(&text.title),
            is_answer: self.answer.is_in(&text.content),
            around: vec![0.0; self.terms.len()],
        }
    }

    /// Tells passages what stands in others of the same document.
    fn share(&self, candidates: &[Candidate], read: &mut [Read]) {
        let best: Vec<Vec<f64>> = read
            .iter()
            .map(|read| (0..self.terms.len()).map(|at| occurrences(&read.text, at).1).collect())
            .collect();
        for (at, (read, own)) in read.iter_mut().zip(candidates).enumerate() {
            for (other_at, (other, fits)) in candidates.iter().zip(&best).enumerate() {
                if other_at == at || other.passage.document_id != own.passage.document_id {
                    continue;
                }
                for (around, fit) in read.around.iter_mut().zip(fits) {
                    *around = around.max(*fit);
                }
            }
        }
    }

    fn fits(&self, words: &[Word]) -> Fits {
        words.iter().map(|word| self.fit(&word.folded)).collect()
    }

    fn fit(&self, folded: &str) -> Vec<f64> {
        self.fits.get(folded).cloned().unwrap_or_default()
    }

    fn score(&self, read: &Read) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some hundred words")]
        let length = 1.0 - LENGTH + LENGTH * read.text.len() as f64 / ORDINARY_WORDS;
        let (mut had, mut covered) = (0.0, 0.0);
        for (at, weighed) in self.terms.iter().enumerate() {
            let around = read.around.get(at).copied().unwrap_or_default();
            let own = read.best(at);
            let best = own.max(around);
            if best <= 0.0 {
                continue;
            }
            let often = |fits| occurrences(fits, at).0;
            let often = often(&read.text) / length
                + HEADING * often(&read.heading).min(1.0)
                + TITLE * often(&read.title).min(1.0)
                + CONTEXT * around;
            let weight = weighed.weight;
            had += weight * best * often / (often + SATURATION);
            if !weighed.term.is_intent() {
                covered += weight * own;
            }
        }
        if self.total <= 0.0 {
            return (had / INTENT_WEIGHT).min(1.0) * 0.3;
        }
        let share = (had / self.total).min(1.0);
        let coverage = (covered / self.total).min(1.0);
        let score = share * (1.0 - COVERAGE + COVERAGE * coverage);
        let score = score * (1.0 + NAMED * share_fitting(&read.title) + LABELLED * share_fitting(&read.heading));
        let score = if read.is_answer { score * (1.0 + ANSWER) } else { score };
        (score + NEARNESS * self.nearness(&read.text) * share).min(1.0)
    }

    /// The share of neighbours in the question that are neighbours in the text.
    fn nearness(&self, fits: &Fits) -> f64 {
        let is_own = |at: &usize| self.terms.get(*at).is_some_and(|own| !own.term.is_intent());
        let own: Vec<usize> = (0..self.terms.len()).filter(is_own).collect();
        let places = |term: usize| -> Vec<usize> {
            let fits = fits.iter().enumerate();
            fits.filter(|(_, fit)| fit.get(term).is_some_and(|fit| *fit >= 0.5))
                .map(|(at, _)| at)
                .collect()
        };
        let (mut near, mut all) = (0_u32, 0_u32);
        for (left, right) in own.iter().zip(own.iter().skip(1)) {
            let (left, right) = (places(*left), places(*right));
            let is_near =
                |at: &usize| right.iter().any(|other| other != at && at.abs_diff(*other) <= NEAR);
            all += 1;
            near += u32::from(left.iter().any(is_near));
        }
        if all == 0 { 0.0 } else { f64::from(near) / f64::from(all) }
    }

    /// The text with the words that the question is about between marks.
    fn marked(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len() + 32);
        let mut at = 0;
        for word in words(text) {
            if !self.fit(&word.folded).into_iter().any(|fit| fit >= 0.5) {
                continue;
            }
            written.push_str(text.get(at..word.from).unwrap_or_default());
            written.push(MARK_OPEN);
            written.push_str(text.get(word.from..word.to).unwrap_or_default());
            written.push(MARK_CLOSE);
            at = word.to;
        }
        written.push_str(text.get(at..).unwrap_or_default());
        written
    }
}

/// The share of words that fit a term.
fn share_fitting(fits: &Fits) -> f64 {
    if fits.is_empty() {
        return 0.0;
    }
    let best = fits.iter().map(|fits| fits.iter().copied().fold(0.0, f64::max));
    best.sum::<f64>() / fits.len() as f64
}

/// What a word weighs that so many of the passages hold.
fn rarity(held_by: u32, passages: f64) -> f64 {
    let held = f64::from(held_by);
    (1.0 + (passages - held + 0.5).max(0.5) / (held + 0.5)).ln().powf(CONTRAST)
}

/// How often a term stands in words that fit so, counted by how well, and how well the best does.
fn occurrences(fits: &Fits, term: usize) -> (f64, f64) {
    let fits = || fits.iter().filter_map(|fit| fit.get(term)).copied();
    (fits().sum(), fits().fold(0.0, f64::max))
}
