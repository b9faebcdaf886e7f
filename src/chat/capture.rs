//! What a conversation brings beside its messages: a lead, a wish for an appointment. Each is told once for each
//! conversation, in the transaction of what it comes from.

use crate::app::Op;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::{OrgId, SessionId, SiteId, new_id};
use crate::notifications::{self, Kind};
use crate::redaction::Contacts;
use crate::time::Timestamp;
use crate::{sql, statement};

use super::figures::{Figures, noted};
use super::language::Language;

const LEAD_FILL: &str = sql!("sql/lead_fill.sql");
const LEAD_INSERT: &str = sql!("sql/lead_insert.sql");
const LEAD_OUTCOME: &str = sql!("sql/lead_outcome.sql");
const APPOINTMENT_OUTCOME: &str = sql!("sql/appointment_outcome.sql");
const SESSION_LOCALE: &str = sql!("sql/session_locale.sql");

/// Of a message that a lead was found in, in characters.
const LONGEST_NOTE: usize = 500;

/// A conversation of a site of an org, all three proved to belong together by the statements themselves.
#[derive(Debug, Clone, Copy)]
pub struct Conversation<'a> {
    /// Whose.
    pub org: &'a OrgId,
    /// Where.
    pub site: &'a SiteId,
    /// Which.
    pub session: &'a SessionId,
    /// Now.
    pub at: Timestamp,
}

/// What a visitor leaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lead<'a> {
    /// The visitor's name.
    pub name: Option<&'a str>,
    /// An e-mail address; without one there must be a phone number.
    pub email: Option<&'a str>,
    /// A phone number.
    pub phone: Option<&'a str>,
    /// Where the visitor works.
    pub company: Option<&'a str>,
    /// What it is about.
    pub message: Option<&'a str>,
    /// The words that the visitor agreed to; none where none were shown.
    pub consent_text: Option<&'a str>,
    /// `form` or `chat`.
    pub source: &'static str,
    /// Whether the conversation must still go on.
    pub while_open: bool,
}

/// Stores a lead, or adds to the one that the conversation has with that address; tells of the first. The first two
/// statements give a row each if they stored something.
pub fn lead_statements(of: Conversation<'_>, lead: &Lead<'_>) -> Result<Vec<Statement>> {
    let Conversation { org, site, session, at } = of;
    let [metrics, rollup] = noted(org, site, Figures { leads: 1, ..Figures::default() }, at);
    Ok(vec![
        statement!(
            LEAD_FILL,
            session,
            site,
            org,
            at,
            lead.name,
            lead.email,
            lead.phone,
            lead.company,
            lead.message,
            lead.while_open,
        ),
        statement!(
            LEAD_INSERT,
            session,
            site,
            org,
            at,
            lead.name,
            lead.email,
            lead.phone,
            lead.company,
            lead.message,
            new_id(at)?,
            lead.consent_text,
            lead.source,
            lead.while_open,
        ),
        statement!(LEAD_OUTCOME, session, site, org, at),
        metrics,
        rollup,
        notifications::of_change(org, Kind::LeadCaptured, session, at)?,
    ])
}

/// The lead in a visitor's own message: for the batch that stores the turn, behind its messages. Nothing where no
/// address or number was found, or where both are the business's own. Such a visitor was shown no text to agree to.
pub fn found_lead_statements(
    of: Conversation<'_>,
    message: &str,
    contacts: &Contacts,
    own_domain: Option<&str>,
) -> Result<Vec<Statement>> {
    let is_foreign = |email: &&String| own_domain.is_none_or(|own| !is_of_domain(email, own));
    let email = contacts.emails.iter().find(is_foreign);
    let phone = contacts.phones.first();
    // A visitor who asks about the business's own address leaves nothing.
    if email.is_none() && (phone.is_none() || !contacts.emails.is_empty()) {
        return Ok(Vec::new());
    }
    let note: String = message.chars().take(LONGEST_NOTE).collect();
    let lead = Lead {
        email: email.map(String::as_str),
        phone: phone.map(String::as_str),
        message: Some(&note),
        source: "chat",
        while_open: true,
        ..Lead::default()
    };
    lead_statements(of, &lead)
}

fn is_of_domain(email: &str, own: &str) -> bool {
    let own = own.strip_prefix("www.").unwrap_or(own);
    let domain = email.rsplit('@').next().unwrap_or_default();
    domain.strip_suffix(own).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The visitor asked for an appointment: for the batch that stores the turn, behind its messages.
pub fn appointment_statements(of: Conversation<'_>) -> Vec<Statement> {
    let Conversation { org, site, session, at } = of;
    let [metrics, rollup] = noted(org, site, Figures { appointments: 1, ..Figures::default() }, at);
    vec![statement!(APPOINTMENT_OUTCOME, session, site, org, at), metrics, rollup]
}

/// Notes the language of a conversation.
pub fn locale_statement(of: Conversation<'_>, language: Language) -> Statement {
    statement!(SESSION_LOCALE, of.session, of.site, of.org, language)
}

/// The moment as a [`Conversation`] of the present operation takes it.
pub fn conversation<'a>(
    op: &Op,
    org: &'a OrgId,
    site: &'a SiteId,
    session: &'a SessionId,
) -> Conversation<'a> {
    Conversation { org, site, session, at: op.now() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: &str, own: Option<&str>) -> Option<(Option<String>, Option<String>)> {
        let (org, site) = (OrgId::from("o".to_owned()), SiteId::from("s".to_owned()));
        let session = SessionId::from("x".to_owned());
        let of = Conversation {
            org: &org,
            site: &site,
            session: &session,
            at: Timestamp::from_seconds(0),
        };
        let contacts = crate::redaction::contacts(message);
        let statements = found_lead_statements(of, message, &contacts, own).unwrap();
        let text = |param: &crate::db::Param| match param {
            crate::db::Param::Text(text) => Some(text.clone()),
            _ => None,
        };
        let params = &statements.first()?.params;
        Some((text(&params[5]), text(&params[6])))
    }

    #[test]
    fn a_lead_is_what_reaches_the_visitor() {
        let both = found("ann@visitor.example, 555-010-4471", Some("smile.example")).unwrap();
        assert_eq!(both, (Some("ann@visitor.example".to_owned()), Some("555-010-4471".to_owned())));
        assert_eq!(
            found("call 555-010-4471", None).unwrap(),
            (None, Some("555-010-4471".to_owned()))
        );
        assert_eq!(found("What are your hours?", None), None);
        for own in
            ["Is info@smile.example yours?", "Is a@mail.smile.example or 555-010-4471 yours?"]
        {
            assert_eq!(found(own, Some("www.smile.example")), None, "{own}");
        }
        assert!(found("ann@notsmile.example", Some("smile.example")).is_some());
        let two =
            found("Not info@smile.example but ann@visitor.example", Some("smile.example")).unwrap();
        assert_eq!(two.0.as_deref(), Some("ann@visitor.example"));
    }
}
