//! The insights' statements and rows.

use serde_json::{Map, Value};

use super::period::Period;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql};

const DAYS_OF_ORG: &str = scoped_sql!("sql/days_of_org.sql");
const DAYS_OF_SITE: &str = scoped_sql!("sql/days_of_site.sql");
const UNANSWERED: ListSql = list_sql!("sql/unanswered.sql");
const UNANSWERED_OF_SITE: &str = scoped_sql!("sql/unanswered_of_site.sql");

/// Questions that are read, so that those asked again and again take one place.
const QUESTIONS_READ: u32 = 30;

row! {
    /// One day.
    #[derive(Debug, Default, Clone)]
    pub(super) struct DayRow {
        pub(super) date: String,
        pub(super) sessions: i64,
        pub(super) messages: i64,
        pub(super) answers: i64,
        pub(super) latency_ms_total: i64,
        pub(super) leads: i64,
        pub(super) unanswered: i64,
        /// Answers that visitors liked, and did not.
        pub(super) thumbs_up: i64,
        pub(super) thumbs_down: i64,
        /// Sessions that began in each hour.
        pub(super) hours: Map<String, Value>,
        /// Questions that each document answered.
        pub(super) topics: Map<String, Value>,
    }
}

row! {
    /// A question that found no answer.
    #[derive(Debug)]
    pub(super) struct QuestionRow {
        pub(super) content: String,
        pub(super) created_at: StoredTime,
        pub(super) site_id: String,
        pub(super) session_id: String,
    }
}

/// The days of the period and of the one before; those without a visitor are missing.
pub(super) fn days(scope: &Scope, period: Period, site: Option<&str>) -> Scoped {
    let mut params = Vec::from(period.dates());
    params.extend(site.map(Param::from));
    scope.statement(if site.is_some() { DAYS_OF_SITE } else { DAYS_OF_ORG }, params)
}

/// The newest questions of the period that found no answer.
pub(super) fn unanswered(scope: &Scope, period: Period, site: Option<&str>) -> Scoped {
    let mut params = Vec::from(period.bounds());
    params.push(Param::from(QUESTIONS_READ));
    let Some(site) = site else { return scope.list(UNANSWERED, params) };
    params.push(Param::from(site));
    scope.statement(UNANSWERED_OF_SITE, params)
}
