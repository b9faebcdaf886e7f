//! An answer that is judged while it is made.

use std::ops::Range;

use super::detection::{Searched, joined};
use super::policies::{AppliesTo, Enforcement, Policies, Rule, TriggeredPolicy, Verdict, without};

/// A word that goes on at the end of what was said so far is waited for up to this length, in bytes.
const LONGEST_WORD: usize = 320;
/// What was let go is remembered so far back, in bytes: numbers are judged by the words before them.
const REMEMBERED: usize = 64;
/// An answer that is being made is judged each time so many bytes are waiting, whatever they are.
const STEP: usize = 96;
/// And where much of it is held back, each time it has grown by one part in so many: what is held is judged anew.
const GROWTH: usize = 4;
/// Of an answer so many bytes are held back at most; if a rule has then not come to the end of what it found, the
/// answer is withheld.
const MOST_HELD: usize = 8_192;

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
    /// Bytes that each rule looked at.
    #[cfg(test)]
    looked_at: usize,
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
            #[cfg(test)]
            looked_at: 0,
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
        if self.text.len() - self.judged < STEP.max(self.text.len() / GROWTH) {
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
        #[cfg(test)]
        {
            self.looked_at += self.text.len();
        }
        let text = std::mem::take(&mut self.text);
        let mut searched = Searched::new(&text);
        for rule in policies.about(AppliesTo::Responses) {
            for found in searched.find(&rule.detector) {
                if found.end <= self.released {
                    continue;
                }
                self.note(rule);
                if rule.enforcement == Enforcement::Mask {
                    masked.push(found.start.max(self.released)..found.end);
                }
            }
        }
        self.text = text;
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
    use serde_json::{Value, json};

    use super::super::detection::Detector;
    use super::super::policies::PolicyRow;
    use super::*;

    fn policies(rules: Value) -> Policies {
        let Value::Array(rules) = rules else { panic!("an array") };
        Policies::of(&[PolicyRow { id: "p1".to_owned(), rules }])
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
    fn what_judging_costs_does_not_depend_on_the_pieces() {
        let policies = policies(json!([
            {"type": "redact", "match": "regex", "pattern": "x[a-z \n]*", "applies_to": "responses"},
        ]));
        // Nothing found, and something that goes on and on, letter by letter and line by line.
        for text in ["a\n".repeat(4_000), "word ".repeat(1_600), format!("x{}", "\n".repeat(7_999))]
        {
            let mut guard = AnswerGuard::new(&policies);
            for piece in text.chars() {
                guard.push(piece.encode_utf8(&mut [0; 4]));
            }
            guard.finish();
            assert!(guard.looked_at <= 10 * text.len(), "{} of {}", guard.looked_at, text.len());
        }
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
