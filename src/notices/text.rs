//! What a notice says: pure. The names of orgs are what somebody typed, and are shown as text of one line.

use serde_json::{Map, Value};

use super::NoticeKind;
use crate::time::Timestamp;

/// Longest name of an org that is told, in characters.
const LONGEST_NAME: usize = 60;
/// Longest text message: three parts of 153 characters each (3GPP TS 23.040).
const LONGEST_SMS: usize = 459;

/// What to tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) kind: NoticeKind,
    /// The notice's moments.
    pub(super) details: &'a Map<String, Value>,
    /// `orgs.name`.
    pub(super) org_name: &'a str,
    /// `PORTAL_URL`.
    pub(super) portal_url: Option<&'a str>,
}

/// An e-mail.
#[derive(Debug)]
pub(super) struct Email {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Told<'_> {
    /// As an e-mail.
    pub(super) fn email(&self) -> Email {
        let org = shown(self.org_name, ['“', '”']);
        let mut paragraphs = vec![self.what_happened(&org), self.what_to_do().to_owned()];
        if self.portal_url.is_none() {
            paragraphs.push("Sign in to the portal and open the page of billing.".to_owned());
        }
        let mut html: Vec<String> = paragraphs.iter().map(|text| escaped(text)).collect();
        if let Some(url) = self.portal_url {
            let link = escaped(url);
            html.push(format!("<a href=\"{link}\">{link}</a>"));
            paragraphs.push(url.to_owned());
        }
        let why = "You get this message as an owner of the organization.";
        html.push(why.to_owned());
        paragraphs.push(why.to_owned());
        Email {
            subject: self.subject(&org),
            text: paragraphs.join("\n\n"),
            html: format!("<p>{}</p>", html.join("</p><p>")),
        }
    }

    /// As a text message.
    pub(super) fn sms(&self) -> String {
        // With other quotation marks, a text message holds less than half as much.
        let org = shown(self.org_name, ['"', '"']);
        let said = format!("{} {}", self.what_happened(&org), self.what_to_do());
        let link = self.portal_url.map_or_else(String::new, |url| format!(" {url}"));
        // A link that is cut leads nowhere.
        let room = LONGEST_SMS.checked_sub(link.chars().count());
        match room {
            Some(room) => cut(&said, room) + &link,
            None => cut(&said, LONGEST_SMS),
        }
    }

    fn subject(&self, org: &str) -> String {
        match self.kind {
            NoticeKind::PastDue => format!("A payment for {org} failed"),
            NoticeKind::ReadOnly => format!("{org} is read-only until it is paid"),
            NoticeKind::Ended => format!("The subscription of {org} has ended"),
            NoticeKind::Recovered => format!("The subscription of {org} is in order again"),
            NoticeKind::TrialEnding => format!("The trial of {org} is about to end"),
        }
    }

    fn what_happened(&self, org: &str) -> String {
        match (self.kind, self.until()) {
            (NoticeKind::PastDue, Some(until)) => {
                format!("A payment for {org} failed. Everything goes on as before until {until}.")
            }
            (NoticeKind::PastDue, None) => format!("A payment for {org} failed."),
            (NoticeKind::ReadOnly, _) => format!(
                "A payment for {org} is still missing. Its assistants do not answer any more, and nothing can be changed."
            ),
            (NoticeKind::Ended, _) => format!(
                "No subscription of {org} is active any more. Its assistants do not answer; its data is kept."
            ),
            (NoticeKind::Recovered, _) => {
                format!("The subscription of {org} is in order again. Its assistants answer.")
            }
            (NoticeKind::TrialEnding, Some(until)) => {
                format!("The trial of {org} ends on {until}.")
            }
            (NoticeKind::TrialEnding, None) => format!("The trial of {org} ends soon."),
        }
    }

    fn what_to_do(&self) -> &'static str {
        match self.kind {
            NoticeKind::PastDue => "Please check the payment method and pay the open invoice.",
            NoticeKind::ReadOnly => "Please pay the open invoice: all is as before at once.",
            NoticeKind::Ended => "To go on, please subscribe again or settle what is unpaid.",
            NoticeKind::Recovered => "There is nothing to do.",
            NoticeKind::TrialEnding => {
                "To go on after it, please make sure that there is a payment method."
            }
        }
    }

    /// The day and the minute that matter.
    fn until(&self) -> Option<String> {
        let name = match self.kind {
            NoticeKind::PastDue => "graceEndsAt",
            NoticeKind::TrialEnding => "trialEndsAt",
            NoticeKind::ReadOnly | NoticeKind::Ended | NoticeKind::Recovered => return None,
        };
        let moment = Timestamp::parse(self.details.get(name)?.as_str()?)?.to_string();
        let (day, clock) = moment.split_once('T')?;
        let minute: String = clock.chars().take(5).collect();
        Some(format!("{day}, {minute} UTC"))
    }
}

/// A name as one line, within quotation marks: nothing in it that ends a line, or turns or hides what stands around it.
fn shown(name: &str, [open, close]: [char; 2]) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let plain = name.replace(is_odd, " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    match cut(&words.join(" "), LONGEST_NAME) {
        name if name.is_empty() => "your organization".to_owned(),
        name => format!("{open}{name}{close}"),
    }
}

/// At most so many characters; what was longer ends in dots.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// Text as HTML shows it, also between quotation marks.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [NoticeKind; 5] = [
        NoticeKind::PastDue,
        NoticeKind::ReadOnly,
        NoticeKind::Ended,
        NoticeKind::Recovered,
        NoticeKind::TrialEnding,
    ];

    fn details() -> Map<String, Value> {
        let until = "2026-03-22T12:00:00.000Z";
        let details = json!({"graceEndsAt": until, "trialEndsAt": until});
        details.as_object().cloned().unwrap()
    }

    #[test]
    fn it_says_what_happened_until_when_and_what_to_do() {
        let details = details();
        let told = |kind| Told {
            kind,
            details: &details,
            org_name: "Alpha Dental",
            portal_url: Some("https://app.example.com"),
        };
        let email = told(NoticeKind::PastDue).email();
        assert_eq!(email.subject, "A payment for “Alpha Dental” failed");
        assert_eq!(
            email.text,
            "A payment for “Alpha Dental” failed. Everything goes on as before until 2026-03-22, 12:00 UTC.\n\n\
             Please check the payment method and pay the open invoice.\n\nhttps://app.example.com\n\n\
             You get this message as an owner of the organization."
        );
        assert!(email.html.contains(r#"<a href="https://app.example.com">"#), "{}", email.html);
        assert_eq!(
            told(NoticeKind::TrialEnding).sms(),
            "The trial of \"Alpha Dental\" ends on 2026-03-22, 12:00 UTC. To go on after it, please make sure that there \
             is a payment method. https://app.example.com"
        );
        let texts: std::collections::BTreeSet<String> =
            ALL.map(|kind| told(kind).email().text).into();
        assert_eq!(texts.len(), ALL.len());
    }

    #[test]
    fn without_an_address_or_moments_it_still_says_what_happened() {
        let none = Map::new();
        for kind in ALL {
            let told = Told { kind, details: &none, org_name: "\u{200b}\n", portal_url: None };
            let (email, sms) = (told.email(), told.sms());
            assert!(email.text.contains("your organization"), "{}", email.text);
            assert!(email.text.contains("Sign in to the portal"), "{}", email.text);
            assert!(!sms.contains("UTC") && !sms.contains("http"), "{sms}");
        }
    }

    #[test]
    fn names_are_text_of_one_line() {
        let details = details();
        let long = "x".repeat(5_000);
        for name in [
            "A\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>'",
            "\u{202e}evil\u{2066}",
            &long,
        ] {
            for kind in ALL {
                let told = Told {
                    kind,
                    details: &details,
                    org_name: name,
                    portal_url: Some("https://a.example"),
                };
                let Email { subject, text, html } = told.email();
                assert!(!subject.contains(['\r', '\n', '\u{202e}', '\u{2066}']), "{subject:?}");
                assert!(subject.chars().count() < 120 && text.len() < 1_000, "{subject} {text}");
                assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
                assert!(told.sms().chars().count() <= LONGEST_SMS);
                assert!(told.sms().ends_with(" https://a.example"));
            }
        }
        assert_eq!(shown(" Alpha \t Dental ", ['<', '>']), "<Alpha Dental>");
        assert_eq!(escaped("<a href='\"&'>"), "&lt;a href=&#39;&quot;&amp;&#39;&gt;");
    }
}
