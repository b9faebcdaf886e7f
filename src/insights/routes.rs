//! `GET /portal/insights`

use serde::Serialize;

use super::period::Period;
use super::store;
use super::summary::{
    self, DayOut, HourOut, InsightOut, QuestionOut, Summary, TopicOut, TrendsOut,
};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::{Json, Query};

/// What the figures of a period say. Lists are empty where there is nothing to say.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InsightsOut {
    daily_metrics: Vec<DayOut>,
    peak_hours: Vec<HourOut>,
    insights: Vec<InsightOut>,
    trends: TrendsOut,
    unanswered: Vec<QuestionOut>,
    topics: Vec<TopicOut>,
}

/// `GET /portal/insights`: the days of a period, its busiest hours and topics, the questions that found no
/// answer, and how it compares with as many days before; for staff without an org, of all orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/insights", tag = "Dashboards",
    params(("orgId" = Option<String>, Query), ("siteId" = Option<String>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC; 29 days before the last if absent"),
           ("to" = Option<String>, Query, description = "Last day, UTC; today if absent; at most 366 days are told")),
    responses((status = 200, body = InsightsOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_insights(access: Access<Read>, query: Query) -> Result<Json<InsightsOut>> {
    let period = Period::of(&query, access.op.now())?;
    let site = query.text("siteId");
    let scope = access.scope();
    let (_tenant, [days, questions]) = access
        .read([store::days(scope, period, site), store::unanswered(scope, period, site)])
        .await?;
    let summary = Summary::new(period, days.all()?);
    Ok(Json(InsightsOut {
        daily_metrics: summary.days(),
        peak_hours: summary.peak_hours(),
        insights: summary.insights(),
        trends: summary.trends(),
        unanswered: summary::questions(questions.all()?),
        topics: summary.topics(),
    }))
}
