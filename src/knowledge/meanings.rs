//! What visitors mean: words of the same meaning, and phrases.
//!
//! The tables are data, in English and Spanish, of what people say to a business and what its pages say. They are read
//! once, when the first question comes.

use std::cmp::Reverse;
use std::sync::LazyLock;

use super::words::{irregular, stem};

const MEANINGS: &str = include_str!("meanings.txt");
const PHRASES: &str = include_str!("phrases.txt");

/// The tables, by what they are looked up with.
static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

struct Tables {
    /// Stems and the groups of words that are related to them, in order of the stems.
    meanings: Vec<(&'static str, &'static str)>,
    /// In order of their first words, and the longest before those that it begins with.
    phrases: Vec<Phrase>,
}

struct Phrase {
    words: Vec<&'static str>,
    /// What it is searched for as.
    meant: &'static str,
}

impl Tables {
    fn read() -> Self {
        let mut meanings = Vec::new();
        for line in lines(MEANINGS) {
            let (narrow, wide) = line.split_once(" > ").unwrap_or((line, line));
            for word in narrow.split(' ') {
                meanings.push((stem(word), wide));
            }
        }
        // A stable sort: of a word's groups, the first of the file stays the first.
        meanings.sort_by_key(|(stem, _)| *stem);
        meanings.dedup();
        let phrases = lines(PHRASES).filter_map(|line| line.split_once(" ="));
        let mut phrases: Vec<Phrase> = phrases
            .map(|(words, meant)| Phrase { words: words.split(' ').collect(), meant: meant.trim() })
            .collect();
        phrases.sort_by_key(|phrase| (phrase.first(), Reverse(phrase.words.len())));
        Self { meanings, phrases }
    }
}

impl Phrase {
    fn first(&self) -> &'static str {
        self.words.first().copied().unwrap_or_default()
    }
}

/// The lines of a table that are not comments.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Other words for a folded one: its own irregular forms, then the first words of each of its groups, then the second
/// ones, and so on, as those that stand first are likeliest meant.
pub(super) fn related(folded: &str) -> Vec<&'static str> {
    let own = stem(folded);
    let meanings = &TABLES.meanings;
    let from = meanings.partition_point(|(stem, _)| *stem < own);
    let mut groups: Vec<_> = meanings
        .iter()
        .skip(from)
        .take_while(|(stem, _)| *stem == own)
        .map(|(_, group)| group.split(' '))
        .collect();
    let mut found: Vec<&'static str> = irregular(folded).filter(|form| *form != folded).collect();
    while !groups.is_empty() {
        groups.retain_mut(|group| {
            let next = group.find(|word| stem(word) != own && !found.contains(word));
            found.extend(next);
            next.is_some()
        });
    }
    found
}

/// The phrase that these folded words begin with: how many of them it takes, and what it is searched for as.
pub(super) fn phrase(folded: &[&str]) -> Option<(usize, &'static str)> {
    let first = folded.first()?;
    let phrases = &TABLES.phrases;
    let from = phrases.partition_point(|phrase| phrase.first() < *first);
    let mut same = phrases.iter().skip(from).take_while(|phrase| phrase.first() == *first);
    let found = same.find(|phrase| folded.starts_with(&phrase.words))?;
    Some((found.words.len(), found.meant))
}

#[cfg(test)]
mod tests {
    use super::super::words::fold;
    use super::*;

    #[test]
    fn the_tables_hold_folded_words() {
        let folded = |words: &str| {
            words.split(' ').all(|word| {
                !word.is_empty() && fold(word) == word && word.chars().all(char::is_alphanumeric)
            })
        };
        for line in lines(MEANINGS) {
            let (narrow, wide) = line.split_once(" > ").unwrap_or((line, line));
            assert!(folded(narrow) && folded(wide), "{line:?}");
        }
        for line in lines(PHRASES) {
            let (words, meant) = line.split_once(" =").unwrap();
            assert!(folded(words) && (meant.trim().is_empty() || folded(meant.trim())), "{line:?}");
        }
    }

    #[test]
    fn words_of_a_meaning_are_related() {
        assert!(related("prices").contains(&"cuesta"));
        assert!(related("precio").contains(&"cost"));
        assert!(related("teeth").contains(&"tooth"));
        assert!(related("unheard").is_empty());
    }

    #[test]
    fn what_is_narrower_is_found_by_what_is_wider() {
        assert!(related("thanksgiving").contains(&"holiday"));
        assert!(!related("thanksgiving").contains(&"christmas"));
        assert!(!related("holiday").contains(&"thanksgiving"));
    }

    #[test]
    fn the_longest_phrase_counts() {
        assert_eq!(phrase(&["set", "me", "back", "much"]), Some((3, "cost")));
        assert_eq!(phrase(&["how", "do", "i", "get", "there"]), Some((5, "directions address")));
        assert_eq!(phrase(&["set", "me"]), None);
        assert_eq!(phrase(&[]), None);
    }
}
