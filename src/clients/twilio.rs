//! Twilio: text messages (Twilio docs, "Messages resource").
//!
//! Twilio knows no idempotency: what is handed over twice is sent twice. So a message is handed over again only where
//! Twilio says that it did not look at it, which is 429 (Twilio docs, "Error 20429"; of 500 and lost answers "Error
//! 20500" says the opposite). What it answers is another service's word: read leniently, bounded, and not passed on.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use form_urlencoded::Serializer;
use serde_json::Value;

use super::{Unsent, code_of};
use crate::app::Op;
use crate::http::client::{HttpAnswer, HttpRequest, retry_after};
use crate::phone_number::PhoneNumber;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 16 * 1024;

/// Where the API lies, and the account that pays.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN` and `TWILIO_FROM`: all or none.
    pub account: Option<Account>,
    /// `TWILIO_BASE_URL`, without a slash at its end. Nothing if it was refused: a token must not go elsewhere.
    pub base: Option<String>,
}

/// An account, and who writes.
#[derive(Debug, Clone)]
pub struct Account {
    sid: String,
    token: Secret<String>,
    from: From,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum From {
    Number(PhoneNumber),
    /// The id of a messaging service, which has numbers.
    Service(String),
}

impl Account {
    /// Nothing if the account's id is not `AC` and 32 hexadecimal digits, or `from` neither a number nor the id of a
    /// messaging service, `MG` and as many.
    pub fn read(sid: &str, token: Secret<String>, from: &str) -> Option<Self> {
        let from = match PhoneNumber::parse(from) {
            Some(number) => From::Number(number),
            None => From::Service(Some(from).filter(|from| is_sid(from, "MG"))?.to_owned()),
        };
        is_sid(sid, "AC").then(|| Self { sid: sid.to_owned(), token, from })
    }
}

fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A way to Twilio, where it is configured.
pub struct Twilio<'a> {
    op: &'a Op,
    account: &'a Account,
    base: &'a str,
}

impl<'a> Twilio<'a> {
    /// Nothing without `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN` and `TWILIO_FROM`.
    pub fn of(op: &'a Op) -> Option<Self> {
        let config = &op.app.config.twilio;
        Some(Self { op, account: config.account.as_ref()?, base: config.base.as_deref()? })
    }

    /// Sends a text of at most 1 600 characters; gives Twilio's id of it, if it tells one.
    ///
    /// # Errors
    /// When Twilio did not take it, or nobody knows whether it did.
    pub async fn send(&self, to: &PhoneNumber, text: &str) -> Result<Option<String>, Unsent> {
        let Account { sid, token, from } = self.account;
        let credentials = Base64::encode_string(format!("{sid}:{}", token.expose()).as_bytes());
        let request = HttpRequest {
            method: "POST",
            url: format!("{}/2010-04-01/Accounts/{sid}/Messages.json", self.base),
            headers: vec![
                ("authorization", format!("Basic {credentials}")),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
                ("accept", "application/json".to_owned()),
            ],
            body: Some(form(from, to, text).into_bytes()),
            timeout: TIMEOUT,
            max_bytes: LARGEST_ANSWER,
        };
        match self.op.app.ports.http.send(request).await {
            Ok(answer) => taken(&answer).map_err(|reason| {
                let asked = retry_after(&answer.headers, self.op.now()).unwrap_or_default();
                Unsent { again: (answer.status == 429).then_some(asked), reason }
            }),
            Err(lost) => Err(Unsent::never(format!("Twilio's answer was lost: {lost}"))),
        }
    }
}

fn form(from: &From, to: &PhoneNumber, text: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("To", to.as_str());
    match from {
        From::Number(number) => form.append_pair("From", number.as_str()),
        From::Service(sid) => form.append_pair("MessagingServiceSid", sid),
    };
    form.append_pair("Body", text).finish()
}

/// Twilio's id of what it took, or why it did not.
fn taken(answer: &HttpAnswer) -> Result<Option<String>, String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(code_of(body.get("sid")));
    }
    let code = code_of(body.get("code"));
    Err(format!("Twilio answered {} {}", answer.status, code.as_deref().unwrap_or("no code")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_senders_have_their_form() {
        let sid = format!("AC{}", "0a".repeat(16));
        let service = format!("MG{}", "1b".repeat(16));
        let read = |sid: &str, from: &str| {
            Account::read(sid, Secret::new("token".to_owned()), from).map(|account| account.from)
        };
        let number = PhoneNumber::parse("+14155550100").unwrap();
        assert_eq!(read(&sid, "+1 415 555 0100"), Some(From::Number(number)));
        assert_eq!(read(&sid, &service), Some(From::Service(service.clone())));
        for (sid, from) in
            [("AC1", "+14155550100"), (&*service, "+14155550100"), (&*sid, "Koby"), (&*sid, &sid)]
        {
            assert_eq!(read(sid, from), None, "{sid} {from}");
        }
    }

    #[test]
    fn a_form_holds_whatever_is_said() {
        let to = PhoneNumber::parse("+14155550100").unwrap();
        let service = From::Service("MG1".to_owned());
        assert_eq!(
            form(&service, &to, "a&To=+1 é"),
            "To=%2B14155550100&MessagingServiceSid=MG1&Body=a%26To%3D%2B1+%C3%A9"
        );
    }

    #[test]
    fn an_answer_says_whether_it_was_taken() {
        let answer = |status: u16, body: &str| {
            taken(&HttpAnswer { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
        };
        assert_eq!(answer(201, r#"{"sid": "SM1"}"#), Ok(Some("SM1".to_owned())));
        let refused = r#"{"code": 21610, "message": "+14155550100 said STOP"}"#;
        assert_eq!(answer(400, refused), Err("Twilio answered 400 21610".to_owned()));
    }
}
