//! What visitors mean: words of the same meaning, phrases, and the kind of answer that they are after.
//!
//! The tables are data, in English and Spanish, of what people say to a business and what its pages say. They are read
//! once, when the first question comes.

use std::sync::LazyLock;

use super::words::{fold, irregular, stem, words};

const MEANINGS: &str = include_str!("meanings.txt");
const PHRASES: &str = include_str!("phrases.txt");

/// The tables, by what they are looked up with.
static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

struct Tables {
    /// Stems and the words that are related to them, in order of the stems.
    meanings: Vec<(&'static str, &'static str)>,
    /// First words of phrases, the phrases and what they are searched for as, in order of the words and the longest
    /// phrase first.
    phrases: Vec<Phrase>,
}

struct Phrase {
    words: Vec<&'static str>,
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
        phrases.sort_by_key(|phrase| (phrase.words.first().copied(), usize::MAX - phrase.words.len()));
        Self { meanings, phrases }
    }
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The other words of a folded word's meanings, those first that are likeliest meant: the first words of each group.
pub fn related(folded: &str) -> Vec<&'static str> {
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
pub fn phrase(folded: &[&str]) -> Option<(usize, &'static str)> {
    let first = folded.first()?;
    let phrases = &TABLES.phrases;
    let begin = |phrase: &Phrase| phrase.words.first().copied().unwrap_or_default();
    let from = phrases.partition_point(|phrase| begin(phrase) < *first);
    let mut same = phrases.iter().skip(from).take_while(|phrase| begin(phrase) == *first);
    let found = same.find(|phrase| folded.starts_with(&phrase.words))?;
    Some((found.words.len(), found.meant))
}

/// What an answer holds besides its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An amount of money, or that nothing is charged.
    Amount,
    /// A time of day.
    Clock,
    /// So many minutes, days or years.
    Duration,
    /// A number of something.
    Number,
    /// Somebody's name.
    Person,
    /// A street.
    Place,
    /// A phone number or an address of e-mail.
    Contact,
    /// Nothing that can be told by its form.
    Any,
}

/// What questions that hold such words are after: words that their answers hold, and what else.
const INTENTS: [(&str, &str, Answer); 48] = [
    ("how much", "cost price fee", Answer::Amount),
    ("how expensive", "cost price fee", Answer::Amount),
    ("set me back", "cost price fee", Answer::Amount),
    ("what do you charge", "cost price fee", Answer::Amount),
    ("how long", "minutes hours days weeks months", Answer::Duration),
    ("how soon", "minutes hours days weeks", Answer::Duration),
    ("how fast", "minutes hours days weeks", Answer::Duration),
    ("how quickly", "minutes hours days weeks", Answer::Duration),
    ("how late", "open until hours", Answer::Clock),
    ("how early", "open from hours", Answer::Clock),
    ("how often", "every months year", Answer::Duration),
    ("how many minutes", "minutes", Answer::Duration),
    ("how many hours", "hours", Answer::Duration),
    ("how many days", "days weeks", Answer::Duration),
    ("how many weeks", "weeks months", Answer::Duration),
    ("how many months", "months weeks", Answer::Duration),
    ("how many", "has holds", Answer::Number),
    ("how old", "years months age", Answer::Duration),
    ("what age", "years months age", Answer::Duration),
    ("what happens", "alert then", Answer::Any),
    ("no show", "missed appointments", Answer::Any),
    ("where", "address located street avenue", Answer::Place),
    ("what time", "open hours", Answer::Clock),
    ("when do you open", "open hours", Answer::Clock),
    ("when are you open", "open hours", Answer::Clock),
    ("when", "open hours days", Answer::Any),
    ("who", "dentist doctor team dr", Answer::Person),
    ("contact you", "phone email write call", Answer::Contact),
    ("reach you", "phone email write call", Answer::Contact),
    ("call you", "phone number", Answer::Contact),
    ("phone", "call number", Answer::Contact),
    ("telephone", "call number", Answer::Contact),
    ("email", "write", Answer::Contact),
    ("telefono", "phone llamar", Answer::Contact),
    ("hours", "open from until", Answer::Clock),
    ("horario", "open abierto", Answer::Clock),
    ("price", "cost", Answer::Amount),
    ("cost", "price", Answer::Amount),
    ("cuanto cuesta", "cost price fee", Answer::Amount),
    ("cuanto cuestan", "cost price fee", Answer::Amount),
    ("cuanto tiempo", "minutes hours days weeks minutos horas dias semanas", Answer::Duration),
    ("cuanto tarda", "minutes hours days weeks minutos horas dias semanas", Answer::Duration),
    ("cuanto dura", "minutes hours days weeks minutos horas dias semanas", Answer::Duration),
    ("cuantos dias", "days weeks dias semanas", Answer::Duration),
    ("cuanto", "cost price fee precio", Answer::Amount),
    ("precio", "cost price", Answer::Amount),
    ("donde", "address located street direccion calle", Answer::Place),
    ("que hora", "open hours horario", Answer::Clock),
];

/// What an answer to a question of this kind holds.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Words.
    pub words: Vec<&'static str>,
    /// What else.
    pub answer: Answer,
}

/// The kind of a question.
pub fn intent(question: &str) -> Option<Intent> {
    let asked: Vec<String> = words(question).into_iter().map(|word| word.folded).collect();
    let asked = format!(" {} ", asked.join(" "));
    let found = INTENTS.iter().find(|(opening, ..)| asked.contains(&format!(" {opening} ")));
    found.map(|(_, words, answer)| Intent { words: words.split(' ').collect(), answer: *answer })
}

/// Units of time, as they are cut to their stems.
const UNITS: [&str; 14] = [
    "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "dias",
    "semanas",
];

/// Numbers as words.
const NUMBERS: [&str; 22] = [
    "a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "fifteen",
    "twenty", "thirty", "few", "several", "every", "dos", "tres", "cuatro",
];

impl Answer {
    /// Whether a text holds one.
    pub fn is_in(self, text: &str) -> bool {
        let words = words(text);
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let before = |at: usize| text.get(..at).and_then(|text| text.chars().next_back());
        match self {
            Self::Amount => words.iter().any(|word| {
                let is_amount = is_number(&word.folded) && matches!(before(word.from), Some('$' | '€' | '£'));
                is_amount || matches!(word.folded.as_str(), "dollars" | "dolares" | "euros" | "free" | "gratis")
            }),
            Self::Clock => words.windows(2).any(|pair| {
                let [hour, next] = pair else { return false };
                let is_hour = is_number(&hour.folded) && hour.folded.len() <= 2;
                let minutes = text.get(hour.to..next.from) == Some(":") && next.folded.len() == 2;
                is_hour && (minutes || matches!(next.folded.as_str(), "am" | "pm"))
            }),
            Self::Duration => words.windows(3).any(|three| {
                let number = three.first().is_some_and(|word| {
                    is_number(&word.folded) || NUMBERS.contains(&word.folded.as_str())
                });
                number && three.iter().skip(1).any(|word| UNITS.contains(&word.folded.as_str()))
            }),
            Self::Number => words.iter().any(|word| {
                is_number(&word.folded) || NUMBERS.iter().skip(2).any(|number| *number == word.folded)
            }),
            Self::Person => words.windows(2).any(|pair| {
                pair.first().is_some_and(|word| matches!(word.folded.as_str(), "dr" | "dra" | "mr" | "mrs" | "ms"))
            }),
            Self::Place => words.iter().any(|word| {
                matches!(word.folded.as_str(), "street" | "avenue" | "road" | "suite" | "floor" | "calle" | "avenida" | "boulevard")
            }),
            Self::Contact => text.contains('@') || words.windows(3).any(|three| {
                let digits = three.iter().map(|word| if is_number(&word.folded) { word.folded.len() } else { 0 });
                digits.clone().all(|digits| digits >= 3) && digits.sum::<usize>() >= 9
            }),
            Self::Any => false,
        }
    }
}

/// A folded word as the tables hold it.
#[cfg(test)]
fn is_folded(word: &str) -> bool {
    fold(word) == word && word.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
}
