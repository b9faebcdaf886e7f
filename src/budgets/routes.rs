//! `/portal/budgets`, `/portal/sites/{id}/budget`

use serde::Serialize;

use super::limits::{BudgetPatch, Limits, judge_org, judge_site};
use super::store::{self, NewLimits, OrgBudgetRow, SiteBudgetRow, UseOut};
use crate::auth::caller::NoOrg;
use crate::auth::permission::{Access, Administer, Read as Reader, Tenant};
use crate::error::{Error, Result};
use crate::http::body::Read;
use crate::http::extract::{Json, Path, Query};
use crate::ids::{OrgId, SiteId};
use crate::sites::site_not_found;

/// What was used.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct UsedOut {
    today: UseOut,
    /// Since the first of the UTC month.
    month: UseOut,
}

/// What an org may use.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrgBudgetOut {
    org_id: OrgId,
    plan: String,
    plan_limits: Limits,
    /// Own limits; `null` leaves the plan's.
    overrides: Limits,
    /// What holds.
    effective: Limits,
    used: UsedOut,
}

impl From<OrgBudgetRow> for OrgBudgetOut {
    fn from(row: OrgBudgetRow) -> Self {
        Self {
            effective: row.own.of_org(&row.plan_limits),
            org_id: row.org_id,
            plan: row.plan,
            plan_limits: row.plan_limits,
            overrides: row.own,
            used: UsedOut { today: row.today, month: row.month },
        }
    }
}

/// What a site may use.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct SiteBudgetOut {
    id: SiteId,
    name: String,
    status: Option<String>,
    /// Own limits.
    overrides: Limits,
    /// What holds for it alone; the organization's limits hold besides.
    effective: Limits,
    used: UsedOut,
}

impl From<SiteBudgetRow> for SiteBudgetOut {
    fn from(row: SiteBudgetRow) -> Self {
        Self {
            effective: row.own.of_site(&row.org_own, &row.plan_limits),
            id: row.id,
            name: row.name,
            status: row.status,
            overrides: row.own,
            used: UsedOut { today: row.today, month: row.month },
        }
    }
}

/// The budgets of an org and of a page of its sites.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BudgetsOut {
    org: OrgBudgetOut,
    sites: Vec<SiteBudgetOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The budget of an org after a change.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OrgBudgetResultOut {
    org: OrgBudgetOut,
}

/// The budget of a site after a change.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct SiteBudgetResultOut {
    site: SiteBudgetOut,
}

/// `GET /portal/budgets`: what the org and its sites may use, and what they used; sites newest first.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/budgets", tag = "Settings",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 100 sites; 50 if absent"),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = BudgetsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_budgets(access: Access<Reader>, query: Query) -> Result<Json<BudgetsOut>> {
    let page = query.page(50, 100)?;
    let (scope, now) = (access.scope(), access.op.now());
    let statements = [store::org_budget(scope, now), store::site_budgets(scope, &page, now)];
    let (tenant, [org, sites]) = access.read(statements).await?;
    if tenant == Tenant::All {
        return Err(Error::bad_request("org_required", "Organization required")
            .hint("Name the organization with ?orgId=."));
    }
    let org: OrgBudgetRow = org.first()?.ok_or(NoOrg::Unknown)?;
    let (sites, next_cursor) = page.cut(sites.all()?, SiteBudgetRow::key);
    let sites = sites.into_iter().map(SiteBudgetOut::from).collect();
    Ok(Json(BudgetsOut { org: org.into(), sites, next_cursor }))
}

/// `PATCH /portal/budgets`: changes the org's own limits.
///
/// Admins go as high as the plan, or as what staff gave. Staff alone go above it, and remove an own limit with `null`.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/budgets", tag = "Settings",
    params(("orgId" = Option<String>, Query)), request_body = BudgetPatch,
    responses((status = 200, body = OrgBudgetResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_budgets(
    access: Access<Administer>,
    Read(patch): Read<BudgetPatch>,
) -> Result<Json<OrgBudgetResultOut>> {
    let statement = store::org_budget(access.scope(), access.op.now());
    let (grant, [org]) = access.grant([statement]).await?;
    let mut org: OrgBudgetRow = org.first()?.ok_or(NoOrg::Unknown)?;
    let after = org.own.after(&patch);
    if after != org.own {
        if !grant.actor.caller.user.is_staff {
            judge_org(&org.plan_limits, &org.own, &after)?;
        }
        let new = NewLimits {
            site: None,
            before: &org.own,
            after: &after,
            changed_at: org.updated_at.as_ref(),
            plan: &org.plan,
        };
        store::budget_put(&grant, &new).await?;
        org.own = after;
    }
    Ok(Json(OrgBudgetResultOut { org: org.into() }))
}

/// `PATCH /portal/sites/{id}/budget`: changes a site's own limits; `null` removes one.
///
/// Limits of messages, money and voice in a day or a month hold beside the organization's. The others stand in the place
/// of the organization's; staff alone set them above it, and a lower one that the organization has of its own holds all
/// the same.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(patch, path = "/portal/sites/{id}/budget", tag = "Settings",
    params(("id" = String, Path), ("orgId" = Option<String>, Query)), request_body = BudgetPatch,
    responses((status = 200, body = SiteBudgetResultOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn update_site_budget(
    access: Access<Administer>,
    Path(id): Path<String>,
    Read(patch): Read<BudgetPatch>,
) -> Result<Json<SiteBudgetResultOut>> {
    let target = store::site_budget(access.scope(), &id, access.op.now());
    let (grant, mut site, []) =
        access.grant_for::<SiteBudgetRow, 0>(target, site_not_found, []).await?;
    let after = site.own.after(&patch);
    if after != site.own {
        if !grant.actor.caller.user.is_staff {
            judge_site(&site.org_own.of_org(&site.plan_limits), &site.own, &after)?;
        }
        let new = NewLimits {
            site: Some(&site.id),
            before: &site.own,
            after: &after,
            changed_at: site.updated_at.as_ref(),
            plan: &site.plan,
        };
        store::budget_put(&grant, &new).await?;
        site.own = after;
    }
    Ok(Json(SiteBudgetResultOut { site: site.into() }))
}
