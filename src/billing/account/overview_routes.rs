//! `GET /billing/overview`

use serde::Serialize;

use super::store::{
    self, BillingCustomerOut, BillingInvoiceOut, BillingSubscriptionOut, EntitlementOut,
    SubscriptionStatus,
};
use super::upcoming::{UpcomingInvoiceOut, upcoming_invoice};
use crate::auth::permission::{Access, Read, Tenant};
use crate::auth::policy::{self, Action};
use crate::error::Result;
use crate::http::extract::Json;
use crate::time::StoredTime;

/// An org's account in short.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BillingOverviewOut {
    customer: Option<BillingCustomerOut>,
    /// Those that have not ended, newest first.
    subscriptions: Vec<BillingSubscriptionOut>,
    current_plan: Option<CurrentPlanOut>,
    /// Nothing for staff without an org.
    entitlement: Option<EntitlementOut>,
    /// What is billed next, for admins; nothing if none is to come, or Stripe does not say within three seconds.
    upcoming_invoice: Option<UpcomingInvoiceOut>,
    /// The ten newest.
    recent_invoices: Vec<BillingInvoiceOut>,
}

/// The subscription that counts: one that runs, else one whose payment failed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct CurrentPlanOut {
    name: String,
    status: SubscriptionStatus,
    current_period_end: Option<StoredTime>,
    cancel_at_period_end: bool,
}

impl From<&BillingSubscriptionOut> for CurrentPlanOut {
    fn from(subscription: &BillingSubscriptionOut) -> Self {
        let nickname = subscription.plan_nickname.clone().filter(|name| !name.is_empty());
        Self {
            name: nickname.unwrap_or_else(|| "Standard Plan".to_owned()),
            status: subscription.status,
            current_period_end: subscription.current_period_end.clone(),
            cancel_at_period_end: subscription.cancel_at_period_end,
        }
    }
}

/// Statuses of a current plan, best first.
const CURRENT: [&[SubscriptionStatus]; 2] = [
    &[SubscriptionStatus::Active, SubscriptionStatus::Trialing],
    &[SubscriptionStatus::PastDue, SubscriptionStatus::Unpaid],
];

fn current_plan(subscriptions: &[BillingSubscriptionOut]) -> Option<CurrentPlanOut> {
    let newest = |statuses: &&[SubscriptionStatus]| {
        subscriptions.iter().find(|subscription| statuses.contains(&subscription.status))
    };
    CURRENT.iter().find_map(newest).map(CurrentPlanOut::from)
}

/// `GET /billing/overview`: the org's customer, plan, subscriptions, newest invoices and the one to come; for staff
/// without an org, of none. Members and viewers get no customer and no invoices.
///
/// Everybody gets the plan and the subscriptions, as the portal warns everybody when a payment failed; no amount
/// is in them. What was paid, by whom and how is for admins.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(get, path = "/billing/overview", tag = "Billing",
    params(("orgId" = Option<String>, Query)),
    responses((status = 200, body = BillingOverviewOut), crate::openapi::ReadErrors), security(("clerk" = []))))]
pub async fn get_billing_overview(access: Access<Read>) -> Result<Json<BillingOverviewOut>> {
    let statements = store::account(access.scope());
    let (actor, tenant, [customer, subscriptions, invoices, entitlement]) =
        access.read_as_actor(statements).await?;
    let role = match &tenant {
        Tenant::Org(org) => actor.caller.role_in(org),
        Tenant::All => None,
    };
    let is_admin = role.is_some_and(|role| policy::allows(role, Action::Administer));
    let subscriptions = subscriptions.all()?;
    let upcoming_invoice =
        if is_admin { upcoming_invoice(&actor.op, &subscriptions).await? } else { None };
    Ok(Json(BillingOverviewOut {
        customer: if is_admin { customer.first()? } else { None },
        current_plan: current_plan(&subscriptions),
        subscriptions,
        entitlement: entitlement.first()?,
        upcoming_invoice,
        recent_invoices: if is_admin { invoices.all()? } else { Vec::new() },
    }))
}
