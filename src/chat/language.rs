//! The language that a visitor writes, guessed from the words that a language cannot do without, and the
//! built-in sentences in it.

use crate::choice;
use crate::knowledge::retrieval::lower_case;

choice! {
    /// A language that the built-in sentences are written in.
    pub enum Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// French.
        French = "fr",
        /// German.
        German = "de",
        /// Portuguese.
        Portuguese = "pt",
        /// Italian.
        Italian = "it",
    }
}

/// The site's setting `language` that follows the visitor.
pub const AUTO: &str = "auto";

/// A guess is believed from here on, in percent.
const BELIEVED: u32 = 60;
/// Words that are looked at.
const MOST_WORDS: usize = 200;

/// Every language, in the order of [`Table`]'s columns.
const LANGUAGES: [Language; 6] = [
    Language::English,
    Language::Spanish,
    Language::French,
    Language::German,
    Language::Portuguese,
    Language::Italian,
];

/// Words of each language, in lower case. One that several languages have counts for each of them.
const WORDS: [&[&str]; 6] = [
    &[
        "the", "and", "is", "are", "you", "your", "what", "how", "do", "does", "my", "to", "of",
        "for", "can", "i", "it", "we", "have", "with", "this", "that", "when", "where", "which",
        "there", "need", "want", "would", "please", "hello", "hi", "thanks", "thank", "on", "open",
        "much", "not", "be", "an", "or", "at",
    ],
    &[
        "el", "la", "los", "las", "de", "que", "qué", "y", "es", "en", "un", "una", "por", "para",
        "con", "cómo", "como", "cuánto", "cuanto", "cuándo", "cuando", "dónde", "donde", "está",
        "están", "hay", "mi", "su", "sus", "quiero", "necesito", "puedo", "tienen", "gracias",
        "hola", "buenos", "buenas", "días", "cita", "del", "al", "son", "yo", "usted", "ustedes",
        "cuesta", "hora", "horario", "abren", "hablar", "favor", "no", "me", "se", "lo", "mañana",
        "una",
    ],
    &[
        "le", "la", "les", "des", "de", "du", "un", "une", "et", "est", "sont", "vous", "je",
        "nous", "que", "qui", "quel", "quelle", "quels", "quelles", "pour", "avec", "dans", "sur",
        "pas", "ne", "comment", "combien", "où", "quand", "bonjour", "merci", "puis", "peux",
        "voudrais", "veux", "mon", "ma", "votre", "vos", "au", "aux", "ce", "il", "elle", "avez",
        "êtes", "à", "en", "suis", "être", "plaît", "ouvert", "rendez",
    ],
    &[
        "der",
        "die",
        "das",
        "und",
        "ist",
        "sind",
        "ich",
        "sie",
        "wir",
        "ihr",
        "ein",
        "eine",
        "einen",
        "einem",
        "nicht",
        "mit",
        "für",
        "von",
        "zu",
        "auf",
        "wie",
        "was",
        "wann",
        "wo",
        "wer",
        "haben",
        "habe",
        "kann",
        "können",
        "möchte",
        "mein",
        "meine",
        "meinen",
        "bitte",
        "danke",
        "hallo",
        "guten",
        "tag",
        "den",
        "dem",
        "des",
        "im",
        "am",
        "viel",
        "kostet",
        "gibt",
        "es",
        "geöffnet",
        "termin",
        "brauche",
        "mich",
        "bei",
        "um",
    ],
    &[
        "o", "a", "os", "as", "um", "uma", "de", "do", "da", "dos", "das", "e", "é", "em", "no",
        "na", "que", "para", "com", "por", "não", "são", "está", "você", "vocês", "eu", "meu",
        "minha", "quero", "preciso", "posso", "quanto", "custa", "quando", "onde", "qual", "quais",
        "como", "olá", "oi", "obrigado", "obrigada", "tem", "têm", "bom", "boa", "dia", "ao",
        "seu", "sua", "consulta", "falar", "vocês", "abrem", "horas",
    ],
    &[
        "il",
        "lo",
        "la",
        "i",
        "gli",
        "le",
        "di",
        "che",
        "e",
        "è",
        "sono",
        "un",
        "una",
        "uno",
        "per",
        "con",
        "non",
        "come",
        "quanto",
        "quando",
        "dove",
        "quale",
        "quali",
        "cosa",
        "mi",
        "mio",
        "mia",
        "vorrei",
        "voglio",
        "posso",
        "avete",
        "siete",
        "ciao",
        "buongiorno",
        "grazie",
        "del",
        "della",
        "dei",
        "delle",
        "al",
        "alla",
        "nel",
        "nella",
        "da",
        "costa",
        "ho",
        "bisogno",
        "appuntamento",
        "aperti",
        "siete",
        "questo",
        "questa",
        "a",
    ],
];

/// Letters and marks that few languages have, and how many words one of them is worth.
fn marks(c: char) -> &'static [Language] {
    use Language::{French, German, Italian, Portuguese, Spanish};
    match c {
        'ñ' | '¿' | '¡' => &[Spanish],
        'ß' | 'ä' | 'ö' => &[German],
        'ü' => &[German, Spanish],
        'ã' | 'õ' => &[Portuguese],
        'ç' => &[French, Portuguese],
        'œ' | 'ê' | 'î' | 'û' | 'ë' => &[French],
        'ì' | 'ò' => &[Italian],
        _ => &[],
    }
}

/// A guess and how sure it is, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The language.
    pub language: Language,
    /// 1 to 100: how far it is ahead of the next, and how much there was to go by.
    pub confidence: u32,
}

/// Guesses the language of a text; none where no word or letter tells.
pub fn guess(text: &str) -> Option<Guess> {
    let text = lower_case(text);
    let mut points = [0_u32; 6];
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words.take(MOST_WORDS) {
        for (sum, list) in points.iter_mut().zip(WORDS) {
            *sum += 2 * u32::from(list.contains(&word));
        }
    }
    for c in text.chars().take(8 * MOST_WORDS) {
        for (sum, language) in points.iter_mut().zip(LANGUAGES) {
            *sum += 3 * u32::from(marks(c).contains(&language));
        }
    }
    let (best, language) = points.into_iter().zip(LANGUAGES).rev().max_by_key(|(sum, _)| *sum)?;
    if best == 0 {
        return None;
    }
    let others = points.into_iter().zip(LANGUAGES).filter(|(_, other)| *other != language);
    let second = others.map(|(sum, _)| sum).max().unwrap_or_default();
    let lead = 100 * (best - second) / best;
    // One word may be a name, or of another language; four are hardly that.
    let weight = (best * 100 / 4).min(100);
    let confidence = ((50 + lead / 2) * weight / 100).clamp(1, 100);
    Some(Guess {
        language,
        confidence: if second == best { confidence.min(50) } else { confidence },
    })
}

/// The language to speak to a visitor: the site's own if it has one (`setting` is no [`AUTO`]), else the one of the
/// message if that is plain, else the one of the conversation so far, else English.
pub fn language_for(setting: Option<&str>, so_far: Option<&str>, message: &str) -> Language {
    if let Some(fixed) = setting.and_then(Language::parse) {
        return fixed;
    }
    let so_far = so_far.and_then(Language::parse);
    match guess(message) {
        Some(guess) if guess.confidence >= BELIEVED => guess.language,
        Some(guess) => {
            so_far.unwrap_or(if guess.confidence > 50 { guess.language } else { Language::English })
        }
        None => so_far.unwrap_or(Language::English),
    }
}

/// A built-in sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// Nothing is known about the question; the contact line follows.
    NotKnown,
    /// Quotes follow.
    Found,
    /// The site answers only from its knowledge, and this is outside of it.
    Refusal,
    /// A person was asked for and will come.
    HandoffRequested,
    /// The visitor waits for the person asked for.
    HandoffWaiting,
    /// Nobody is there now.
    Away,
    /// The site has nobody to hand over to; the contact line follows.
    HandoffOff,
}

/// A built-in sentence in a language.
pub fn phrase(language: Language, phrase: Phrase) -> &'static str {
    let [english, spanish, french, german, portuguese, italian] = texts(phrase);
    match language {
        Language::English => english,
        Language::Spanish => spanish,
        Language::French => french,
        Language::German => german,
        Language::Portuguese => portuguese,
        Language::Italian => italian,
    }
}

fn texts(phrase: Phrase) -> [&'static str; 6] {
    match phrase {
        Phrase::NotKnown => [
            "I don't know the answer to that from the information I have.",
            "No encuentro la respuesta a eso en la información que tengo.",
            "Je ne trouve pas la réponse à cette question dans les informations dont je dispose.",
            "Das kann ich mit den Informationen, die ich habe, nicht beantworten.",
            "Não encontro a resposta a isso nas informações que tenho.",
            "Non trovo la risposta nelle informazioni che ho.",
        ],
        Phrase::Found => [
            "Here is what I found:",
            "Esto es lo que he encontrado:",
            "Voici ce que j'ai trouvé :",
            "Das habe ich gefunden:",
            "Isto é o que encontrei:",
            "Ecco cosa ho trovato:",
        ],
        Phrase::Refusal => [
            "I can only help with questions about this business.",
            "Solo puedo ayudar con preguntas sobre este negocio.",
            "Je ne peux répondre qu'aux questions concernant cet établissement.",
            "Ich kann nur bei Fragen zu diesem Unternehmen helfen.",
            "Só posso ajudar com perguntas sobre esta empresa.",
            "Posso aiutare solo con domande su questa attività.",
        ],
        Phrase::HandoffRequested => [
            "I have asked a member of the team to join this conversation.",
            "He pedido a una persona del equipo que se una a esta conversación.",
            "J'ai demandé à un membre de l'équipe de rejoindre cette conversation.",
            "Ich habe jemanden aus dem Team gebeten, dieses Gespräch zu übernehmen.",
            "Pedi a uma pessoa da equipe que entre nesta conversa.",
            "Ho chiesto a una persona del team di unirsi a questa conversazione.",
        ],
        Phrase::HandoffWaiting => [
            "A member of the team will answer here as soon as possible.",
            "Una persona del equipo responderá aquí lo antes posible.",
            "Un membre de l'équipe vous répondra ici dès que possible.",
            "Jemand aus dem Team antwortet hier so bald wie möglich.",
            "Uma pessoa da equipe responderá aqui assim que possível.",
            "Una persona del team risponderà qui appena possibile.",
        ],
        Phrase::Away => [
            "Nobody is here to answer right now. Leave your contact details and we will get back to you.",
            "Ahora mismo no hay nadie que pueda responder. Déjenos sus datos y le contactaremos.",
            "Personne n'est disponible pour le moment. Laissez vos coordonnées et nous vous recontacterons.",
            "Gerade ist niemand da. Hinterlassen Sie Ihre Kontaktdaten, wir melden uns bei Ihnen.",
            "Não há ninguém para responder agora. Deixe seus dados e entraremos em contato.",
            "Al momento non c'è nessuno. Lasci i suoi recapiti e la ricontatteremo.",
        ],
        Phrase::HandoffOff => [
            "I cannot connect you to a person from here.",
            "Desde aquí no puedo ponerle en contacto con una persona.",
            "Je ne peux pas vous mettre en relation avec une personne d'ici.",
            "Von hier aus kann ich Sie nicht mit einer Person verbinden.",
            "Daqui não consigo transferir para uma pessoa.",
            "Da qui non posso metterla in contatto con una persona.",
        ],
    }
}

/// Whom to turn to, where a site has written no contact line: by its web address if it has one.
pub fn contact_sentence(language: Language, name: &str, domain: Option<&str>) -> String {
    let domain = domain.filter(|domain| !domain.is_empty());
    match (language, domain) {
        (Language::English, Some(domain)) => format!("Please contact {name} through {domain}."),
        (Language::English, None) => format!("Please contact {name} directly."),
        (Language::Spanish, Some(domain)) => format!("Contacte con {name} en {domain}."),
        (Language::Spanish, None) => format!("Contacte directamente con {name}."),
        (Language::French, Some(domain)) => format!("Veuillez contacter {name} via {domain}."),
        (Language::French, None) => format!("Veuillez contacter {name} directement."),
        (Language::German, Some(domain)) => {
            format!("Bitte wenden Sie sich über {domain} an {name}.")
        }
        (Language::German, None) => format!("Bitte wenden Sie sich direkt an {name}."),
        (Language::Portuguese, Some(domain)) => format!("Entre em contato com {name} em {domain}."),
        (Language::Portuguese, None) => format!("Entre em contato diretamente com {name}."),
        (Language::Italian, Some(domain)) => format!("Contatti {name} tramite {domain}."),
        (Language::Italian, None) => format!("Contatti direttamente {name}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_apart() {
        for (text, language) in [
            ("What are your opening hours on Saturday?", "en"),
            ("how much does whitening cost", "en"),
            ("I need to talk to a person", "en"),
            ("¿Cuánto cuesta una limpieza?", "es"),
            ("quiero hablar con una persona por favor", "es"),
            ("a que hora abren los sabados", "es"),
            ("Quels sont vos horaires le samedi ?", "fr"),
            ("je voudrais un rendez-vous demain", "fr"),
            ("Wie viel kostet eine Zahnreinigung?", "de"),
            ("Ich möchte mit einem Menschen sprechen", "de"),
            ("Quanto custa uma limpeza? Vocês abrem no sábado?", "pt"),
            ("não consigo falar com ninguém, preciso de uma consulta", "pt"),
            ("Quanto costa una pulizia dei denti?", "it"),
            ("vorrei un appuntamento per domani mattina", "it"),
        ] {
            let guess = guess(text).unwrap();
            assert_eq!(guess.language.as_str(), language, "{text}: {guess:?}");
            assert_eq!(
                language_for(Some(AUTO), None, text).as_str(),
                language,
                "{text}: {guess:?}"
            );
        }
    }

    #[test]
    fn what_tells_nothing_leaves_the_language_as_it_is() {
        for text in ["", "ok", "12345", "👍", "Paracetamol 500", "你好，请问几点开门", "привет"]
        {
            assert_eq!(guess(text), None, "{text}");
            assert_eq!(language_for(None, Some("es"), text), Language::Spanish);
            assert_eq!(language_for(None, None, text), Language::English);
        }
        // A single word of two languages changes nothing.
        let single = guess("la").unwrap();
        assert!(single.confidence < BELIEVED, "{single:?}");
        assert_eq!(language_for(None, Some("de"), "la"), Language::German);
    }

    #[test]
    fn a_sites_own_language_wins() {
        assert_eq!(language_for(Some("fr"), Some("es"), "What are your hours?"), Language::French);
        assert_eq!(language_for(Some("xx"), None, "What are your hours?"), Language::English);
    }

    #[test]
    fn every_sentence_is_written_in_every_language() {
        use Phrase::{Away, HandoffOff, HandoffRequested, HandoffWaiting, NotKnown, Refusal};
        for one in [NotKnown, Refusal, HandoffRequested, HandoffWaiting, Away, HandoffOff] {
            let mut seen = Vec::new();
            for language in LANGUAGES {
                let text = phrase(language, one);
                assert!(text.ends_with('.') && !seen.contains(&text), "{one:?} in {language:?}");
                seen.push(text);
            }
        }
        assert!(
            contact_sentence(Language::German, "Smile", Some("smile.example"))
                .contains("smile.example")
        );
        assert!(!contact_sentence(Language::German, "Smile", Some("")).contains("über"));
    }

    proptest::proptest! {
        #[test]
        fn anything_is_taken(text in ".{0,200}") {
            if let Some(guess) = guess(&text) {
                proptest::prop_assert!((1..=100).contains(&guess.confidence));
            }
        }
    }
}
