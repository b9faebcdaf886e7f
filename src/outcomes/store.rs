//! The statements and rows of outcomes.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{list_sql, row, scoped_sql};

const OUTCOMES: ListSql = list_sql!("sql/outcomes.sql");
const OUTCOMES_OF_TYPE: ListSql = list_sql!("sql/outcomes_of_type.sql");
const TOTALS_EVER: &str = scoped_sql!("sql/totals_ever.sql");
const TOTALS_OF_DAYS: &str = scoped_sql!("sql/totals_of_days.sql");

row! {
    /// Something that was brought about.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct OutcomeOut {
        id: String,
        org_id: String,
        action_run_id: Option<String>,
        /// Such as `lead_captured` or `appointment_booked`.
        outcome_type: String,
        label: Option<String>,
        amount_cents: Option<i64>,
        currency: String,
        recorded_at: StoredTime,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
    }
}

impl OutcomeOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.recorded_at.stored(), self.id.clone()]
    }
}

row! {
    /// A sum in one currency.
    #[derive(Debug)]
    pub(super) struct TotalRow {
        pub(super) currency: String,
        pub(super) outcomes: i64,
        pub(super) amount_cents: i64,
    }
}

pub(super) fn outcomes(
    scope: &Scope,
    page: &Page<2>,
    [from, after]: [Param; 2],
    kind: Option<&str>,
) -> Scoped {
    let mut params = page.descending_before(&after);
    params.push(from);
    let Some(kind) = kind else { return scope.list(OUTCOMES, params) };
    params.push(Param::from(kind));
    scope.list(OUTCOMES_OF_TYPE, params)
}

/// Sums per currency: over the days, or ever.
pub(super) fn totals(scope: &Scope, days: Option<[Param; 2]>, kind: Option<&str>) -> Scoped {
    let kind = Param::from(kind);
    match days {
        None => scope.statement(TOTALS_EVER, [kind]),
        Some([from, after]) => scope.statement(TOTALS_OF_DAYS, [from, after, kind]),
    }
}
