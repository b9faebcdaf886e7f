//! The order of the passages that may answer a question.
//!
//! Each word of a question counts by how rare it is among the org's passages, and for a passage by how often and how
//! exactly it stands there, in the text, its heading or its document's title. The score is the share of what could be
//! had: 1 would be a passage in which every word of the question stands again and again, and 0 one with none of them.
//! From 0.35 on a passage usually speaks to the question; below 0.2 it seldom does.
//!
//! Where a model made vectors of question and passage, half of the score is their likeness.

use super::embedding::Vector;
use super::question::{Question, Term};
use super::retrieval::{Candidate, Commonness, MARK_CLOSE, MARK_OPEN, Passage};
use super::words::{Word, stem, words};

/// What a word in the document's title and in the heading counts, beside one in the text.
const TITLE: f64 = 0.8;
const HEADING: f64 = 1.3;
/// How soon further occurrences count for little, and how much the length of a text counts (BM25's k1 and b).
const SATURATION: f64 = 0.6;
const LENGTH: f64 = 0.35;
/// Words of an ordinary passage.
const ORDINARY_WORDS: f64 = 70.0;
/// How much it counts that the passage holds all words rather than a few.
const COVERAGE: f64 = 0.5;
/// How much it counts that words that stand together in the question do so in the passage.
const NEARNESS: f64 = 0.12;
/// Words that stand so near to each other stand together.
const NEAR: usize = 3;
/// Words of the kind of the question count as little as a common word.
const INTENT_RARITY: f64 = 0.9;
/// Words that are read of a passage.
const MOST_WORDS: usize = 600;
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
    let asked = Asked::of(question, commonness);
    let mut passages: Vec<Passage> = candidates
        .into_iter()
        .map(|candidate| {
            let lexical = asked.score(&candidate.passage);
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

/// A question with what its words weigh.
struct Asked<'a> {
    terms: Vec<Weighed<'a>>,
    /// What all of them weigh.
    total: f64,
}

struct Weighed<'a> {
    term: &'a Term,
    rarity: f64,
    may_be_misspelt: bool,
}

impl<'a> Asked<'a> {
    fn of(question: &'a Question, commonness: &Commonness) -> Self {
        let passages = f64::from(commonness.passages.max(1));
        let weighed = |(at, term): (usize, &'a Term)| {
            let held_by = commonness.held_by.get(at).copied().unwrap_or_default();
            let held = f64::from(held_by);
            let rarity = (1.0 + (passages - held + 0.5).max(0.5) / (held + 0.5)).ln();
            let rarity = match (term.is_intent(), held_by) {
                (true, _) => INTENT_RARITY,
                // It may be misspelt, or in another language: what no passage holds says nothing.
                (false, 0) => UNKNOWN * (1.0 + passages).ln(),
                (false, _) => rarity,
            };
            Weighed { term, rarity, may_be_misspelt: held_by == 0 }
        };
        let terms: Vec<Weighed<'a>> = question.terms().iter().enumerate().map(weighed).collect();
        let total = terms
            .iter()
            .filter(|weighed| !weighed.term.is_intent())
            .map(|weighed| weighed.rarity)
            .sum();
        Self { terms, total }
    }

    /// How well each word of a passage fits the best of the question's, and which that is.
    fn fits(&self, words: &[Word]) -> Vec<Vec<f64>> {
        words.iter().map(|word| self.fit(&word.folded)).collect()
    }

    fn fit(&self, folded: &str) -> Vec<f64> {
        let own_stem = stem(folded);
        let fit =
            |weighed: &Weighed<'_>| weighed.term.fit(folded, own_stem, weighed.may_be_misspelt);
        self.terms.iter().map(fit).collect()
    }

    fn score(&self, passage: &Passage) -> f64 {
        let mut text = words(&passage.content);
        text.truncate(MOST_WORDS);
        let heading = words(passage.page_label.as_deref().unwrap_or_default());
        let (text_fits, heading_fits, title_fits) =
            (self.fits(&text), self.fits(&heading), self.fits(&words(&passage.title)));
        #[expect(clippy::cast_precision_loss, reason = "some hundred words")]
        let length = 1.0 - LENGTH + LENGTH * text.len() as f64 / ORDINARY_WORDS;
        let (mut had, mut covered) = (0.0, 0.0);
        for (at, weighed) in self.terms.iter().enumerate() {
            let (often, exactly) = occurrences(&text_fits, at);
            let (in_heading, in_title) =
                (occurrences(&heading_fits, at), occurrences(&title_fits, at));
            let best = exactly.max(in_heading.1).max(in_title.1);
            if best <= 0.0 {
                continue;
            }
            let often =
                often / length + HEADING * in_heading.0.min(1.0) + TITLE * in_title.0.min(1.0);
            had += weighed.rarity * best * often / (often + SATURATION);
            if !weighed.term.is_intent() {
                covered += weighed.rarity * best;
            }
        }
        if self.total <= 0.0 {
            return (had / INTENT_RARITY).min(1.0) * 0.3;
        }
        let share = (had / self.total).min(1.0);
        let coverage = (covered / self.total).min(1.0);
        let score = share * (1.0 - COVERAGE + COVERAGE * coverage);
        (score + NEARNESS * self.nearness(&text_fits) * share).min(1.0)
    }

    /// The share of neighbours in the question that are neighbours in the text.
    fn nearness(&self, fits: &[Vec<f64>]) -> f64 {
        let own: Vec<usize> = (0..self.terms.len())
            .filter(|at| self.terms.get(*at).is_some_and(|own| !own.term.is_intent()))
            .collect();
        let places = |term: usize| {
            fits.iter()
                .enumerate()
                .filter(move |(_, fit)| fit.get(term).is_some_and(|fit| *fit >= 0.5))
        };
        let pairs = own.iter().zip(own.iter().skip(1));
        let (mut near, mut all) = (0_u32, 0_u32);
        for (left, right) in pairs {
            all += 1;
            let is_near = places(*left).any(|(at, _)| {
                places(*right).any(|(other, _)| other != at && at.abs_diff(other) <= NEAR)
            });
            near += u32::from(is_near);
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

/// How often a term stands in words that fit so, counted by how well, and how well the best does.
fn occurrences(fits: &[Vec<f64>], term: usize) -> (f64, f64) {
    let fits = || fits.iter().filter_map(|fit| fit.get(term)).copied();
    (fits().sum(), fits().fold(0.0, f64::max))
}
