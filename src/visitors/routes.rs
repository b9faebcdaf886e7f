//! `DELETE /portal/visitors/{visitorId}`

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::store::{self, Chosen, IdRow, MessagesRow, RemainsRow};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer};
use crate::db::Rows;
use crate::error::Result;
use crate::http::extract::{Json, Path, Query};
use crate::{choice, conversations};

/// Conversations, and leads, that are dealt with at a time: bounds the transaction.
const MOST: u32 = 500;
/// Of the digest that the audit trail knows a visitor by, in hex digits.
const DIGEST_LENGTH: usize = 32;

choice! {
    /// What happens to a visitor's data.
    pub enum Mode {
        /// Conversations, messages and leads go.
        Delete = "delete",
        /// They stay, without what tells who the visitor was.
        Anonymize = "anonymize",
    }
}

/// What was done.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VisitorErasedOut {
    visitor_id: String,
    mode: Mode,
    sessions: usize,
    messages: i64,
    leads: usize,
    /// False when there is more: repeat the request.
    complete: bool,
}

/// `DELETE /portal/visitors/{visitorId}`: deletes or anonymizes what is kept about a visitor of the org, or
/// of one site. Counters stay.
///
/// (1) find the next 500 conversations, (2) change them, their messages and leads in one transaction, leads
/// first, as they are found by their conversation, (3) take them out of the index.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(delete, path = "/portal/visitors/{visitorId}", tag = "Conversations and leads",
    params(("visitorId" = String, Path), ("orgId" = Option<String>, Query), ("siteId" = Option<String>, Query),
           ("mode" = Option<Mode>, Query, description = "`delete` if absent")),
    responses((status = 200, body = VisitorErasedOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn delete_visitor(
    access: Access<Administer>,
    Path(visitor_id): Path<String>,
    query: Query,
) -> Result<Json<VisitorErasedOut>> {
    let mode = query.one_of("mode", Mode::ALL, Mode::parse)?.unwrap_or(Mode::Delete);
    let site = query.text("siteId");
    // (1) A person's wish to be forgotten does not wait for a payment.
    let access = access.while_read_only();
    let found = store::found(access.scope(), &visitor_id, site, MOST + 1);
    let (grant, [sessions, leads]) = access.grant(found).await?;
    let (sessions, leads) = (first_ids(&sessions)?, first_ids(&leads)?);
    let mut out =
        VisitorErasedOut { visitor_id, mode, sessions: 0, messages: 0, leads: 0, complete: true };
    if sessions.is_empty() && leads.is_empty() {
        return Ok(Json(out));
    }

    // (2)
    let chosen = Chosen::new(&sessions, &leads);
    let visitor = out.visitor_id.as_str();
    let event = match mode {
        Mode::Delete => "visitor.deleted",
        Mode::Anonymize => "visitor.anonymized",
    };
    // The trail is for good and holds no id that was to be forgotten.
    let digest = hex::encode(Sha256::digest(visitor.as_bytes()));
    let target_id = digest.get(..DIGEST_LENGTH).unwrap_or_default();
    let audit = |metadata: Value| {
        grant.audit(&Entry { event, target_type: "visitor", target_id, metadata })
    };
    // One entry for each kind of thing, as an entry tells of the statement before it.
    let mut statements = vec![
        store::messages_of_sessions(&grant, &chosen, visitor),
        match mode {
            Mode::Delete => store::leads_delete(&grant, &chosen),
            Mode::Anonymize => store::leads_anonymize(&grant, &chosen),
        },
        audit(json!({ "leads": leads.len() }))?,
        match mode {
            Mode::Delete => store::sessions_delete(&grant, &chosen, visitor),
            Mode::Anonymize => store::sessions_anonymize(&grant, &chosen, visitor),
        },
        audit(json!({ "sessions": sessions.len() }))?,
        store::visitor_remains(&grant, visitor, site),
    ];
    if mode == Mode::Anonymize {
        statements.push(store::messages_anonymize(&grant, &chosen));
    }
    let rows = grant.write(statements).await?;
    if let [messages, leads, _, sessions, _, remains, ..] = rows.as_slice() {
        out.messages = messages.one::<MessagesRow>()?.messages;
        out.leads = leads.count()?;
        out.sessions = sessions.count()?;
        out.complete = !remains.one::<RemainsRow>()?.remains;
    }

    // (3)
    conversations::remove(&access.op, &grant.org, &sessions).await;
    Ok(Json(out))
}

/// Those that are dealt with at a time.
fn first_ids(rows: &Rows) -> Result<Vec<String>> {
    let rows: Vec<IdRow> = rows.all()?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    Ok(rows.into_iter().take(most).map(|row| row.id).collect())
}
