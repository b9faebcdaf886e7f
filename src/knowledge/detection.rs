//! What a policy's rule looks for in a text, as stretches of it.
//!
//! - `pii`: what [`crate::redaction`] takes out: e-mail addresses, phone, card and social security numbers.
//! - `phi`: what is said about one person's health, by heuristics: record, patient and member numbers behind their
//!   name, dates of birth behind theirs, "diagnosed with …" and the like, doses of medicines, ICD-10 codes with a dot.
//!   Words about health in general are left alone, or no practice could answer anything.
//! - `secrets`: keys by the shapes that vendors give them, tokens (JWT, `Bearer …`), private keys in PEM, passwords in
//!   addresses of databases, and what stands behind `password:`, `api_key=` and the like, if a digit is in it.
//! - `keyword`: words or phrases between commas, whatever their case and accents; `*` at the end stands for the rest
//!   of the word.
//! - `regex`: an expression of the customer's, run by an engine that takes time in proportion to the text.

use std::ops::Range;
use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

use super::words::{Word, words};
use crate::redaction;

/// Longest pattern, in characters.
pub const LONGEST_PATTERN: usize = 200;
/// Memory that a compiled expression may take, in bytes: it bounds the work for each character.
const COMPILED_BYTES: usize = 24 * 1024;
/// What an expression takes is known in steps of so many bytes.
const GRAIN: usize = 512;
/// Groups inside of groups.
const DEEPEST: u32 = 12;
/// Stretches found in one text. A text with more of them is one stretch from the next on, so that looking again
/// behind each does not add up.
const MOST_FOUND: usize = 64;
/// Keywords of one pattern.
const MOST_KEYWORDS: usize = 40;

/// Longest match of an expression that is sure to be found in an answer that is judged while it is made, in bytes.
pub const REGEX_REACH: usize = 256;
/// The same for what is known by its shape.
const SHAPE_REACH: usize = 96;

const PHI: &str = r"(?i)\b(?:mrn|medical record(?: number| no\.?)?|patient (?:id|number|no\.?)|member (?:id|number)|chart number|n[uú]mero de (?:paciente|historia|afiliado))\W{0,4}(?:is |es )?[a-z]{0,4}-?\d[\w-]{3,15}|\b(?:dob|date of birth|born(?: on)?|fecha de nacimiento|nacid[oa](?: el)?)\W{0,4}(?:is |es )?(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|[a-z]{3,10}\.? \d{1,2},? \d{4}|\d{1,2}(?: de)? [a-z]{3,10}(?: de)? \d{4})|\b(?:diagnosed with|(?:has|had) a diagnosis of|suffer(?:s|ed|ing)? from|tested positive for|diagnosticad[oa] (?:con|de)|padece(?: de)?)(?: [^\s.,;!?]+){1,3}|\b[a-z]{4,} \d+(?:[.,]\d+)? ?(?:mg|mcg|µg)\b";
const ICD: &str = r"\b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b";
/// One of these is in every text that [`PHI`] finds something in, folded.
const PHI_HINTS: [&str; 21] = [
    "mrn",
    "record",
    "patient",
    "member",
    "chart",
    "numero de",
    "dob",
    "birth",
    "born",
    "nacimiento",
    "nacid",
    "diagnos",
    "suffer",
    "positive",
    "padece",
    " mg",
    "0mg",
    "5mg",
    "mcg",
    "µg",
    "g/",
];

const SECRETS: &str = r"\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_-]{18,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*|\b[Bb]earer [A-Za-z0-9._~+/-]{16,}=*|\b[a-z][a-z0-9+]{2,14}://[^\s:@/]+:[^\s@/]+@\S+";
const LABELLED: &str = r#"(?i)\b(?:password|passwd|pwd|passphrase|secret|api[ _-]?key|access[ _-]?key|auth[ _-]?token|token|contrase[nñ]a|clave)\s?[:=]\s?["']?([^\s"',;]{6,})"#;
const SECRET_HINTS: [&str; 24] = [
    "_live_",
    "_test_",
    "sk-",
    "akia",
    "asia",
    "aiza",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "whsec_",
    "eyj",
    "earer ",
    "://",
    "pass",
    "pwd",
    "secret",
    "key",
    "token",
    "cla",
];
const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";

/// Something that a rule looks for.
#[derive(Debug)]
pub enum Detector {
    /// What identifies a person.
    Pii,
    /// What is said about a person's health.
    Phi {
        /// Phrases and doses.
        phrases: Regex,
        /// Codes of diseases.
        codes: Regex,
    },
    /// What opens something.
    Secrets {
        /// By their shape.
        shapes: Regex,
        /// By the word in front of them.
        labelled: Regex,
    },
    /// An expression of the customer's.
    Pattern(Regex),
    /// Words and phrases.
    Keywords(Vec<Keyword>),
}

/// A word or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// Folded.
    words: Vec<String>,
    /// Whether its last word may go on.
    goes_on: bool,
    /// Bytes of it as it is written.
    length: usize,
}

impl Detector {
    /// What identifies a person, or says something of their health, or opens something.
    pub fn phi() -> Option<Self> {
        static COMPILED: OnceLock<Option<(Regex, Regex)>> = OnceLock::new();
        let (phrases, codes) = COMPILED.get_or_init(|| compiled(PHI, ICD)).clone()?;
        Some(Self::Phi { phrases, codes })
    }

    /// Keys, tokens and passwords.
    pub fn secrets() -> Option<Self> {
        static COMPILED: OnceLock<Option<(Regex, Regex)>> = OnceLock::new();
        let (shapes, labelled) = COMPILED.get_or_init(|| compiled(SECRETS, LABELLED)).clone()?;
        Some(Self::Secrets { shapes, labelled })
    }

    /// An expression of a customer's. The error says what is wrong with it.
    pub fn pattern(pattern: &str) -> Result<Self, String> {
        if pattern.chars().nth(LONGEST_PATTERN).is_some() {
            return Err(format!("must have at most {LONGEST_PATTERN} characters"));
        }
        let regex = expression(pattern, COMPILED_BYTES)
            .map_err(|error| format!("is not an expression that can be used: {error}"))?;
        if regex.is_match("") {
            return Err("matches the empty text, so that it says nothing about any".to_owned());
        }
        Ok(Self::Pattern(regex))
    }

    /// Words and phrases between commas. The error says what is wrong with them.
    pub fn keywords(pattern: &str) -> Result<Self, String> {
        if pattern.chars().nth(LONGEST_PATTERN).is_some() {
            return Err(format!("must have at most {LONGEST_PATTERN} characters"));
        }
        let keywords: Vec<Keyword> = pattern.split(',').filter_map(Keyword::of).collect();
        match keywords.len() {
            0 => Err("must hold a word, or several between commas".to_owned()),
            1..=MOST_KEYWORDS => Ok(Self::Keywords(keywords)),
            _ => Err(format!("must hold at most {MOST_KEYWORDS} words or phrases")),
        }
    }

    /// The stretches of a text that it finds: in order, and apart from each other.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = match self {
            Self::Pii => redaction::spans(text).iter().map(|span| span.from..span.to).collect(),
            Self::Phi { phrases, codes } => {
                let mut found =
                    if hinted(text, &PHI_HINTS) { matches(phrases, text) } else { Vec::new() };
                if text.bytes().any(|byte| byte.is_ascii_digit()) {
                    found.extend(matches(codes, text));
                }
                found
            }
            Self::Secrets { shapes, labelled } => {
                let mut found = private_keys(text);
                if hinted(text, &SECRET_HINTS) {
                    found.extend(matches(shapes, text));
                    found.extend(labelled_secrets(labelled, text));
                }
                found
            }
            Self::Pattern(regex) => matches(regex, text),
            Self::Keywords(keywords) => phrases(keywords, &words(text)),
        };
        joined(&mut found);
        found
    }

    /// How far before the end of a text that goes on something may begin that is not whole yet, in bytes; a word
    /// that is not whole counts besides.
    pub fn reach(&self) -> usize {
        match self {
            Self::Pii | Self::Phi { .. } | Self::Secrets { .. } => SHAPE_REACH,
            Self::Pattern(_) => REGEX_REACH,
            // Blanks between the words, and accents, may make it longer.
            Self::Keywords(keywords) => {
                keywords.iter().map(|keyword| keyword.length * 2 + 8).max().unwrap_or_default()
            }
        }
    }
}

/// What is built in is the same for all orgs, and compiled once.
fn compiled(one: &str, other: &str) -> Option<(Regex, Regex)> {
    Some((Regex::new(one).ok()?, Regex::new(other).ok()?))
}

/// What an expression takes when it is compiled, in bytes, to the next [`GRAIN`]; nothing if it is not used.
pub(super) fn compiled_bytes(pattern: &str) -> usize {
    let fits = |grains: &usize| expression(pattern, grains * GRAIN).is_ok();
    if Detector::pattern(pattern).is_err() {
        return 0;
    }
    let (mut too_few, mut enough) = (0, COMPILED_BYTES / GRAIN);
    while too_few + 1 < enough {
        let middle = usize::midpoint(too_few, enough);
        if fits(&middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    enough * GRAIN
}

fn expression(pattern: &str, most_bytes: usize) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(pattern).size_limit(most_bytes).nest_limit(DEEPEST).build()
}

/// A text in which several rules look: what is built in is looked for once, and its words are told apart once.
pub(super) struct Searched<'t> {
    text: &'t str,
    words: Option<Vec<Word>>,
    pii: Option<Vec<Range<usize>>>,
    phi: Option<Vec<Range<usize>>>,
    secrets: Option<Vec<Range<usize>>>,
}

impl<'t> Searched<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, words: None, pii: None, phi: None, secrets: None }
    }

    /// What [`Detector::find`] gives.
    pub(super) fn find(&mut self, detector: &Detector) -> Vec<Range<usize>> {
        let text = self.text;
        let known = match detector {
            Detector::Pii => &mut self.pii,
            Detector::Phi { .. } => &mut self.phi,
            Detector::Secrets { .. } => &mut self.secrets,
            Detector::Keywords(keywords) => {
                let words = self.words.get_or_insert_with(|| words(text));
                let mut found = phrases(keywords, words);
                joined(&mut found);
                return found;
            }
            Detector::Pattern(_) => return detector.find(text),
        };
        known.get_or_insert_with(|| detector.find(text)).clone()
    }
}

fn hinted(text: &str, hints: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    hints.iter().any(|hint| text.contains(hint))
}

fn matches(regex: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = regex
        .find_iter(text)
        .filter(|found| !found.is_empty())
        .take(MOST_FOUND)
        .map(|found| found.range())
        .collect();
    if found.len() == MOST_FOUND
        && let Some(last) = found.last_mut()
    {
        last.end = text.len();
    }
    found
}

/// What stands behind a label and holds a digit: sentences about passwords hold none.
fn labelled_secrets(regex: &Regex, text: &str) -> Vec<Range<usize>> {
    let secret = |captures: regex_lite::Captures<'_>| {
        let secret = captures.get(1)?;
        secret.as_str().bytes().any(|byte| byte.is_ascii_digit()).then(|| secret.range())
    };
    regex.captures_iter(text).take(MOST_FOUND).filter_map(secret).collect()
}

/// Private keys in PEM, to their last line or the end of the text.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) =
        text.get(at..).and_then(|rest| rest.find(PEM_BEGIN)).map(|begin| at + begin)
    {
        let rest = text.get(begin..).unwrap_or_default();
        let is_private = rest.lines().next().is_some_and(|line| line.contains("PRIVATE KEY"));
        let end = rest.find(PEM_END).map_or(text.len(), |end| {
            let line = rest.get(end..).and_then(|last| last.find('\n')).unwrap_or(rest.len() - end);
            begin + end + line
        });
        if is_private {
            found.push(begin..end);
        }
        at = end.max(begin + PEM_BEGIN.len());
    }
    found
}

impl Keyword {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let goes_on = text.ends_with('*');
        let words: Vec<String> = words(text).into_iter().map(|word| word.folded).collect();
        (!words.is_empty()).then_some(Self { words, goes_on, length: text.len() })
    }

    /// The last byte of the keyword if it begins with the first of these words.
    fn at(&self, text: &[Word]) -> Option<usize> {
        let text = text.get(..self.words.len())?;
        let last = self.words.len() - 1;
        let fits = |(at, (own, word)): (usize, (&String, &Word))| {
            word.folded == *own
                || (at == last && self.goes_on && word.folded.starts_with(own.as_str()))
        };
        let whole = self.words.iter().zip(text).enumerate().all(fits);
        whole.then(|| text.last().map(|word| word.to)).flatten()
    }
}

fn phrases(keywords: &[Keyword], words: &[Word]) -> Vec<Range<usize>> {
    let found = words.iter().enumerate().flat_map(|(at, word)| {
        let rest = words.get(at..).unwrap_or_default();
        keywords.iter().filter_map(move |keyword| Some(word.from..keyword.at(rest)?))
    });
    found.take(MOST_FOUND * 4).collect()
}

/// Puts stretches in order and joins those that touch.
pub fn joined(found: &mut Vec<Range<usize>>) {
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, before| {
        let touches = next.start <= before.end;
        if touches {
            before.end = before.end.max(next.end);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(detector: &Detector, text: &'a str) -> Vec<&'a str> {
        detector.find(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn personal_details_are_those_of_redaction() {
        let text = "Write to ann@mail.example or call 555-010-4471 by 2026-03-15.";
        assert_eq!(found(&Detector::Pii, text), ["ann@mail.example", "555-010-4471"]);
    }

    #[test]
    fn what_is_said_of_a_persons_health() {
        let phi = Detector::phi().unwrap();
        for (text, expected) in [
            ("Her MRN is 00482913.", vec!["MRN is 00482913"]),
            ("Member ID: AB-123456789, thanks", vec!["Member ID: AB-123456789"]),
            ("DOB 04/12/2015", vec!["DOB 04/12/2015"]),
            ("He was born on March 3, 2016 here", vec!["born on March 3, 2016"]),
            (
                "Fecha de nacimiento: 3 de marzo de 2016",
                vec!["Fecha de nacimiento: 3 de marzo de 2016"],
            ),
            ("Tim was diagnosed with ADHD last year.", vec!["diagnosed with ADHD last year"]),
            ("takes methylphenidate 20 mg daily", vec!["methylphenidate 20 mg"]),
            ("coded as F90.0 today", vec!["F90.0"]),
        ] {
            assert_eq!(found(&phi, text), expected, "{text}");
        }
        for text in [
            "We screen for ADHD, anxiety and depression.",
            "Most patients are seen within 30 minutes.",
            "Version v1.15.3 came in 2025.",
            "Born ready to help.",
        ] {
            assert!(found(&phi, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn secrets_by_shape_and_by_label() {
        let secrets = Detector::secrets().unwrap();
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc";
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";
        let text = format!(
            "key sk_live_0123456789abcdef and {jwt}, api_key=abc123def; {pem}\npostgres://u:p@h/db Bearer abcdefghijklmnop1"
        );
        assert_eq!(
            found(&secrets, &text),
            [
                "sk_live_0123456789abcdef",
                jwt,
                "abc123def",
                pem,
                "postgres://u:p@h/db",
                "Bearer abcdefghijklmnop1"
            ]
        );
        for text in [
            "Password: required",
            "Forgot your password?",
            "https://a.example/key",
            "the secret to clean teeth",
        ] {
            assert!(found(&secrets, text).is_empty(), "{text}");
        }
        assert_eq!(found(&secrets, "-----BEGIN PRIVATE KEY-----\nAAAA").len(), 1, "an open one");
    }

    #[test]
    fn keywords_are_words_whatever_their_case_and_accents() {
        let words = Detector::keywords("malpractice, legal action ,abogad*").unwrap();
        assert_eq!(
            found(&words, "Malpractice? I take LEGAL  action with my Abogádo."),
            ["Malpractice", "LEGAL  action", "Abogádo"]
        );
        assert!(found(&words, "malpractices, legal actions").is_empty());
        assert!(Detector::keywords(" , *").is_err());
        assert!(Detector::keywords(&"a,".repeat(90)).is_err());
    }

    #[test]
    fn expressions_are_bounded() {
        let member = Detector::pattern("[A-Z]{3}[0-9]{9}").unwrap();
        assert_eq!(found(&member, "It is ABC123456789."), ["ABC123456789"]);
        for refused in
            ["(", "a*", "(a{0,200}){200}", "\\1", "(?=a)", &"a".repeat(201), &"(".repeat(40)]
        {
            assert!(Detector::pattern(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn what_an_expression_takes_is_known() {
        let small = compiled_bytes("abc");
        let large = compiled_bytes("[a-z ]{1,150}#1");
        assert!(small > 0 && small < large && large <= COMPILED_BYTES, "{small} {large}");
        assert_eq!((compiled_bytes("("), compiled_bytes("(a{0,200}){200}")), (0, 0));
    }

    #[test]
    fn several_rules_find_in_a_text_what_each_finds() {
        let text = "Ann, ann@mail.example, MRN 00482913, key sk_live_0123456789abcdef, a price";
        let detectors = [
            Detector::Pii,
            Detector::phi().unwrap(),
            Detector::secrets().unwrap(),
            Detector::keywords("price, key").unwrap(),
            Detector::pattern("[a-z]{5}").unwrap(),
        ];
        let mut searched = Searched::new(text);
        for detector in detectors.iter().chain(&detectors) {
            assert_eq!(searched.find(detector), detector.find(text));
        }
    }

    #[test]
    fn hostile_expressions_take_no_longer_than_their_bounds() {
        // Nested repeats, and one that looks to the end for each match.
        let text = "a".repeat(4_000);
        for pattern in ["(a+)+$", "(a|aa)+b", "a.*z|a", "(a{0,20}){0,20}b", "([a-z]+)*[0-9]"] {
            let Ok(detector) = Detector::pattern(pattern) else { continue };
            // An engine that goes back would not come to an end.
            let _ = detector.find(&text);
        }
    }
}
