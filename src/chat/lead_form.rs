//! The form for leads: what the widget shows of a site's `lead_capture` comes back here.

use http::HeaderMap;
use serde::Serialize;

use super::capture::{self, Lead};
use super::session_routes::{admit, claim, not_found, of};
use super::session_store::Messages;
use super::settings::Settings;
use crate::app::Op;
use crate::body;
use crate::db::Rows;
use crate::error::{Error, Result};
use crate::http::body::{self, Lines, Text, invalid};
use crate::http::extract::{Json, Path};

body! {
    /// How the visitor can be reached, and that they agree to be.
    pub struct LeadIn {
        name as "name": Option<Text<0, 200>>,
        /// One of `email` and `phone` is needed.
        email as "email": Option<Text<0, 254>>,
        phone as "phone": Option<Text<0, 50>>,
        company as "company": Option<Text<0, 200>>,
        message as "message": Option<Lines<0, 2000>>,
        /// Must be `true`.
        consent as "consent": bool,
        /// The words that the visitor was shown and agreed to: those of the widget's configuration.
        consent_text as "consent_text": Lines<1, 1000>,
        visitor_id as "visitor_id": Option<Text<0, 128>>,
        site_key as "site_key": Option<Text<0, 128>>,
    }
}

/// It is stored.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct LeadStoredOut {
    session_id: String,
    stored: bool,
}

/// `POST /chat/sessions/{id}/lead`: the visitor leaves an address, also after the conversation has ended. The same
/// address again adds what was missing.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/chat/sessions/{id}/lead", tag = "Visitors",
    params(("id" = String, Path), ("X-Site-Key" = Option<String>, Header)), request_body = LeadIn,
    responses((status = 200, body = LeadStoredOut), crate::openapi::VisitorWriteErrors)))]
pub async fn leave_lead(
    op: Op,
    headers: HeaderMap,
    Path(id): Path<String>,
    body::Read(body): body::Read<LeadIn>,
) -> Result<Json<LeadStoredOut>> {
    let form = LeadForm::judge(&body)?;
    let claim = claim(&headers, id, body.site_key.clone(), body.visitor_id.clone())?;
    let (site, session, _) = admit(&op, &headers, &claim, Messages::None).await?;
    if session.is_forgotten {
        return Err(not_found());
    }
    let Some(asked) = Settings(&site.config).lead_capture() else {
        return Err(Error::conflict("lead_capture_off", "Leads are not captured")
            .hint("The site does not ask for addresses; its lead_capture setting turns this on."));
    };
    // What is kept as proof is the site's own text, and that it was shown.
    if body.consent_text.as_str() != asked.consent_text {
        return Err(Error::conflict("lead_consent_changed", "The text of consent has changed")
            .hint(
                "Show the \"consentText\" that the widget's configuration has now, and send it.",
            ));
    }
    let lead = form.lead(asked.consent_text);
    let statements = capture::lead_statements(of(&op, &session), &lead)?;
    let rows = op.write(statements).await?;
    let stored = rows.iter().take(2).map(Rows::count).sum::<Result<usize>>()?;
    if stored == 0 {
        return Err(Error::conflict("lead_limit", "Too many addresses")
            .hint("This conversation has left as many addresses as it may."));
    }
    Ok(Json(LeadStoredOut { session_id: session.id.as_str().to_owned(), stored: true }))
}

/// A judged form.
struct LeadForm<'a> {
    name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    company: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> LeadForm<'a> {
    fn judge(body: &'a LeadIn) -> Result<Self> {
        if !body.consent {
            return Err(invalid("consent", "must be true: nothing is stored without it"));
        }
        let form = Self {
            name: said(body.name.as_ref()),
            email: said(body.email.as_ref()),
            phone: said(body.phone.as_ref()),
            company: said(body.company.as_ref()),
            message: body.message.as_ref().map(Lines::as_str).filter(|text| !text.is_empty()),
        };
        if form.email.is_none() && form.phone.is_none() {
            return Err(invalid("email", "is required where there is no \"phone\""));
        }
        if form.email.is_some_and(|email| !is_address(email)) {
            return Err(invalid("email", "must be an e-mail address"));
        }
        if form.phone.is_some_and(|phone| !is_number(phone)) {
            return Err(invalid("phone", "must be a phone number of 5 to 20 digits"));
        }
        Ok(form)
    }

    fn lead(&self, consent_text: &'a str) -> Lead<'a> {
        Lead {
            name: self.name,
            email: self.email,
            phone: self.phone,
            company: self.company,
            message: self.message,
            consent_text: Some(consent_text),
            source: "form",
            while_open: false,
        }
    }
}

fn said<const MAX: usize>(text: Option<&Text<0, MAX>>) -> Option<&str> {
    text.map(Text::as_str).filter(|text| !text.is_empty())
}

/// Whether it has the parts of an address; whether mail arrives there, nobody knows before it is sent.
fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
            && domain.split('.').all(|label| !label.is_empty())
            && domain.contains('.')
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    (5..=20).contains(&digits) && !text.contains(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers_have_their_parts() {
        for text in ["a@b.example", "ann.doe+x@mail.b.example", "jürgen@müller.example"] {
            assert!(is_address(text), "{text}");
        }
        for text in
            ["", "a", "@b.example", "a@b", "a@", "a b@c.example", "a@b@c.example", "a@.b", "a@b."]
        {
            assert!(!is_address(text), "{text}");
        }
        for text in ["+1 (555) 010-4471", "12345", "٠٥٠١٢٣٤٥٦٧"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "1234", "call me at 555 0100", "123456789012345678901"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
