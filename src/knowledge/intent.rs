//! What kind of answer a question is after: an amount, a time of day, a name.

use super::words::{Word, words};

/// What an answer holds besides its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
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
pub(super) struct Intent {
    /// Words.
    pub(super) words: Vec<&'static str>,
    /// What else.
    pub(super) answer: Answer,
}

/// The kind of a question.
pub(super) fn intent(question: &str) -> Option<Intent> {
    let asked: Vec<String> = words(question).into_iter().map(|word| word.folded).collect();
    let asked = format!(" {} ", asked.join(" "));
    let found = INTENTS.iter().find(|(opening, ..)| asked.contains(&format!(" {opening} ")));
    found.map(|(_, words, answer)| Intent { words: words.split(' ').collect(), answer: *answer })
}

/// Units of time.
const UNITS: [&str; 14] = [
    "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months",
    "year", "years", "dias", "semanas",
];

/// Numbers as words.
const COUNTS: [&str; 17] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
    "fifteen", "twenty", "thirty", "dos", "tres", "cuatro",
];
/// What stands before a unit of time where no number does.
const INDEFINITE: [&str; 5] = ["a", "an", "every", "few", "several"];

/// Words of amounts that stand without a sign of currency.
const AMOUNTS: [&str; 5] = ["dollars", "dolares", "euros", "free", "gratis"];
/// What stands before names.
const TITLES: [&str; 5] = ["dr", "dra", "mr", "mrs", "ms"];
/// Words of addresses.
const STREETS: [&str; 8] =
    ["street", "avenue", "road", "boulevard", "suite", "floor", "calle", "avenida"];

impl Answer {
    /// Whether a text holds one.
    pub(super) fn is_in(self, text: &str) -> bool {
        let words = words(text);
        let any_of =
            |known: &[&str]| words.iter().any(|word| known.contains(&word.folded.as_str()));
        match self {
            Self::Amount => any_of(&AMOUNTS) || words.iter().any(|word| is_priced(text, word)),
            Self::Clock => words.windows(2).any(|pair| is_time(text, pair)),
            Self::Duration => words.windows(3).any(is_duration),
            Self::Number => any_of(&COUNTS) || words.iter().any(|word| digits(word) > 0),
            Self::Person => any_of(&TITLES),
            Self::Place => any_of(&STREETS),
            Self::Contact => text.contains('@') || words.windows(3).any(is_phone_number),
            Self::Any => false,
        }
    }
}

/// How many digits a number has; 0 if the word is none.
fn digits(word: &Word) -> usize {
    let is_number = word.folded.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { word.folded.len() } else { 0 }
}

/// $95
fn is_priced(text: &str, word: &Word) -> bool {
    let before = text.get(..word.from).and_then(|text| text.chars().next_back());
    digits(word) > 0 && matches!(before, Some('$' | '€' | '£'))
}

/// 8:00, 9 pm
fn is_time(text: &str, pair: &[Word]) -> bool {
    let [hour, next] = pair else { return false };
    let minutes = text.get(hour.to..next.from) == Some(":") && digits(next) == 2;
    matches!(digits(hour), 1 | 2) && (minutes || matches!(next.folded.as_str(), "am" | "pm"))
}

/// 45 minutes, three working days
fn is_duration(three: &[Word]) -> bool {
    let Some((number, next)) = three.split_first() else { return false };
    let word = number.folded.as_str();
    let is_number = digits(number) > 0 || COUNTS.contains(&word) || INDEFINITE.contains(&word);
    is_number && next.iter().any(|word| UNITS.contains(&word.folded.as_str()))
}

/// (555) 010-2233
fn is_phone_number(three: &[Word]) -> bool {
    let digits = || three.iter().map(digits);
    digits().all(|digits| digits >= 3) && digits().sum::<usize>() >= 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_a_kind() {
        let kind = |question: &str| intent(question).map(|intent| intent.answer);
        assert_eq!(kind("How much is it?"), Some(Answer::Amount));
        assert_eq!(kind("¿A qué hora abren?"), Some(Answer::Clock));
        assert_eq!(kind("how long does it take"), Some(Answer::Duration));
        assert_eq!(kind("Somewhere"), None);
        assert_eq!(intent("How much is it?").unwrap().words, ["cost", "price", "fee"]);
    }

    #[test]
    fn answers_are_told_by_their_form() {
        for (answer, holds, lacks) in [
            (Answer::Amount, "It costs $95.", "It costs 95 points."),
            (Answer::Amount, "Parking is free.", "Parking is here."),
            (Answer::Clock, "Open from 8:00 on", "Scale 8 to 10"),
            (Answer::Clock, "until 9 pm", "until 2009"),
            (Answer::Duration, "It takes 45 minutes or so.", "45 people are here."),
            (Answer::Duration, "within three working days", "within reach of it"),
            (Answer::Number, "It has nine questions.", "It has a few questions."),
            (Answer::Person, "Ask Dr. Park.", "Ask a dentist."),
            (Answer::Place, "418 Maple Avenue", "beside the pharmacy"),
            (Answer::Contact, "call (555) 010-2233 now", "call 911 now"),
            (Answer::Contact, "hello@example.test", "hello there"),
        ] {
            assert!(answer.is_in(holds), "{answer:?} {holds}");
            assert!(!answer.is_in(lacks), "{answer:?} {lacks}");
        }
        assert!(!Answer::Any.is_in("$95 at 8:00"));
    }
}
