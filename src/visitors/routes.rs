//! `DELETE /portal/visitors/{visitorId}`

use serde::Serialize;
use serde_json::{Value, json};

use super::store::{self, Chosen, LeadRow, SessionRow};
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer};
use crate::db::Rows;
use crate::error::Result;
use crate::http::extract::{Json, Path, Query};
use crate::{choice, conversations};

/// Conversations, and leads, that are dealt with at a time: bounds the transaction.
const MOST: u32 = 500;

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
    // (1)
    let found = store::found(access.scope(), &visitor_id, query.text("siteId"), MOST + 1);
    let (grant, [sessions, leads]) = access.grant(found).await?;
    let (mut sessions, mut leads): (Vec<SessionRow>, Vec<LeadRow>) =
        (sessions.all()?, leads.all()?);
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let complete = sessions.len() <= most && leads.len() <= most;
    sessions.truncate(most);
    leads.truncate(most);
    let messages = sessions.iter().map(|session| session.messages).sum();
    let sessions: Vec<String> = sessions.into_iter().map(|session| session.id).collect();
    let leads: Vec<String> = leads.into_iter().map(|lead| lead.id).collect();
    let mut out = VisitorErasedOut { visitor_id, mode, sessions: 0, messages, leads: 0, complete };
    if sessions.is_empty() && leads.is_empty() {
        return Ok(Json(out));
    }

    // (2)
    let chosen = Chosen::new(&sessions, &leads);
    let event = match mode {
        Mode::Delete => "visitor.deleted",
        Mode::Anonymize => "visitor.anonymized",
    };
    let audit = |metadata: Value| {
        let target_id = out.visitor_id.as_str();
        grant.audit(&Entry { event, target_type: "visitor", target_id, metadata })
    };
    // One entry for each kind of thing, as an entry tells of the statement before it.
    let of_leads = audit(json!({ "leads": leads.len() }))?;
    let of_sessions = audit(json!({ "sessions": sessions.len(), "messages": messages }))?;
    let visitor = out.visitor_id.as_str();
    let mut statements = match mode {
        Mode::Delete => vec![store::leads_delete(&grant, &chosen)],
        Mode::Anonymize => vec![store::leads_anonymize(&grant, &chosen)],
    };
    statements.push(of_leads);
    statements.push(match mode {
        Mode::Delete => store::sessions_delete(&grant, &chosen, visitor),
        Mode::Anonymize => store::sessions_anonymize(&grant, &chosen, visitor),
    });
    statements.push(of_sessions);
    if mode == Mode::Anonymize {
        statements.push(store::messages_anonymize(&grant, &chosen));
    }
    let rows = grant.write(statements).await?;
    out.leads = rows.first().map_or(Ok(0), Rows::count)?;
    out.sessions = rows.get(2).map_or(Ok(0), Rows::count)?;

    // (3)
    conversations::remove(&access.op, &grant.org, &sessions).await;
    Ok(Json(out))
}
