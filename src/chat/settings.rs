//! What a site's `config` says about its conversations: judged when it is written, read with bounds when it is used.
//!
//! | Member | Value |
//! |---|---|
//! | `greeting`, `away_text`, `refusal_text` | texts of at most 500 characters |
//! | `contact_line` | at most 300 characters |
//! | `starter_prompts` | at most 6 lines of at most 80 characters |
//! | `answer_only_from_knowledge` | whether questions beyond the knowledge are refused |
//! | `language` | `auto`, or one of `en`, `es`, `fr`, `de`, `pt`, `it` |
//! | `handoff` | `enabled`, `keywords` (at most 20 of at most 60 characters), `message` |
//! | `lead_capture` | `enabled`, `consent_text` (needed if enabled), and of the form `title`, `text`, `fields` (with `email` or `phone`; name, e-mail and phone if absent) and `required` (some of them) |
//! | `office_hours` | `timezone`, `days`, `away_text`: see [`super::hours`] |
//! | `history_tokens` | tokens of earlier messages in a prompt, 0 to 16000 (2000) |
//! | `max_output_tokens` | tokens of an answer, 16 to 8000 (800) |
//! | `temperature` | 0 to 2 |
//! | `turnstile` | whether a new conversation needs a solved challenge |
//!
//! Other members are for others to judge. `null` is as good as absent. [`Settings`] is the only reader of all of these:
//! the chat, the widget and the list of bots say the same.

use serde_json::{Map, Value};

use super::hours::{self, Hours};
use super::language::{AUTO, Language};
use crate::choice;
use crate::error::Result;
use crate::http::body::{Lines, Member, Text, Whole, expected_one_of, invalid};
use crate::time::Timestamp;

/// Longest greeting and the like, in characters.
const LONGEST_TEXT: usize = 500;
/// Longest text of consent, in characters.
pub const LONGEST_CONSENT: usize = 1_000;
/// Longest title of a form, in characters.
const LONGEST_TITLE: usize = 80;
/// Longest contact line, in characters.
const LONGEST_CONTACT_LINE: usize = 300;
/// Tokens of earlier messages in a prompt.
const HISTORY_TOKENS: u32 = 2_000;
/// Tokens of an answer.
const OUTPUT_TOKENS: u32 = 800;
/// Hottest temperature that providers take.
const HOTTEST: f64 = 2.0;
const MOST_STARTERS: usize = 6;
const MOST_KEYWORDS: usize = 20;

choice! {
    /// What a form for leads asks for.
    pub enum LeadField {
        /// The visitor's name.
        Name = "name",
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// Where the visitor works.
        Company = "company",
        /// What it is about.
        Message = "message",
    }
}

impl LeadField {
    /// Whether it tells how the visitor is reached.
    fn reaches(self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }
}

/// What a form asks for where the site does not say.
const FIELDS: [LeadField; 3] = [LeadField::Name, LeadField::Email, LeadField::Phone];

/// Judges what a site's configuration says about conversations.
///
/// # Errors
/// 400 `invalid_body`, which names the member and says what is expected of it.
pub fn validate_conversation_config(config: &Map<String, Value>) -> Result<()> {
    judge(config)
        .map_err(|(name, expected)| invalid("config", &format!("has \"{name}\", which {expected}")))
}

/// The member that does not fit, and what is expected of it.
type Refusal = (&'static str, String);

fn judge(config: &Map<String, Value>) -> Result<(), Refusal> {
    member::<Lines<0, 500>>(config, "greeting", "greeting")?;
    member::<Lines<0, 500>>(config, "away_text", "away_text")?;
    member::<Lines<0, 500>>(config, "refusal_text", "refusal_text")?;
    member::<Lines<0, 300>>(config, "contact_line", "contact_line")?;
    member::<bool>(config, "answer_only_from_knowledge", "answer_only_from_knowledge")?;
    let starters = member::<Vec<Text<1, 80>>>(config, "starter_prompts", "starter_prompts")?;
    at_most(starters, MOST_STARTERS, "starter_prompts")?;
    let language = member::<Text<1, 10>>(config, "language", "language")?;
    if language
        .is_some_and(|code| code.as_str() != AUTO && Language::parse(code.as_str()).is_none())
    {
        let codes: Vec<&str> = [AUTO].into_iter().chain(Language::ALL.iter().copied()).collect();
        return Err(("language", expected_one_of(&codes)));
    }
    if let Some(handoff) = member::<Map<String, Value>>(config, "handoff", "handoff")? {
        member::<bool>(&handoff, "enabled", "handoff.enabled")?;
        member::<Lines<0, 500>>(&handoff, "message", "handoff.message")?;
        let keywords = member::<Vec<Text<1, 60>>>(&handoff, "keywords", "handoff.keywords")?;
        at_most(keywords, MOST_KEYWORDS, "handoff.keywords")?;
    }
    if let Some(leads) = member::<Map<String, Value>>(config, "lead_capture", "lead_capture")? {
        let enabled = member::<bool>(&leads, "enabled", "lead_capture.enabled")?;
        let consent =
            member::<Lines<0, 1000>>(&leads, "consent_text", "lead_capture.consent_text")?;
        member::<Text<0, 80>>(&leads, "title", "lead_capture.title")?;
        member::<Lines<0, 500>>(&leads, "text", "lead_capture.text")?;
        let fields = member::<Vec<LeadField>>(&leads, "fields", "lead_capture.fields")?;
        if fields.as_deref().is_some_and(|fields| !fields.iter().any(|field| field.reaches())) {
            let expected = "must have email or phone: who leaves neither cannot be reached";
            return Err(("lead_capture.fields", expected.to_owned()));
        }
        let asked = fields.as_deref().unwrap_or(&FIELDS);
        let required = member::<Vec<LeadField>>(&leads, "required", "lead_capture.required")?;
        if !required.unwrap_or_default().iter().all(|field| asked.contains(field)) {
            let expected = "must be some of \"lead_capture.fields\"";
            return Err(("lead_capture.required", expected.to_owned()));
        }
        if enabled == Some(true) && consent.is_none_or(|text| text.as_str().is_empty()) {
            let expected = "is needed where leads are captured: what the visitor agrees to";
            return Err(("lead_capture.consent_text", expected.to_owned()));
        }
    }
    member::<Whole<0, 16_000>>(config, "history_tokens", "history_tokens")?;
    member::<Whole<16, 8_000>>(config, "max_output_tokens", "max_output_tokens")?;
    member::<bool>(config, "turnstile", "turnstile")?;
    let temperature = config.get("temperature").filter(|value| !value.is_null());
    if temperature.is_some() && temperature_of(config).is_none() {
        return Err(("temperature", "must be a number from 0 to 2".to_owned()));
    }
    if let Some(office) = member::<Map<String, Value>>(config, "office_hours", "office_hours")? {
        Hours::read(&office).map_err(|expected| ("office_hours", expected))?;
        member::<Lines<0, 500>>(&office, "away_text", "office_hours.away_text")?;
    }
    Ok(())
}

fn member<T: Member>(
    object: &Map<String, Value>,
    name: &str,
    told: &'static str,
) -> Result<Option<T>, Refusal> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => T::from_member(value.clone()).map(Some).map_err(|expected| (told, expected)),
    }
}

fn at_most<T>(list: Option<Vec<T>>, most: usize, name: &'static str) -> Result<(), Refusal> {
    match list {
        Some(list) if list.len() > most => Err((name, format!("must have at most {most} entries"))),
        _ => Ok(()),
    }
}

/// Whether a conversation can be handed to a person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// The site hands nothing over.
    Off,
    /// It does, but nobody is there now.
    Away,
    /// Somebody is there.
    There,
}

/// What leads are captured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadCapture<'a> {
    /// What the visitor agrees to.
    pub consent_text: &'a str,
    /// Above the form.
    pub title: Option<&'a str>,
    /// What it is for.
    pub text: Option<&'a str>,
    /// What it asks for, an e-mail address or a phone number among it.
    pub fields: Vec<LeadField>,
    /// Those of the fields that the form does not leave empty.
    pub required: Vec<LeadField>,
}

/// A stored configuration. It may be older than the rules above: what does not fit counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a>(pub &'a Map<String, Value>);

impl<'a> Settings<'a> {
    /// What a conversation begins with.
    pub fn greeting(self) -> Option<&'a str> {
        text(self.0, "greeting", LONGEST_TEXT)
    }

    /// What the visitor is told when nobody is there.
    pub fn away_text(self) -> Option<&'a str> {
        let of_hours = object(self.0, "office_hours");
        of_hours
            .and_then(|hours| text(hours, "away_text", LONGEST_TEXT))
            .or_else(|| text(self.0, "away_text", LONGEST_TEXT))
    }

    /// What the visitor is told when a question is not answered.
    pub fn refusal_text(self) -> Option<&'a str> {
        text(self.0, "refusal_text", LONGEST_TEXT)
    }

    /// Whether questions beyond the knowledge are refused.
    pub fn answers_only_from_knowledge(self) -> bool {
        flag(self.0, "answer_only_from_knowledge")
    }

    /// What the visitor is told about whom to ask instead.
    pub fn contact_line(self) -> Option<&'a str> {
        text(self.0, "contact_line", LONGEST_CONTACT_LINE)
    }

    /// Tokens of earlier messages in a prompt.
    pub fn history_tokens(self) -> u32 {
        number(self.0, "history_tokens", 0, 16_000).unwrap_or(HISTORY_TOKENS)
    }

    /// Tokens of an answer.
    pub fn output_tokens(self) -> u32 {
        number(self.0, "max_output_tokens", 16, 8_000).unwrap_or(OUTPUT_TOKENS)
    }

    /// How free a model is with its words, in hundredths; nothing leaves it to the provider.
    pub fn temperature_centi(self) -> Option<u32> {
        temperature_of(self.0)
    }

    /// Whether a new conversation needs a solved challenge.
    pub fn needs_turnstile(self) -> bool {
        flag(self.0, "turnstile")
    }

    /// What a visitor may begin with.
    pub fn starter_prompts(self) -> Vec<&'a str> {
        texts(self.0.get("starter_prompts"), MOST_STARTERS, 80)
    }

    /// `auto`, a language's code, or nothing.
    pub fn language(self) -> Option<&'a str> {
        text(self.0, "language", 10)
    }

    /// The site's own words for wanting a person.
    pub fn handoff_keywords(self) -> Vec<&'a str> {
        let handoff = object(self.0, "handoff");
        handoff.map_or_else(Vec::new, |handoff| texts(handoff.get("keywords"), MOST_KEYWORDS, 60))
    }

    /// What the visitor is told when a person was asked for.
    pub fn handoff_message(self) -> Option<&'a str> {
        object(self.0, "handoff").and_then(|handoff| text(handoff, "message", LONGEST_TEXT))
    }

    /// Whether a conversation can be handed to a person at that moment.
    pub fn availability(self, now: Timestamp) -> Availability {
        match object(self.0, "handoff") {
            Some(handoff) if flag(handoff, "enabled") => {
                if hours::is_open(self.0, now) {
                    Availability::There
                } else {
                    Availability::Away
                }
            }
            _ => Availability::Off,
        }
    }

    /// What leads are captured with; nothing where they are not, or where there is no text of consent.
    pub fn lead_capture(self) -> Option<LeadCapture<'a>> {
        let leads = object(self.0, "lead_capture").filter(|leads| flag(leads, "enabled"))?;
        let fields = lead_fields(leads, "fields").unwrap_or_else(|| FIELDS.to_vec());
        let mut required = lead_fields(leads, "required").unwrap_or_default();
        required.retain(|field| fields.contains(field));
        Some(LeadCapture {
            consent_text: text(leads, "consent_text", LONGEST_CONSENT)?,
            title: text(leads, "title", LONGEST_TITLE),
            text: text(leads, "text", LONGEST_TEXT),
            fields,
            required,
        })
    }

    /// When somebody is there, as pages are told it; nothing where somebody always is, or where it cannot be read.
    pub fn office_hours(self) -> Option<Value> {
        object(self.0, "office_hours").and_then(hours::shown)
    }
}

/// The fields that a list names, each once, in their own order; nothing where it is none, or where a form of them would
/// leave the visitor out of reach.
fn lead_fields(leads: &Map<String, Value>, name: &str) -> Option<Vec<LeadField>> {
    let listed = leads.get(name)?.as_array()?;
    let is_listed = |field: &&&str| listed.iter().any(|entry| entry.as_str() == Some(**field));
    let fields = LeadField::ALL.iter().filter(is_listed);
    let fields: Vec<LeadField> = fields.filter_map(|field| LeadField::parse(field)).collect();
    (name == "required" || fields.iter().any(|field| field.reaches())).then_some(fields)
}

fn object<'a>(config: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    config.get(name).and_then(Value::as_object)
}

fn flag(config: &Map<String, Value>, name: &str) -> bool {
    config.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn text<'a>(config: &'a Map<String, Value>, name: &str, most: usize) -> Option<&'a str> {
    config.get(name).and_then(Value::as_str).and_then(|text| bounded(text, most))
}

fn number(config: &Map<String, Value>, name: &str, least: u32, most: u32) -> Option<u32> {
    let number = u32::try_from(config.get(name)?.as_u64()?).ok()?;
    (least..=most).contains(&number).then_some(number)
}

fn temperature_of(config: &Map<String, Value>) -> Option<u32> {
    let value = config.get("temperature")?.as_f64()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 200")]
    (0.0..=HOTTEST).contains(&value).then(|| (value * 100.0).round() as u32)
}

fn texts(list: Option<&Value>, most: usize, longest: usize) -> Vec<&str> {
    let entries = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    entries
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|text| bounded(text, longest))
        .take(most)
        .collect()
}

fn bounded(text: &str, most: usize) -> Option<&str> {
    let text = text.trim();
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    text.get(..end).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(config: &Value) -> Option<String> {
        let error = validate_conversation_config(config.as_object().unwrap()).err()?;
        assert_eq!(error.code(), "invalid_body");
        Some(error.public_hint().unwrap_or_default().to_owned())
    }

    fn whole() -> Value {
        json!({
            "greeting": "Hello!\nHow can I help?", "away_text": "We are closed.", "refusal_text": "No.", "contact_line": "Call 1.",
            "starter_prompts": ["Hours?", "Prices?"], "answer_only_from_knowledge": true, "language": "auto",
            "handoff": {"enabled": true, "keywords": ["dr lee"], "message": "One moment."},
            "lead_capture": {"enabled": true, "consent_text": "You may contact me.", "title": "Call me back", "text": "We call today.",
                             "fields": ["email", "name"], "required": ["email"]},
            "office_hours": {"timezone": "Europe/Madrid", "days": {"mon": [["09:00", "17:00"]]}, "away_text": "Back on Monday."},
            "history_tokens": 0, "max_output_tokens": 100, "temperature": 0.25, "turnstile": true,
            "widget": {"anything": [1]}, "model": 7,
        })
    }

    #[test]
    fn a_whole_configuration_fits_and_is_read() {
        let config = whole();
        assert_eq!(refusal(&config), None);
        let settings = Settings(config.as_object().unwrap());
        assert_eq!(settings.greeting(), Some("Hello!\nHow can I help?"));
        assert_eq!(settings.away_text(), Some("Back on Monday."));
        assert_eq!(settings.refusal_text(), Some("No."));
        assert_eq!(settings.contact_line(), Some("Call 1."));
        assert_eq!((settings.history_tokens(), settings.output_tokens()), (0, 100));
        assert_eq!((settings.temperature_centi(), settings.needs_turnstile()), (Some(25), true));
        assert_eq!(settings.starter_prompts(), ["Hours?", "Prices?"]);
        assert!(settings.answers_only_from_knowledge());
        assert_eq!(settings.language(), Some("auto"));
        assert_eq!(settings.handoff_keywords(), ["dr lee"]);
        assert_eq!(settings.handoff_message(), Some("One moment."));
        let leads = settings.lead_capture().unwrap();
        assert_eq!(leads.consent_text, "You may contact me.");
        assert_eq!((leads.title, leads.text), (Some("Call me back"), Some("We call today.")));
        assert_eq!(leads.fields, [LeadField::Name, LeadField::Email]);
        assert_eq!(leads.required, [LeadField::Email]);
        let hours = json!({"timezone": "Europe/Madrid", "days": {"mon": [["09:00", "17:00"]]}});
        assert_eq!(settings.office_hours(), Some(hours));
        // Monday, 2026-03-16: nine in Madrid is eight in Greenwich.
        assert_eq!(
            settings.availability(Timestamp::from_seconds(1_773_648_000)),
            Availability::There
        );
        assert_eq!(
            settings.availability(Timestamp::from_seconds(1_773_647_999)),
            Availability::Away
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (config, told) in [
            (
                json!({"starter_prompts": vec!["x"; 7]}),
                "\"starter_prompts\", which must have at most 6 entries",
            ),
            (
                json!({"starter_prompts": ["x".repeat(81)]}),
                "\"starter_prompts\", which has an entry that must have 1 to 80",
            ),
            (json!({"starter_prompts": "x"}), "\"starter_prompts\", which must be an array"),
            (json!({"greeting": "x".repeat(501)}), "\"greeting\", which must have at most 500"),
            (json!({"greeting": "a\u{0}"}), "\"greeting\", which must have no control"),
            (json!({"away_text": 7}), "\"away_text\", which must be a text"),
            (json!({"refusal_text": []}), "\"refusal_text\", which must be a text"),
            (
                json!({"contact_line": "x".repeat(301)}),
                "\"contact_line\", which must have at most 300",
            ),
            (
                json!({"answer_only_from_knowledge": "yes"}),
                "\"answer_only_from_knowledge\", which must be true or false",
            ),
            (json!({"history_tokens": -1}), "\"history_tokens\", which must be a whole number"),
            (json!({"max_output_tokens": 9000}), "\"max_output_tokens\", which must be a whole"),
            (json!({"temperature": "hot"}), "\"temperature\", which must be a number from 0 to 2"),
            (json!({"turnstile": 1}), "\"turnstile\", which must be true or false"),
            (json!({"language": "xx"}), "\"language\", which must be one of auto, en, es"),
            (json!({"handoff": true}), "\"handoff\", which must be an object"),
            (
                json!({"handoff": {"enabled": 1}}),
                "\"handoff.enabled\", which must be true or false",
            ),
            (
                json!({"handoff": {"keywords": vec!["a"; 21]}}),
                "\"handoff.keywords\", which must have at most 20",
            ),
            (json!({"handoff": {"message": {}}}), "\"handoff.message\", which must be a text"),
            (
                json!({"lead_capture": {"enabled": true}}),
                "\"lead_capture.consent_text\", which is needed",
            ),
            (
                json!({"lead_capture": {"enabled": true, "consent_text": " "}}),
                "\"lead_capture.consent_text\", which is needed",
            ),
            (
                json!({"lead_capture": {"fields": ["ssn"]}}),
                "\"lead_capture.fields\", which has an entry that must be one of name",
            ),
            (
                json!({"lead_capture": {"fields": ["name"]}}),
                "\"lead_capture.fields\", which must have email or phone",
            ),
            (
                json!({"lead_capture": {"fields": ["email"], "required": ["name"]}}),
                "\"lead_capture.required\", which must be some of",
            ),
            (
                json!({"lead_capture": {"title": "x".repeat(81)}}),
                "\"lead_capture.title\", which must have at most 80",
            ),
            (json!({"office_hours": {"days": {}}}), "\"office_hours\", which needs a \"timezone\""),
            (
                json!({"office_hours": {"timezone": "UTC", "days": {}, "away_text": 7}}),
                "\"office_hours.away_text\", which must be",
            ),
        ] {
            let hint = refusal(&config).unwrap_or_else(|| panic!("{config} is taken"));
            assert!(hint.contains(told), "{config}: {hint}");
        }
        let nulls: Map<String, Value> =
            whole().as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
        assert_eq!(refusal(&Value::Object(nulls)), None);
    }

    #[test]
    fn what_was_stored_before_the_rules_is_bounded_or_absent() {
        let config = json!({
            "greeting": "x".repeat(900), "starter_prompts": (0..9).map(|n| n.to_string()).collect::<Vec<_>>(),
            "away_text": " ", "handoff": {"enabled": "yes", "keywords": 7}, "lead_capture": {"enabled": true, "consent_text": ""},
        });
        let settings = Settings(config.as_object().unwrap());
        assert_eq!(settings.greeting().unwrap().len(), 500);
        assert_eq!(settings.starter_prompts().len(), 6);
        assert_eq!((settings.away_text(), settings.lead_capture()), (None, None));
        assert_eq!(settings.handoff_keywords(), [""; 0]);
        assert_eq!(settings.availability(Timestamp::from_seconds(0)), Availability::Off);
        let config = json!({
            "lead_capture": {"enabled": true, "consent_text": "Yes.", "fields": ["name", "ssn", 7], "required": ["company", "name"]},
            "office_hours": {"timezone": "<b>", "days": {}},
        });
        let settings = Settings(config.as_object().unwrap());
        let leads = settings.lead_capture().unwrap();
        assert_eq!(leads.fields, FIELDS, "a form that nobody can be reached by asks for more");
        assert_eq!((leads.required, leads.title), (vec![LeadField::Name], None));
        assert_eq!(settings.office_hours(), None);
    }
}
