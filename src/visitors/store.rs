//! The statements on one visitor's data.

use serde_json::json;

use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::{row, scoped_sql, sql};

const SESSIONS_OF_VISITOR: &str = scoped_sql!("sql/sessions_of_visitor.sql");
const LEADS_OF_VISITOR: &str = scoped_sql!("sql/leads_of_visitor.sql");
const SESSIONS_DELETE: &str = sql!("sql/sessions_delete.sql");
const LEADS_DELETE: &str = sql!("sql/leads_delete.sql");
const MESSAGES_ANONYMIZE: &str = sql!("sql/messages_anonymize.sql");
const SESSIONS_ANONYMIZE: &str = sql!("sql/sessions_anonymize.sql");
const LEADS_ANONYMIZE: &str = sql!("sql/leads_anonymize.sql");
const MESSAGES_OF_SESSIONS: &str = sql!("sql/messages_of_sessions.sql");
const VISITOR_REMAINS: &str = sql!("sql/visitor_remains.sql");

/// What stands in place of a message.
const REMOVED: &str = "[removed]";

row! {
    /// A conversation or a lead.
    pub(super) struct IdRow {
        pub(super) id: String,
    }
}

row! {
    pub(super) struct MessagesRow {
        pub(super) messages: i64,
    }
}

row! {
    pub(super) struct RemainsRow {
        pub(super) remains: bool,
    }
}

/// The visitor's conversations and leads, at most so many of each.
pub(super) fn found(scope: &Scope, visitor: &str, site: Option<&str>, most: u32) -> [Scoped; 2] {
    let params = || [Param::from(visitor), Param::from(site), Param::from(most)];
    [scope.statement(SESSIONS_OF_VISITOR, params()), scope.statement(LEADS_OF_VISITOR, params())]
}

/// Conversations and leads, as JSON arrays.
pub(super) struct Chosen {
    sessions: String,
    leads: String,
}

impl Chosen {
    pub(super) fn new(sessions: &[String], leads: &[String]) -> Self {
        Self { sessions: json!(sessions).to_string(), leads: json!(leads).to_string() }
    }

    fn sessions(&self) -> Param {
        self.sessions.as_str().into()
    }

    fn leads(&self) -> Param {
        self.leads.as_str().into()
    }
}

pub(super) fn leads_delete(grant: &Grant, chosen: &Chosen) -> Statement {
    grant.statement(LEADS_DELETE, [chosen.sessions(), chosen.leads()])
}

pub(super) fn sessions_delete(grant: &Grant, chosen: &Chosen, visitor: &str) -> Statement {
    grant.statement(SESSIONS_DELETE, [chosen.sessions(), visitor.into()])
}

pub(super) fn messages_anonymize(grant: &Grant, chosen: &Chosen) -> Statement {
    grant.statement(MESSAGES_ANONYMIZE, [chosen.sessions(), REMOVED.into()])
}

pub(super) fn leads_anonymize(grant: &Grant, chosen: &Chosen) -> Statement {
    let now = grant.op().now();
    grant.statement(LEADS_ANONYMIZE, [chosen.sessions(), chosen.leads(), now.into()])
}

pub(super) fn sessions_anonymize(grant: &Grant, chosen: &Chosen, visitor: &str) -> Statement {
    let now = grant.op().now();
    grant.statement(SESSIONS_ANONYMIZE, [chosen.sessions(), visitor.into(), now.into()])
}

/// How many messages go with the conversations: asked before they do, in the same transaction.
pub(super) fn messages_of_sessions(grant: &Grant, chosen: &Chosen, visitor: &str) -> Statement {
    grant.statement(MESSAGES_OF_SESSIONS, [chosen.sessions(), visitor.into()])
}

/// Whether anything is left: asked last in the transaction.
pub(super) fn visitor_remains(grant: &Grant, visitor: &str, site: Option<&str>) -> Statement {
    grant.statement(VISITOR_REMAINS, [visitor.into(), site.into()])
}
