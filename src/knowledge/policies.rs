//! What answers must keep to: the rules of an org's policies, applied to questions, passages and answers.
//!
//! A rule says what it looks for (`match`, see [`super::detection`]), where (`applies_to`), and what happens then
//! (`enforcement`; a stored rule without one does what its `type` says):
//!
//! | Where | `block` | `mask` | `warn` | `handoff` |
//! |---|---|---|---|---|
//! | `chunks` | the passage is dropped | what was found is masked | reported | dropped, and a person takes over |
//! | `documents`, `sources` | like `chunks`, for every passage of a document (a source) of which the title or one passage matches; masked is what was found |
//! | `responses` | the answer is withheld | masked | reported | withheld, and a person takes over |
//!
//! A question is judged by the rules for `responses` that look for words of their own (`keyword`, `regex`) and end a
//! conversation with the bot (`block`, `handoff`): what the answer would touch is best noticed before it is made. A
//! visitor's own details in a question are no breach.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::detection::{Detector, REGEX_REACH, joined};
use super::retrieval::Passage;
use crate::{choice, row, scoped_sql, sql};

/// The policies of the org of a turn, as [`PolicyRow`]; its values are those of `chat/sql/named.sql`.
pub const POLICIES_OF_FOUND: &str = sql!("../chat/sql/named.sql", "sql/policies_of_found.sql");
/// The same of the org of a portal request.
pub(super) const POLICIES_IN_SCOPE: &str = scoped_sql!("sql/policies_in_scope.sql");

/// Stands where something was masked.
pub const MASK: &str = "[removed]";
/// Rules of one org that are enforced, at most.
const MOST_RULES: usize = 100;
/// A word that goes on at the end of what was said so far is waited for up to this length, in bytes.
const LONGEST_WORD: usize = 320;
/// What was let go is remembered so far back, in bytes: numbers are judged by the words before them.
const REMEMBERED: usize = 64;
/// An answer that is being made is judged each time so many bytes are waiting.
const STEP: usize = 96;
/// Of an answer so many bytes are held back at most; if a rule has then not come to the end of what it found, the
/// answer is withheld.
const MOST_HELD: usize = 8_192;

row! {
    /// A policy as it is enforced.
    #[derive(Debug, Clone)]
    pub struct PolicyRow {
        /// `knowledge_policies.id`.
        pub id: String,
        /// As stored; what is no rule is passed over.
        pub rules: Vec<Value>,
    }
}

choice! {
    /// What a rule is about.
    pub enum RuleType {
        /// Takes something out.
        Redact = "redact",
        /// Withholds.
        Restrict = "restrict",
        /// Calls a person.
        Handoff = "handoff",
    }
}

choice! {
    /// What a rule looks for.
    pub enum RuleMatch {
        /// What identifies a person.
        Pii = "pii",
        /// What is said about a person's health.
        Phi = "phi",
        /// Keys, tokens, passwords.
        Secrets = "secrets",
        /// An expression.
        Regex = "regex",
        /// Words or phrases between commas.
        Keyword = "keyword",
    }
}

choice! {
    /// Where a rule looks.
    pub enum AppliesTo {
        /// All passages of a source.
        Sources = "sources",
        /// All passages of a document.
        Documents = "documents",
        /// One passage.
        Chunks = "chunks",
        /// Answers.
        Responses = "responses",
    }
}

choice! {
    /// What happens when a rule finds something, least first.
    pub enum Enforcement {
        /// It is reported.
        Warn = "warn",
        /// It is masked.
        Mask = "mask",
        /// What it is in is withheld.
        Block = "block",
        /// The same, and a person takes over.
        Handoff = "handoff",
    }
}

impl Enforcement {
    /// What a rule does that does not say it.
    pub fn of(kind: RuleType) -> Self {
        match kind {
            RuleType::Redact => Self::Mask,
            RuleType::Restrict => Self::Block,
            RuleType::Handoff => Self::Handoff,
        }
    }
}

/// A rule that found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggeredPolicy {
    /// `knowledge_policies.id`.
    pub policy_id: String,
    /// The rule's id.
    pub rule_id: String,
    /// What was done.
    pub enforcement: Enforcement,
    /// What else the policy asks for, in its own words.
    pub action: Option<String>,
}

/// What became of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It may be shown.
    Pass,
    /// The same; a rule found something to report.
    Warn,
    /// It may be shown as it is now.
    Masked,
    /// It must not be shown.
    Blocked,
    /// The same, and a person takes over.
    HandOff,
}

impl From<Enforcement> for Verdict {
    fn from(enforcement: Enforcement) -> Self {
        match enforcement {
            Enforcement::Warn => Self::Warn,
            Enforcement::Mask => Self::Masked,
            Enforcement::Block => Self::Blocked,
            Enforcement::Handoff => Self::HandOff,
        }
    }
}

impl Verdict {
    /// Whether the text must not be shown.
    pub fn withholds(self) -> bool {
        self >= Self::Blocked
    }
}

/// A text that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// As it may be shown; empty if it must not be.
    pub text: String,
    /// The rules that found something.
    pub triggered: Vec<TriggeredPolicy>,
    /// What became of it.
    pub verdict: Verdict,
}

/// A rule, ready to be applied.
#[derive(Debug)]
pub struct Rule {
    policy_id: String,
    id: String,
    applies_to: BTreeSet<AppliesTo>,
    enforcement: Enforcement,
    action: Option<String>,
    /// Whether it looks for words of its own.
    is_custom: bool,
    detector: Detector,
}

impl Rule {
    /// Reads a stored rule; nothing if it cannot be enforced. Without a place it is about answers.
    fn of(policy_id: &str, position: usize, stored: &Value) -> Option<Self> {
        let text = |name: &str| stored.get(name).and_then(Value::as_str).map(str::trim);
        let kind = text("type").and_then(RuleType::parse);
        let wanted = text("match").and_then(RuleMatch::parse)?;
        let pattern = text("pattern").unwrap_or_default();
        let by_type = kind.map(Enforcement::of);
        let enforcement = text("enforcement").and_then(Enforcement::parse).or(by_type)?;
        let detector = detector(wanted, pattern).ok()?;
        let places = match stored.get("applies_to") {
            Some(Value::Array(places)) => places.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(place)) => vec![place.as_str()],
            _ => vec![],
        };
        let mut applies_to: BTreeSet<AppliesTo> =
            places.into_iter().filter_map(AppliesTo::parse).collect();
        if applies_to.is_empty() {
            applies_to.insert(AppliesTo::Responses);
        }
        let id = text("id").filter(|id| !id.is_empty());
        Some(Self {
            policy_id: policy_id.to_owned(),
            id: id.map_or_else(|| format!("rule_{}", position + 1), str::to_owned),
            applies_to,
            enforcement,
            action: text("action").filter(|action| !action.is_empty()).map(str::to_owned),
            is_custom: matches!(wanted, RuleMatch::Regex | RuleMatch::Keyword),
            detector,
        })
    }

    fn is_about(&self, place: AppliesTo) -> bool {
        self.applies_to.contains(&place)
    }

    fn triggered(&self) -> TriggeredPolicy {
        TriggeredPolicy {
            policy_id: self.policy_id.clone(),
            rule_id: self.id.clone(),
            enforcement: self.enforcement,
            action: self.action.clone(),
        }
    }

    fn is_hit(&self, text: &str) -> bool {
        !self.detector.find(text).is_empty()
    }
}

/// What looks for this; the error says what is wrong with the pattern.
pub fn detector(wanted: RuleMatch, pattern: &str) -> Result<Detector, String> {
    let built_in = || "cannot be looked for".to_owned();
    match wanted {
        RuleMatch::Pii => Ok(Detector::Pii),
        RuleMatch::Phi => Detector::phi().ok_or_else(built_in),
        RuleMatch::Secrets => Detector::secrets().ok_or_else(built_in),
        RuleMatch::Regex => Detector::pattern(pattern),
        RuleMatch::Keyword => Detector::keywords(pattern),
    }
}

/// The policies of one org.
#[derive(Debug, Default)]
pub struct Policies {
    rules: Vec<Rule>,
}

impl Policies {
    /// Reads stored policies: what is no rule, or cannot be enforced, is passed over.
    pub fn of(rows: &[PolicyRow]) -> Self {
        let rules = rows.iter().flat_map(|row| {
            let rules = row.rules.iter().enumerate();
            rules.filter_map(|(position, stored)| Rule::of(&row.id, position, stored))
        });
        Self { rules: rules.take(MOST_RULES).collect() }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether an answer must be judged before it is shown.
    pub fn guards_answers(&self) -> bool {
        self.about(AppliesTo::Responses).next().is_some()
    }

    fn about(&self, place: AppliesTo) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.is_about(place))
    }

    /// Judges a visitor's question: it passes, or is withheld from the bot. The text stays as it is.
    pub fn judge_question(&self, question: &str) -> Judged {
        let ends_it = |rule: &&Rule| rule.is_custom && rule.enforcement >= Enforcement::Block;
        let hit = |rule: &&Rule| rule.is_hit(question);
        let triggered: Vec<TriggeredPolicy> = self
            .about(AppliesTo::Responses)
            .filter(ends_it)
            .filter(hit)
            .map(Rule::triggered)
            .collect();
        Judged { text: question.to_owned(), verdict: verdict_of(&triggered), triggered }
    }

    /// What may be shown of passages, each as it may be shown and with the rules that left something in it; and all
    /// rules that found something.
    pub fn apply_to_passages(
        &self,
        passages: Vec<Passage>,
    ) -> (Vec<Passage>, Vec<TriggeredPolicy>) {
        let mut all = Vec::new();
        let mut kept = passages;
        for rule in &self.rules {
            let found: Vec<Vec<Range<usize>>> =
                kept.iter().map(|passage| rule.detector.find(&passage.content)).collect();
            let hit = kept
                .iter()
                .zip(&found)
                .map(|(passage, found)| !found.is_empty() || rule.titles_hit(passage));
            let hit: Vec<bool> = rule.spread(&kept, &hit.collect::<Vec<bool>>());
            if !hit.contains(&true) {
                continue;
            }
            all.push(rule.triggered());
            let passages = std::mem::take(&mut kept).into_iter().zip(found).zip(hit);
            kept = passages
                .filter_map(
                    |((passage, found), hit)| {
                        if hit { rule.enforced(passage, &found) } else { Some(passage) }
                    },
                )
                .collect();
        }
        (kept, all)
    }

    /// Judges a whole answer.
    pub fn judge_answer(&self, answer: &str) -> Judged {
        self.judge(answer, 0)
    }

    /// Judges what stands behind the first `from` bytes, which were let go.
    fn judge(&self, text: &str, from: usize) -> Judged {
        let mut triggered = Vec::new();
        let mut masked = Vec::new();
        for rule in self.about(AppliesTo::Responses) {
            let found: Vec<Range<usize>> =
                rule.detector.find(text).into_iter().filter(|found| found.end > from).collect();
            if found.is_empty() {
                continue;
            }
            triggered.push(rule.triggered());
            if rule.enforcement == Enforcement::Mask {
                masked.extend(found.into_iter().map(|found| found.start.max(from)..found.end));
            }
        }
        joined(&mut masked);
        let verdict = verdict_of(&triggered);
        let text = if verdict.withholds() { String::new() } else { without(text, from, &masked) };
        Judged { text, triggered, verdict }
    }

    /// How far before the end of an answer that goes on something may begin that is not whole yet, in bytes.
    fn reach(&self) -> usize {
        let reach = self.about(AppliesTo::Responses).map(|rule| rule.detector.reach()).max();
        reach.unwrap_or_default().min(REGEX_REACH)
    }
}

impl Rule {
    /// Whether the titles of documents count.
    fn is_about_titles(&self) -> bool {
        self.is_about(AppliesTo::Documents) || self.is_about(AppliesTo::Sources)
    }

    fn titles_hit(&self, passage: &Passage) -> bool {
        self.is_about_titles() && self.is_hit(&passage.title)
    }

    /// Which passages it is about, of those that it found something in.
    fn spread(&self, passages: &[Passage], hit: &[bool]) -> Vec<bool> {
        let hits = || passages.iter().zip(hit).filter(|(_, hit)| **hit).map(|(passage, _)| passage);
        let is_about = |(passage, own): (&Passage, &bool)| {
            (self.is_about(AppliesTo::Chunks) && *own)
                || (self.is_about(AppliesTo::Documents)
                    && hits().any(|other| other.document_id == passage.document_id))
                || (self.is_about(AppliesTo::Sources)
                    && hits().any(|other| other.source_id == passage.source_id))
        };
        passages.iter().zip(hit).map(is_about).collect()
    }

    /// The passage as it may be shown, if it may be.
    fn enforced(&self, mut passage: Passage, found: &[Range<usize>]) -> Option<Passage> {
        match self.enforcement {
            Enforcement::Block | Enforcement::Handoff => return None,
            Enforcement::Mask => {
                let titled = if self.is_about_titles() {
                    self.detector.find(&passage.title)
                } else {
                    Vec::new()
                };
                if found.is_empty() && titled.is_empty() {
                    return Some(passage);
                }
                passage.title = without(&passage.title, 0, &titled);
                passage.mask(found, MASK);
            }
            Enforcement::Warn => {}
        }
        passage.triggered.push(self.triggered());
        Some(passage)
    }
}

fn verdict_of(triggered: &[TriggeredPolicy]) -> Verdict {
    triggered.iter().map(|policy| policy.enforcement.into()).max().unwrap_or(Verdict::Pass)
}

/// What stands behind the first `from` bytes, with these stretches masked.
fn without(text: &str, from: usize, masked: &[Range<usize>]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut at = from;
    for range in masked {
        written.push_str(text.get(at..range.start).unwrap_or_default());
        written.push_str(MASK);
        at = range.end;
    }
    written.push_str(text.get(at..).unwrap_or_default());
    written
}

/// What of an answer may be shown now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Text to show, behind what was shown before.
    pub text: String,
    /// [`Verdict::Blocked`] and [`Verdict::HandOff`] end the answer: nothing more of it is shown, whatever comes.
    pub verdict: Verdict,
}

/// Judges an answer while it is made: holds back what may yet become something to mask or withhold, and no more.
///
/// Held are the last bytes that a rule of the org may need to see whole (96 for what is known by its shape, 256 for an
/// expression, twice its length for a keyword) and the word that goes on. What was shown before a rule withholds the
/// answer stays shown.
#[derive(Debug)]
pub struct AnswerGuard<'a> {
    policies: &'a Policies,
    /// The end of what was let go, then what was not.
    text: String,
    /// How much of `text` was let go.
    released: usize,
    /// How much of `text` was judged.
    judged: usize,
    triggered: Vec<TriggeredPolicy>,
    verdict: Verdict,
}

impl<'a> AnswerGuard<'a> {
    /// For one answer.
    pub fn new(policies: &'a Policies) -> Self {
        Self {
            policies,
            text: String::new(),
            released: 0,
            judged: 0,
            triggered: Vec::new(),
            verdict: Verdict::Pass,
        }
    }

    /// Takes the next piece of the answer; gives what may be shown.
    pub fn push(&mut self, piece: &str) -> Released {
        if self.verdict.withholds() {
            return self.nothing();
        }
        if !self.policies.guards_answers() {
            return Released { text: piece.to_owned(), verdict: self.verdict };
        }
        self.text.push_str(piece);
        // Judging costs the same for a letter as for a line.
        if self.text.len() - self.judged < STEP && !piece.contains('\n') {
            return self.nothing();
        }
        self.judge(false)
    }

    /// The answer is whole; gives what may be shown of the rest.
    pub fn finish(&mut self) -> Released {
        if self.verdict.withholds() {
            return self.nothing();
        }
        self.judge(true)
    }

    /// The rules that found something so far.
    pub fn triggered(&self) -> &[TriggeredPolicy] {
        &self.triggered
    }

    /// What became of the answer so far: the gravest.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn nothing(&self) -> Released {
        Released { text: String::new(), verdict: self.verdict }
    }

    fn judge(&mut self, is_whole: bool) -> Released {
        self.judged = self.text.len();
        let end = if is_whole { self.text.len() } else { self.safe_end() };
        let mut masked: Vec<Range<usize>> = Vec::new();
        let mut end = end;
        let policies = self.policies;
        for rule in policies.about(AppliesTo::Responses) {
            for found in rule.detector.find(&self.text) {
                if found.end <= self.released {
                    continue;
                }
                self.note(rule);
                if rule.enforcement == Enforcement::Mask {
                    masked.push(found.start.max(self.released)..found.end);
                }
            }
        }
        if self.verdict.withholds() {
            self.text.clear();
            return self.nothing();
        }
        joined(&mut masked);
        // What goes on to the end of the text may go on behind it.
        if !is_whole {
            for range in &masked {
                if range.end > end {
                    end = end.min(range.start);
                }
            }
            if self.text.len() - end > MOST_HELD {
                self.verdict = Verdict::Blocked;
                return self.nothing();
            }
        }
        masked.retain(|range| range.end <= end);
        let end = end.max(self.released);
        let text = without(self.text.get(..end).unwrap_or_default(), self.released, &masked);
        self.forget(end);
        Released { text, verdict: self.verdict }
    }

    fn note(&mut self, rule: &Rule) {
        let triggered = rule.triggered();
        self.verdict = self.verdict.max(triggered.enforcement.into());
        if !self.triggered.contains(&triggered) {
            self.triggered.push(triggered);
        }
    }

    /// Where that ends which nothing that may yet come can change.
    fn safe_end(&self) -> usize {
        let mut end = self.text.len().saturating_sub(self.policies.reach());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        // A private key is long and ends with a line of its own; a word ends with a blank.
        let before = self.text.get(..end).unwrap_or_default();
        let word = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        if end - word > LONGEST_WORD { end } else { word }
    }

    /// Keeps what the next judgement needs.
    fn forget(&mut self, released: usize) {
        let mut from = released.saturating_sub(REMEMBERED);
        while !self.text.is_char_boundary(from) {
            from -= 1;
        }
        self.text.drain(..from);
        self.released = released - from;
        self.judged = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ids::DocumentId;

    fn policies(rules: Value) -> Policies {
        let Value::Array(rules) = rules else { panic!("an array") };
        Policies::of(&[PolicyRow { id: "p1".to_owned(), rules }])
    }

    fn passage(chunk: &str, document: &str, source: &str, content: &str) -> Passage {
        Passage {
            chunk_id: chunk.to_owned(),
            source_id: source.to_owned(),
            document_id: DocumentId::from(document.to_owned()),
            version_id: "v".to_owned(),
            title: format!("Title of {document}"),
            page_label: None,
            content: content.to_owned(),
            marked: content.to_owned(),
            score: 0.5,
            triggered: Vec::new(),
        }
    }

    #[test]
    fn stored_rules_are_read_leniently() {
        let read = policies(json!([
            7, {"type": "redact"}, {"type": "redact", "match": "regex", "pattern": "("},
            {"match": "pii"}, {"type": "restrict", "match": "keyword", "pattern": " "},
            {"type": "redact", "match": "pii"},
            {"id": "mine", "type": "handoff", "match": "keyword", "pattern": "x", "applies_to": ["nowhere"]},
        ]));
        let rules: Vec<(&str, Enforcement)> =
            read.rules.iter().map(|rule| (rule.id.as_str(), rule.enforcement)).collect();
        assert_eq!(rules, [("rule_6", Enforcement::Mask), ("mine", Enforcement::Handoff)]);
        assert!(read.guards_answers(), "a rule without a place is about answers");
        assert!(Policies::of(&[]).is_empty());
    }

    #[test]
    fn answers_are_masked_withheld_and_handed_over() {
        let member = json!({"id": "m", "type": "redact", "match": "regex", "pattern": "[A-Z]{3}[0-9]{9}", "applies_to": "responses", "enforcement": "mask"});
        let legal = json!({"id": "l", "type": "handoff", "match": "keyword", "pattern": "malpractice", "applies_to": "responses", "enforcement": "handoff", "action": "notify_front_desk"});
        let rude = json!({"id": "b", "type": "restrict", "match": "keyword", "pattern": "nonsense", "applies_to": ["responses"], "enforcement": "block"});
        let note = json!({"id": "w", "type": "redact", "match": "keyword", "pattern": "price", "applies_to": "responses", "enforcement": "warn"});
        let policies = policies(json!([member, legal, rude, note]));
        let masked = policies.judge_answer("Your number is ABC123456789, ok?");
        assert_eq!(
            (masked.text.as_str(), masked.verdict),
            ("Your number is [removed], ok?", Verdict::Masked)
        );
        assert_eq!(policies.judge_answer("The price is 9.").verdict, Verdict::Warn);
        assert_eq!(policies.judge_answer("The PRICE is nonsense.").verdict, Verdict::Blocked);
        let handed = policies.judge_answer("That may be malpractice and nonsense.");
        assert_eq!((handed.text.as_str(), handed.verdict), ("", Verdict::HandOff));
        let action = handed.triggered.iter().find_map(|policy| policy.action.as_deref());
        assert_eq!(action, Some("notify_front_desk"));
        assert_eq!(policies.judge_answer("Fine.").verdict, Verdict::Pass);
        // The question: words that end the conversation do, details of the visitor do not.
        assert_eq!(policies.judge_question("Is it malpractice?").verdict, Verdict::HandOff);
        assert_eq!(
            policies.judge_question("My number is ABC123456789, a price?").verdict,
            Verdict::Pass
        );
    }

    #[test]
    fn passages_are_dropped_and_masked() {
        let policies = policies(json!([
            {"id": "s", "type": "restrict", "match": "secrets", "applies_to": "chunks", "enforcement": "block"},
            {"id": "p", "type": "redact", "match": "pii", "applies_to": "chunks", "enforcement": "mask"},
            {"id": "d", "type": "restrict", "match": "keyword", "pattern": "internal", "applies_to": "documents", "enforcement": "block"},
            {"id": "q", "type": "restrict", "match": "keyword", "pattern": "quarantine", "applies_to": "sources", "enforcement": "block"},
            {"id": "a", "type": "restrict", "match": "keyword", "pattern": "hours", "applies_to": "responses", "enforcement": "block"},
        ]));
        let (kept, triggered) = policies.apply_to_passages(vec![
            passage("c1", "d1", "s1", "Our opening hours."),
            passage("c2", "d1", "s1", "api_key=abc123def"),
            passage("c3", "d2", "s1", "Write to ann@mail.example."),
            passage("c4", "d3", "s1", "Internal memo"),
            passage("c5", "d3", "s1", "Another page of it"),
            passage("c6", "d4", "s2", "Quarantine!"),
            passage("c7", "d5", "s2", "Of the same source"),
        ]);
        let shown: Vec<(&str, &str)> = kept
            .iter()
            .map(|passage| (passage.chunk_id.as_str(), passage.content.as_str()))
            .collect();
        assert_eq!(shown, [("c1", "Our opening hours."), ("c3", "Write to [removed].")]);
        assert_eq!(kept[1].triggered.len(), 1);
        let rules: Vec<&str> = triggered.iter().map(|policy| policy.rule_id.as_str()).collect();
        assert_eq!(rules, ["s", "p", "d", "q"]);
    }

    fn guarded(policies: &Policies, pieces: &[&str]) -> (String, Verdict, usize) {
        let mut guard = AnswerGuard::new(policies);
        let mut shown = String::new();
        let mut before_end = 0;
        for piece in pieces {
            shown.push_str(&guard.push(piece).text);
            before_end = shown.len();
        }
        shown.push_str(&guard.finish().text);
        (shown, guard.verdict(), before_end)
    }

    #[test]
    fn an_answer_that_is_being_made_never_shows_what_is_masked() {
        let policies = policies(json!([
            {"id": "p", "type": "redact", "match": "pii", "applies_to": "responses", "enforcement": "mask"},
            {"id": "k", "type": "redact", "match": "keyword", "pattern": "secret sauce", "applies_to": "responses", "enforcement": "mask"},
        ]));
        let text = "Hello. ".repeat(40)
            + "Call 555-010-4471 or write to ann.smith@mail.example. The secret  sauce is good. "
            + &"Bye. ".repeat(60);
        let whole = policies.judge_answer(&text).text;
        for size in [1, 2, 3, 7, 50, 1_000] {
            let letters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> =
                letters.chunks(size).map(|piece| piece.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (shown, verdict, before_end) = guarded(&policies, &pieces);
            assert_eq!((shown.as_str(), verdict), (whole.as_str(), Verdict::Masked), "{size}");
            assert!(
                size == 1_000 || before_end + 450 > whole.len(),
                "what cannot match is let go: {before_end}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_being_made_ends_where_it_must() {
        let policies = policies(json!([
            {"id": "b", "type": "restrict", "match": "keyword", "pattern": "malpractice", "applies_to": "responses", "enforcement": "handoff"},
        ]));
        let mut guard = AnswerGuard::new(&policies);
        let mut shown = String::new();
        for piece in [
            "This is fine. ".repeat(20).as_str(),
            "That was mal",
            "practice",
            ", and more. ",
            &"More. ".repeat(40),
        ] {
            let released = guard.push(piece);
            shown.push_str(&released.text);
        }
        shown.push_str(&guard.finish().text);
        assert!(!shown.contains("mal") && shown.starts_with("This is fine."), "{shown}");
        assert_eq!(guard.verdict(), Verdict::HandOff);
        assert_eq!(guard.triggered().len(), 1);
    }

    #[test]
    fn an_answer_is_let_through_at_once_where_no_rule_is_about_answers() {
        let policies =
            policies(json!([{"type": "redact", "match": "pii", "applies_to": "chunks"}]));
        assert!(!policies.guards_answers());
        assert_eq!(AnswerGuard::new(&policies).push("a").text, "a");
    }

    #[test]
    fn what_never_ends_is_withheld() {
        let policies = policies(json!([
            {"type": "redact", "match": "regex", "pattern": "price.*", "applies_to": "responses", "enforcement": "mask"},
        ]));
        let mut guard = AnswerGuard::new(&policies);
        let mut shown = String::new();
        for _ in 0..400 {
            shown.push_str(&guard.push("price and price and price and ").text);
        }
        shown.push_str(&guard.finish().text);
        assert_eq!((shown.as_str(), guard.verdict()), ("", Verdict::Blocked));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[a-z0-9@. +()\n-]{0,400}", cut in 1_usize..40) {
            let policies = policies(json!([
                {"type": "redact", "match": "pii", "applies_to": "responses"},
                {"type": "redact", "match": "regex", "pattern": "[a-c]{2,9}[0-9]", "applies_to": "responses"},
            ]));
            let letters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = letters.chunks(cut).map(|piece| piece.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (shown, ..) = guarded(&policies, &pieces);
            for found in Detector::pattern("[a-c]{2,9}[0-9]").unwrap().find(&shown) {
                prop_assert!(false, "{:?} is shown", &shown[found]);
            }
        }
    }
}
