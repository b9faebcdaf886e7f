//! The statements and rows of an org's account at Stripe, as it is mirrored.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::auth::permission::{Grant, Scope, Scoped};
use crate::db::{Param, Statement};
use crate::page::{LAST, Page};
use crate::time::StoredTime;
use crate::{choice, row, scoped_sql, sql};

const CUSTOMER: &str = scoped_sql!("sql/customer.sql");
const ENTITLEMENT: &str = scoped_sql!("sql/entitlement.sql");
const SUBSCRIPTIONS: &str = scoped_sql!("sql/subscriptions.sql");
const INVOICES: &str = scoped_sql!("sql/invoice_columns.sql", "sql/invoices.sql");
const INVOICES_OF_STATUS: &str =
    scoped_sql!("sql/invoice_columns.sql", "sql/invoices_of_status.sql");
const INVOICES_TOTAL: &str = scoped_sql!("sql/invoices_total.sql");
const INVOICE: &str = scoped_sql!("sql/invoice_columns.sql", "sql/invoice.sql");
const CUSTOMER_ID: &str = scoped_sql!("sql/customer_id.sql");
const CHECKOUT_BASIS: &str = scoped_sql!("sql/checkout_basis.sql");
const CHECKOUT_SESSION_INSERT: &str = sql!("sql/checkout_session_insert.sql");
const CUSTOMER_PUT: &str = sql!("sql/customer_put.sql");
const PRICES: &str = scoped_sql!("sql/prices.sql");
const PORTAL_SESSION_INSERT: &str = sql!("sql/portal_session_insert.sql");
const INVOICE_LINES: &str = scoped_sql!("sql/invoice_lines.sql");

choice! {
    /// `billing_subscriptions.status`.
    pub(super) enum SubscriptionStatus {
        /// The first payment is due.
        Incomplete = "incomplete",
        /// The first payment never came.
        IncompleteExpired = "incomplete_expired",
        /// In its trial.
        Trialing = "trialing",
        /// Paid.
        Active = "active",
        /// A payment failed, and is tried again.
        PastDue = "past_due",
        /// Ended.
        Canceled = "canceled",
        /// A payment failed for good.
        Unpaid = "unpaid",
        /// Collects no payments for now.
        Paused = "paused",
    }
}

choice! {
    /// `orgs.billing_standing`.
    pub(super) enum Standing {
        /// It never had a subscription, and has the plan that staff gave it.
        Unbilled = "unbilled",
        /// A subscription is paid, or in its trial.
        Good = "good",
        /// A payment failed, and there is time to mend it.
        Grace = "grace",
        /// That time is over: everything can be read, nothing changed, and the chat is silent.
        ReadOnly = "read_only",
        /// All subscriptions ended, are unpaid or paused.
        None = "none",
    }
}

row! {
    /// What an org's subscriptions entitle it to.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct EntitlementOut {
        /// `chatbot`, `phone`, `bundle`, `enterprise` or `none`: whose limits count.
        plan: String,
        standing: Standing,
        /// While in grace: when it ends.
        grace_ends_at: Option<StoredTime>,
    }
}

row! {
    /// The org as Stripe's customer.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct BillingCustomerOut {
        id: String,
        org_id: String,
        stripe_customer_id: String,
        email: Option<String>,
        name: Option<String>,
        currency: String,
        balance_cents: i64,
        delinquent: bool,
        default_payment_method_id: Option<String>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        invoice_settings: Map<String, Value>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

row! {
    /// A subscription.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct BillingSubscriptionOut {
        id: String,
        org_id: String,
        billing_customer_id: String,
        pub(super) stripe_subscription_id: String,
        stripe_price_id: String,
        pub(super) status: SubscriptionStatus,
        pub(super) plan_nickname: Option<String>,
        quantity: i64,
        pub(super) cancel_at_period_end: bool,
        current_period_start: Option<StoredTime>,
        pub(super) current_period_end: Option<StoredTime>,
        canceled_at: Option<StoredTime>,
        ended_at: Option<StoredTime>,
        trial_start: Option<StoredTime>,
        trial_end: Option<StoredTime>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
        pub(super) updated_at: StoredTime,
    }
}

row! {
    /// An invoice.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct BillingInvoiceOut {
        id: String,
        org_id: String,
        billing_customer_id: String,
        billing_subscription_id: Option<String>,
        stripe_invoice_id: String,
        stripe_invoice_number: Option<String>,
        /// `draft`, `open`, `paid`, `uncollectible` or `void`.
        status: String,
        currency: String,
        subtotal_cents: i64,
        tax_cents: i64,
        total_cents: i64,
        amount_due_cents: i64,
        amount_paid_cents: i64,
        amount_remaining_cents: i64,
        hosted_invoice_url: Option<String>,
        invoice_pdf: Option<String>,
        period_start: Option<StoredTime>,
        period_end: Option<StoredTime>,
        due_date: Option<StoredTime>,
        paid_at: Option<StoredTime>,
        finalized_at: Option<StoredTime>,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
        updated_at: StoredTime,
    }
}

row! {
    /// What an invoice charges for.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct BillingInvoiceLineOut {
        id: String,
        billing_invoice_id: String,
        org_id: String,
        stripe_line_item_id: String,
        description: Option<String>,
        quantity: i64,
        unit_amount_cents: i64,
        amount_cents: i64,
        currency: String,
        price_id: Option<String>,
        product_id: Option<String>,
        period_start: Option<StoredTime>,
        period_end: Option<StoredTime>,
        proration: bool,
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
        metadata: Map<String, Value>,
        created_at: StoredTime,
    }
}

choice! {
    /// `billing_invoices.status`.
    pub(super) enum InvoiceStatus {
        /// Not yet issued.
        Draft = "draft",
        /// To be paid.
        Open = "open",
        /// Paid.
        Paid = "paid",
        /// Given up.
        Uncollectible = "uncollectible",
        /// Taken back.
        Void = "void",
    }
}

impl BillingInvoiceOut {
    /// Its place in the list.
    pub(super) fn key(&self) -> [String; 2] {
        [self.created_at.stored(), self.id.clone()]
    }
}

row! {
    /// The org's customer at Stripe.
    #[derive(Debug)]
    pub(super) struct CustomerIdRow {
        pub(super) id: String,
        pub(super) stripe_customer_id: String,
    }
}

/// The org's customer at Stripe, by its ids.
pub(super) fn customer_id(scope: &Scope) -> Scoped {
    scope.statement(CUSTOMER_ID, [])
}

/// Records a session of Stripe's billing portal: its row's id, the customer's row, the session, where it leads back to,
/// by whom, and when.
pub(super) fn portal_session_insert(grant: &Grant, values: [Param; 6]) -> Statement {
    grant.statement(PORTAL_SESSION_INSERT, values)
}

/// All subscriptions, 500 at most.
pub(super) fn subscriptions(scope: &Scope) -> Scoped {
    scope.statement(SUBSCRIPTIONS, [true.into(), 500_u32.into()])
}

/// A page of invoices, and how many there are.
pub(super) fn invoices(
    scope: &Scope,
    page: &Page<2>,
    offset: u32,
    status: Option<InvoiceStatus>,
) -> [Scoped; 2] {
    let status = status.map(InvoiceStatus::as_str);
    let mut params = page.descending();
    params.push(offset.into());
    let sql = if status.is_some() { INVOICES_OF_STATUS } else { INVOICES };
    params.extend(status.map(Param::from));
    [scope.statement(sql, params), scope.statement(INVOICES_TOTAL, [status.into()])]
}

/// An invoice and its lines.
pub(super) fn invoice(scope: &Scope, id: &str) -> [Scoped; 2] {
    [INVOICE, INVOICE_LINES].map(|sql| scope.statement(sql, [id.into()]))
}

/// The customer, the subscriptions that have not ended, 100 at most, the ten newest invoices, and what all of it entitles
/// to.
pub(super) fn account(scope: &Scope) -> [Scoped; 4] {
    let newest = [LAST.into(), LAST.into(), 10_u32.into(), 0_u32.into()];
    [
        scope.statement(CUSTOMER, []),
        scope.statement(SUBSCRIPTIONS, [false.into(), 100_u32.into()]),
        scope.statement(INVOICES, newest),
        scope.statement(ENTITLEMENT, []),
    ]
}

row! {
    /// What a checkout stands on.
    #[derive(Debug)]
    pub(super) struct CheckoutBasisRow {
        pub(super) org_name: String,
        pub(super) stripe_customer_id: Option<String>,
        pub(super) is_customer_deleted: bool,
        /// The price's plan; nothing if it is not for sale.
        pub(super) plan: Option<String>,
        pub(super) trial_days: Option<i64>,
        /// Plans that the org has subscriptions of that have not ended; `other` for prices of none.
        pub(super) plans: Vec<String>,
        pub(super) had_subscription: bool,
        pub(super) owner_email: Option<String>,
        /// The newest checkouts that may be paid yet, or were and whose subscription is not mirrored.
        pub(super) unsettled_sessions: Vec<String>,
        pub(super) newest_session: Option<String>,
        /// Stripe's ids of all subscriptions that are mirrored.
        pub(super) subscriptions: Vec<String>,
    }
}

row! {
    /// A price that can be subscribed to, and what its plan allows; `null` is without a limit.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
    #[serde(rename_all = "camelCase")]
    pub(super) struct PriceOut {
        #[serde(rename = "priceId")]
        stripe_price_id: String,
        /// `chatbot`, `phone`, `bundle` or `enterprise`.
        plan: String,
        name: Option<String>,
        description: Option<String>,
        currency: Option<String>,
        /// In the currency's smallest unit; `null` where it is agreed upon.
        unit_amount_cents: Option<i64>,
        /// `day`, `week`, `month` or `year`.
        billing_interval: Option<String>,
        interval_count: Option<i64>,
        messages_per_day: Option<i64>,
        messages_per_month: Option<i64>,
        voice_seconds_per_month: Option<i64>,
        sites: Option<i64>,
        members: Option<i64>,
        knowledge_documents: Option<i64>,
        knowledge_bytes: Option<i64>,
        /// Models that the platform pays for.
        models: Option<Vec<String>>,
    }
}

/// Prices that can be subscribed to.
pub(super) fn prices(scope: &Scope) -> Scoped {
    scope.statement(PRICES, [])
}

/// What a checkout of a price stands on.
pub(super) fn checkout_basis(scope: &Scope, price: &str) -> Scoped {
    scope.statement(CHECKOUT_BASIS, [price.into()])
}

/// Records the org's customer: row id, Stripe's id, name, e-mail, metadata, now.
pub(super) fn customer_put(grant: &Grant, values: [Param; 6]) -> Statement {
    grant.statement(CUSTOMER_PUT, values)
}

/// Records a checkout session, if `newest_session` of its basis still is that: row id, session, customer, addresses, when
/// it expires, metadata, now, the newest session.
pub(super) fn checkout_session_insert(grant: &Grant, values: [Param; 9]) -> Statement {
    grant.statement(CHECKOUT_SESSION_INSERT, values)
}
