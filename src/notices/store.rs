//! The statements and rows of notices.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Channel, NoticeKind};
use crate::app::Op;
use crate::auth::permission::{Grant, ListSql, Scope, Scoped};
use crate::db::{Param, Rows, Statement};
use crate::error::Result;
use crate::ids::{OrgId, new_id};
use crate::page::Page;
use crate::phone_number::PhoneNumber;
use crate::time::{StoredTime, Timestamp};
use crate::{list_sql, row, scoped_sql, sql, statement};

const NOTICES: ListSql = list_sql!("sql/notices.sql");
const NOTICES_UNREAD: ListSql = list_sql!("sql/notices_unread.sql");
const NOTICE: &str = scoped_sql!("sql/notice.sql");
const NOTICE_READ: &str = sql!("sql/notice_read.sql");
const SETTINGS: &str = scoped_sql!("sql/settings.sql");
const SETTINGS_PUT: &str = sql!("sql/settings_put.sql");
const TRIAL_ENDING_INSERT: &str = sql!("sql/trial_ending_insert.sql");
const DELIVERIES_LOST: &str = sql!("sql/deliveries_lost.sql");
const DELIVERIES_CLAIM: &str = sql!("sql/deliveries_claim.sql");
const DELIVERIES_HELD: &str = sql!("sql/deliveries_held.sql");
const DELIVERY_BEGIN: &str = sql!("sql/delivery_begin.sql");
const DELIVERY_END: &str = sql!("sql/delivery_end.sql");

/// Deliveries among which orgs take turns.
const MOST_LOOKED_AT: u32 = 500;

row! {
    /// A notice.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct NoticeOut {
        id: String,
        org_id: String,
        kind: NoticeKind,
        /// Stripe's id of the subscription; `null` where it is about all of them.
        subject: Option<String>,
        /// `graceEndsAt` of `billing.past_due`, `trialEndsAt` of `billing.trial_ending`.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        details: Map<String, Value>,
        created_at: StoredTime,
        pub(super) read_at: Option<StoredTime>,
        /// `users.id` of who read it first.
        read_by: Option<String>,
    }
}

impl NoticeOut {
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

pub(super) fn notices(scope: &Scope, page: &Page<2>, unread: bool) -> Scoped {
    let sql = if unread { NOTICES_UNREAD } else { NOTICES };
    scope.list(sql, page.descending())
}

pub(super) fn notice(scope: &Scope, id: &str) -> Scoped {
    scope.statement(NOTICE, [Param::from(id)])
}

pub(super) fn notice_read(grant: &Grant, id: &str) -> Statement {
    let user = grant.actor.caller.user.id.as_str();
    grant.statement(NOTICE_READ, [id.into(), grant.op().now().into(), user.into()])
}

row! {
    /// Where an org's notices are sent besides.
    pub(super) struct SettingsRow {
        pub(super) sms_phone: Option<String>,
    }
}

pub(super) fn settings(scope: &Scope) -> Scoped {
    scope.statement(SETTINGS, [])
}

pub(super) fn settings_put(grant: &Grant, sms_phone: Option<&PhoneNumber>) -> Statement {
    let number = sms_phone.map(PhoneNumber::as_str);
    grant.statement(SETTINGS_PUT, [number.into(), grant.op().now().into()])
}

/// Tells that a trial ends, for a batch that claims an event of Stripe's as `(event, delivery)` and mirrors the
/// subscription: once for each end, and only while it is to come.
///
/// # Errors
/// When the platform gives no randomness.
pub fn trial_ending(
    (event, delivery): (&str, &str),
    subscription: &str,
    trial_end: Timestamp,
    now: Timestamp,
) -> Result<Statement> {
    let id = new_id(now)?;
    Ok(statement!(TRIAL_ENDING_INSERT, id, event, delivery, subscription, trial_end, now))
}

row! {
    /// A delivery that this run holds.
    #[derive(Debug)]
    pub(super) struct DeliveryRow {
        pub(super) id: String,
        pub(super) org_id: OrgId,
        pub(super) notice_id: String,
        pub(super) channel: Channel,
        /// Those before this one.
        pub(super) attempts: i64,
        pub(super) first_attempt_at: Option<StoredTime>,
        pub(super) kind: NoticeKind,
        pub(super) details: Map<String, Value>,
        pub(super) org_name: String,
        /// Nothing if nobody is there any more.
        pub(super) address: Option<String>,
        /// Whether what it tells still is so.
        pub(super) is_still_so: bool,
    }
}

/// Takes deliveries that are due. No other run has them too. What `lost` says is noted of text messages that a lost run
/// may have sent.
pub(super) async fn deliveries_claim(
    op: &Op,
    lease: &str,
    until: Timestamp,
    most: u32,
    lost: &str,
) -> Result<Vec<DeliveryRow>> {
    let now = op.now();
    let rows = op
        .write(vec![
            statement!(DELIVERIES_LOST, now, lost),
            statement!(DELIVERIES_CLAIM, now, lease, until, most, MOST_LOOKED_AT),
            statement!(DELIVERIES_HELD, lease),
        ])
        .await?;
    rows.last().map_or(Ok(Vec::new()), Rows::all)
}

/// Notes that a delivery is about to be given to its provider; comes back with a row if `lease` holds it.
pub(super) fn delivery_begin(row: &DeliveryRow, lease: &str, now: Timestamp) -> Statement {
    statement!(DELIVERY_BEGIN, &row.org_id, row.id.as_str(), lease, now)
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// `waiting`, `sent`, `failed` or `skipped`.
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) provider_id: Option<String>,
    /// Of one that waits.
    pub(super) next_attempt_at: Option<Timestamp>,
}

/// Notes what became of a delivery that `lease` holds.
pub(super) fn delivery_end(
    row: &DeliveryRow,
    lease: &str,
    ended: &Ended,
    now: Timestamp,
) -> Statement {
    let Ended { status, reason, provider_id, next_attempt_at } = ended;
    let ended_at = next_attempt_at.is_none().then_some(now);
    statement!(
        DELIVERY_END,
        &row.org_id,
        row.id.as_str(),
        lease,
        *status,
        reason.as_deref(),
        provider_id.as_deref(),
        *next_attempt_at,
        ended_at,
    )
}
