//! How a person becomes a member by an invitation.

use serde_json::json;

use crate::app::Op;
use crate::clients::clerk::Clerk;
use crate::config::LogLevel;
use crate::db::Statement;
use crate::error::Result;
use crate::ids::{ClerkUserId, new_id};
use crate::{sql, statement};

const MEMBER_INSERT_BY_TOKEN: &str = sql!("sql/member_insert_by_token.sql");
const MEMBERS_INSERT_BY_EMAIL: &str = sql!("sql/members_insert_by_email.sql");
const INVITATIONS_ACCEPT: &str = sql!("sql/invitations_accept.sql");
const ACCEPTED_AUDIT_INSERT: &str = sql!("sql/accepted_audit_insert.sql");

/// What proves that an invitation is the person's.
#[derive(Debug)]
pub enum Invited<'a> {
    /// The hash of its link's token.
    ByToken(&'a str),
    /// Addresses that Clerk verified, in lower case.
    ByEmails(&'a [String]),
}

/// The batch that accepts what the person is invited to, once they have a row: memberships, then the
/// invitations that they came of (whose ids it returns), then the trace. Whatever stands against it in
/// that moment leaves nothing.
pub fn acceptance(op: &Op, user: &ClerkUserId, invited: &Invited<'_>) -> Result<[Statement; 3]> {
    let now = op.now();
    let (members, via) = match invited {
        Invited::ByToken(hash) => {
            (statement!(MEMBER_INSERT_BY_TOKEN, user.as_str(), now, *hash), "link")
        }
        Invited::ByEmails(emails) => {
            let emails = json!(emails).to_string();
            (statement!(MEMBERS_INSERT_BY_EMAIL, user.as_str(), now, emails), "verified_email")
        }
    };
    let id = new_id(now)?;
    let accepted = statement!(INVITATIONS_ACCEPT, user.as_str(), now, id.as_str());
    let request = op.request.id.as_str();
    let trace = statement!(ACCEPTED_AUDIT_INSERT, user.as_str(), now, id.as_str(), request, via);
    Ok([members, accepted, trace])
}

/// The person's addresses that Clerk verified, in lower case. None without a key for Clerk's API or an
/// answer from it: what a token claims of an address is never enough.
pub async fn verified_emails(op: &Op, user: &ClerkUserId) -> Vec<String> {
    let Some(clerk) = Clerk::of(op) else { return Vec::new() };
    match clerk.verified_emails(user).await {
        Ok(emails) => emails,
        Err(reason) => {
            clerk_failed(op, "verified_emails", &reason);
            Vec::new()
        }
    }
}

/// Notes that Clerk did not do what it was asked to.
pub(super) fn clerk_failed(op: &Op, asked: &'static str, reason: &str) {
    let fields = [("asked", asked.into()), ("reason", reason.into())];
    op.app.log.event(LogLevel::Warn, "clerk_failed", op.now(), &op.request, &fields);
}
