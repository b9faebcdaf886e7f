//! The statements of leads.

use std::borrow::Cow;

use serde::Serialize;

use crate::auth::permission::{Access, Grant, ListSql, Need, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::http::body::{Change, Lines, Text};
use crate::http::csv::{Exporter, Record};
use crate::http::extract::Query;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{body, choice, list_sql, row, scoped_sql, sql};

const LEADS: ListSql = list_sql!("sql/leads.sql");
const LEADS_BY_STATUS: ListSql = list_sql!("sql/leads_by_status.sql");
const LEADS_OF_SITE: ListSql = list_sql!("sql/leads_of_site.sql");
const LEADS_OF_SITE_BY_STATUS: ListSql = list_sql!("sql/leads_of_site_by_status.sql");
const LEADS_OF_CONVERSATION: &str = scoped_sql!("sql/leads_of_conversation.sql");
const LEAD: &str = scoped_sql!("sql/lead.sql");
const LEAD_TO_CHANGE: &str = scoped_sql!("sql/lead_to_change.sql");
const LEAD_UPDATE: &str = sql!("sql/lead_update.sql");
const LEAD_DELETE: &str = sql!("sql/lead_delete.sql");

choice! {
    /// How far a lead has come.
    pub enum LeadStatus {
        /// Nobody has looked at it.
        New = "new",
        /// Somebody got in touch.
        Contacted = "contacted",
        /// Worth pursuing.
        Qualified = "qualified",
        /// Became a customer.
        Won = "won",
        /// Will not.
        Lost = "lost",
    }
}

row! {
    /// A lead.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub struct LeadOut {
        id: String,
        org_id: String,
        site_id: String,
        /// The conversation that brought it, while that exists.
        session_id: Option<String>,
        visitor_id: Option<String>,
        name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
        company: Option<String>,
        message: Option<String>,
        status: LeadStatus,
        notes: Option<String>,
        /// `users.id` of a member.
        assigned_to: Option<String>,
        /// Where it came from, such as `chat`, `voice` or `form`.
        source: String,
        /// The words that the person agreed to.
        consent_text: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
        /// When its personal fields were emptied.
        anonymized_at: Option<StoredTime>,
    }
}

impl LeadOut {
    fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

impl Record for LeadOut {
    const HEADER: &'static [&'static str] = &[
        "id",
        "orgId",
        "siteId",
        "sessionId",
        "visitorId",
        "name",
        "email",
        "phone",
        "company",
        "message",
        "status",
        "notes",
        "assignedTo",
        "source",
        "consentText",
        "createdAt",
        "updatedAt",
        "anonymizedAt",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let text = |text: &Option<String>| Cow::Owned(text.clone().unwrap_or_default());
        vec![
            self.id.as_str().into(),
            self.org_id.as_str().into(),
            self.site_id.as_str().into(),
            text(&self.session_id),
            text(&self.visitor_id),
            text(&self.name),
            text(&self.email),
            text(&self.phone),
            text(&self.company),
            text(&self.message),
            self.status.as_str().into(),
            text(&self.notes),
            text(&self.assigned_to),
            self.source.as_str().into(),
            text(&self.consent_text),
            self.created_at.as_str().into(),
            self.updated_at.as_str().into(),
            self.anonymized_at.as_ref().map_or("", StoredTime::as_str).into(),
        ]
    }
}

row! {
    /// What a change to a lead depends on; its org is the grant's.
    #[derive(Debug)]
    pub(super) struct TargetRow {
        pub(super) status: LeadStatus,
        pub(super) anonymized_at: Option<StoredTime>,
        pub(super) is_assignable: bool,
    }
}

body! {
    /// A change to a lead: absent members stay as they are, `null` or an empty text clears.
    pub struct LeadPatch {
        status as "status": Option<LeadStatus>,
        notes as "notes": Change<Lines<0, 5000>>,
        /// `users.id` of a member of the org.
        assigned_to as "assignedTo": Change<Text<0, 128>>,
        name as "name": Change<Text<0, 200>>,
        email as "email": Change<Text<0, 320>>,
        phone as "phone": Change<Text<0, 50>>,
        company as "company": Change<Text<0, 200>>,
    }
}

impl LeadPatch {
    /// The names of the members that were sent.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let sent = [
            (self.status.is_some(), "status"),
            (self.notes.is_change(), "notes"),
            (self.assigned_to.is_change(), "assignedTo"),
            (self.name.is_change(), "name"),
            (self.email.is_change(), "email"),
            (self.phone.is_change(), "phone"),
            (self.company.is_change(), "company"),
        ];
        sent.into_iter().filter(|(is_sent, _)| *is_sent).map(|(_, name)| name).collect()
    }

    /// Whether the e-mail address, if one is sent, has both its parts.
    pub(super) fn email_is_plausible(&self) -> bool {
        let parts = |email: &str| {
            email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
        };
        text(&self.email).is_none_or(|email| email.is_empty() || parts(email))
    }

    /// The person it is to be assigned to.
    pub(super) fn assignee(&self) -> Option<&str> {
        text(&self.assigned_to).filter(|id| !id.is_empty())
    }
}

fn text<const MAX: usize>(change: &Change<Text<0, MAX>>) -> Option<&str> {
    change.value().map(Text::as_str)
}

/// Which leads are asked for.
#[derive(Debug)]
pub(super) struct Filter {
    days: [Param; 2],
    site: Option<String>,
    status: Option<LeadStatus>,
}

impl Filter {
    pub(super) fn of(query: &Query) -> Result<Self> {
        Ok(Self {
            days: query.days()?,
            site: query.text("siteId").map(str::to_owned),
            status: query.one_of("status", LeadStatus::ALL, LeadStatus::parse)?,
        })
    }

    /// The statement that walks the index that fits.
    fn statement(&self, scope: &Scope, page: &Page<2>) -> Scoped {
        let [from, to] = &self.days;
        let mut params = page.descending_before(to);
        params.push(from.clone());
        params.extend(self.site.as_deref().map(Param::from));
        params.extend(self.status.map(Param::from));
        let sql = match (&self.site, self.status) {
            (None, None) => LEADS,
            (None, Some(_)) => LEADS_BY_STATUS,
            (Some(_), None) => LEADS_OF_SITE,
            (Some(_), Some(_)) => LEADS_OF_SITE_BY_STATUS,
        };
        scope.list(sql, params)
    }
}

/// A page of the leads asked for, newest first, the cursor of the next, and who may have it.
pub(super) async fn leads<N: Need>(
    access: &Access<N>,
    filter: &Filter,
    page: &Page<2>,
) -> Result<(Exporter, (Vec<LeadOut>, Option<String>))> {
    let statement = filter.statement(access.scope(), page);
    let (actor, tenant, [rows]) = access.read_as_actor([statement]).await?;
    Ok(((actor, tenant), page.cut(rows.all()?, LeadOut::key)))
}

/// The leads that a conversation brought: rows of [`LeadOut`].
pub fn leads_of_conversation(scope: &Scope, session: &str) -> Scoped {
    scope.statement(LEADS_OF_CONVERSATION, [Param::from(session)])
}

pub(super) fn lead(scope: &Scope, id: &str) -> Scoped {
    scope.statement(LEAD, [Param::from(id)])
}

pub(super) fn lead_to_change(scope: &Scope, id: &str, assignee: Option<&str>) -> Scoped {
    scope.statement(LEAD_TO_CHANGE, [Param::from(id), Param::from(assignee)])
}

pub(super) fn lead_update(grant: &Grant, id: &str, patch: &LeadPatch) -> Statement {
    let mut params = vec![id.into(), grant.op().now().into(), patch.status.into()];
    let changes = [
        (patch.notes.is_change(), patch.notes.value().map(Lines::as_str)),
        (patch.assigned_to.is_change(), text(&patch.assigned_to)),
        (patch.name.is_change(), text(&patch.name)),
        (patch.email.is_change(), text(&patch.email)),
        (patch.phone.is_change(), text(&patch.phone)),
        (patch.company.is_change(), text(&patch.company)),
    ];
    for (is_change, value) in changes {
        params.extend([Param::from(is_change), Param::from(value)]);
    }
    grant.statement(LEAD_UPDATE, params)
}

pub(super) fn lead_delete(grant: &Grant, id: &str) -> Statement {
    grant.statement(LEAD_DELETE, [Param::from(id)])
}
