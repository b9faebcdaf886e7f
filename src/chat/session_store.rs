//! The statements of a session as its visitor sees it.

use serde_json::value::RawValue;

use super::admission::{SiteClaim, SiteRow};
use super::capture::Conversation;
use super::state::{Handoff, StoredState};
use super::store::site_statement;
use crate::app::Op;
use crate::db::{Cell, Column, Param, Rows, Statement};
use crate::error::Result;
use crate::ids::{OrgId, SessionId, SiteId};
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, row, sql, statement};

const VISITOR_SESSION: &str = sql!("sql/visitor_session.sql");
const VISITOR_MESSAGES: &str = sql!("sql/visitor_messages.sql");
const VISITOR_MESSAGES_AFTER: &str = sql!("sql/visitor_messages_after.sql");
const SESSION_END: &str = sql!("sql/session_end.sql");
const METRICS_FEEDBACK: &str = sql!("sql/metrics_feedback.sql");
const ROLLUP_FEEDBACK: &str = sql!("sql/rollup_feedback.sql");
const FEEDBACK_UPDATE: &str = sql!("sql/feedback_update.sql");
const MESSAGES_FORGET: &str = sql!("sql/messages_forget.sql");
const LEADS_FORGET: &str = sql!("sql/leads_forget.sql");
const TURNS_FORGET: &str = sql!("sql/turns_forget.sql");
const SESSION_FORGET: &str = sql!("sql/session_forget.sql");

/// What stands in place of a message.
const REMOVED: &str = "[removed]";

choice! {
    /// What a visitor thinks of an answer.
    pub enum Rating {
        /// It helped.
        Up = "up",
        /// It did not.
        Down = "down",
    }
}

row! {
    /// A session of the site that the request names, and of its visitor.
    #[derive(Debug)]
    pub(super) struct VisitorSessionRow {
        pub(super) id: SessionId,
        pub(super) site_id: SiteId,
        pub(super) org_id: OrgId,
        pub(super) state: StoredState,
        pub(super) handoff: Option<Handoff>,
        pub(super) handoff_name: Option<String>,
        pub(super) message_count: i64,
        pub(super) started_at: Option<StoredTime>,
        pub(super) last_message_at: Option<StoredTime>,
        pub(super) ended_at: Option<StoredTime>,
        pub(super) locale: Option<String>,
        pub(super) is_forgotten: bool,
    }
}

row! {
    /// What was said.
    #[derive(Debug)]
    pub(super) struct VisitorMessageRow {
        pub(super) id: String,
        pub(super) role: String,
        pub(super) content: String,
        pub(super) citations: StoredCitations,
        pub(super) feedback: Option<Rating>,
        pub(super) finish_reason: Option<String>,
        pub(super) is_person: bool,
        pub(super) author_name: Option<String>,
        pub(super) created_at: StoredTime,
    }
}

impl VisitorMessageRow {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

/// Citations as they were stored: a JSON array, handed on unread; none where it is none.
#[derive(Debug)]
pub(super) struct StoredCitations(pub(super) Option<Box<RawValue>>);

impl Column for StoredCitations {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let text = Option::<String>::from_cell(cell)?.filter(|text| text.starts_with('['));
        Some(Self(text.and_then(|text| RawValue::from_string(text).ok())))
    }
}

/// What a request names: site, session and visitor.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) site: SiteClaim,
    pub(super) session: String,
    pub(super) visitor: Option<String>,
}

impl Claim {
    fn key(&self) -> Option<&str> {
        match &self.site {
            SiteClaim::Key(key) => Some(key),
            SiteClaim::Page(_) | SiteClaim::Bot { .. } => None,
        }
    }

    fn page(&self) -> Option<String> {
        match &self.site {
            SiteClaim::Key(_) | SiteClaim::Bot { .. } => None,
            SiteClaim::Page(origin) => Some(origin.to_string()),
        }
    }

    fn params(&self, op: &Op) -> Vec<Param> {
        vec![
            self.session.as_str().into(),
            self.key().into(),
            self.page().into(),
            op.now().into(),
            self.visitor.as_deref().into(),
        ]
    }
}

/// Which messages travel with the session.
pub(super) enum Messages<'a> {
    /// None.
    None,
    /// A page of them, from the newest back.
    Newest(&'a Page<2>),
    /// So many after one.
    After(&'a str, u32),
}

/// The site that a request names, the session if it is of that site and visitor, and messages of it, in one round trip.
pub(super) async fn session(
    op: &Op,
    claim: &Claim,
    messages: Messages<'_>,
) -> Result<(Option<SiteRow>, Option<VisitorSessionRow>, Vec<VisitorMessageRow>)> {
    let mut statements = vec![
        site_statement(&claim.site, op.now()),
        Statement { sql: VISITOR_SESSION, params: claim.params(op) },
    ];
    let mut params = claim.params(op);
    match messages {
        Messages::None => {}
        Messages::Newest(page) => {
            params.extend(page.descending());
            statements.push(Statement { sql: VISITOR_MESSAGES, params });
        }
        Messages::After(message, most) => {
            params.extend([Param::from(message), Param::from(most)]);
            statements.push(Statement { sql: VISITOR_MESSAGES_AFTER, params });
        }
    }
    let rows = op.read(statements).await?;
    let site = rows.first().map(Rows::first).transpose()?.flatten();
    let session = rows.get(1).map(Rows::first).transpose()?.flatten();
    let messages = rows.get(2).map_or(Ok(Vec::new()), Rows::all)?;
    Ok((site, session, messages))
}

/// Gives a row if the session went on until now.
pub(super) fn session_end(of: Conversation<'_>) -> Statement {
    statement!(SESSION_END, of.session, of.site, of.org, of.at, "visitor")
}

/// The third statement gives a row if the message is an answer of the session.
pub(super) fn feedback(
    of: Conversation<'_>,
    message: &str,
    rating: Option<Rating>,
    comment: Option<&str>,
) -> Vec<Statement> {
    let Conversation { org, site, session, at } = of;
    vec![
        statement!(METRICS_FEEDBACK, org, site, session, message, rating),
        statement!(ROLLUP_FEEDBACK, org, site, session, message, rating),
        statement!(FEEDBACK_UPDATE, org, site, session, message, rating, comment, at),
    ]
}

/// Parts a session from its visitor; the last statement gives a row.
pub(super) fn forget(of: Conversation<'_>) -> Vec<Statement> {
    let Conversation { org, site, session, at } = of;
    vec![
        statement!(MESSAGES_FORGET, session, site, org, REMOVED),
        statement!(LEADS_FORGET, session, site, org, at),
        statement!(TURNS_FORGET, session, site, org),
        statement!(SESSION_FORGET, session, site, org, at),
    ]
}
