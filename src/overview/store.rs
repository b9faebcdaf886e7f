//! The overview's statements and rows.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::auth::permission::{Scope, Scoped};
use crate::chat::SESSION_ACTIVE_FOR;
use crate::db::Param;
use crate::time::{StoredTime, Timestamp};
use crate::{row, scoped_sql};

const OVERVIEW_ORG: &str = scoped_sql!("sql/overview_org.sql");
const OVERVIEW_SITES: &str = scoped_sql!("sql/overview_sites.sql");
const OVERVIEW_STATS: &str = scoped_sql!("sql/overview_stats.sql");
const OVERVIEW_ACTIVE: &str = scoped_sql!("sql/overview_active.sql");

row! {
    /// An org as the overview shows it: columns by their own names.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct OrgOut {
        id: String,
        clerk_org_id: Option<String>,
        name: String,
        slug: Option<String>,
        status: Option<String>,
        plan: Option<String>,
        max_members: Option<i64>,
        created_at: Option<StoredTime>,
        updated_at: Option<StoredTime>,
    }
}

row! {
    /// A site as the overview shows it. Provider keys are write-only: only their presence is told.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    pub(super) struct SiteOut {
        id: String,
        org_id: String,
        site_key: String,
        name: String,
        r#type: Option<String>,
        domain: Option<String>,
        system_prompt: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        config: Map<String, Value>,
        status: Option<String>,
        created_at: Option<StoredTime>,
        updated_at: Option<StoredTime>,
        #[serde(rename = "hasGoogleKey")]
        has_google_key: bool,
        #[serde(rename = "hasElevenlabsKey")]
        has_elevenlabs_key: bool,
    }
}

row! {
    /// Sums of a period.
    #[derive(Debug)]
    pub(super) struct StatsRow {
        pub(super) sessions: i64,
        pub(super) messages: i64,
        pub(super) answers: i64,
        pub(super) latency_ms_total: i64,
        pub(super) leads: i64,
        pub(super) appointments: i64,
    }
}

row! {
    /// Sessions in progress.
    #[derive(Debug)]
    pub(super) struct ActiveRow {
        pub(super) active_sessions: i64,
    }
}

/// First and last day of the figures, both counted.
pub(super) struct Period {
    pub(super) start: String,
    pub(super) end: String,
}

impl Period {
    /// Today and the 30 days before it.
    pub(super) fn month_to(now: Timestamp) -> Self {
        Self { start: now.minus(Duration::from_hours(30 * 24)).date(), end: now.date() }
    }
}

pub(super) fn overview_org(scope: &Scope) -> Scoped {
    scope.statement(OVERVIEW_ORG, [])
}

pub(super) fn overview_sites(scope: &Scope) -> Scoped {
    scope.statement(OVERVIEW_SITES, [])
}

pub(super) fn overview_stats(scope: &Scope, period: &Period) -> Scoped {
    scope.statement(OVERVIEW_STATS, [Param::from(&*period.start), Param::from(&*period.end)])
}

pub(super) fn overview_active(scope: &Scope, now: Timestamp) -> Scoped {
    scope.statement(OVERVIEW_ACTIVE, [Param::from(now.minus(SESSION_ACTIVE_FOR))])
}
