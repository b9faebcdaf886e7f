//! `GET /billing/usage`

use serde::Serialize;

use super::store::{self, UsageRecordOut, UsageStatus, UsageTotalRow};
use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::{Json, Query};
use crate::time::StoredTime;

/// A page of usage records, and the sums of all that fit the request.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageOut {
    records: Vec<UsageRecordOut>,
    totals: UsageTotalsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Sums over all records that fit the request, not of the page alone.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct UsageTotalsOut {
    amount_cents: i64,
    /// Where the first period begins; null when there is no record.
    period_start: Option<StoredTime>,
    /// Where the last period ends; null when there is no record.
    period_end: Option<StoredTime>,
    by_currency: Vec<UsageCurrencyOut>,
    by_type: Vec<UsageTypeOut>,
}

/// Usage is metered in US dollars.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct UsageCurrencyOut {
    currency: &'static str,
    count: i64,
    amount_cents: i64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct UsageTypeOut {
    usage_type: String,
    count: i64,
    quantity: i64,
    amount_cents: i64,
}

impl From<Vec<UsageTotalRow>> for UsageTotalsOut {
    fn from(rows: Vec<UsageTotalRow>) -> Self {
        let amount_cents = rows.iter().map(|row| row.amount_cents).sum();
        let count = rows.iter().map(|row| row.records).sum();
        let usd = UsageCurrencyOut { currency: "usd", count, amount_cents };
        Self {
            amount_cents,
            period_start: rows.iter().map(|row| &row.period_start).min().cloned(),
            period_end: rows.iter().map(|row| &row.period_end).max().cloned(),
            by_currency: if rows.is_empty() { Vec::new() } else { vec![usd] },
            by_type: rows
                .into_iter()
                .map(|row| UsageTypeOut {
                    usage_type: row.usage_type,
                    count: row.records,
                    quantity: row.quantity,
                    amount_cents: row.amount_cents,
                })
                .collect(),
        }
    }
}

/// `GET /billing/usage`: metered usage, newest period first, and its sums; for staff without an org, of all
/// orgs.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/usage", tag = "Billing",
    params(("orgId" = Option<String>, Query), ("limit" = Option<u32>, Query, description = "1 to 500; 90 if absent"),
           ("cursor" = Option<String>, Query), ("status" = Option<UsageStatus>, Query), ("usageType" = Option<String>, Query),
           ("from" = Option<String>, Query, description = "First day on which a period may begin, UTC"),
           ("to" = Option<String>, Query, description = "Last day on which a period may begin, UTC")),
    responses((status = 200, body = UsageOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn list_usage(access: Access<Read>, query: Query) -> Result<Json<UsageOut>> {
    let page = query.page(90, 500)?;
    let days = query.days()?;
    let status = query.one_of("status", UsageStatus::ALL, UsageStatus::parse)?;
    let kind = query.text("usageType");
    let statements = store::usage(access.scope(), &page, &days, status, kind);
    let (_tenant, [records, totals]) = access.read(statements).await?;
    let (records, next_cursor) = page.cut(records.all()?, UsageRecordOut::key);
    let totals = UsageTotalsOut::from(totals.all::<UsageTotalRow>()?);
    Ok(Json(UsageOut { records, totals, next_cursor }))
}
