//! The statements of a chat turn.

use super::admission::{SessionRow, SiteClaim, SiteRow};
use crate::app::Op;
use crate::db::{Rows, Statement};
use crate::error::Result;
use crate::ids::{SessionId, new_id};
use crate::time::Timestamp;
use crate::{sql, statement};

const SITE_BY_KEY: &str = sql!("sql/site_by_key.sql");
const SITE_BY_PAGE: &str = sql!("sql/site_by_page.sql");
const SESSION_OF_SITE: &str = sql!("sql/session_of_site.sql");
const SESSION_INSERT: &str = sql!("sql/session_insert.sql");
const SESSION_ADVANCE: &str = sql!("sql/session_advance.sql");
const MESSAGES_INSERT: &str = sql!("sql/messages_insert.sql");
const METRICS_ADVANCE: &str = sql!("sql/metrics_advance.sql");
const ROLLUP_ADVANCE: &str = sql!("sql/rollup_advance.sql");

/// A document's title counts as a topic up to this length, in characters.
const LONGEST_TOPIC: usize = 120;

/// The site that a request names and the session it continues, in one round trip.
pub(super) async fn admission(
    op: &Op,
    claim: &SiteClaim,
    session_id: Option<&str>,
) -> Result<(Option<SiteRow>, Option<SessionRow>)> {
    let (key, page) = match claim {
        SiteClaim::Key(key) => (Some(key.clone()), None),
        SiteClaim::Page(origin) => (None, Some(origin.to_string())),
    };
    let mut statements = vec![match &key {
        Some(key) => statement!(SITE_BY_KEY, key.as_str()),
        None => statement!(SITE_BY_PAGE, page.clone()),
    }];
    if let Some(session_id) = session_id {
        statements.push(statement!(SESSION_OF_SITE, session_id, key, page));
    }
    let rows = op.read(statements).await?;
    let site = rows.first().map(Rows::first).transpose()?.flatten();
    let session = rows.get(1).map(Rows::first).transpose()?.flatten();
    Ok((site, session))
}

/// One exchange, ready to be stored.
pub(super) struct Turn<'a> {
    pub(super) site: &'a SiteRow,
    /// The session it continues; none starts one.
    pub(super) session: Option<&'a SessionId>,
    pub(super) visitor_id: Option<&'a str>,
    pub(super) question: &'a str,
    pub(super) asked_at: Timestamp,
    pub(super) answer: &'a str,
    pub(super) answered_at: Timestamp,
    pub(super) latency_ms: i64,
    /// The document that answers it, by its title.
    pub(super) topic: Option<&'a str>,
    /// It asks for something, and nothing was found.
    pub(super) is_unanswered: bool,
}

/// Stores a turn in one transaction; gives its session, or nothing when that was closed meanwhile.
pub(super) async fn turn_insert(op: &Op, turn: &Turn<'_>) -> Result<Option<SessionId>> {
    let session_id = match turn.session {
        Some(session) => session.clone(),
        None => SessionId::from(new_id(turn.asked_at)?),
    };
    let rows = op.write(turn_statements(turn, &session_id)?).await?;
    let stored = rows.get(1).map(Rows::count).transpose()?;
    Ok((stored == Some(2)).then_some(session_id))
}

fn turn_statements(turn: &Turn<'_>, session_id: &SessionId) -> Result<Vec<Statement>> {
    let site = turn.site.id.as_str();
    let org = turn.site.org_id.as_str();
    let session = session_id.as_str();
    let day = turn.asked_at.date();
    let is_new = turn.session.is_none();
    let answer_id = new_id(turn.answered_at)?;
    let topic = turn.topic.map(|title| title.chars().take(LONGEST_TOPIC).collect::<String>());
    // Both counters take the same values.
    let advance = |sql| {
        statement!(
            sql,
            org,
            site,
            day.as_str(),
            answer_id.as_str(),
            turn.latency_ms,
            is_new,
            turn.visitor_id,
            session,
            is_new.then(|| turn.asked_at.hour().to_string()),
            topic.clone(),
            turn.is_unanswered,
        )
    };
    let session_statement = if is_new {
        statement!(
            SESSION_INSERT,
            session,
            site,
            org,
            turn.visitor_id,
            turn.asked_at,
            turn.answered_at,
            turn.question,
        )
    } else {
        statement!(SESSION_ADVANCE, session, site, org, turn.answered_at)
    };
    Ok(vec![
        session_statement,
        statement!(
            MESSAGES_INSERT,
            session,
            site,
            org,
            new_id(turn.asked_at)?,
            turn.question,
            turn.asked_at,
            answer_id.as_str(),
            turn.answer,
            turn.answered_at,
            turn.latency_ms,
            turn.is_unanswered,
        ),
        advance(METRICS_ADVANCE),
        advance(ROLLUP_ADVANCE),
    ])
}
