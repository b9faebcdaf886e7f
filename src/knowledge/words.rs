//! Words as retrieval compares them: folded, and cut to their stem.
//!
//! English and Spanish, the languages our customers' visitors write. The rules are light on purpose: they decide
//! how passages that were found are ranked; what can be found is decided by the index, which has its own.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Tokens of a question that are searched for.
const MOST_TERMS: usize = 24;
/// Longest token, in characters.
const LONGEST_TERM: usize = 40;

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
    word.chars().map(lower).collect()
}

fn lower(c: char) -> char {
    match c {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ϋ' | 'А'..='Я' => shifted(c, 32),
        'Ѐ'..='Џ' => shifted(c, 80),
        'Ā'..='ķ' | 'Ŋ'..='ŷ' if u32::from(c) % 2 == 0 => shifted(c, 1),
        'Ĺ'..='Ň' | 'Ź'..='Ž' if u32::from(c) % 2 == 1 => shifted(c, 1),
        c => c,
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// Lower case without the accents of western Europe: what the index compares.
pub fn fold(word: &str) -> String {
    word.chars().map(|c| unaccented(lower(c))).collect()
}

fn unaccented(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        c => c,
    }
}

/// A word of a text: where it begins and ends, in bytes, and folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its first byte.
    pub from: usize,
    /// The byte after it.
    pub to: usize,
    /// Folded.
    pub folded: String,
}

/// The words of a text: runs of letters and digits.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begun: Option<usize> = None;
    for (at, c) in text.char_indices() {
        match (c.is_alphanumeric(), begun) {
            (true, None) => begun = Some(at),
            (false, Some(from)) => {
                push_word(&mut words, text, from, at);
                begun = None;
            }
            _ => {}
        }
    }
    if let Some(from) = begun {
        push_word(&mut words, text, from, text.len());
    }
    words
}

fn push_word(words: &mut Vec<Word>, text: &str, from: usize, to: usize) {
    let folded = fold(text.get(from..to).unwrap_or_default());
    words.push(Word { from, to, folded });
}

/// Ends of English and Spanish words, longest first, and how many letters must stand before them.
const ENDS: [(&str, usize); 21] = [
    ("aciones", 3),
    ("iciones", 3),
    ("amiento", 3),
    ("imiento", 3),
    ("ations", 3),
    ("acion", 3),
    ("icion", 3),
    ("ation", 3),
    ("mente", 4),
    ("ments", 3),
    ("ances", 3),
    ("ment", 3),
    ("ance", 4),
    ("ando", 3),
    ("iendo", 3),
    ("ness", 5),
    ("ings", 3),
    ("ing", 3),
    ("ed", 3),
    ("ar", 3),
    ("ly", 5),
];

/// Forms of words that no rule makes, in order, and the word itself. English ones: the tables of meanings hold the Spanish.
const IRREGULAR: [(&str, &str); 58] = [
    ("ate", "eat"),
    ("began", "begin"),
    ("begun", "begin"),
    ("bled", "bleed"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("children", "child"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("drank", "drink"),
    ("driven", "drive"),
    ("drove", "drive"),
    ("eaten", "eat"),
    ("fallen", "fall"),
    ("feet", "foot"),
    ("fell", "fall"),
    ("felt", "feel"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("found", "find"),
    ("froze", "freeze"),
    ("frozen", "freeze"),
    ("gave", "give"),
    ("given", "give"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("lost", "lose"),
    ("men", "man"),
    ("paid", "pay"),
    ("ran", "run"),
    ("seen", "see"),
    ("sent", "send"),
    ("slept", "sleep"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("swollen", "swell"),
    ("taken", "take"),
    ("taught", "teach"),
    ("teeth", "tooth"),
    ("told", "tell"),
    ("took", "take"),
    ("went", "go"),
    ("women", "woman"),
    ("wore", "wear"),
    ("worn", "wear"),
    ("written", "write"),
    ("wrote", "write"),
];

/// The forms of a folded word that no rule makes.
pub fn irregular(folded: &str) -> impl Iterator<Item = &'static str> {
    let own = base(folded);
    let forms = IRREGULAR.iter().filter(move |(_, word)| *word == own);
    forms.flat_map(|(form, word)| [*form, *word])
}

/// The word that an irregular form is of; any other is its own.
fn base(folded: &str) -> &str {
    let at = IRREGULAR.binary_search_by(|(form, _)| (*form).cmp(folded));
    at.ok().and_then(|at| IRREGULAR.get(at)).map_or(folded, |(_, word)| *word)
}

/// What a folded word has in common with its other forms.
pub fn stem(folded: &str) -> &str {
    let folded = base(folded);
    if folded.len() < 4 || !folded.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return folded;
    }
    let singular = singular(folded);
    let cut = ENDS.iter().find_map(|(end, before)| {
        let rest = singular.strip_suffix(end)?;
        let has_vowel = rest.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        (rest.len() >= *before && has_vowel).then_some(rest)
    });
    let root = undoubled(cut.unwrap_or(singular));
    let bare = root.trim_end_matches(['a', 'e', 'i', 'o', 'y']);
    if bare.len() >= 3 { bare } else { root }
}

fn singular(word: &str) -> &str {
    let Some(rest) = word.strip_suffix('s') else { return word };
    if rest.ends_with(['s', 'u', 'i']) || rest.len() < 3 {
        return word;
    }
    let es = rest.strip_suffix('e').filter(|rest| {
        rest.ends_with(['s', 'x', 'z', 'h', 'd', 'n', 'r', 'l', 'j']) && rest.len() >= 3
    });
    es.unwrap_or(rest)
}

/// Without the second of two equal consonants at its end. Short words end in two of some: fill, dress.
fn undoubled(word: &str) -> &str {
    let mut back = word.bytes().rev();
    match (back.next(), back.next()) {
        (Some(last), Some(other)) if last == other && !b"aeiou".contains(&last) => {
            let shortest = if b"lsz".contains(&last) { 7 } else { 4 };
            if word.len() < shortest { word } else { word.get(..word.len() - 1).unwrap_or(word) }
        }
        _ => word,
    }
}

/// Consonants that words double, as the index's column `skeleton` undoubles them.
const DOUBLED: [&str; 16] = [
    "bb", "cc", "dd", "ff", "gg", "jj", "kk", "ll", "mm", "nn", "pp", "rr", "ss", "tt", "vv", "zz",
];

/// The consonants of a folded word, as the index's column `skeleton` holds them: what most misspellings keep.
pub fn skeleton(folded: &str) -> String {
    let mut bones: String =
        folded.chars().filter(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')).collect();
    for doubled in DOUBLED {
        let single: String = doubled.chars().take(1).collect();
        bones = bones.replace(doubled, &single);
    }
    bones
}

/// Whether two folded words differ by so few letters that one may be the other misspelt.
pub fn is_misspelt(word: &str, meant: &str) -> bool {
    let most = match word.chars().count().min(meant.chars().count()) {
        0..=3 => return false,
        4..=7 => 1,
        _ => 2,
    };
    word.chars().next() == meant.chars().next() && distance_within(word, meant, most)
}

/// Whether the optimal string alignment distance is `most` at most: a letter added, dropped, changed, or two
/// swapped count one each.
fn distance_within(left: &str, right: &str, most: usize) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > most {
        return false;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, own) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let get = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let same = usize::from(own != other);
            let mut cost = (get(&above, column) + same)
                .min(get(&above, column + 1) + 1)
                .min(get(&line, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(other)
                && right.get(column - 1) == Some(own);
            if swapped {
                cost = cost.min(get(&before, column - 1) + 1);
            }
            line.push(cost);
        }
        if line.iter().all(|cost| *cost > most) {
            return false;
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().is_some_and(|cost| *cost <= most)
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

/// Words that visitors put around their question, folded: they say nothing about its topic either, but a search
/// for what was said (`terms`) may be about them.
const FILLERS: &[&str] = &[
    "actually",
    "am",
    "anybody",
    "anyone",
    "anything",
    "ask",
    "because",
    "bring",
    "come",
    "did",
    "doing",
    "don",
    "even",
    "ever",
    "every",
    "find",
    "go",
    "going",
    "good",
    "got",
    "guys",
    "happen",
    "happens",
    "he",
    "her",
    "here",
    "him",
    "his",
    "just",
    "kind",
    "kinds",
    "keep",
    "ll",
    "look",
    "looking",
    "lot",
    "made",
    "make",
    "maybe",
    "mean",
    "most",
    "must",
    "myself",
    "now",
    "off",
    "often",
    "ok",
    "one",
    "only",
    "other",
    "out",
    "over",
    "possible",
    "put",
    "question",
    "really",
    "right",
    "same",
    "say",
    "see",
    "she",
    "someone",
    "something",
    "soon",
    "sort",
    "still",
    "such",
    "sure",
    "take",
    "takes",
    "thing",
    "things",
    "think",
    "time",
    "try",
    "until",
    "use",
    "using",
    "very",
    "wanna",
    "way",
    "well",
    "while",
    "wondering",
    "yes",
    "yet",
    "day",
    "before",
    "after",
    "through",
    "being",
    "cannot",
    "cant",
    "dont",
    "doesn",
    "isn",
    "im",
    "gonna",
    "gotta",
    "getting",
    "gets",
    "wants",
    "wanted",
    "needs",
    "needed",
    "comes",
    "coming",
    "goes",
    "makes",
    "making",
    "having",
    "taking",
    "looks",
    "says",
    "said",
    "tried",
    "trying",
    "whether",
    "though",
    "supposed",
    "whats",
    "hows",
    "wheres",
    "thats",
    "lets",
    "youre",
    "ive",
    "seem",
    "seems",
    "able",
    "regarding",
    "concerning",
    "around",
    "quite",
    "basically",
    "anymore",
    "instead",
    "already",
    "hey",
    "ur",
    "u",
    "r",
    // Spanish
    "a",
    "algo",
    "algun",
    "alguna",
    "alguien",
    "antes",
    "aqui",
    "ahi",
    "buenas",
    "buenos",
    "cada",
    "cuanta",
    "cuantas",
    "cuanto",
    "cuantos",
    "debo",
    "dias",
    "e",
    "ellos",
    "eso",
    "estan",
    "estar",
    "este",
    "esto",
    "estoy",
    "favor",
    "fue",
    "gracias",
    "ha",
    "hace",
    "hacen",
    "hacer",
    "hago",
    "han",
    "hasta",
    "hola",
    "ir",
    "le",
    "les",
    "mas",
    "me",
    "mi",
    "mis",
    "muy",
    "necesito",
    "ni",
    "nos",
    "o",
    "otra",
    "otro",
    "pasa",
    "pero",
    "poder",
    "pueda",
    "puede",
    "pueden",
    "puedo",
    "qual",
    "quien",
    "quiere",
    "quiero",
    "quisiera",
    "sale",
    "saber",
    "sera",
    "sobre",
    "sus",
    "te",
    "tener",
    "tengo",
    "tienen",
    "tu",
    "ustedes",
    "usted",
    "va",
    "van",
    "voy",
    "ya",
    "yo",
    "tras",
    "unos",
    "unas",
    "hora",
];

/// Words of everyday talk: where they stand in a passage they say little about its topic, however rare they are there.
const EVERYDAY: &[&str] = &[
    "first",
    "new",
    "work",
    "works",
    "able",
    "again",
    "ago",
    "almost",
    "alone",
    "already",
    "always",
    "another",
    "answer",
    "away",
    "back",
    "bad",
    "beforehand",
    "best",
    "better",
    "big",
    "both",
    "buy",
    "change",
    "check",
    "down",
    "during",
    "each",
    "early",
    "easy",
    "else",
    "end",
    "enough",
    "evening",
    "exactly",
    "explain",
    "feel",
    "few",
    "fill",
    "finish",
    "forget",
    "front",
    "full",
    "getting",
    "give",
    "great",
    "grown",
    "half",
    "handle",
    "happened",
    "hard",
    "having",
    "help",
    "high",
    "home",
    "house",
    "idea",
    "include",
    "information",
    "keep",
    "kill",
    "killing",
    "know",
    "last",
    "lately",
    "later",
    "least",
    "leave",
    "left",
    "less",
    "let",
    "little",
    "live",
    "lose",
    "lost",
    "main",
    "man",
    "matter",
    "met",
    "mind",
    "minute",
    "minutes",
    "moment",
    "money",
    "month",
    "months",
    "more",
    "morning",
    "move",
    "much",
    "name",
    "near",
    "never",
    "next",
    "nice",
    "night",
    "normal",
    "nothing",
    "number",
    "offer",
    "old",
    "once",
    "open",
    "order",
    "own",
    "part",
    "pass",
    "people",
    "person",
    "place",
    "point",
    "press",
    "problem",
    "quick",
    "quickly",
    "quite",
    "rather",
    "ready",
    "reason",
    "regular",
    "room",
    "run",
    "safe",
    "set",
    "short",
    "show",
    "side",
    "since",
    "single",
    "small",
    "stay",
    "stop",
    "system",
    "talk",
    "tell",
    "ten",
    "today",
    "together",
    "tomorrow",
    "tonight",
    "touch",
    "turn",
    "two",
    "three",
    "four",
    "five",
    "type",
    "under",
    "understand",
    "usual",
    "usually",
    "visit",
    "wait",
    "walk",
    "want",
    "watch",
    "week",
    "weeks",
    "whole",
    "without",
    "woman",
    "word",
    "world",
    "worry",
    "worse",
    "write",
    "wrong",
    "year",
    "years",
    "young",
    // Spanish
    "ahora",
    "ano",
    "anos",
    "bien",
    "casa",
    "cosa",
    "despues",
    "dia",
    "gente",
    "llevar",
    "manana",
    "mejor",
    "mes",
    "meses",
    "momento",
    "nada",
    "noche",
    "nuevo",
    "parte",
    "persona",
    "poco",
    "problema",
    "primera",
    "primero",
    "semanas",
    "siempre",
    "tarde",
    "tiempo",
    "todo",
    "vez",
];

/// Whether a folded word is one of everyday talk.
pub fn is_everyday(folded: &str) -> bool {
    EVERYDAY.contains(&folded) || EVERYDAY.iter().any(|word| stem(word) == stem(folded))
}

/// Whether a folded word of a question says nothing about its topic.
pub fn is_filler(folded: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| FILLERS.iter().chain(STOP_WORDS).copied().collect());
    WORDS.contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irregular_forms_are_found() {
        assert!(IRREGULAR.is_sorted(), "they are looked up by halves");
        assert_eq!(["teeth", "gave", "ate", "open"].map(base), ["tooth", "give", "eat", "open"]);
    }

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
    fn forms_of_a_word_share_their_stem() {
        for forms in [
            "cancel cancelled cancelling cancellation cancellations cancelar cancelacion cancelaciones",
            "price prices pricing",
            "appointment appointments",
            "clean cleans cleaning cleanings cleaned",
            "family families",
            "pay paying payment payments",
            "insure insured insurance",
            "cita citas",
            "precio precios",
            "limpieza limpiezas",
            "hour hours",
            "diente dientes",
        ] {
            let stems: Vec<&str> = forms.split(' ').map(stem).collect();
            assert!(stems.iter().all(|own| own == &stems[0]), "{forms}: {stems:?}");
        }
        for (left, right) in [("price", "parking"), ("bus", "business"), ("cat", "category")] {
            assert_ne!(stem(left), stem(right));
        }
    }

    #[test]
    fn misspellings_keep_their_consonants_or_are_near() {
        for (wrong, right) in [
            ("apointment", "appointment"),
            ("insurence", "insurance"),
            ("emergancy", "emergency"),
            ("recieve", "receive"),
        ] {
            assert_eq!(skeleton(wrong), skeleton(right));
            assert!(is_misspelt(wrong, right), "{wrong}");
        }
        assert!(is_misspelt("whitning", "whitening") && is_misspelt("parkign", "parking"));
        assert!(!is_misspelt("parking", "packing up") && !is_misspelt("cost", "lost"));
        assert!(!is_misspelt("hours", "house of"));
    }
}
