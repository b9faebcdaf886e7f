//! The statements and rows of metered usage.

use std::time::Duration;

use serde::Serialize;

use super::meter::Fate;
use crate::app::Op;
use crate::auth::permission::{ListSql, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::page::Page;
use crate::time::{StoredTime, Timestamp};
use crate::{choice, list_sql, row, scoped_sql, sql, statement};

const RECORDS_CLOSE: &str = sql!("sql/records_close.sql");
const METER_EVENTS_INSERT: &str = sql!("sql/meter_events_insert.sql");
const METER_EVENTS_TAKE: &str = sql!("sql/meter_events_take.sql");
const METER_EVENT_END: &str = sql!("sql/meter_event_end.sql");
const METER_EVENT_RELEASE: &str = sql!("sql/meter_event_release.sql");
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

/// Closes the oldest open records whose period ended before a moment, and puts down what Stripe is told of them, in one
/// transaction. Answers how many it closed.
pub(super) async fn records_close(op: &Op, before: Timestamp, most: u32) -> Result<usize> {
    let meters = op.app.config.stripe_meters.to_json();
    let statements = vec![
        statement!(METER_EVENTS_INSERT, before, most, meters, op.now()),
        statement!(RECORDS_CLOSE, before, most),
    ];
    op.write(statements).await?.last().map_or(Ok(0), Rows::count)
}

row! {
    /// What a meter is to be told.
    #[derive(Debug)]
    pub(super) struct MeterEventRow {
        /// Also the event's identifier.
        pub(super) billing_record_id: String,
        pub(super) org_id: String,
        pub(super) event_name: String,
        pub(super) stripe_customer_id: String,
        pub(super) value: i64,
        /// Seconds since the epoch.
        pub(super) occurred_s: i64,
        /// This one included.
        pub(super) attempts: i64,
        pub(super) first_attempt_at: String,
    }
}

impl MeterEventRow {
    /// When the first attempt began; long ago if that cannot be read.
    pub(super) fn first_attempt(&self) -> Timestamp {
        Timestamp::parse(&self.first_attempt_at).unwrap_or(Timestamp::from_millis(0))
    }
}

/// Takes events that are due, oldest first: nobody else takes them before `until`.
pub(super) async fn meter_events_take(
    op: &Op,
    most: u32,
    until: Timestamp,
) -> Result<Vec<MeterEventRow>> {
    let take = statement!(METER_EVENTS_TAKE, op.now(), most, until);
    op.write(vec![take]).await?.first().map_or_else(|| Ok(Vec::new()), Rows::all)
}

/// Notes what became of an event, unless its lease has ended and another run took it. One that was not tried is due
/// again after `pause`.
pub(super) fn meter_event_end(
    event: &MeterEventRow,
    fate: Fate,
    now: Timestamp,
    pause: Duration,
) -> Statement {
    let (record, org, attempt) =
        (event.billing_record_id.as_str(), event.org_id.as_str(), event.attempts);
    let (status, due, reason) = match fate {
        Fate::Untried => {
            return statement!(METER_EVENT_RELEASE, record, org, attempt, now.plus(pause));
        }
        Fate::Sent => ("sent", now, None),
        Fate::Refused(reason) => ("refused", now, Some(reason)),
        Fate::Unknown(reason) => ("unknown", now, Some(reason)),
        Fate::Again(pause, reason) => ("pending", now.plus(pause), Some(reason)),
    };
    statement!(METER_EVENT_END, record, org, attempt, status, reason, now, due)
}
