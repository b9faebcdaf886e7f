//! `GET /portal/voice/usage`

use std::time::Duration;

use serde::Serialize;

use crate::auth::permission::{Access, Read};
use crate::error::Result;
use crate::http::extract::Json;
use crate::{row, scoped_sql};

const USAGE: &str = scoped_sql!("sql/usage.sql");
const USAGE_MONTH: &str = scoped_sql!("sql/usage_month.sql");

/// The days that are told: today and the 30 before it.
const DAYS_BEFORE: Duration = Duration::from_hours(30 * 24);

row! {
    /// A day on which something was said.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct VoiceDayOut {
        /// UTC.
        date: String,
        /// Texts that were said.
        clips: i64,
        /// Calls that were opened; their length is not in the seconds.
        calls: i64,
        voice_seconds: i64,
    }
}

row! {
    /// The month so far.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct VoiceMonthOut {
        /// Null where nothing is limited.
        voice_seconds_limit: Option<i64>,
        voice_seconds: i64,
    }
}

/// What an org has said aloud.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct VoiceUsageOut {
    /// Of the last 31 days those on which something was said, oldest first.
    days: Vec<VoiceDayOut>,
    /// Null for staff without an organization.
    month: Option<VoiceMonthOut>,
}

/// `GET /portal/voice/usage`: what an organization has said aloud, per day, and what is left of its month.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/portal/voice/usage", tag = "Billing",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = VoiceUsageOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_voice_usage(
    op: crate::app::Op,
    access: Access<Read>,
) -> Result<Json<VoiceUsageOut>> {
    let now = op.now();
    let today = now.date();
    let month: String = today.chars().take("2026-03".len()).collect();
    let scope = access.scope();
    let statements = [
        scope.statement(USAGE, [now.minus(DAYS_BEFORE).date().into(), today.as_str().into()]),
        scope.statement(USAGE_MONTH, [format!("{month}-01").into(), today.as_str().into()]),
    ];
    let (_tenant, [days, month]) = access.read(statements).await?;
    Ok(Json(VoiceUsageOut { days: days.all()?, month: month.first()? }))
}
