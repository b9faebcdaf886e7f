//! What of a site's own configuration its pages may read: starter prompts, greeting, office hours, the text for when
//! nobody is there, the form for leads, and which challenge is to be solved. Everything else in it, such as the prompt
//! or an address for notifications, stays. It is read by [`Settings`], as the chat reads it. Texts are texts, never
//! markup.

use serde::Serialize;

use crate::chat::settings::{LeadCapture, LeadField, Settings};

/// The form that asks visitors how to reach them. What they fill in goes to the session's `/lead`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetLeadFormOut {
    /// Always `true`: a site that captures no leads has no form.
    enabled: bool,
    title: Option<String>,
    text: Option<String>,
    /// What the visitor agrees to, to be sent along as it is.
    consent_text: String,
    /// Of `name`, `email`, `phone`, `company` and `message`, in their order.
    fields: Vec<LeadField>,
    /// Those of the fields that the form does not leave empty.
    required: Vec<LeadField>,
}

impl From<LeadCapture<'_>> for WidgetLeadFormOut {
    fn from(leads: LeadCapture<'_>) -> Self {
        Self {
            enabled: true,
            title: leads.title.map(str::to_owned),
            text: leads.text.map(str::to_owned),
            consent_text: leads.consent_text.to_owned(),
            fields: leads.fields,
            required: leads.required,
        }
    }
}

/// The challenge that a page solves before a conversation begins, or before something is said aloud.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetTurnstileOut {
    /// What the script of Turnstile is called with.
    site_key: String,
}

/// The challenge, where the site asks for one and the platform has set Turnstile up.
pub(super) fn turnstile(settings: Settings<'_>, key: Option<&str>) -> Option<WidgetTurnstileOut> {
    let key = key.filter(|_| settings.needs_turnstile())?;
    Some(WidgetTurnstileOut { site_key: key.to_owned() })
}
