//! Resend: e-mails (Resend docs, "Send Email", "Idempotency Keys", "Errors").
//!
//! What it answers is another service's word: read leniently, bounded, and not passed on.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Unsent, code_of};
use crate::app::Op;
use crate::http::client::{HttpAnswer, HttpRequest, retry_after};
use crate::members::Email;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 16 * 1024;
/// For how long Resend knows what it sent under a key (Resend docs, "Idempotency Keys").
pub const KEY_KNOWN_FOR: Duration = Duration::from_hours(24);
/// Requests without a name are refused (Resend docs, "Introduction").
const USER_AGENT: &str = concat!("koby-portal/", env!("CARGO_PKG_VERSION"));

/// Where the API lies, the key for it, and who writes.
#[derive(Debug, Clone)]
pub struct ResendConfig {
    /// `RESEND_API_KEY`.
    pub key: Option<Secret<String>>,
    /// `NOTICE_FROM`.
    pub from: Option<Sender>,
    /// `RESEND_BASE_URL`, without a slash at its end. Nothing if it was refused: a key must not go elsewhere.
    pub base: Option<String>,
}

/// Who writes: `notices@example.com` or `Koby <notices@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(String);

impl Sender {
    /// Nothing if the text is neither form.
    pub fn parse(text: &str) -> Option<Self> {
        let address = match text.strip_suffix('>') {
            None => text,
            Some(text) => {
                let (name, address) = text.split_once('<')?;
                let is_plain = |c: char| c.is_alphanumeric() || " .-'&".contains(c);
                if name.trim().is_empty() || !name.chars().all(is_plain) {
                    return None;
                }
                address
            }
        };
        let is_address = address.trim() == address && Email::parse(address).is_some();
        is_address.then(|| Self(text.to_owned()))
    }
}

/// An e-mail to one person.
#[derive(Debug)]
pub struct Message<'a> {
    /// To whom.
    pub to: &'a Email,
    /// One line.
    pub subject: &'a str,
    /// For who reads plain text.
    pub text: &'a str,
    /// The same as a page.
    pub html: &'a str,
}

/// A way to Resend, where it is configured.
pub struct Resend<'a> {
    op: &'a Op,
    key: &'a str,
    from: &'a str,
    base: &'a str,
}

impl<'a> Resend<'a> {
    /// Nothing without `RESEND_API_KEY` and `NOTICE_FROM`.
    pub fn of(op: &'a Op) -> Option<Self> {
        let config = &op.app.config.resend;
        let (key, from) = (config.key.as_ref()?.expose(), &config.from.as_ref()?.0);
        Some(Self { op, key, from, base: config.base.as_deref()? })
    }

    /// Sends an e-mail; gives Resend's id of it, if it tells one. Under the same `idempotency_key` (at most 256
    /// characters) it is sent once within [`KEY_KNOWN_FOR`].
    ///
    /// # Errors
    /// When Resend did not take it, or its answer was lost.
    pub async fn send(
        &self,
        message: &Message<'_>,
        idempotency_key: &str,
    ) -> Result<Option<String>, Unsent> {
        let body = json!({
            "from": self.from,
            "to": [message.to.as_str()],
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
        });
        let request = HttpRequest {
            method: "POST",
            url: format!("{}/emails", self.base),
            headers: vec![
                ("authorization", format!("Bearer {}", self.key)),
                ("content-type", "application/json".to_owned()),
                ("accept", "application/json".to_owned()),
                ("user-agent", USER_AGENT.to_owned()),
                ("idempotency-key", idempotency_key.to_owned()),
            ],
            body: Some(body.to_string().into_bytes()),
            timeout: TIMEOUT,
            max_bytes: LARGEST_ANSWER,
        };
        match self.op.app.ports.http.send(request).await {
            Ok(answer) => taken(&answer).map_err(|reason| {
                let asked = retry_after(&answer.headers, self.op.now()).unwrap_or_default();
                let is_passing = matches!(answer.status, 408 | 409 | 425 | 429 | 500..);
                Unsent { again: is_passing.then_some(asked), reason }
            }),
            // The key says whether it was sent.
            Err(lost) => Err(Unsent {
                again: Some(Duration::ZERO),
                reason: format!("Resend cannot be reached: {lost}"),
            }),
        }
    }
}

/// Resend's id of what it took, or why it did not.
fn taken(answer: &HttpAnswer) -> Result<Option<String>, String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(code_of(body.get("id")));
    }
    let name = code_of(body.get("name"));
    // It was sent under this key before, in other words: the person has it.
    if answer.status == 409 && name.as_deref() == Some("invalid_idempotent_request") {
        return Ok(None);
    }
    Err(format!("Resend answered {} {}", answer.status, name.as_deref().unwrap_or("no code")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_an_address_with_or_without_a_name() {
        for text in
            ["notices@example.com", "Koby <notices@example.com>", "Köbi & Co. <n@e.example>"]
        {
            assert_eq!(Sender::parse(text).unwrap().0, text);
        }
        for odd in [
            "",
            "Koby",
            "<n@example.com>",
            "Koby <n@example.com> ",
            "Koby <n@example.com",
            "Koby < n@example.com>",
            "A, B <n@example.com>",
            "Koby\r\nBcc: x@y.example <n@example.com>",
            "a@b.example, c@d.example",
            "Koby <<n@example.com>",
        ] {
            assert_eq!(Sender::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn an_answer_says_whether_it_was_taken() {
        let answer = |status: u16, body: &str| {
            taken(&HttpAnswer { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
        };
        assert_eq!(answer(200, r#"{"id": "49a3999c"}"#), Ok(Some("49a3999c".to_owned())));
        assert_eq!(answer(200, "odd"), Ok(None));
        assert_eq!(answer(409, r#"{"name": "invalid_idempotent_request"}"#), Ok(None));
        let refused = r#"{"name": "validation_error", "message": "Invalid `to`: ann@example.com"}"#;
        assert_eq!(answer(422, refused), Err("Resend answered 422 validation_error".to_owned()));
        let odd = r#"{"name": "ann@example.com"}"#;
        assert_eq!(answer(500, odd), Err("Resend answered 500 no code".to_owned()));
    }
}
