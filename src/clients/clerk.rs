//! Clerk's Backend API (Clerk docs, "Backend API"): verified addresses, invitations by e-mail, sessions.
//!
//! What it answers is another service's word: read leniently, bounded, and never shown to callers.

use std::time::Duration;

use form_urlencoded::byte_serialize;
use serde_json::{Map, Value, json};

use crate::app::Op;
use crate::http::client::HttpRequest;
use crate::ids::ClerkUserId;

const API: &str = "https://api.clerk.com/v1";
/// The version whose answers are read here.
const API_VERSION: &str = "2025-04-10";
const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_ANSWER: usize = 256 * 1024;
/// Verified addresses of one person that are looked at.
const MOST_EMAILS: usize = 20;
/// Sessions of one person that are ended.
const MOST_SESSIONS: usize = 20;

/// Why Clerk gave no answer, for the log: neither a key nor an address.
pub type Failure = String;

/// A way to Clerk's Backend API, where a key for it is configured.
pub struct Clerk<'a> {
    op: &'a Op,
    key: &'a str,
}

/// An invitation for Clerk to send.
#[derive(Debug)]
pub struct Invite<'a> {
    /// To whom.
    pub email: &'a str,
    /// Where the link in the e-mail leads.
    pub redirect_url: Option<&'a str>,
    /// `invitations.id`.
    pub invitation: &'a str,
    /// Days until it ends.
    pub expires_in_days: u64,
}

impl<'a> Clerk<'a> {
    /// Nothing without `CLERK_SECRET_KEY`.
    pub fn of(op: &'a Op) -> Option<Self> {
        let key = op.app.config.clerk_secret_key.as_ref()?.expose();
        Some(Self { op, key })
    }

    /// The addresses of a person that Clerk verified, in lower case; the primary one first.
    pub async fn verified_emails(&self, user: &ClerkUserId) -> Result<Vec<String>, Failure> {
        let url = format!("{API}/users/{}", segment(user.as_str()));
        let answer = self.send("GET", url, None).await?;
        Ok(verified(&answer))
    }

    /// Sends an invitation by e-mail; gives Clerk's id of it.
    pub async fn invite(&self, invite: &Invite<'_>) -> Result<Option<String>, Failure> {
        let mut body = json!({
            "email_address": invite.email,
            "public_metadata": { "invitationId": invite.invitation },
            "notify": true,
            // Someone who has an account already, or was invited by another org, is invited as well.
            "ignore_existing": true,
            "expires_in_days": invite.expires_in_days,
        });
        if let (Some(url), Some(body)) = (invite.redirect_url, body.as_object_mut()) {
            body.insert("redirect_url".to_owned(), url.into());
        }
        let answer = self.send("POST", format!("{API}/invitations"), Some(body)).await?;
        Ok(answer.get("id").and_then(Value::as_str).map(str::to_owned))
    }

    /// Makes the link in an invitation's e-mail void.
    pub async fn revoke_invitation(&self, id: &str) -> Result<(), Failure> {
        let url = format!("{API}/invitations/{}/revoke", segment(id));
        self.send("POST", url, None).await.map(drop)
    }

    /// Signs a person out everywhere; gives how many sessions were ended.
    pub async fn revoke_sessions(&self, user: &ClerkUserId) -> Result<usize, Failure> {
        let user = segment(user.as_str());
        let url = format!("{API}/sessions?user_id={user}&status=active&limit={MOST_SESSIONS}");
        let answer = self.send("GET", url, None).await?;
        let (mut ended, mut lost) = (0, Vec::new());
        for session in sessions(&answer) {
            let url = format!("{API}/sessions/{}/revoke", segment(session));
            // One that goes on is no reason to leave the others.
            match self.send("POST", url, None).await {
                Ok(_) => ended += 1,
                Err(reason) => lost.push(reason),
            }
        }
        match lost.first() {
            None => Ok(ended),
            Some(reason) => Err(format!("{} sessions go on: {reason}", lost.len())),
        }
    }

    async fn send(
        &self,
        method: &'static str,
        url: String,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.key)),
            ("clerk-api-version", API_VERSION.to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        let request = HttpRequest {
            method,
            url,
            headers,
            body: body.map(|body| body.to_string().into_bytes()),
            timeout: TIMEOUT,
            max_bytes: LARGEST_ANSWER,
        };
        let answer = self.op.app.ports.http.send(request).await;
        let answer = answer.map_err(|failure| format!("Clerk cannot be reached: {failure}"))?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("Clerk answered {}", answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|_| "Clerk's answer does not parse".to_owned())
    }
}

/// A text as one segment of a path, or a value of a query.
fn segment(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn verified(user: &Value) -> Vec<String> {
    let primary = user.get("primary_email_address_id").and_then(Value::as_str);
    let empty = Vec::new();
    let listed = user.get("email_addresses").and_then(Value::as_array).unwrap_or(&empty);
    let is_verified = |entry: &&Map<String, Value>| {
        let verification = entry.get("verification").and_then(|of| of.get("status"));
        verification.and_then(Value::as_str) == Some("verified")
    };
    let mut entries: Vec<&Map<String, Value>> =
        listed.iter().filter_map(Value::as_object).filter(is_verified).take(MOST_EMAILS).collect();
    entries.sort_by_key(|entry| entry.get("id").and_then(Value::as_str) != primary);
    let emails = entries.into_iter().filter_map(|entry| entry.get("email_address")?.as_str());
    emails.map(|email| email.trim().to_ascii_lowercase()).collect()
}

/// Ids in a list of sessions, which is an array or, paginated, an object that has it.
fn sessions(answer: &Value) -> impl Iterator<Item = &str> {
    let list = answer.as_array().or_else(|| answer.get("data")?.as_array());
    let sessions = list.into_iter().flatten().take(MOST_SESSIONS);
    sessions.filter_map(|session| session.get("id")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verified_addresses_count_and_the_primary_one_is_first() {
        let user = json!({
            "primary_email_address_id": "idn_2",
            "email_addresses": [
                {"id": "idn_1", "email_address": "Old@Example.com", "verification": {"status": "verified"}},
                {"id": "idn_2", "email_address": "New@example.com", "verification": {"status": "verified", "strategy": "email_code"}},
                {"id": "idn_3", "email_address": "claimed@example.com", "verification": {"status": "unverified"}},
                {"id": "idn_4", "email_address": "bare@example.com", "verification": null},
                {"id": "idn_5", "verification": {"status": "verified"}},
                "odd",
            ],
        });
        assert_eq!(verified(&user), ["new@example.com", "old@example.com"]);
        assert_eq!(verified(&json!([])), Vec::<String>::new());
    }

    #[test]
    fn sessions_are_read_from_both_forms() {
        let list = json!([{"id": "sess_1"}, {"object": "session"}, {"id": "sess_2"}]);
        assert_eq!(sessions(&list).collect::<Vec<_>>(), ["sess_1", "sess_2"]);
        assert_eq!(sessions(&json!({"data": list})).count(), 2);
        assert_eq!(sessions(&json!({"errors": []})).count(), 0);
    }
}
