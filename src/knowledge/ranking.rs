//! The order of the passages that may answer a question.
//!
//! Each word of a question counts by how rare it is among the org's passages, and for a passage by how often and how
//! exactly it stands there, in the text, its heading or its document's title. The score is the share of what could be
//! had: 1 would be a passage in which every word of the question stands again and again, and 0 one with none of them.
//! From 0.4 on a passage usually speaks to the question; below 0.2 it seldom does.
//!
//! Where a model made vectors of question and passage, half of the score is their likeness.

use std::collections::{BTreeMap, BTreeSet};

use super::embedding::Vector;
use super::intent::Answer;
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
/// How much it counts that title and heading name what is asked for, and little else.
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
    let texts: Vec<Parts> =
        candidates.iter().map(|found| Parts::of(&found.passage, question.answer())).collect();
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
        // Only what is shown ends at 1, so that the best stay in order.
        passage.score = (passage.score.min(1.0) * 10_000.0).round() / 10_000.0;
    }
    passages
}

fn mixed(lexical: f64, cosine: f64) -> f64 {
    let likeness = ((cosine - UNLIKE) / (ALIKE - UNLIKE)).clamp(0.0, 1.0);
    (1.0 - LIKENESS) * lexical + LIKENESS * likeness
}

/// The words of a passage.
struct Parts {
    text: Vec<Word>,
    heading: Vec<Word>,
    title: Vec<Word>,
    /// It holds an answer of the kind that is asked for.
    is_answer: bool,
}

impl Parts {
    fn of(passage: &Passage, answer: Answer) -> Self {
        let mut text = words(&passage.content);
        text.truncate(MOST_WORDS);
        Self {
            text,
            heading: topical(passage.page_label.as_deref().unwrap_or_default()),
            title: topical(&passage.title),
            is_answer: answer.is_in(&passage.content),
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

/// A word of the passages.
struct Form<'a> {
    folded: &'a str,
    stem: &'a str,
    /// The passages that hold it.
    held_by: u32,
}

/// The words of the passages, each once.
fn forms(texts: &[Parts]) -> Vec<Form<'_>> {
    let mut held_by: BTreeMap<&str, u32> = BTreeMap::new();
    for text in texts {
        for word in text.words().collect::<BTreeSet<_>>() {
            *held_by.entry(word).or_default() += 1;
        }
    }
    let form = |(folded, held_by)| Form { folded, stem: stem(folded), held_by };
    held_by.into_iter().map(form).collect()
}

/// A question with what its words weigh, and how well the words of the passages fit them.
struct Asked<'a> {
    terms: Vec<Weighed<'a>>,
    /// What all of them weigh.
    total: f64,
    /// Of each word that fits a term, how well it fits each.
    fits: BTreeMap<&'a str, Vec<f64>>,
}

struct Weighed<'a> {
    term: &'a Term,
    weight: f64,
}

impl<'a> Weighed<'a> {
    /// A term, what it weighs, and how well each of the words fits it. What no passage of the org holds is as rare as
    /// what fits it best, and words of its meaning count for more.
    fn of(
        term: &'a Term,
        (known, meant, passages): (u32, u32, f64),
        forms: &[Form<'_>],
    ) -> (Self, Vec<f64>) {
        let fit = |form: &Form<'_>| term.fit(form.folded, form.stem, known == 0);
        let mut fits: Vec<f64> = forms.iter().map(fit).collect();
        let best = fits.iter().copied().fold(0.0, f64::max);
        let rarity = if known > 0 {
            let own = (1.0 - CONCEPT) * rarity(known, passages);
            own + CONCEPT * rarity(meant.max(known), passages)
        } else if best > 0.0 {
            let fitting = fits.iter().zip(forms).filter(|(fit, _)| **fit >= best);
            rarity(fitting.map(|(_, form)| form.held_by).max().unwrap_or_default(), passages)
        } else {
            UNKNOWN * (1.0 + passages).ln()
        };
        if term.is_intent() {
            return (Self { term, weight: INTENT_WEIGHT }, fits);
        }
        if known == 0 {
            let fits = fits.iter_mut().filter(|fit| is_meaning(**fit));
            fits.for_each(|fit| *fit = fit.powf(LACKING));
        }
        (Self { term, weight: rarity * term.weight() }, fits)
    }
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
    fn of(question: &'a Question, commonness: &Commonness, texts: &'a [Parts]) -> Self {
        let forms = forms(texts);
        let passages = f64::from(commonness.passages.max(1));
        let count = |counts: &[u32], at| counts.get(at).copied().unwrap_or_default();
        let read = question.terms().iter().enumerate().map(|(at, term)| {
            let (known, meant) = (count(&commonness.held_by, at), count(&commonness.meant_by, at));
            Weighed::of(term, (known, meant, passages), &forms)
        });
        let (terms, columns): (Vec<Weighed<'a>>, Vec<Vec<f64>>) = read.unzip();
        let row = |at: usize| -> Vec<f64> {
            columns.iter().map(|column| column.get(at).copied().unwrap_or_default()).collect()
        };
        let rows = forms.iter().enumerate().map(|(at, form)| (form.folded, row(at)));
        let fits = rows.filter(|(_, fits)| fits.iter().any(|fit| *fit > 0.0)).collect();
        let own = terms.iter().filter(|weighed| !weighed.term.is_intent());
        let total = own.map(|weighed| weighed.weight).sum();
        Self { terms, total, fits }
    }

    fn read(&self, text: &Parts) -> Read {
        Read {
            text: self.fits(&text.text),
            heading: self.fits(&text.heading),
            title: self.fits(&text.title),
            is_answer: text.is_answer,
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

    /// How well a word fits each term; nothing if it fits none.
    fn fit(&self, folded: &str) -> Vec<f64> {
        self.fits.get(folded).cloned().unwrap_or_default()
    }

    fn score(&self, read: &Read) -> f64 {
        let (had, covered) = self.had(read);
        if self.total <= 0.0 {
            return (had / INTENT_WEIGHT).min(1.0) * 0.3;
        }
        let share = (had / self.total).min(1.0);
        let coverage = (covered / self.total).min(1.0);
        let named = NAMED * share_fitting(&read.title) + LABELLED * share_fitting(&read.heading);
        let answer = if read.is_answer { 1.0 + ANSWER } else { 1.0 };
        let score = share * (1.0 - COVERAGE + COVERAGE * coverage) * (1.0 + named) * answer;
        score + NEARNESS * self.nearness(&read.text) * share
    }

    /// What of the terms' weight the passage has, by how often and how well they stand there, and by how well alone.
    fn had(&self, read: &Read) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "some hundred words")]
        let length = 1.0 - LENGTH + LENGTH * read.text.len() as f64 / ORDINARY_WORDS;
        let (mut had, mut covered) = (0.0, 0.0);
        for (at, weighed) in self.terms.iter().enumerate() {
            let around = read.around.get(at).copied().unwrap_or_default();
            let own = read.best(at);
            let often = |fits| occurrences(fits, at).0;
            let often = often(&read.text) / length
                + HEADING * often(&read.heading).min(1.0)
                + TITLE * often(&read.title).min(1.0)
                + CONTEXT * around;
            had += weighed.weight * own.max(around) * often / (often + SATURATION);
            if !weighed.term.is_intent() {
                covered += weighed.weight * own;
            }
        }
        (had, covered)
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

/// How well the words fit the terms on average.
#[expect(clippy::cast_precision_loss, reason = "the words of a title")]
fn share_fitting(words: &Fits) -> f64 {
    let best = words.iter().map(|fits| fits.iter().copied().fold(0.0, f64::max));
    best.sum::<f64>() / words.len().max(1) as f64
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
