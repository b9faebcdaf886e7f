//! A subscription as Stripe describes it, in the older and the newer shapes of the API: periods moved to
//! `items.data[]` with 2025-03-31.basil.

use serde::Serialize;
use serde_json::Value;

use super::snapshot::{
    Object, Step, boolean, id_of, integer, json_text, list, missing, moment, org_hint, owned,
    required, text,
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
    pub(super) items: Vec<Item>,
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
    pub(super) created_at: Timestamp,
    pub(super) step: Step,
}

/// What a subscription is of, with the names of its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Item {
    pub(super) stripe_item_id: String,
    stripe_price_id: String,
    /// The plan that the price names, if it names one of ours.
    plan: Option<&'static str>,
    quantity: i64,
    current_period_start: Option<String>,
    current_period_end: Option<String>,
}

/// The audit entry's event type of a step.
pub(super) fn audit_type(step: Step) -> &'static str {
    match step {
        Step::Created => "billing.subscription.created",
        Step::Updated => "billing.subscription.updated",
        Step::Deleted => "billing.subscription.canceled",
    }
}

impl Subscription {
    /// Reads the snapshot of an event that happened at `created`, in seconds since the epoch. One that is canceled has
    /// ended, whatever the step.
    pub(super) fn read(object: &Object, step: Step, created: i64) -> Result<Self> {
        let id = required(object, "id")?;
        let stripe_status = required(object, "status")?;
        let step = if stripe_status == "canceled" { Step::Deleted } else { step };
        let items = list(object, "items");
        let price = items.first().and_then(|item| item.get("price")).and_then(Value::as_object);
        let old_plan = object.get("plan").and_then(Value::as_object);
        let prices = || [price, old_plan].into_iter().flatten();
        let (start, end) = period(object, &items);
        let happened = Timestamp::from_seconds(created);
        let ended = (step == Step::Deleted).then_some(happened);
        Ok(Self {
            customer_id: id_of(object.get("customer")).ok_or_else(|| missing("customer"))?,
            price_id: prices().find_map(|from| owned(from, "id")).unwrap_or_default(),
            plan_nickname: prices().find_map(|from| owned(from, "nickname")),
            quantity: integer(object, "quantity")
                .or_else(|| items.first().and_then(|item| integer(item, "quantity")))
                .unwrap_or(1),
            items: items_of(&id, object, &items),
            cancel_at_period_end: boolean(object, "cancel_at_period_end"),
            current_period_start: start,
            current_period_end: end,
            canceled_at: moment(object, "canceled_at").or(ended),
            ended_at: moment(object, "ended_at").or(ended),
            trial_start: moment(object, "trial_start"),
            trial_end: moment(object, "trial_end"),
            metadata: json_text(object, "metadata"),
            org_hint: org_hint(object),
            created_at: moment(object, "created").unwrap_or(happened),
            id,
            stripe_status,
            step,
        })
    }

    /// `billing_subscriptions.stripe_event_rank`. What has ended is final, and what was never paid has.
    pub(super) fn rank(&self) -> i64 {
        if self.stripe_status == "incomplete_expired" {
            return Step::Deleted.rank();
        }
        self.step.rank()
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
}

/// Its items; of the oldest shapes, which have one price on top, that one.
fn items_of(id: &str, object: &Object, items: &[&Object]) -> Vec<Item> {
    let items: Vec<&Object> = if items.is_empty() { vec![object] } else { items.to_vec() };
    let read = |(at, item): (usize, &&Object)| {
        let price = ["price", "plan"].iter().find_map(|name| item.get(*name)?.as_object())?;
        let moment_text = |member: &str| {
            moment(item, member).or_else(|| moment(object, member)).map(|moment| moment.to_string())
        };
        let own_id = || owned(item, "id").filter(|own| own != id);
        Some(Item {
            stripe_item_id: own_id().unwrap_or_else(|| format!("{at} of {id}")),
            stripe_price_id: owned(price, "id").unwrap_or_default(),
            plan: plan(price),
            quantity: integer(item, "quantity").unwrap_or(1),
            current_period_start: moment_text("current_period_start"),
            current_period_end: moment_text("current_period_end"),
        })
    };
    items.iter().enumerate().filter_map(read).collect()
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

/// The plan that a price names in its metadata, its lookup key or its nickname, if it is one of ours.
pub(super) fn plan(price: &Object) -> Option<&'static str> {
    const PLANS: [&str; 4] = ["chatbot", "phone", "bundle", "enterprise"];
    let metadata = price.get("metadata").and_then(Value::as_object);
    [
        metadata.and_then(|metadata| text(metadata, "plan")),
        text(price, "lookup_key"),
        text(price, "nickname"),
    ]
    .into_iter()
    .flatten()
    .find_map(|name| PLANS.into_iter().find(|plan| name.eq_ignore_ascii_case(plan)))
}
