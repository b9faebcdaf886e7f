//! What a site's `config` says about its conversations, read leniently: what does not fit is the default.

use serde_json::{Map, Value};

use super::admission::SiteRow;

/// Longest text that is taken from a configuration, in characters.
const LONGEST_TEXT: usize = 300;
/// Tokens of earlier messages in a prompt.
const HISTORY_TOKENS: u32 = 2_000;
/// Tokens of an answer.
const OUTPUT_TOKENS: u32 = 800;

/// A site's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Whether nothing is said that the site's knowledge does not hold.
    pub(super) only_from_knowledge: bool,
    /// Said instead of an answer that may not be given.
    pub(super) refusal: Option<String>,
    /// Said when nothing is known.
    pub(super) contact_line: String,
    /// Tokens of earlier messages in a prompt.
    pub(super) history_tokens: u32,
    /// Tokens of an answer.
    pub(super) output_tokens: u32,
    /// In hundredths.
    pub(super) temperature_centi: Option<u32>,
    /// Whether a new conversation needs a solved Turnstile challenge.
    pub(super) needs_turnstile: bool,
}

impl Settings {
    /// Those of a site.
    pub(super) fn of(site: &SiteRow) -> Self {
        let config = &site.config;
        Self {
            only_from_knowledge: flag(config, "answer_only_from_knowledge"),
            refusal: text(config, "refusal_text"),
            contact_line: text(config, "contact_line").unwrap_or_else(|| contact_line(site)),
            history_tokens: number(config, "history_tokens", 0, 16_000).unwrap_or(HISTORY_TOKENS),
            output_tokens: number(config, "max_output_tokens", 16, 8_000).unwrap_or(OUTPUT_TOKENS),
            temperature_centi: temperature(config),
            needs_turnstile: flag(config, "turnstile"),
        }
    }
}

fn contact_line(site: &SiteRow) -> String {
    match site.domain.as_deref().filter(|domain| !domain.is_empty()) {
        Some(domain) => format!("Please contact {} through {domain}.", site.name),
        None => format!("Please contact {} directly.", site.name),
    }
}

fn flag(config: &Map<String, Value>, name: &str) -> bool {
    config.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn text(config: &Map<String, Value>, name: &str) -> Option<String> {
    let text = config.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(LONGEST_TEXT).collect())
}

fn number(config: &Map<String, Value>, name: &str, least: u32, most: u32) -> Option<u32> {
    let number = config.get(name)?.as_u64()?;
    u32::try_from(number).ok().filter(|number| (least..=most).contains(number))
}

/// 0 to 2, as providers take it.
fn temperature(config: &Map<String, Value>) -> Option<u32> {
    let value = config.get("temperature")?.as_f64().filter(|value| (0.0..=2.0).contains(value))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 200")]
    Some((value * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::admission::tests::site;

    #[test]
    fn what_does_not_fit_is_the_default() {
        let odd = json!({
            "answer_only_from_knowledge": "yes", "refusal_text": "  ", "history_tokens": -1,
            "max_output_tokens": 9_000_000, "temperature": "hot", "contact_line": 7,
        });
        let bare = Settings::of(&site());
        assert_eq!(bare.contact_line, "Please contact Smile through smile.example.");
        let odd = SiteRowWith(odd).settings();
        assert_eq!(odd, bare);
    }

    #[test]
    fn settings_are_read() {
        let settings = SiteRowWith(json!({
            "answer_only_from_knowledge": true, "refusal_text": "Not here.", "history_tokens": 0,
            "max_output_tokens": 100, "temperature": 0.25, "contact_line": " Call 1. ", "turnstile": true,
        }))
        .settings();
        assert!(settings.only_from_knowledge && settings.needs_turnstile);
        assert_eq!(settings.refusal.as_deref(), Some("Not here."));
        assert_eq!((settings.history_tokens, settings.output_tokens), (0, 100));
        assert_eq!(settings.temperature_centi, Some(25));
        assert_eq!(settings.contact_line, "Call 1.");
    }

    struct SiteRowWith(Value);

    impl SiteRowWith {
        fn settings(self) -> Settings {
            let Value::Object(config) = self.0 else { panic!("an object") };
            Settings::of(&SiteRow { config, ..site() })
        }
    }
}
