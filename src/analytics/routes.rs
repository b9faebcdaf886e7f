//! `GET /portal/cloudflare-analytics`

use serde::Serialize;
use serde_json::Value;

use super::cache::Kept;
use super::cloudflare::{self, Counts, Period, Traffic};
use crate::app::Op;
use crate::auth::permission::{Access, Staff};
use crate::config::{CloudflareZone, LogLevel};
use crate::error::Result;
use crate::http::extract::{Json, Query};
use crate::time::Timestamp;

const NOT_CONFIGURED: &str = "Cloudflare credentials not configured";
const BYTES_IN_A_MEGABYTE: f64 = 1024.0 * 1024.0;

/// The traffic of our zone; `analytics` is null where the Worker has no access to it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrafficOut {
    /// Why there are no figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    analytics: Option<AnalyticsOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// When Cloudflare was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct AnalyticsOut {
    /// Visitors of the period, each counted once.
    unique_visitors: i64,
    total_requests: i64,
    percent_cached: f64,
    #[serde(rename = "totalDataServedMB")]
    total_data_served_mb: f64,
    #[serde(rename = "dataCachedMB")]
    data_cached_mb: f64,
    period: SpanOut,
    timeseries: Vec<PointOut>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct SpanOut {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct PointOut {
    /// The hour, such as `2026-03-15T12:00:00Z`, of the last 24 hours; else the day.
    timestamp: String,
    requests: i64,
    visitors: i64,
    cached_requests: i64,
    bytes_served: i64,
}

/// `GET /portal/cloudflare-analytics`: the traffic of our own web pages, for staff.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/cloudflare-analytics", tag = "Dashboards",
    params(("period" = Option<String>, Query, description = "24h (also for any other text), 7d or 30d")),
    responses((status = 200, body = TrafficOut), (status = 502, description = "Cloudflare's API failed, and no answer of the last hour is at hand", body = crate::openapi::Problem),
              crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_cloudflare_analytics(
    access: Access<Staff>,
    query: Query,
) -> Result<Json<TrafficOut>> {
    let (_tenant, []) = access.read([]).await?;
    let op = &access.op;
    let Some(zone) = &op.app.config.cloudflare_zone else {
        let error = Some(NOT_CONFIGURED);
        return Ok(Json(TrafficOut { error, analytics: None, zone: None, last_updated: None }));
    };
    let kept = kept(op, zone, Period::of(query.text("period"))).await?;
    Ok(Json(TrafficOut {
        error: None,
        analytics: Some(analytics(&kept.traffic)),
        zone: Some(op.app.config.cloudflare_zone_name.clone()),
        last_updated: Some(kept.fetched),
    }))
}

/// A fresh answer; if none can be had, one of the last hour.
async fn kept(op: &Op, zone: &CloudflareZone, period: Period) -> Result<Kept> {
    let cache = &op.app.traffic;
    if let Some(kept) = cache.fresh(period, op.now()) {
        return Ok(kept);
    }
    match cloudflare::traffic(op, zone, period).await {
        Ok(traffic) => {
            let kept = Kept { traffic: traffic.into(), fetched: op.now() };
            cache.keep(period, kept.clone());
            Ok(kept)
        }
        Err(error) => {
            let now = op.now();
            let Some(kept) = cache.stale(period, now) else { return Err(error) };
            let fields = [("reason", Value::from(error.private_context()))];
            op.app.log.event(LogLevel::Warn, "analytics_stale", now, &op.request, &fields);
            Ok(kept)
        }
    }
}

fn analytics(traffic: &Traffic) -> AnalyticsOut {
    let Counts { requests, cached_requests, bytes, cached_bytes, visitors } = traffic.whole;
    let point = |(timestamp, part): &(String, Counts)| PointOut {
        timestamp: timestamp.clone(),
        requests: part.requests,
        visitors: part.visitors,
        cached_requests: part.cached_requests,
        bytes_served: part.bytes,
    };
    AnalyticsOut {
        unique_visitors: visitors,
        total_requests: requests,
        percent_cached: quotient(cached_requests, 0.01, requests),
        total_data_served_mb: quotient(bytes, BYTES_IN_A_MEGABYTE, 1),
        data_cached_mb: quotient(cached_bytes, BYTES_IN_A_MEGABYTE, 1),
        period: SpanOut { start: traffic.start, end: traffic.end },
        timeseries: traffic.parts.iter().map(point).collect(),
    }
}

/// `count` in this unit for each of `of`, to two places; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "two places of far fewer than 2^53 are shown")]
fn quotient(count: i64, unit: f64, of: i64) -> f64 {
    if of <= 0 { 0.0 } else { (count as f64 * 100.0 / (unit * of as f64)).round() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::quotient;

    #[test]
    fn quotients_have_two_places() {
        let shown = |number: f64| format!("{number}");
        assert_eq!(shown(quotient(1, 0.01, 3)), "33.33");
        assert_eq!(shown(quotient(1, 0.01, 0)), "0");
        assert_eq!(shown(quotient(5 * 1024 * 1024 / 2, super::BYTES_IN_A_MEGABYTE, 1)), "2.5");
    }
}
