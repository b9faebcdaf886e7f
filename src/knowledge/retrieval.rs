//! Full-text retrieval over an org's live passages, ranked here.
//!
//! One query to `SEARCH` gives the passages that hold a question's words, words of the same meaning, or such as may
//! be meant by a misspelt one, and how common each is among the org's passages; [`super::ranking`] then reads them
//! and puts them in order. The index's own BM25 is not used: it counts a word over the passages of all orgs, for each
//! question anew, so that what it costs grows with them.
//!
//! A visitor's words never reach the match syntax: each token is quoted, and holds letters and digits
//! only. The tenant is in each expression, for speed, and in the WHERE clause, for safety.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use super::question::Question;
use super::ranking;
use super::unsettled::Unsettled;
pub use super::words::{lower_case, terms};
use crate::app::Op;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::ids::{DocumentId, OrgId};
use crate::knowledge::embedding::{self, Embedded, Vector};
use crate::knowledge::policies::{Policies, TriggeredPolicy};
use crate::knowledge::signature::Signature;
use crate::{row, sql, statement};

const PASSAGES_MATCH: &str = sql!("sql/passages_match.sql");

/// Passages that are read and ranked for their words.
const BY_WORDS: u32 = 60;
/// The same where others are for their meaning, and how many these are.
const BY_WORDS_BESIDE: u32 = 40;
const BY_MEANING: u32 = 60;

/// Passages that are ranked for them: policies and what is out of date may take some away.
const RANKED: u32 = 40;
/// Opens a matched word in [`Passage::marked`].
pub const MARK_OPEN: char = '\u{2}';
/// Closes a matched word in [`Passage::marked`].
pub const MARK_CLOSE: char = '\u{3}';

/// A passage of a live version that matches.
#[derive(Debug, Clone)]
pub struct Passage {
    /// `knowledge_chunks.id`.
    pub chunk_id: String,
    /// Where the document came from.
    pub source_id: String,
    /// The document.
    pub document_id: DocumentId,
    /// The version that was live when it was indexed.
    pub version_id: String,
    /// The document's title.
    pub title: String,
    /// Where in the document.
    pub page_label: Option<String>,
    /// The text.
    pub content: String,
    /// The text, with matched words between [`MARK_OPEN`] and [`MARK_CLOSE`].
    pub marked: String,
    /// How much of the question's topic it speaks to, from 0 to 1.
    pub score: f64,
    /// The policies that left something in it, or took something out.
    pub triggered: Vec<TriggeredPolicy>,
}

impl Passage {
    /// Puts `mask` in the place of stretches of the text, which are in order and apart.
    pub fn mask(&mut self, found: &[Range<usize>], mask: &str) {
        self.marked = masked(&self.marked, found, mask);
        self.content = masked(&self.content, found, mask);
    }
}

/// A text, with or without marks, without what stands in these places of the text without marks.
fn masked(text: &str, found: &[Range<usize>], mask: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut found = found.iter().peekable();
    let mut at = 0;
    let mut masking: Option<usize> = None;
    for c in text.chars() {
        let is_mark = matches!(c, MARK_OPEN | MARK_CLOSE);
        if masking.is_some_and(|end| at >= end) {
            masking = None;
        }
        if masking.is_none()
            && !is_mark
            && let Some(range) = found.next_if(|range| at >= range.start)
        {
            written.push_str(mask);
            masking = Some(range.end);
        }
        // Marks stay, so that each that opens has one that closes.
        if masking.is_none() || is_mark {
            written.push(c);
        }
        if !is_mark {
            at += c.len_utf8();
        }
    }
    written
}

row! {
    /// A passage as `SEARCH` gives it; the first row has none, and says how common the words are.
    struct CandidateRow {
        chunk_id: Option<String>,
        source_id: Option<String>,
        document_id: Option<DocumentId>,
        version_id: Option<String>,
        title: Option<String>,
        content: Option<String>,
        page_label: Option<String>,
        vector: Option<String>,
        found: Value,
        passages: Option<i64>,
    }
}

/// A passage that may answer a question.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) passage: Passage,
    /// What a model makes of it.
    pub(super) vector: Option<Vector>,
}

/// How common the words of a question are.
#[derive(Debug, Clone, Default)]
pub(super) struct Commonness {
    /// Of each term: the passages that hold it, 400 at most.
    pub(super) held_by: Vec<u32>,
    /// The same of words of its meaning.
    pub(super) meant_by: Vec<u32>,
    /// The org's passages, 4 000 at most.
    pub(super) passages: u32,
}

/// The statement for `SEARCH` that finds the passages of `org`; nothing when the question has no topic. Where it has
/// a vector, those that are nearest to it are among them. [`ranked`] reads its result.
pub fn statement(
    org: &OrgId,
    question: &Question,
    embedded: Option<&Embedded>,
) -> Option<Statement> {
    if question.terms().is_empty() {
        return None;
    }
    let tenant = format!("tenant_key : \"{}\"", tenant_key(org));
    let probes = Value::Array(question.probes()).to_string();
    let by_words = if embedded.is_some() { BY_WORDS_BESIDE } else { BY_WORDS };
    let model = embedded.map(|embedded| embedded.model.as_str());
    let signature = embedded.map(|embedded| Signature::of(&embedded.vector).to_asked().to_string());
    Some(statement!(
        PASSAGES_MATCH,
        tenant,
        org.as_str(),
        probes,
        by_words,
        model,
        signature,
        BY_MEANING
    ))
}

/// The passages in the result of [`statement`], best first.
pub fn ranked(
    rows: &Rows,
    question: &Question,
    vector: Option<&Vector>,
    most: u32,
) -> Result<Vec<Passage>> {
    let mut commonness = Commonness::default();
    let mut candidates = Vec::new();
    for row in rows.all::<CandidateRow>()? {
        match Candidate::of(row) {
            Ok(candidate) => candidates.push(candidate),
            Err(row) => commonness = Commonness::of(&row, question.terms().len()),
        }
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(ranking::ranked(question, vector, candidates, &commonness, most))
}

/// Passages that were found, best first; what may be shown of them is not judged yet.
pub struct Found(Vec<Passage>);

/// Looks for passages of `org`; none when the question has no topic. One round trip to `SEARCH`.
pub async fn find(op: &Op, org: &OrgId, question: &Question) -> Result<Found> {
    let embedded = embedding::of_question(op, question).await;
    let Some(statement) = statement(org, question, embedded.as_ref()) else {
        return Ok(Found(Vec::new()));
    };
    let rows = op.search(vec![statement]).await?;
    let vector = embedded.as_ref().map(|embedded| &embedded.vector);
    // More than are asked for, as some may not be shown.
    let ranked = rows.first().map(|rows| ranked(rows, question, vector, RANKED));
    Ok(Found(ranked.transpose()?.unwrap_or_default()))
}

impl Found {
    /// The best `most` of them, as far as they may be shown; and the policies that found something.
    pub fn shown(
        mut self,
        (unsettled, policies): (&Unsettled, &Policies),
        most: u32,
    ) -> (Vec<Passage>, Vec<TriggeredPolicy>) {
        self.0.retain(|passage| unsettled.allows(passage));
        policies.apply_to_first(self.0, usize::try_from(most).unwrap_or(usize::MAX))
    }
}

impl Candidate {
    /// Nothing but the row if it has no passage.
    fn of(row: CandidateRow) -> Result<Self, Box<CandidateRow>> {
        let CandidateRow {
            chunk_id: Some(chunk_id),
            source_id: Some(source_id),
            document_id: Some(document_id),
            version_id: Some(version_id),
            title: Some(title),
            content: Some(content),
            page_label,
            vector,
            ..
        } = row
        else {
            return Err(Box::new(row));
        };
        let passage = Passage {
            chunk_id,
            source_id,
            document_id,
            version_id,
            title,
            page_label,
            marked: String::new(),
            content,
            score: 0.0,
            triggered: Vec::new(),
        };
        Ok(Self { passage, vector: vector.as_deref().and_then(Vector::stored) })
    }
}

impl Commonness {
    fn of(row: &CandidateRow, terms: usize) -> Self {
        let (mut held_by, mut meant_by) = (vec![0; terms], vec![0; terms]);
        for found in row.found.as_array().into_iter().flatten() {
            let number = |at: usize| found.get(at).and_then(Value::as_u64);
            let (Some(term), Some(kind), Some(held)) = (number(0), number(1), number(2)) else {
                continue;
            };
            let counts = match kind {
                0 => &mut held_by,
                1 => &mut meant_by,
                _ => continue,
            };
            let term = usize::try_from(term).unwrap_or(usize::MAX);
            if let Some(most) = counts.get_mut(term) {
                *most = u32::try_from(held).unwrap_or(u32::MAX).max(*most);
            }
        }
        let passages = row.passages.and_then(|count| u32::try_from(count).ok());
        Self { held_by, meant_by, passages: passages.unwrap_or_default() }
    }
}

/// The org as one token of the index: an id such as `org_dental` would be two.
pub fn tenant_key(org: &OrgId) -> String {
    let digest = Sha256::digest(org.as_str().as_bytes());
    let head: Vec<u8> = digest.iter().copied().take(8).collect();
    format!("t{}", hex::encode(head))
}

/// The match for an org's rows that hold the terms in `columns`, joined by `joint` (` OR `, ` AND `). A term must
/// be letters and digits alone, as [`terms`] gives them.
pub fn match_expression(org: &OrgId, columns: &str, joint: &str, terms: &[String]) -> String {
    format!("tenant_key : \"{}\" AND {columns} : ({})", tenant_key(org), quoted(joint, terms))
}

/// Terms as the match syntax takes them.
pub(super) fn quoted(joint: &str, terms: &[String]) -> String {
    let mut expression = String::new();
    for (position, term) in terms.iter().enumerate() {
        let joint = if position == 0 { "" } else { joint };
        // Writing to a String cannot fail.
        let _ = write!(expression, "{joint}\"{term}\"");
    }
    expression
}

/// A probe of [`PASSAGES_MATCH`].
pub(super) fn probe(term: usize, kind: u8, weight: f64, words: &str) -> Value {
    json!([term, kind, weight, words])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tenant_is_one_token() {
        let key = tenant_key(&OrgId::from("org_dental".to_owned()));
        assert_eq!(key.len(), 17);
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric()));
    }

    #[test]
    fn masks_go_into_a_text_and_into_its_marked_twin() {
        let plain = "call Ann at 555 now";
        let marked = "\u{2}call\u{3} Ann at \u{2}555\u{3} now";
        let found = [5..8, 12..15];
        assert_eq!(masked(plain, &found, "[x]"), "call [x] at [x] now");
        let twin = masked(marked, &found, "[x]");
        let unmarked: String =
            twin.chars().filter(|c| !matches!(*c, MARK_OPEN | MARK_CLOSE)).collect();
        assert_eq!(unmarked, "call [x] at [x] now");
        assert_eq!(twin.matches(MARK_OPEN).count(), twin.matches(MARK_CLOSE).count());
    }

    proptest! {
        #[test]
        fn no_question_escapes_its_quotes(question in any::<String>()) {
            for term in terms(&question) {
                prop_assert!(term.chars().all(char::is_alphanumeric), "{term:?}");
            }
            for probe in Question::of(&question).probes() {
                let words = probe[3].as_str().unwrap();
                let inside = words.split('"').skip(1).step_by(2);
                for term in inside {
                    prop_assert!(term.chars().all(char::is_alphanumeric), "{words:?}");
                }
                prop_assert!(words.matches('"').count() % 2 == 0);
            }
        }
    }
}
