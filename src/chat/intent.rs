//! What a visitor's message asks for, told by its words: a person, an appointment, or to be called back.
//!
//! Words, not meaning: what is told here opens a queue or counts a figure, and a wrong guess costs little. Phrases are
//! looked for in English, Spanish, French, German, Portuguese and Italian.

use crate::redaction::{self, Contacts};

/// Words that are looked at.
const MOST_WORDS: usize = 400;
/// Words between asking for somebody and naming them.
const REACH: usize = 6;
/// A message of so many words may name a person and nothing else.
const BARE: usize = 3;

/// What is there, in one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intent {
    /// The visitor asks for a person.
    pub wants_person: bool,
    /// The visitor asks to book, move or cancel an appointment.
    pub wants_appointment: bool,
    /// How the visitor can be reached.
    pub contacts: Contacts,
}

/// Looks at a message; `keywords` are the site's own words for wanting a person.
pub fn detect(message: &str, keywords: &[&str]) -> Intent {
    let words = words(message);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Intent {
        wants_person: person_is_wanted(&words)
            || keywords.iter().any(|keyword| holds_keyword(&words, keyword)),
        wants_appointment: appointment_is_wanted(&words),
        contacts: redaction::contacts(message),
    }
}

/// Words in lower case, without accents that people leave out.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(|word| {
            word.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '’')).map(plain).collect()
        })
        .collect()
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'ì' | 'î' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'û' => 'u',
        'ç' => 'c',
        c => c,
    }
}

fn holds(words: &[&str], phrase: &[&str]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase)
}

fn holds_keyword(message: &[&str], keyword: &str) -> bool {
    let keyword = words(keyword);
    let keyword: Vec<&str> = keyword.iter().map(String::as_str).collect();
    holds(message, &keyword)
}

/// Ways of getting at somebody.
const REACHING: [&str; 43] = [
    "talk",
    "speak",
    "chat",
    "connect",
    "transfer",
    "reach",
    "contact",
    "want",
    "need",
    "get",
    "give",
    "put",
    "hablar",
    "hablo",
    "comunicar",
    "comunicarme",
    "contactar",
    "pasame",
    "paseme",
    "transferir",
    "quiero",
    "necesito",
    "parler",
    "joindre",
    "contacter",
    "voudrais",
    "veux",
    "sprechen",
    "reden",
    "verbinden",
    "brauche",
    "mochte",
    "möchte",
    "will",
    "falar",
    "quero",
    "preciso",
    "parlare",
    "voglio",
    "vorrei",
    "bisogno",
    "passare",
    "escalate",
];
/// Who is meant by it.
const PEOPLE: [&str; 47] = [
    "human",
    "humans",
    "person",
    "people",
    "agent",
    "representative",
    "rep",
    "operator",
    "receptionist",
    "someone",
    "somebody",
    "staff",
    "manager",
    "employee",
    "advisor",
    "persona",
    "personas",
    "humano",
    "humana",
    "agente",
    "asesor",
    "asesora",
    "alguien",
    "operador",
    "operadora",
    "recepcionista",
    "representante",
    "encargado",
    "personne",
    "humain",
    "conseiller",
    "conseillere",
    "quelquun",
    "menschen",
    "mensch",
    "mitarbeiter",
    "mitarbeiterin",
    "jemand",
    "jemandem",
    "jemanden",
    "pessoa",
    "alguem",
    "atendente",
    "qualcuno",
    "operatore",
    "umano",
    "addetto",
];
/// Names of a person that are plain when they stand almost alone.
const ALONE: [&str; 20] = [
    "human",
    "agent",
    "representative",
    "operator",
    "receptionist",
    "humano",
    "humana",
    "agente",
    "asesor",
    "operador",
    "operadora",
    "representante",
    "humain",
    "conseiller",
    "mensch",
    "mitarbeiter",
    "atendente",
    "operatore",
    "umano",
    "pessoa",
];
/// Whole phrases.
const FOR_A_PERSON: [&[&str]; 24] = [
    &["real", "person"],
    &["live", "agent"],
    &["live", "person"],
    &["live", "chat"],
    &["human", "agent"],
    &["actual", "person"],
    &["actual", "human"],
    &["customer", "service"],
    &["call", "me", "back"],
    &["someone", "call", "me"],
    &["somebody", "call", "me"],
    &["someone", "contact", "me"],
    &["not", "a", "bot"],
    &["persona", "real"],
    &["persona", "de", "verdad"],
    &["atencion", "al", "cliente"],
    &["llamenme"],
    &["que", "me", "llamen"],
    &["vraie", "personne"],
    &["service", "client"],
    &["echten", "menschen"],
    &["ruckruf"],
    &["pessoa", "real"],
    &["persona", "reale"],
];
/// What turns a wish around.
const NOT: [&str; 16] = [
    "dont", "not", "no", "never", "without", "cant", "didnt", "sin", "nunca", "pas", "sans",
    "nicht", "kein", "ohne", "nao", "non",
];
/// A visitor who asks what they are talking to asks for nobody.
const ASKS_WHAT_IT_IS: [&[&str]; 14] = [
    &["are", "you"],
    &["is", "this"],
    &["am", "i"],
    &["r", "u"],
    &["eres"],
    &["es", "usted"],
    &["estoy", "hablando"],
    &["etes", "vous"],
    &["es", "tu"],
    &["bist", "du"],
    &["sind", "sie"],
    &["voce", "e"],
    &["sei", "un"],
    &["sei", "una"],
];

fn person_is_wanted(words: &[&str]) -> bool {
    if ASKS_WHAT_IT_IS.iter().any(|start| words.starts_with(start)) {
        return false;
    }
    if words.len() <= BARE && words.iter().any(|word| ALONE.contains(word)) {
        return true;
    }
    let is_refused = |at: usize| {
        let before = words.get(at.saturating_sub(3)..at).unwrap_or_default();
        before.iter().any(|word| NOT.contains(word))
    };
    let asked = FOR_A_PERSON.iter().any(|phrase| {
        let found = words.windows(phrase.len()).position(|window| window == *phrase);
        found.is_some_and(|at| !is_refused(at))
    });
    asked
        || words.iter().enumerate().any(|(at, word)| {
            let after = words.get(at + 1..).unwrap_or_default();
            // "I need a person who …" tells of somebody; a question about somebody is none for them.
            let named = after.iter().take(REACH).position(|word| PEOPLE.contains(word));
            let tells_of = |named: usize| {
                let next = after.get(named + 1).copied().unwrap_or_default();
                matches!(next, "who" | "que" | "qui" | "die" | "der" | "che")
            };
            REACHING.contains(word)
                && !is_refused(at)
                && named.is_some_and(|named| !tells_of(named))
        })
}

/// Words for an appointment.
const APPOINTMENTS: [&str; 17] = [
    "appointment",
    "appointments",
    "appt",
    "visit",
    "consultation",
    "checkup",
    "cita",
    "citas",
    "turno",
    "consulta",
    "rdv",
    "termin",
    "termine",
    "appuntamento",
    "marcacao",
    "agendamento",
    "visita",
];
/// Words that make, move or cancel one and hardly mean anything else.
const BOOKS: [&str; 33] = [
    "schedule",
    "book",
    "reschedule",
    "booking",
    "rebook",
    "agendar",
    "agendo",
    "agenda",
    "reservar",
    "programar",
    "reprogramar",
    "reagendar",
    "cancelar",
    "pedir",
    "sacar",
    "reserver",
    "deplacer",
    "annuler",
    "prendre",
    "vereinbaren",
    "buchen",
    "verschieben",
    "absagen",
    "ausmachen",
    "marcar",
    "remarcar",
    "desmarcar",
    "prenotare",
    "fissare",
    "spostare",
    "disdire",
    "annullare",
    "reprogram",
];
/// Words that do it where an appointment is named.
const CHANGES: [&str; 12] = [
    "make", "set", "get", "change", "move", "cancel", "arrange", "cambiar", "hacer", "mover",
    "andern", "ändern",
];
/// Wishes.
const WISHES: [&str; 25] = [
    "want",
    "need",
    "like",
    "can",
    "could",
    "available",
    "availability",
    "openings",
    "slot",
    "slots",
    "quiero",
    "necesito",
    "puedo",
    "podria",
    "disponible",
    "voudrais",
    "veux",
    "peux",
    "mochte",
    "möchte",
    "brauche",
    "quero",
    "preciso",
    "vorrei",
    "voglio",
];
/// Days and times.
const WHEN: [&str; 64] = [
    "today",
    "tomorrow",
    "tonight",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "week",
    "morning",
    "afternoon",
    "evening",
    "noon",
    "am",
    "pm",
    "oclock",
    "hoy",
    "manana",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "semana",
    "tarde",
    "aujourdhui",
    "demain",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "semaine",
    "matin",
    "heute",
    "morgen",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "woche",
    "uhr",
    "hoje",
    "amanha",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "sexta",
    "oggi",
    "domani",
    "lunedi",
    "martedi",
    "venerdi",
    "settimana",
];
/// Before a noun: a schedule, the book.
const ARTICLES: [&str; 18] = [
    "the",
    "a",
    "your",
    "my",
    "this",
    "that",
    "what",
    "which",
    "bus",
    "class",
    "vaccination",
    "immunization",
    "la",
    "su",
    "tu",
    "mi",
    "una",
    "payment",
];

fn appointment_is_wanted(words: &[&str]) -> bool {
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let is_time = |word: &&str| {
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        WHEN.contains(word) || (digits > 0 && matches!(word.get(digits..), Some("am" | "pm" | "h")))
    };
    let books = words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        BOOKS.contains(word) && !ARTICLES.contains(&before)
    });
    let named =
        any(&APPOINTMENTS) || holds(words, &["rendez", "vous"]) || holds(words, &["check", "up"]);
    let when = words.iter().any(is_time);
    // "I have my appointment tomorrow" asks for none.
    let own = holds(words, &["my", "appointment"])
        || holds(words, &["mi", "cita"])
        || holds(words, &["i", "have", "an", "appointment"]);
    (named && (books || any(&CHANGES) && !holds(words, &["get", "to"])))
        || (books && when)
        || (named
            && !own
            && any(&WISHES)
            && (when || holds(words, &["an", "appointment"]) || holds(words, &["una", "cita"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_asked_for_in_many_ways() {
        for text in [
            "I want to talk to a human",
            "can I speak with a real person please?",
            "Let me talk to someone",
            "agent",
            "Human please!",
            "representative",
            "connect me to your front desk staff",
            "Transfer me to an operator",
            "I'd like to speak to the manager",
            "Please have someone call me",
            "call me back",
            "Quiero hablar con una persona",
            "¿Puedo hablar con alguien?",
            "necesito un agente",
            "Pásame con un humano",
            "Atención al cliente",
            "Je voudrais parler à quelqu'un",
            "je veux parler à un conseiller",
            "Ich möchte mit einem Mitarbeiter sprechen",
            "Kann ich mit jemandem sprechen? Verbinden Sie mich mit einem Menschen",
            "Quero falar com uma pessoa",
            "Vorrei parlare con qualcuno",
        ] {
            assert!(detect(text, &[]).wants_person, "{text}");
        }
    }

    #[test]
    fn other_questions_ask_for_nobody() {
        for text in [
            "",
            "Are you a real person?",
            "Am I talking to a human?",
            "Is this a live agent",
            "¿Eres una persona real?",
            "I don't want to talk to a human",
            "No quiero hablar con una persona",
            "What are your opening hours?",
            "How many people work there?",
            "Does insurance cover a person with diabetes?",
            "What is the price per person?",
            "My travel agent told me about you last week",
            "I need whitening",
            "Is human insulin available?",
            "Wann haben Sie geöffnet?",
            "do you treat people who need implants",
        ] {
            assert!(!detect(text, &[]).wants_person, "{text}");
        }
    }

    #[test]
    fn a_site_has_words_of_its_own() {
        assert!(detect("Is Dr. Lee there?", &["dr lee"]).wants_person);
        assert!(detect("URGENT!!", &["urgent"]).wants_person);
        assert!(!detect("insurgent", &["urgent"]).wants_person);
        assert!(!detect("hello", &["", " !"]).wants_person);
    }

    #[test]
    fn appointments_are_asked_for_in_many_ways() {
        for text in [
            "I'd like to book an appointment",
            "Can I schedule a cleaning for Tuesday?",
            "need to reschedule my appointment",
            "Cancel my appointment please",
            "Do you have an appointment available tomorrow at 10am?",
            "book me in for friday afternoon",
            "Can I come in for a check-up on Monday?",
            "I need an appointment",
            "Quiero agendar una cita",
            "¿Puedo pedir cita para el lunes?",
            "Necesito una cita mañana",
            "Je voudrais prendre rendez-vous",
            "Ich möchte einen Termin vereinbaren",
            "Quero marcar uma consulta",
            "Vorrei fissare un appuntamento",
        ] {
            assert!(detect(text, &[]).wants_appointment, "{text}");
        }
    }

    #[test]
    fn other_questions_ask_for_no_appointment() {
        for text in [
            "What are your hours on Monday?",
            "What is the vaccination schedule?",
            "I read the book on Monday",
            "I have an appointment tomorrow, do I need to fast?",
            "How long is my appointment?",
            "Are you open today?",
            "¿Abren el lunes?",
            "Which bus schedule applies on Sunday?",
            "hello",
            "",
        ] {
            assert!(!detect(text, &[]).wants_appointment, "{text}");
        }
    }

    #[test]
    fn how_to_reach_the_visitor_is_found() {
        let intent = detect("Call me back at 555-010-4471 or ann@visitor.example", &[]);
        assert!(intent.wants_person);
        assert_eq!(intent.contacts.emails, ["ann@visitor.example"]);
        assert_eq!(intent.contacts.phones, ["555-010-4471"]);
    }

    proptest::proptest! {
        #[test]
        fn anything_is_taken(text in ".{0,300}", keyword in ".{0,20}") {
            let _ = detect(&text, &[&keyword]);
        }
    }
}
