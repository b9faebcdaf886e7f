//! Full-text retrieval over an org's live passages (FTS5, BM25; the title weighs four times the text).
//!
//! A visitor's words never reach the match syntax: each token is quoted, and holds letters and digits
//! only. The tenant is in the expression, for speed, and in the WHERE clause, for safety.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::app::Op;
use crate::db::Rows;
use crate::error::Result;
use crate::ids::{DocumentId, OrgId};
use crate::{row, sql, statement};

const PASSAGES_MATCH: &str = sql!("sql/passages_match.sql");

/// Tokens of a question that are searched for.
const MOST_TERMS: usize = 24;
/// Longest token, in characters.
const LONGEST_TERM: usize = 40;

/// Opens a matched word in [`Passage::marked`].
pub const MARK_OPEN: char = '\u{2}';
/// Closes a matched word in [`Passage::marked`].
pub const MARK_CLOSE: char = '\u{3}';

row! {
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
        /// The text, with matched words between [`MARK_OPEN`] and [`MARK_CLOSE`].
        pub marked: String,
    }
}

/// The passages of `org` that match a question's [`terms`] best, best first; none when it has none.
pub async fn passages(op: &Op, org: &OrgId, terms: &[String], most: u32) -> Result<Vec<Passage>> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let expression = match_expression(org, "{title content}", " OR ", terms);
    let rows = op.search(vec![statement!(PASSAGES_MATCH, expression, org.as_str(), most)]).await?;
    rows.first().map_or(Ok(Vec::new()), Rows::all)
}

/// The org as one token of the index: an id such as `org_dental` would be two.
pub fn tenant_key(org: &OrgId) -> String {
    let digest = Sha256::digest(org.as_str().as_bytes());
    let head: Vec<u8> = digest.iter().copied().take(8).collect();
    format!("t{}", hex::encode(head))
}

/// The searchable words of a question: lower case, without the words that carry no topic.
pub fn terms(question: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for word in question.split(|c: char| !c.is_alphanumeric()) {
        let term: String = lower_case(word).chars().take(LONGEST_TERM).collect();
        let digits = term.chars().all(|c| c.is_ascii_digit());
        let too_short = term.chars().count() < 2 && !digits;
        if term.is_empty() || too_short || is_stop_word(&term) || terms.contains(&term) {
            continue;
        }
        terms.push(term);
        if terms.len() == MOST_TERMS {
            break;
        }
    }
    terms
}

/// Lower case of the alphabets of Europe. The index folds the rest itself; the standard library's table
/// of every script would add 10 KiB to the compressed artefact.
pub fn lower_case(word: &str) -> String {
    let lower = |c: char| match c {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ϋ' | 'А'..='Я' => shifted(c, 32),
        'Ѐ'..='Џ' => shifted(c, 80),
        'Ā'..='ķ' | 'Ŋ'..='ŷ' if u32::from(c) % 2 == 0 => shifted(c, 1),
        'Ĺ'..='Ň' | 'Ź'..='Ž' if u32::from(c) % 2 == 1 => shifted(c, 1),
        c => c,
    };
    word.chars().map(lower).collect()
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// The match for an org's rows that hold the terms in `columns`, joined by `joint` (` OR `, ` AND `). A term must
/// be letters and digits alone, as [`terms`] gives them.
pub fn match_expression(org: &OrgId, columns: &str, joint: &str, terms: &[String]) -> String {
    let mut expression = format!("tenant_key : \"{}\" AND {columns} : (", tenant_key(org));
    for (position, term) in terms.iter().enumerate() {
        let joint = if position == 0 { "" } else { joint };
        // Writing to a String cannot fail.
        let _ = write!(expression, "{joint}\"{term}\"");
    }
    expression.push(')');
    expression
}

/// Words that say nothing about the topic of a question, in the languages our customers' visitors write.
const STOP_WORDS: &[&str] = &[
    "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "get", "give", "had", "has", "have",
    "hello", "hi", "how", "if", "in", "into", "is", "it", "its", "know", "let", "like", "long",
    "many", "may", "me", "much", "my", "need", "no", "not", "of", "on", "or", "our", "please",
    "re", "should", "so", "some", "tell", "than", "thank", "thanks", "that", "the", "their",
    "them", "then", "there", "they", "this", "to", "too", "up", "us", "ve", "want", "was", "we",
    "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
    // Spanish
    "al", "como", "con", "cual", "cuando", "de", "del", "donde", "el", "en", "es", "esta", "hay",
    "la", "las", "lo", "los", "para", "por", "que", "se", "ser", "si", "sin", "son", "su", "tiene",
    "un", "una", "y",
];

fn is_stop_word(term: &str) -> bool {
    STOP_WORDS.contains(&term)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terms_are_topic_words() {
        assert_eq!(
            terms("What are your opening hours on Saturday?"),
            ["opening", "hours", "saturday"]
        );
        assert_eq!(terms("Is it OK? a b 5"), ["ok", "5"]);
        assert_eq!(terms("¿Cuál es el precio?"), ["cuál", "precio"]);
        assert!(terms("  ?! \" ' * ").is_empty());
    }

    #[test]
    fn lower_case_is_that_of_the_standard_library_for_european_alphabets() {
        let letters = ('A'..='ž').chain('Α'..='ω').chain('Ѐ'..='џ').filter(|c| c.is_alphabetic());
        for letter in letters {
            let expected = letter.to_lowercase().to_string();
            // İ becomes two characters, and Ÿ and Ĳ are of no word that visitors ask about.
            if !matches!(letter, 'İ' | 'Ÿ' | 'ẞ') {
                assert_eq!(lower_case(&letter.to_string()), expected, "{letter}");
            }
        }
    }

    #[test]
    fn the_tenant_is_one_token() {
        let key = tenant_key(&OrgId::from("org_dental".to_owned()));
        assert_eq!(key.len(), 17);
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric()));
    }

    proptest! {
        #[test]
        fn no_question_escapes_its_quotes(question in any::<String>()) {
            for term in terms(&question) {
                prop_assert!(term.chars().all(char::is_alphanumeric), "{term:?}");
                prop_assert!(term.chars().count() <= LONGEST_TERM + 2);
            }
            prop_assert!(terms(&question).len() <= MOST_TERMS);
        }
    }
}
