//! What becomes of a message that was let in: whether it is answered, goes to a person, or is refused.

use super::admission::{SessionRow, SiteRow};
use super::guard::asks_to_break_rules;
use super::intent::{self, Intent};
use super::language::{self, Language, Phrase, contact_sentence, phrase};
use super::settings::{Availability, Settings};
use super::state::{Handoff, HandoffReason};
use crate::knowledge::policies::{Judged, Policies, TriggeredPolicy, Verdict};
use crate::time::Timestamp;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It is answered.
    Answer,
    /// A person answers: it is kept for them.
    WithPerson(Handoff),
    /// It asks for a person.
    HandOver(Availability, HandoffReason),
    /// It asks to lift the rules.
    Refuse,
}

/// What a message asks for, and in which words it is spoken of.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) course: Course,
    pub(super) language: Language,
    pub(super) intent: Intent,
    /// Rules that found something in it.
    pub(super) triggered: Vec<TriggeredPolicy>,
}

impl Reading {
    /// Reads a message of a session, or one that opens one.
    pub(super) fn of(
        message: &str,
        site: &SiteRow,
        session: Option<&SessionRow>,
        policies: &Policies,
        now: Timestamp,
    ) -> Self {
        let settings = Settings(&site.config);
        let availability = || availability(site, now);
        let so_far = session.and_then(|session| session.locale.as_deref());
        let intent = intent::detect(message, &settings.handoff_keywords());
        let handoff = session.and_then(|session| Handoff::parse(session.handoff.as_deref()?));
        let Judged { verdict, triggered, .. } = policies.judge_question(message);
        let course = match (handoff, verdict) {
            (Some(handoff), _) => Course::WithPerson(handoff),
            (None, Verdict::Blocked) => Course::Refuse,
            (None, Verdict::HandOff) => Course::HandOver(availability(), HandoffReason::Policy),
            (None, _) if asks_to_break_rules(message) => Course::Refuse,
            (None, _) if intent.wants_person => {
                Course::HandOver(availability(), HandoffReason::Message)
            }
            (None, _) => Course::Answer,
        };
        let language = language::language_for(settings.language(), so_far, message);
        Self { course, language, intent, triggered }
    }

    /// Whom to turn to.
    pub(super) fn contact_line(&self, site: &SiteRow) -> String {
        contact_line(site, self.language)
    }

    /// What is said when nothing is known.
    pub(super) fn not_known(&self, site: &SiteRow) -> String {
        format!("{} {}", phrase(self.language, Phrase::NotKnown), self.contact_line(site))
    }

    /// What is said instead of an answer that may not be given.
    pub(super) fn refusal(&self, site: &SiteRow) -> String {
        match Settings(&site.config).refusal_text() {
            Some(text) => text.to_owned(),
            None => {
                format!("{} {}", phrase(self.language, Phrase::Refusal), self.contact_line(site))
            }
        }
    }
}

/// Whether a person can take a conversation over at that moment. A server's user could not read what they answer.
pub(super) fn availability(site: &SiteRow, now: Timestamp) -> Availability {
    match site.token_id {
        Some(_) => Availability::Off,
        None => Settings(&site.config).availability(now),
    }
}

/// Whom to turn to: the site's own words, or a sentence with its name.
pub(super) fn contact_line(site: &SiteRow, language: Language) -> String {
    match Settings(&site.config).contact_line() {
        Some(line) => line.to_owned(),
        None => contact_sentence(language, &site.name, site.domain.as_deref()),
    }
}
