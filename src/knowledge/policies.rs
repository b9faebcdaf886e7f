//! What answers must keep to: the rules of an org's policies, applied to questions, passages and answers.
//!
//! A rule says what it looks for (`match`, see [`super::detection`]), where (`applies_to`), and what happens then
//! (`enforcement`; a stored rule without one does what its `type` says):
//!
//! | Where | `block` | `mask` | `warn` | `handoff` |
//! |---|---|---|---|---|
//! | `chunks` | the passage is dropped | what was found is masked | reported | dropped, and a person takes over |
//! | `documents`, `sources` | like `chunks`, for every passage of a document (a source) of which the title or one of the passages that would be shown matches; masked is what was found |
//! | `responses` | the answer is withheld | masked | reported | withheld, and a person takes over |
//!
//! A question is judged by the rules for `responses` that look for words of their own (`keyword`, `regex`) and end a
//! conversation with the bot (`block`, `handoff`): what the answer would touch is best noticed before it is made. A
//! visitor's own details in a question are no breach.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

pub use super::answer_guard::{AnswerGuard, Released};
use super::detection::{Detector, REGEX_REACH, Searched, joined};
use super::passage_guard::PassageGuard;
use super::retrieval::Passage;
use crate::chat::named_site_sql;
use crate::{choice, row, scoped_sql};

/// The policies of the org of a turn, as [`PolicyRow`]; its values are those of `chat/sql/named.sql` alone.
pub const POLICIES_OF_NAMED: &str = named_site_sql!("sql/policies_of_named.sql");
/// The same of the org of a portal request.
pub(super) const POLICIES_IN_SCOPE: &str = scoped_sql!("sql/policies_in_scope.sql");

/// Stands where something was masked.
pub const MASK: &str = "[removed]";
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
    pub(super) enforcement: Enforcement,
    action: Option<String>,
    /// Whether it looks for words of its own.
    is_custom: bool,
    pub(super) detector: Detector,
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

    pub(super) fn is_about(&self, place: AppliesTo) -> bool {
        self.applies_to.contains(&place)
    }

    pub(super) fn triggered(&self) -> TriggeredPolicy {
        TriggeredPolicy {
            policy_id: self.policy_id.clone(),
            rule_id: self.id.clone(),
            enforcement: self.enforcement,
            action: self.action.clone(),
        }
    }

    fn is_hit(&self, text: &mut Searched<'_>) -> bool {
        !text.find(&self.detector).is_empty()
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
    /// Reads stored policies: what is no rule, or cannot be enforced, is passed over. All others are enforced: how
    /// many there may be is judged when they are stored.
    pub fn of(rows: &[PolicyRow]) -> Self {
        let rules = rows.iter().flat_map(|row| {
            let rules = row.rules.iter().enumerate();
            rules.filter_map(|(position, stored)| Rule::of(&row.id, position, stored))
        });
        Self { rules: rules.collect() }
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether an answer must be judged before it is shown.
    pub fn guards_answers(&self) -> bool {
        self.about(AppliesTo::Responses).next().is_some()
    }

    pub(super) fn about(&self, place: AppliesTo) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.is_about(place))
    }

    /// Judges a visitor's question: it passes, or is withheld from the bot. The text stays as it is.
    pub fn judge_question(&self, question: &str) -> Judged {
        let ends_it = |rule: &&Rule| rule.is_custom && rule.enforcement >= Enforcement::Block;
        let mut searched = Searched::new(question);
        let hit = |rule: &&Rule| rule.is_hit(&mut searched);
        let triggered: Vec<TriggeredPolicy> = self
            .about(AppliesTo::Responses)
            .filter(ends_it)
            .filter(hit)
            .map(Rule::triggered)
            .collect();
        Judged { text: question.to_owned(), verdict: verdict_of(&triggered), triggered }
    }

    /// The first `most` passages that may be shown, each as it may be shown and with the rules that left something in
    /// it; and all rules that found something. Passages behind them are not judged.
    pub fn apply_to_first(
        &self,
        passages: Vec<Passage>,
        most: usize,
    ) -> (Vec<Passage>, Vec<TriggeredPolicy>) {
        let mut guard = PassageGuard::new(&self.rules);
        let kept = guard.first(passages, most);
        (kept, guard.triggered())
    }

    /// Judges a whole answer.
    pub fn judge_answer(&self, answer: &str) -> Judged {
        let mut triggered = Vec::new();
        let mut masked = Vec::new();
        let mut searched = Searched::new(answer);
        for rule in self.about(AppliesTo::Responses) {
            let found = searched.find(&rule.detector);
            if found.is_empty() {
                continue;
            }
            triggered.push(rule.triggered());
            if rule.enforcement == Enforcement::Mask {
                masked.extend(found);
            }
        }
        joined(&mut masked);
        let verdict = verdict_of(&triggered);
        let text = if verdict.withholds() { String::new() } else { without(answer, 0, &masked) };
        Judged { text, triggered, verdict }
    }

    /// How far before the end of an answer that goes on something may begin that is not whole yet, in bytes.
    pub(super) fn reach(&self) -> usize {
        let reach = self.about(AppliesTo::Responses).map(|rule| rule.detector.reach()).max();
        reach.unwrap_or_default().min(REGEX_REACH)
    }
}

impl Rule {
    /// Whether the titles of documents count.
    fn is_about_titles(&self) -> bool {
        self.is_about(AppliesTo::Documents) || self.is_about(AppliesTo::Sources)
    }

    /// Whether the title of the passage's document counts, and matches.
    pub(super) fn titles_hit(&self, passage: &Passage) -> bool {
        self.is_about_titles() && self.is_hit(&mut Searched::new(&passage.title))
    }

    /// The passage as it may be shown, if it may be.
    pub(super) fn enforced(&self, mut passage: Passage, found: &[Range<usize>]) -> Option<Passage> {
        match self.enforcement {
            Enforcement::Block | Enforcement::Handoff => return None,
            Enforcement::Mask => {
                let titled = if self.is_about_titles() {
                    Searched::new(&passage.title).find(&self.detector)
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
        let triggered = self.triggered();
        if !passage.triggered.contains(&triggered) {
            passage.triggered.push(triggered);
        }
        Some(passage)
    }
}

fn verdict_of(triggered: &[TriggeredPolicy]) -> Verdict {
    triggered.iter().map(|policy| policy.enforcement.into()).max().unwrap_or(Verdict::Pass)
}

/// What stands behind the first `from` bytes, with these stretches masked.
pub(super) fn without(text: &str, from: usize, masked: &[Range<usize>]) -> String {
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

#[cfg(test)]
mod tests {
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
        let passages = vec![
            passage("c1", "d1", "s1", "Our opening hours."),
            passage("c2", "d1", "s1", "api_key=abc123def"),
            passage("c3", "d2", "s1", "Write to ann@mail.example."),
            passage("c4", "d3", "s1", "Internal memo"),
            passage("c5", "d3", "s1", "Another page of it"),
            passage("c6", "d4", "s2", "Quarantine!"),
            passage("c7", "d5", "s2", "Of the same source"),
        ];
        let (kept, triggered) = policies.apply_to_first(passages, usize::MAX);
        let shown: Vec<(&str, &str)> = kept
            .iter()
            .map(|passage| (passage.chunk_id.as_str(), passage.content.as_str()))
            .collect();
        assert_eq!(shown, [("c1", "Our opening hours."), ("c3", "Write to [removed].")]);
        assert_eq!(kept[1].triggered.len(), 1);
        let rules: Vec<&str> = triggered.iter().map(|policy| policy.rule_id.as_str()).collect();
        assert_eq!(rules, ["s", "p", "d", "q"]);
    }

    #[test]
    fn all_rules_that_are_stored_are_enforced() {
        let rule = |n: usize| json!({"id": n.to_string(), "type": "restrict", "match": "keyword", "pattern": format!("word{n}"), "applies_to": "responses"});
        let rows: Vec<PolicyRow> = (0..50)
            .map(|policy| PolicyRow {
                id: format!("p{policy}"),
                rules: (0..20).map(|n| rule(policy * 20 + n)).collect(),
            })
            .collect();
        assert_eq!(Policies::of(&rows).judge_answer("Word999.").verdict, Verdict::Blocked);
    }
}
