//! Passages that are judged before they are shown: as many as are shown, and each distinct text once.

use std::ops::Range;
use std::rc::Rc;

use super::detection::Searched;
use super::policies::{AppliesTo, Enforcement, Rule, TriggeredPolicy, without};
use super::retrieval::Passage;
use crate::ids::DocumentId;

/// What each rule found in a text, in the order of the rules; none of those behind one that withholds it.
type Findings = Vec<Vec<Range<usize>>>;

/// Judges the passages of one question.
pub(super) struct PassageGuard<'p> {
    rules: Vec<Judging<'p>>,
    /// Texts that were judged.
    known: Vec<(String, Rc<Findings>)>,
}

/// A rule, and what it found something in.
struct Judging<'p> {
    rule: &'p Rule,
    has_found: bool,
    documents: Vec<DocumentId>,
    sources: Vec<String>,
}

impl<'p> PassageGuard<'p> {
    pub(super) fn new(rules: &'p [Rule]) -> Self {
        let rules = rules.iter().filter(|rule| is_about_passages(rule)).map(|rule| Judging {
            rule,
            has_found: false,
            documents: Vec::new(),
            sources: Vec::new(),
        });
        Self { rules: rules.collect(), known: Vec::new() }
    }

    /// The first `most` passages that may be shown, as they may be.
    pub(super) fn first(&mut self, passages: Vec<Passage>, most: usize) -> Vec<Passage> {
        let mut kept = Vec::new();
        for passage in passages {
            if kept.len() == most {
                break;
            }
            kept.extend(self.judged(passage));
            // What was found in this one may be about those before it.
            kept = kept.into_iter().filter_map(|passage| self.spread(passage)).collect();
        }
        kept
    }

    /// The rules that found something.
    pub(super) fn triggered(&self) -> Vec<TriggeredPolicy> {
        let found = self.rules.iter().filter(|judging| judging.has_found);
        found.map(|judging| judging.rule.triggered()).collect()
    }

    /// The passage as its own text and title let it be shown, if they do.
    fn judged(&mut self, mut passage: Passage) -> Option<Passage> {
        let findings = self.findings(&passage.content);
        let none = Vec::new();
        for (at, judging) in self.rules.iter_mut().enumerate() {
            let found = findings.get(at).unwrap_or(&none);
            if found.is_empty() && !judging.rule.titles_hit(&passage) {
                continue;
            }
            judging.note(&passage);
            passage = judging.rule.enforced(passage, found)?;
        }
        Some(passage)
    }

    /// The passage as what was found in others of its document and source lets it be shown.
    fn spread(&self, mut passage: Passage) -> Option<Passage> {
        for judging in self.rules.iter().filter(|judging| judging.has_found) {
            if judging.is_wider_about(&passage) {
                passage = judging.rule.enforced(passage, &[])?;
            }
        }
        Some(passage)
    }

    /// What the rules find in a text: each in what those before it left.
    fn findings(&mut self, content: &str) -> Rc<Findings> {
        if let Some((_, findings)) = self.known.iter().find(|(known, _)| known == content) {
            return Rc::clone(findings);
        }
        let mut findings = Findings::new();
        let mut masked: Option<String> = None;
        let mut rules = self.rules.iter().map(|judging| judging.rule).peekable();
        while rules.peek().is_some() {
            // What is masked is another text, in which the next rule looks anew.
            let text = masked.take().unwrap_or_else(|| content.to_owned());
            let mut searched = Searched::new(&text);
            for rule in rules.by_ref() {
                let found = searched.find(&rule.detector);
                let is_masked = !found.is_empty() && rule.enforcement == Enforcement::Mask;
                let ends = !found.is_empty() && rule.enforcement >= Enforcement::Block;
                if is_masked {
                    masked = Some(without(&text, 0, &found));
                }
                findings.push(found);
                if ends {
                    return self.know(content, findings);
                }
                if is_masked {
                    break;
                }
            }
        }
        self.know(content, findings)
    }

    fn know(&mut self, content: &str, findings: Findings) -> Rc<Findings> {
        let findings = Rc::new(findings);
        self.known.push((content.to_owned(), Rc::clone(&findings)));
        findings
    }
}

impl Judging<'_> {
    fn note(&mut self, passage: &Passage) {
        self.has_found = true;
        if self.rule.is_about(AppliesTo::Documents) {
            self.documents.push(passage.document_id.clone());
        }
        if self.rule.is_about(AppliesTo::Sources) {
            self.sources.push(passage.source_id.clone());
        }
    }

    fn is_wider_about(&self, passage: &Passage) -> bool {
        self.documents.contains(&passage.document_id) || self.sources.contains(&passage.source_id)
    }
}

fn is_about_passages(rule: &Rule) -> bool {
    [AppliesTo::Chunks, AppliesTo::Documents, AppliesTo::Sources]
        .into_iter()
        .any(|place| rule.is_about(place))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::knowledge::policies::{Policies, PolicyRow};

    fn policies(rules: Value) -> Policies {
        let Value::Array(rules) = rules else { panic!("an array") };
        Policies::of(&[PolicyRow { id: "p1".to_owned(), rules }])
    }

    fn passage(n: usize, document: &str, content: &str) -> Passage {
        Passage {
            chunk_id: format!("c{n}"),
            source_id: "s".to_owned(),
            document_id: DocumentId::from(document.to_owned()),
            version_id: "v".to_owned(),
            title: "Title".to_owned(),
            page_label: None,
            content: content.to_owned(),
            marked: content.to_owned(),
            score: 0.5,
            triggered: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_shown_is_judged_and_each_text_once() {
        let policies = policies(json!([
            {"type": "restrict", "match": "keyword", "pattern": "bad", "applies_to": "chunks"},
            {"type": "redact", "match": "pii", "applies_to": "responses"},
        ]));
        let passages: Vec<Passage> = (0..40)
            .map(|n| passage(n, "d", ["bad", "good", "fine", "good"].get(n % 4).unwrap()))
            .collect();
        let mut guard = PassageGuard::new(policies.rules());
        let kept = guard.first(passages, 6);
        let shown: Vec<&str> = kept.iter().map(|passage| passage.chunk_id.as_str()).collect();
        assert_eq!(shown, ["c1", "c2", "c3", "c5", "c6", "c7"]);
        assert_eq!((guard.rules.len(), guard.known.len()), (1, 3));

        let distinct = (0..40).map(|n| passage(n, "d", &format!("text {n}"))).collect();
        let mut guard = PassageGuard::new(policies.rules());
        assert_eq!((guard.first(distinct, 6).len(), guard.known.len()), (6, 6));
    }

    #[test]
    fn what_is_found_late_takes_back_what_was_kept() {
        let policies = policies(json!([
            {"id": "d", "type": "restrict", "match": "keyword", "pattern": "internal", "applies_to": "documents"},
            {"id": "w", "type": "redact", "match": "keyword", "pattern": "draft", "applies_to": "sources", "enforcement": "warn"},
        ]));
        let (kept, triggered) = policies.apply_to_first(
            vec![
                passage(0, "d1", "Opening hours"),
                passage(1, "d2", "A draft"),
                passage(2, "d1", "Internal memo"),
                passage(3, "d3", "Fees"),
                passage(4, "d3", "Never looked at"),
            ],
            3,
        );
        let shown: Vec<(&str, usize)> = kept
            .iter()
            .map(|passage| (passage.chunk_id.as_str(), passage.triggered.len()))
            .collect();
        assert_eq!(shown, [("c1", 1), ("c3", 1), ("c4", 1)]);
        assert_eq!(triggered.len(), 2);
    }

    #[test]
    fn a_rule_looks_in_what_those_before_it_left() {
        let policies = policies(json!([
            {"id": "p", "type": "redact", "match": "pii", "applies_to": "chunks"},
            {"id": "m", "type": "restrict", "match": "keyword", "pattern": "mail", "applies_to": "chunks"},
            {"id": "q", "type": "redact", "match": "pii", "applies_to": "chunks", "enforcement": "warn"},
        ]));
        let (kept, triggered) =
            policies.apply_to_first(vec![passage(0, "d", "Write to ann@mail.example.")], 1);
        assert_eq!(kept.first().map(|kept| kept.content.as_str()), Some("Write to [removed]."));
        assert_eq!(triggered.len(), 1);
    }
}
