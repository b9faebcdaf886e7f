//! The statements and rows of metered usage.

use serde::Serialize;

use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::Param;
use crate::page::Page;
use crate::time::StoredTime;
use crate::{choice, list_sql, row, scoped_sql};

const USAGE: ListSql = list_sql!("sql/usage.sql");
/// An org's sums are made of its records, those of all orgs of sums that triggers keep.
const USAGE_TOTALS: ListSql = ListSql {
    org: scoped_sql!("sql/usage_totals.sql"),
    all: scoped_sql!("sql/usage_totals_of_all_orgs.sql"),
};

choice! {
    /// How far usage has come on its way to being paid.
    pub(super) enum UsageStatus {
        /// On no invoice yet.
        Pending = "pending",
        /// On an invoice.
        Invoiced = "invoiced",
        /// Paid.
        Paid = "paid",
        /// Given up.
        WrittenOff = "written_off",
    }
}

row! {
    /// Usage of one kind in one period.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct UsageRecordOut {
        id: String,
        org_id: String,
        /// Such as `chat_messages`.
        usage_type: String,
        quantity: i64,
        unit_price_cents: i64,
        amount_cents: i64,
        status: UsageStatus,
        period_start: StoredTime,
        period_end: StoredTime,
        external_invoice_id: Option<String>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

impl UsageRecordOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.period_start.stored(), self.id.clone()]
    }
}

row! {
    /// Sums of one kind of usage.
    #[derive(Debug)]
    pub(super) struct UsageTotalRow {
        pub(super) usage_type: String,
        pub(super) records: i64,
        pub(super) quantity: i64,
        pub(super) amount_cents: i64,
        pub(super) period_start: StoredTime,
        pub(super) period_end: StoredTime,
    }
}

/// The records of a page, and the sums of all that fit the filter.
pub(super) fn usage(
    scope: &Scope,
    page: &Page<2>,
    days: &[Param; 2],
    status: Option<UsageStatus>,
    kind: Option<&str>,
) -> [Scoped; 2] {
    let [from, after] = days;
    let mut params = page.descending_before(after);
    params.extend([from.clone(), status.into(), kind.into()]);
    let filter = vec![from.clone(), after.clone(), status.into(), kind.into()];
    [scope.list(USAGE, params), scope.list(USAGE_TOTALS, filter)]
}
