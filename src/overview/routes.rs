//! `GET /portal/overview`

use serde::Serialize;

use super::store::{self, ActiveRow, OrgOut, Period, SiteOut, StatsRow};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::Json;

/// The overview.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct OverviewOut {
    org: Option<OrgOut>,
    sites: Vec<SiteOut>,
    stats: StatsOut,
    period: PeriodOut,
}

/// Figures of the period. `leadsCapture` is spelt as existing clients read it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct StatsOut {
    total_sessions: i64,
    total_messages: i64,
    /// Milliseconds, the mean over all answers of the period.
    avg_latency: i64,
    leads_capture: i64,
    appointments_booked: i64,
    active_sessions: i64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct PeriodOut {
    start: String,
    end: String,
}

/// `GET /portal/overview`: the org, its active sites and the figures of the last 31 days; for staff
/// without an org, of all orgs. Of the sites the 500 oldest; `GET /portal/sites` lists all in pages.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/overview", tag = "Dashboards",
    params(("orgId" = Option<String>, Query, description = "The organization; the caller's first one if absent"),
           ("scope" = Option<String>, Query, description = "`all`: staff who are members somewhere ask for all organizations")),
    responses((status = 200, body = OverviewOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_overview(access: Access<Read>) -> Result<Json<OverviewOut>> {
    let now = access.op.now();
    let period = Period::month_to(now);
    let scope = access.scope();
    let (_tenant, [org, sites, stats, active]) = access
        .read([
            store::overview_org(scope),
            store::overview_sites(scope),
            store::overview_stats(scope, &period),
            store::overview_active(scope, now),
        ])
        .await?;

    let stats: StatsRow = stats.one()?;
    let active: ActiveRow = active.one()?;
    Ok(Json(OverviewOut {
        org: org.first::<OrgOut>()?,
        sites: sites.all::<SiteOut>()?,
        stats: StatsOut {
            total_sessions: stats.sessions,
            total_messages: stats.messages,
            avg_latency: mean(stats.latency_ms_total, stats.answers),
            leads_capture: stats.leads,
            appointments_booked: stats.appointments,
            active_sessions: active.active_sessions,
        },
        period: PeriodOut { start: period.start, end: period.end },
    }))
}

/// The mean, rounded half up; 0 of nothing.
fn mean(total: i64, count: i64) -> i64 {
    if count <= 0 { 0 } else { (2 * total + count).div_euclid(2 * count) }
}

#[cfg(test)]
mod tests {
    use super::mean;

    #[test]
    fn means_round_half_up() {
        assert_eq!(mean(0, 0), 0);
        assert_eq!(mean(3, 2), 2);
        assert_eq!(mean(5, 4), 1);
        assert_eq!(mean(700, 2), 350);
    }
}
