//! A subscription as Stripe describes it, in the older and the newer shapes of the API: periods moved to
//! `items.data[]` with 2025-03-31.basil.

use serde_json::Value;

use super::snapshot::{
    Object, boolean, id_of, integer, json_text, missing, moment, org_hint, owned, required, text,
};
use crate::error::Result;
use crate::time::Timestamp;

/// A snapshot of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) customer_id: String,
    pub(super) price_id: String,
    /// Stripe's own word.
    pub(super) stripe_status: String,
    pub(super) plan_nickname: Option<String>,
    /// The plan that the price names, if it names one of ours.
    pub(super) plan: Option<&'static str>,
    pub(super) quantity: i64,
    pub(super) cancel_at_period_end: bool,
    pub(super) current_period_start: Option<Timestamp>,
    pub(super) current_period_end: Option<Timestamp>,
    pub(super) canceled_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) trial_start: Option<Timestamp>,
    pub(super) trial_end: Option<Timestamp>,
    pub(super) metadata: String,
    pub(super) org_hint: Option<String>,
    pub(super) step: Step,
}

/// Which step of a subscription's life the event reports: its rank among events of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Created,
    Updated,
    Deleted,
}

impl Step {
    /// `billing_subscriptions.stripe_event_rank`. [`Step::Deleted`] is final.
    pub(super) fn rank(self) -> i64 {
        match self {
            Self::Created => 0,
            Self::Updated => 1,
            Self::Deleted => 2,
        }
    }

    /// The audit entry's event type.
    pub(super) fn audit_type(self) -> &'static str {
        match self {
            Self::Created => "billing.subscription.created",
            Self::Updated => "billing.subscription.updated",
            Self::Deleted => "billing.subscription.canceled",
        }
    }
}

impl Subscription {
    /// Reads the snapshot of an event that happened at `created`, in seconds since the epoch.
    pub(super) fn read(object: &Object, step: Step, created: i64) -> Result<Self> {
        let items: Vec<&Object> = object
            .get("items")
            .and_then(|items| items.get("data"))
            .and_then(Value::as_array)
            .map(|items| items.iter().filter_map(Value::as_object).collect())
            .unwrap_or_default();
        let price = items.first().and_then(|item| item.get("price")).and_then(Value::as_object);
        let old_plan = object.get("plan").and_then(Value::as_object);
        let nickname =
            [price, old_plan].into_iter().flatten().find_map(|from| owned(from, "nickname"));
        let (start, end) = period(object, &items);
        let happened = Timestamp::from_seconds(created);
        let ended_at = moment(object, "ended_at").or((step == Step::Deleted).then_some(happened));
        Ok(Self {
            id: required(object, "id")?,
            customer_id: id_of(object.get("customer")).ok_or_else(|| missing("customer"))?,
            price_id: [price, old_plan]
                .into_iter()
                .flatten()
                .find_map(|from| owned(from, "id"))
                .unwrap_or_default(),
            stripe_status: required(object, "status")?,
            plan: plan(price, nickname.as_deref()),
            plan_nickname: nickname,
            quantity: integer(object, "quantity")
                .or_else(|| items.first().and_then(|item| integer(item, "quantity")))
                .unwrap_or(1),
            cancel_at_period_end: boolean(object, "cancel_at_period_end"),
            current_period_start: start,
            current_period_end: end,
            canceled_at: moment(object, "canceled_at")
                .or((step == Step::Deleted).then_some(happened)),
            ended_at,
            trial_start: moment(object, "trial_start"),
            trial_end: moment(object, "trial_end"),
            metadata: json_text(object, "metadata"),
            org_hint: org_hint(object),
            step,
        })
    }

    /// The nearest status that the schema knows; one Stripe adds later is not an entitlement.
    pub(super) fn status(&self) -> &str {
        const KNOWN: [&str; 8] = [
            "incomplete",
            "incomplete_expired",
            "trialing",
            "active",
            "past_due",
            "canceled",
            "unpaid",
            "paused",
        ];
        if self.step == Step::Deleted {
            return "canceled";
        }
        if KNOWN.contains(&self.stripe_status.as_str()) {
            &self.stripe_status
        } else {
            "incomplete"
        }
    }

    /// The plan that the org gets from this subscription.
    pub(super) fn entitled_plan(&self) -> Option<&'static str> {
        let entitled = matches!(self.status(), "active" | "trialing");
        self.plan.filter(|_| entitled)
    }
}

/// The period: of the item that ends first, as `cancel_at_period_end` means that one; else the
/// subscription's own, as before 2025-03-31.
fn period(object: &Object, items: &[&Object]) -> (Option<Timestamp>, Option<Timestamp>) {
    let first_to_end = items
        .iter()
        .filter_map(|item| {
            moment(item, "current_period_end")
                .map(|end| (end, moment(item, "current_period_start")))
        })
        .min_by_key(|(end, _)| *end);
    match first_to_end {
        Some((end, start)) => (start, Some(end)),
        None => (moment(object, "current_period_start"), moment(object, "current_period_end")),
    }
}

/// The plan that a price names in its metadata, its lookup key or its nickname. Anything else leaves
/// the org's plan alone.
fn plan(price: Option<&Object>, nickname: Option<&str>) -> Option<&'static str> {
    const PLANS: [&str; 4] = ["chatbot", "phone", "bundle", "enterprise"];
    let from_metadata = price
        .and_then(|price| price.get("metadata"))
        .and_then(|metadata| metadata.get("plan"))
        .and_then(Value::as_str);
    let from_lookup = price.and_then(|price| text(price, "lookup_key"));
    [from_metadata, from_lookup, nickname]
        .into_iter()
        .flatten()
        .find_map(|name| PLANS.into_iter().find(|plan| name.eq_ignore_ascii_case(plan)))
}
