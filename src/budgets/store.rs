//! The statements of budgets.

use serde::Serialize;
use serde_json::Value;

use super::limits::Limits;
use crate::audit::Entry;
use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Cell, Column, Param, Rows};
use crate::error::{Error, Result};
use crate::ids::{OrgId, SiteId};
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql, sql};

const ORG_BUDGET: &str = scoped_sql!("sql/org_budget.sql");
const SITE_BUDGET: &str = scoped_sql!("sql/site_budget.sql");
const SITE_BUDGETS: &str = scoped_sql!("sql/site_budgets.sql");
const BUDGET_PUT: &str = sql!("sql/budget_put.sql");

/// What was used within a window.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct UseOut {
    messages: i64,
    /// Cost of models in millionths of a US dollar, with what is set aside for turns that run.
    microusd: i64,
    voice_seconds: i64,
}

/// A JSON array: messages, cost, milliseconds of speech.
impl Column for UseOut {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let values = Vec::<Value>::from_cell(cell)?;
        let value = |at: usize| values.get(at).and_then(Value::as_i64);
        let voice_ms = value(2)?;
        let voice_seconds = voice_ms.saturating_add(999).div_euclid(1_000);
        Some(Self { messages: value(0)?, microusd: value(1)?, voice_seconds })
    }
}

row! {
    #[derive(Debug)]
    pub(super) struct OrgBudgetRow {
        pub(super) org_id: OrgId,
        pub(super) plan: String,
        pub(super) plan_limits: Limits,
        pub(super) own: Limits,
        pub(super) updated_at: Option<StoredTime>,
        pub(super) today: UseOut,
        pub(super) month: UseOut,
    }
}

row! {
    #[derive(Debug)]
    pub(super) struct SiteBudgetRow {
        pub(super) id: SiteId,
        pub(super) name: String,
        pub(super) status: Option<String>,
        pub(super) created_at: Option<StoredTime>,
        pub(super) plan: String,
        pub(super) plan_limits: Limits,
        pub(super) org_own: Limits,
        pub(super) own: Limits,
        pub(super) updated_at: Option<StoredTime>,
        pub(super) today: UseOut,
        pub(super) month: UseOut,
    }
}

impl SiteBudgetRow {
    pub(super) fn key(&self) -> [String; 2] {
        let created = self.created_at.as_ref().map(StoredTime::stored).unwrap_or_default();
        [created, self.id.to_string()]
    }
}

/// Today, and the first day of the month: the windows of daily and monthly limits.
fn windows(now: Timestamp) -> [Param; 2] {
    let today = now.date();
    let month: String = today.chars().take("2026-03".len()).collect();
    [today.into(), format!("{month}-01").into()]
}

pub(super) fn org_budget(scope: &Scope, now: Timestamp) -> Scoped {
    scope.statement(ORG_BUDGET, windows(now))
}

pub(super) fn site_budget(scope: &Scope, site: &str, now: Timestamp) -> Scoped {
    scope.statement(SITE_BUDGET, windows(now).into_iter().chain([site.into()]))
}

/// Those of one org; none for a request about all orgs.
pub(super) fn site_budgets(scope: &Scope, page: &Page<2>, now: Timestamp) -> Scoped {
    scope.statement(SITE_BUDGETS, windows(now).into_iter().chain(page.descending()))
}

/// Own limits that are to be stored, and what was read before.
pub(super) struct NewLimits<'a> {
    /// The site; none for the org itself.
    pub(super) site: Option<&'a SiteId>,
    pub(super) before: &'a Limits,
    pub(super) after: &'a Limits,
    pub(super) changed_at: Option<&'a StoredTime>,
    pub(super) plan: &'a str,
}

/// Stores own limits, with their trace.
pub(super) async fn budget_put(grant: &Grant, new: &NewLimits<'_>) -> Result<()> {
    let scope = new.site.map_or(grant.org.as_str(), SiteId::as_str);
    let mut params: Vec<Param> = vec![
        scope.into(),
        new.site.map(SiteId::as_str).into(),
        grant.op().now().into(),
        new.changed_at.map(StoredTime::stored).into(),
        new.plan.into(),
    ];
    params.extend(new.after.values().map(Param::from));
    let entry = Entry {
        event: "budget.updated",
        target_type: if new.site.is_some() { "site" } else { "org" },
        target_id: scope,
        metadata: Value::Object(new.before.difference(new.after)),
    };
    let put = grant.statement(BUDGET_PUT, params);
    let rows = grant.write(vec![put, grant.audit(&entry)?]).await?;
    match rows.first().map_or(Ok(0), Rows::count)? {
        0 => Err(Error::conflict("budget_changed", "Budget was changed meanwhile")
            .hint("Read the budgets again, and send the change once more.")),
        _ => Ok(()),
    }
}
