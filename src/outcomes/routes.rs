//! `GET /outcomes`

use serde::Serialize;

use super::store::{self, OutcomeOut, TotalRow};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::{Json, Query};

/// A page of outcomes, and the sums of all that fit the request.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OutcomesOut {
    outcomes: Vec<OutcomeOut>,
    totals: OutcomeTotalsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Sums over all outcomes of the type and period asked for, not of the page alone.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct OutcomeTotalsOut {
    /// In all currencies.
    count: i64,
    /// In `currency` alone.
    amount_cents: i64,
    /// `USD` if an outcome is in it, else the currency of the most outcomes.
    currency: String,
    /// Most outcomes first.
    by_currency: Vec<CurrencyTotalOut>,
    period: PeriodOut,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct CurrencyTotalOut {
    currency: String,
    count: i64,
    amount_cents: i64,
}

/// As asked for: days in UTC, null where none was named.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct PeriodOut {
    from: Option<String>,
    to: Option<String>,
}

/// The currency that the portal shows.
const SHOWN: &str = "USD";

impl OutcomeTotalsOut {
    fn new(rows: Vec<TotalRow>, period: PeriodOut) -> Self {
        let shown = rows.iter().find(|row| row.currency == SHOWN).or_else(|| rows.first());
        Self {
            count: rows.iter().map(|row| row.outcomes).sum(),
            amount_cents: shown.map_or(0, |row| row.amount_cents),
            currency: shown.map_or_else(|| SHOWN.to_owned(), |row| row.currency.clone()),
            by_currency: rows
                .into_iter()
                .map(|row| CurrencyTotalOut {
                    currency: row.currency,
                    count: row.outcomes,
                    amount_cents: row.amount_cents,
                })
                .collect(),
            period,
        }
    }
}

/// `GET /outcomes`: what was brought about, newest first, and its sums; for staff without an org, in all
/// orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/outcomes", tag = "Records",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
           ("cursor" = Option<String>, Query), ("type" = Option<String>, Query),
           ("from" = Option<String>, Query, description = "First day, UTC"), ("to" = Option<String>, Query, description = "Last day, UTC")),
    responses((status = 200, body = OutcomesOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_outcomes(access: Access<Read>, query: Query) -> Result<Json<OutcomesOut>> {
    let page = query.page(50, 200)?;
    let days = query.days()?;
    let kind = query.text("type");
    let day = |name| query.text(name).map(str::to_owned);
    let period = PeriodOut { from: day("from"), to: day("to") };
    let bounded = period.from.is_some() || period.to.is_some();
    let scope = access.scope();
    let (_tenant, [outcomes, totals]) = access
        .read([
            store::outcomes(scope, &page, days.clone(), kind),
            store::totals(scope, bounded.then_some(days), kind),
        ])
        .await?;

    let (outcomes, next_cursor) = page.cut(outcomes.all()?, OutcomeOut::key);
    let totals = OutcomeTotalsOut::new(totals.all()?, period);
    Ok(Json(OutcomesOut { outcomes, totals, next_cursor }))
}
