//! The statements of a chat turn: one transaction that lets it in, one that ends it.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::SESSION_ACTIVE_FOR;
use super::admission::{SessionRow, SiteClaim, SiteRow};
use super::answer::Citation;
use super::budget::LimitRow;
use super::capture::Conversation;
use super::handoff;
use super::state::Handoff;
use crate::app::Op;
use crate::chat::{found_sql, named_site_sql};
use crate::db::{Param, Rows, Statement};
use crate::error::{Error, Result};
use crate::ids::{SessionId, new_id};
use crate::knowledge::policies::{POLICIES_OF_NAMED, Policies, PolicyRow};
use crate::knowledge::unsettled::{UNSETTLED_OF_NAMED, Unsettled};
use crate::models::Usage;
use crate::origin::Origin;
use crate::time::Timestamp;
use crate::{row, sql, statement};

const LIMITS_USED: &str = found_sql!("sql/limits_used.sql");
/// The named site.
pub(crate) const SITE: &str = found_sql!("sql/site.sql");
const BUDGET: &str = found_sql!("sql/budget.sql");
const SESSION: &str = named_site_sql!("sql/session.sql");
const HISTORY: &str = named_site_sql!("sql/history.sql");
const TURN_OF_MESSAGE: &str = named_site_sql!("sql/turn_of_message.sql");
const TURN_BY_ID: &str = named_site_sql!("sql/turn_by_id.sql");
const TURN_ADMIT: &str = found_sql!("sql/turn_admit.sql");
const TURN_COUNT: &str = found_sql!("sql/turn_count.sql");
const TURN_END: &str = sql!("sql/turn_end.sql");
const TURN_SETTLE: &str = sql!("sql/turn_settle.sql");
const SESSION_NOW: &str = sql!("sql/session_now.sql");
const SESSION_OPEN: &str = sql!("sql/session_open.sql");
const SESSION_ADVANCE: &str = sql!("sql/session_advance.sql");
const MESSAGES_INSERT: &str = sql!("sql/messages_insert.sql");
const METRICS_ADVANCE: &str = sql!("sql/metrics_advance.sql");
const ROLLUP_ADVANCE: &str = sql!("sql/rollup_advance.sql");

/// Which statement stores the messages of a turn that ends.
const MESSAGES: usize = 3;
/// A document's title counts as a topic up to this length, in characters.
const LONGEST_TOPIC: usize = 120;
/// Messages of a session that are read for a prompt.
const HISTORY_MESSAGES: u32 = 24;
/// Characters of one of them, from its start.
const HISTORY_CHARACTERS: u32 = 4_000;

/// What asks to be let in.
pub(super) struct Asking<'a> {
    pub(super) claim: &'a SiteClaim,
    /// Who counts as one visitor of a minute; nobody for a server that speaks for many.
    pub(super) client: Option<&'a str>,
    pub(super) page: Option<&'a Origin>,
    pub(super) session: Option<&'a str>,
    pub(super) visitor: Option<&'a str>,
    /// The message as it is known again.
    pub(super) sent: Option<&'a Sent>,
    pub(super) question: &'a str,
    /// Whether the visitor solved a challenge.
    pub(super) is_proven: bool,
}

/// A message that its sender gave an id, by digests alone.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// Of who sent it, and the id.
    id: String,
    /// Of these and its words.
    message: String,
}

impl Sent {
    /// Ids belong to their visitor, or where none is named to their client, so that nobody is told what another was.
    pub(super) fn new(visitor: Option<&str>, client: &str, id: &str, message: &str) -> Self {
        let (kind, sender) = visitor.map_or(("client", client), |visitor| ("visitor", visitor));
        Self { id: digest(&[kind, sender, id]), message: digest(&[kind, sender, id, message]) }
    }
}

/// Texts are told apart by their lengths.
fn digest(texts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    let head: Vec<u8> = digest.finalize().iter().copied().take(16).collect();
    hex::encode(head)
}

row! {
    /// A message of a session, as a prompt holds it.
    #[derive(Debug, Clone)]
    pub(super) struct HistoryRow {
        pub(super) role: String,
        pub(super) content: String,
    }
}

row! {
    /// A turn that was let in before, and its answer once it is stored.
    #[derive(Debug, Clone)]
    pub(super) struct TurnRow {
        pub(super) id: String,
        pub(super) session_id: SessionId,
        pub(super) visitor_id: Option<String>,
        pub(super) status: String,
        /// Whether it answers the words that were sent now.
        pub(super) is_same_message: bool,
        /// Of the message below: the visitor's, if it went to a person.
        pub(super) role: Option<String>,
        pub(super) content: Option<String>,
        pub(super) finish_reason: Option<String>,
        pub(super) citations: Option<String>,
        pub(super) latency_ms: Option<i64>,
    }
}

/// What the admitting transaction found and did.
pub(super) struct Admission {
    pub(super) site: Option<SiteRow>,
    pub(super) session: Option<SessionRow>,
    /// The turn that answers the same message, if it was sent before.
    pub(super) earlier: Option<TurnRow>,
    /// Whether the turn was let in.
    pub(super) is_admitted: bool,
    /// After it was counted.
    pub(super) limits: Vec<LimitRow>,
    /// Oldest first.
    pub(super) history: Vec<HistoryRow>,
    /// The new turn.
    pub(super) turn_id: String,
    /// The session it continues or opens.
    pub(super) session_id: SessionId,
    /// What the org's answers keep to.
    pub(super) policies: Policies,
    /// Of which documents the index may be out of date.
    pub(super) unsettled: Unsettled,
}

/// Lets a message in, or finds why not, in one round trip.
pub(super) async fn admit(op: &Op, asking: &Asking<'_>) -> Result<Admission> {
    let now = op.request.started;
    let turn_id = new_id(now)?;
    let session_id = match asking.session {
        Some(session) => session.to_owned(),
        None => new_id(now)?,
    };
    let named = named(asking.claim, now, asking.client);
    let with = |sql, params: Vec<Param>| {
        let mut all = named.clone();
        all.extend(params);
        Statement { sql, params: all }
    };
    let session = Param::from(session_id.as_str());
    let history = vec![
        session.clone(),
        asking.visitor.into(),
        HISTORY_MESSAGES.into(),
        HISTORY_CHARACTERS.into(),
    ];
    let sent: [Param; 2] = [
        asking.sent.map(|sent| sent.id.as_str()).into(),
        asking.sent.map(|sent| sent.message.as_str()).into(),
    ];
    let alone: Vec<Param> = named.iter().take(NAMED_ALONE).cloned().collect();
    let alone = |sql| Statement { sql, params: alone.clone() };
    let mut statements = vec![
        with(SITE, Vec::new()),
        alone(POLICIES_OF_NAMED),
        alone(UNSETTLED_OF_NAMED),
        with(TURN_ADMIT, admit_params(op, asking, &turn_id, session.clone(), sent.clone())),
        with(TURN_COUNT, vec![turn_id.as_str().into()]),
        with(BUDGET, Vec::new()),
    ];
    // Each statement is read anew by the database: what a message does not need is not sent.
    if asking.session.is_some() {
        statements.extend([with(SESSION, vec![session]), with(HISTORY, history)]);
    }
    if asking.sent.is_some() {
        // Looked for before the message is let in, which would be the one that is found.
        statements.insert(0, with(TURN_OF_MESSAGE, sent.to_vec()));
    }
    let mut rows = op.write(statements).await?.into_iter();
    let mut next = || rows.next().ok_or_else(|| Error::internal("fewer results than statements"));
    let earlier = asking.sent.map(|_| next()).transpose()?;
    let (site, policies, unsettled) = (next()?, next()?, next()?);
    let (admitted, _counted, limits) = (next()?, next()?, next()?);
    let session = asking.session.map(|_| next()).transpose()?;
    let history = asking.session.map(|_| next()).transpose()?;
    let mut history: Vec<HistoryRow> = history.map_or_else(|| Ok(Vec::new()), |rows| rows.all())?;
    history.reverse();
    Ok(Admission {
        site: site.first()?,
        session: session.map_or(Ok(None), |rows| rows.first())?,
        earlier: earlier.map_or(Ok(None), |rows| rows.first())?,
        is_admitted: admitted.count()? == 1,
        limits: limits.all()?,
        history,
        turn_id,
        session_id: SessionId::from(session_id),
        policies: Policies::of(&policies.all::<PolicyRow>()?),
        unsettled: Unsettled::of(&unsettled)?,
    })
}

/// Values of `named.sql` alone.
const NAMED_ALONE: usize = 5;

/// The values of `named.sql` and `found.sql`, `?1` to `?9`.
pub(crate) fn named(claim: &SiteClaim, now: Timestamp, client: Option<&str>) -> Vec<Param> {
    let moment = now.to_string();
    let head = |characters: usize| moment.chars().take(characters).collect::<String>();
    let mut params = claim.params().to_vec();
    params.extend([
        now.into(),
        head("2026-03-15T12:00".len()).into(),
        head("2026-03-15".len()).into(),
        format!("{}-01", head("2026-03".len())).into(),
        client.into(),
    ]);
    params
}

fn admit_params(
    op: &Op,
    asking: &Asking<'_>,
    turn_id: &str,
    session: Param,
    [message_id, message]: [Param; 2],
) -> Vec<Param> {
    let characters = i64::try_from(asking.question.chars().count()).unwrap_or(i64::MAX);
    let listed = asking.page.map_or_else(Vec::new, Origin::listed_as);
    let is_open = op.app.config.environment == crate::config::Environment::Development;
    vec![
        turn_id.into(),
        session,
        asking.session.is_none().into(),
        asking.visitor.into(),
        message_id,
        characters.into(),
        asking.page.map(ToString::to_string).into(),
        json!(listed).to_string().into(),
        is_open.into(),
        op.request.started.minus(SESSION_ACTIVE_FOR).into(),
        asking.is_proven.into(),
        message,
    ]
}

/// The site that a request names.
pub(super) fn site_statement(claim: &SiteClaim, now: Timestamp) -> Statement {
    Statement { sql: SITE, params: named(claim, now, None) }
}

/// Names of the limits over days and months that the site of a key has used up.
pub(super) fn limits_used(key: &str, now: Timestamp) -> Statement {
    let params = named(&SiteClaim::Key(key.to_owned()), now, None);
    Statement { sql: LIMITS_USED, params }
}

/// A site as the request names it, and a turn of it, in one round trip.
pub(super) async fn turn_by_id(
    op: &Op,
    claim: &SiteClaim,
    turn: &str,
) -> Result<(Option<SiteRow>, Option<TurnRow>)> {
    let mut of_turn = named(claim, op.request.started, None);
    of_turn.push(turn.into());
    let site = site_statement(claim, op.request.started);
    let rows = op.read(vec![site, Statement { sql: TURN_BY_ID, params: of_turn }]).await?;
    let site = rows.first().map(Rows::first).transpose()?.flatten();
    let turn = rows.get(1).map(Rows::first).transpose()?.flatten();
    Ok((site, turn))
}

/// What models did for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeBy {
    /// The provider that answered, and its model; none where they were asked in vain.
    pub(super) model: Option<(&'static str, String)>,
    pub(super) usage: Usage,
    /// In micro-dollars.
    pub(super) cost_microusd: i64,
}

/// A turn that has ended with an answer.
pub(super) struct Ending<'a> {
    pub(super) site: &'a SiteRow,
    pub(super) turn_id: &'a str,
    pub(super) session_id: &'a SessionId,
    pub(super) opens_session: bool,
    pub(super) visitor_id: Option<&'a str>,
    pub(super) question: &'a str,
    pub(super) asked_at: Timestamp,
    pub(super) answer: &'a str,
    pub(super) citations: &'a [Citation],
    pub(super) finish_reason: &'static str,
    /// `answered` or `partial`.
    pub(super) status: &'static str,
    pub(super) made_by: Option<&'a MadeBy>,
    pub(super) answered_at: Timestamp,
    pub(super) latency_ms: i64,
    /// It asks for something, and nothing was found.
    pub(super) is_unanswered: bool,
    /// What else the turn brings: a lead, a wish for a person.
    pub(super) extras: Vec<Statement>,
}

/// What became of a turn's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// They are stored.
    Stored,
    /// The conversation is not what it was: it has ended, or has gone over to a person or back to the assistant.
    Overtaken,
    /// The turn had ended before, and its messages with it.
    EndedBefore,
}

impl Kept {
    fn of(rows: &[Rows], messages: usize) -> Result<Self> {
        let count = |at: usize| rows.get(at).map(Rows::count).transpose();
        Ok(match (count(0)?, count(MESSAGES)?) {
            (_, Some(stored)) if stored == messages => Self::Stored,
            (Some(1), _) => Self::Overtaken,
            _ => Self::EndedBefore,
        })
    }
}

/// Stores a turn's answer in one transaction.
pub(super) async fn turn_end(op: &Op, ending: Ending<'_>) -> Result<Kept> {
    let mut statements = end_statements(&ending)?;
    statements.extend(ending.extras);
    Kept::of(&op.write(statements).await?, 2)
}

/// Stores what a visitor says to a person, in one transaction. The message has the turn's id.
pub(super) async fn message_to_person(op: &Op, ending: Ending<'_>) -> Result<Kept> {
    let (site, asked, ended) = (ending.site, ending.asked_at, ending.answered_at);
    let of =
        Conversation { org: &site.org_id, site: &site.id, session: ending.session_id, at: ended };
    let (id, org, turn) = (site.id.as_str(), site.org_id.as_str(), ending.turn_id);
    let mut statements = vec![
        statement!(TURN_END, turn, id, org, ending.status, ended),
        settle(site, turn, asked, 0, true),
    ];
    let (visitor, question) = (ending.visitor_id, ending.question);
    statements.extend(handoff::visitor_message_statements(of, visitor, turn, question));
    statements.extend(ending.extras);
    Kept::of(&op.write(statements).await?, 1)
}

/// Whose a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    /// A person's, or on its way to one.
    WithPerson(Handoff),
    /// The assistant's.
    WithAssistant,
    /// Nobody's any more.
    Ended,
}

row! {
    struct NowRow {
        status: String,
        handoff: Option<String>,
    }
}

/// Leaves a message to the person who has taken its conversation over while it was answered, if one has; whose it is
/// now. The turn has ended before. The message has the turn's id.
pub(super) async fn leave_to_person(
    op: &Op,
    of: Conversation<'_>,
    visitor: Option<&str>,
    turn: &str,
    question: &str,
) -> Result<Now> {
    let mut statements = handoff::visitor_message_statements(of, visitor, turn, question);
    statements.push(statement!(SESSION_NOW, of.session, of.site, of.org));
    let rows = op.write(statements).await?;
    let stored = rows.get(1).map(Rows::count).transpose()?;
    let now: Option<NowRow> = rows.last().map(Rows::first).transpose()?.flatten();
    let now = now.filter(|now| now.status == "active");
    let handoff = now.as_ref().map(|now| now.handoff.as_deref().and_then(Handoff::parse));
    Ok(match handoff {
        Some(Some(handoff)) if stored == Some(1) => Now::WithPerson(handoff),
        Some(None) => Now::WithAssistant,
        Some(Some(_)) | None => Now::Ended,
    })
}

fn end_statements(ending: &Ending<'_>) -> Result<Vec<Statement>> {
    let (site, org) = (ending.site.id.as_str(), ending.site.org_id.as_str());
    let (turn, session) = (ending.turn_id, ending.session_id.as_str());
    let (asked, ended) = (ending.asked_at, ending.answered_at);
    let day = asked.date();
    let is_new = ending.opens_session;
    let topic = ending.citations.first().map(Citation::title);
    let topic = topic.map(|title| title.chars().take(LONGEST_TOPIC).collect::<String>());
    let made = ending.made_by;
    let model = made.and_then(|made| made.model.as_ref());
    let tokens = |of: fn(&Usage) -> u32| made.map(|made| of(&made.usage));
    let both = tokens(|usage| usage.prompt_tokens.saturating_add(usage.completion_tokens));
    let cost = made.map_or(0, |made| made.cost_microusd);
    // Both counters take the same values.
    let advance = |sql| {
        statement!(
            sql,
            org,
            site,
            day.as_str(),
            turn,
            ending.latency_ms,
            is_new,
            ending.visitor_id,
            session,
            is_new.then(|| asked.hour().to_string()),
            topic.clone(),
            ending.is_unanswered,
            both.unwrap_or_default(),
        )
    };
    let session_statement = if is_new {
        statement!(SESSION_OPEN, turn, site, org, ended, asked, ending.question)
    } else {
        statement!(SESSION_ADVANCE, turn, site, org, ended, session)
    };
    let messages = statement!(
        MESSAGES_INSERT,
        turn,
        site,
        org,
        ended,
        session,
        new_id(asked)?,
        ending.question,
        asked,
        ending.answer,
        ending.latency_ms,
        ending.is_unanswered,
        both,
        model.map(|(provider, _)| *provider),
        model.map(|(_, model)| model.as_str()),
        tokens(|usage| usage.prompt_tokens),
        tokens(|usage| usage.completion_tokens),
        made.map(|made| made.cost_microusd),
        ending.finish_reason,
        (!ending.citations.is_empty()).then(|| json!(ending.citations).to_string()),
    );
    Ok(vec![
        statement!(TURN_END, turn, site, org, ending.status, ended),
        settle(ending.site, turn, asked, cost, true),
        session_statement,
        messages,
        advance(METRICS_ADVANCE),
        advance(ROLLUP_ADVANCE),
    ])
}

/// Right behind the end of a turn, and only if it ended there.
fn settle(site: &SiteRow, turn: &str, asked: Timestamp, cost: i64, counts: bool) -> Statement {
    let deployment = site.deployment_id.as_ref().map(|id| format!("deployment:{id}"));
    let (id, org) = (site.id.as_str(), site.org_id.as_str());
    statement!(TURN_SETTLE, turn, id, org, asked.date(), deployment, cost, counts)
}

/// Ends a turn that has no answer. It costs what models were asked for it; one for which nobody was asked (no cost) is
/// not counted as a message.
pub(super) async fn turn_fail(
    op: &Op,
    site: &SiteRow,
    turn: &str,
    asked: Timestamp,
    cost: Option<i64>,
) -> Result<()> {
    let (id, org) = (site.id.as_str(), site.org_id.as_str());
    let end = statement!(TURN_END, turn, id, org, "failed", op.now());
    let settle = settle(site, turn, asked, cost.unwrap_or_default(), cost.is_some());
    op.write(vec![end, settle]).await.map(drop)
}
