//! A conversation on its way to a person, as the visitor's side sees it. What people of the org do with it is in
//! [`crate::handoffs`].
//!
//! While a conversation is handed off, the assistant is silent: a turn stores the visitor's words with
//! [`visitor_message_statements`], and answers what [`waiting_text`] says.

use crate::db::Statement;
use crate::error::Result;
use crate::notifications::{self, Kind};
use crate::{sql, statement};

use super::capture::Conversation;
use super::figures::{Figures, noted};
use super::language::{Language, Phrase, phrase};
use super::settings::{Availability, Settings};
use super::state::{Handoff, HandoffReason};

const HANDOFF_REQUEST: &str = sql!("sql/handoff_request.sql");
const HANDED_OFF_ADVANCE: &str = sql!("sql/handed_off_advance.sql");
const HANDED_OFF_MESSAGE: &str = sql!("sql/handed_off_message.sql");

/// Asks for a person: the first statement gives a row if the conversation was the assistant's until now. The org is
/// notified then, and only then.
pub fn request_statements(of: Conversation<'_>, reason: HandoffReason) -> Result<Vec<Statement>> {
    let Conversation { org, site, session, at } = of;
    Ok(vec![
        statement!(HANDOFF_REQUEST, session, site, org, at, reason),
        notifications::of_change(org, Kind::HandoffRequested, session, at)?,
    ])
}

/// A person was asked for while nobody is there: the conversation stays the assistant's, and the org is notified once.
pub fn missed_statement(of: Conversation<'_>) -> Statement {
    notifications::once(of.org, Kind::HandoffMissed, of.session, of.at)
}

/// What a visitor says while a person answers. The second statement gives a row if it was stored; if not, the
/// conversation has ended or is the assistant's again, and has to be read anew.
pub fn visitor_message_statements(
    of: Conversation<'_>,
    visitor: Option<&str>,
    message_id: &str,
    message: &str,
) -> Vec<Statement> {
    let Conversation { org, site, session, at } = of;
    let [metrics, rollup] = noted(org, site, Figures { messages: 1, ..Figures::default() }, at);
    vec![
        statement!(HANDED_OFF_ADVANCE, session, site, org, at, visitor),
        statement!(HANDED_OFF_MESSAGE, session, site, org, message_id, message),
        metrics,
        rollup,
    ]
}

/// What a visitor is told who asks for a person. `contact_line` is the site's.
pub fn request_text(
    settings: Settings<'_>,
    availability: Availability,
    language: Language,
    contact_line: &str,
) -> String {
    match availability {
        Availability::There => settings
            .handoff_message()
            .unwrap_or_else(|| phrase(language, Phrase::HandoffRequested))
            .to_owned(),
        Availability::Away => {
            settings.away_text().unwrap_or_else(|| phrase(language, Phrase::Away)).to_owned()
        }
        Availability::Off => format!("{} {contact_line}", phrase(language, Phrase::HandoffOff)),
    }
}

/// What a visitor is told who writes while nobody has taken over yet; nothing once a person answers.
pub fn waiting_text(handoff: Handoff, language: Language) -> Option<&'static str> {
    match handoff {
        Handoff::Requested => Some(phrase(language, Phrase::HandoffWaiting)),
        Handoff::Accepted => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_site_may_speak_in_its_own_words() {
        let config = json!({"handoff": {"enabled": true, "message": "One moment."}, "away_text": "Back on Monday."});
        let own = Settings(config.as_object().unwrap());
        let none = serde_json::Map::new();
        let text = |settings, availability| {
            request_text(settings, availability, Language::Spanish, "Llame al 1.")
        };
        assert_eq!(text(own, Availability::There), "One moment.");
        assert_eq!(text(own, Availability::Away), "Back on Monday.");
        assert!(text(Settings(&none), Availability::There).starts_with("He pedido"));
        assert!(text(Settings(&none), Availability::Away).starts_with("Ahora mismo"));
        assert!(text(own, Availability::Off).ends_with("persona. Llame al 1."));
        assert!(waiting_text(Handoff::Requested, Language::English).is_some());
        assert_eq!(waiting_text(Handoff::Accepted, Language::English), None);
    }
}
