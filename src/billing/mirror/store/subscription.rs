//! Statements that mirror a subscription.

use serde_json::json;

use super::{Delivery, Trace, customer_insert, digest, entitlement, take_over};
use crate::billing::mirror::event::Topic;
use crate::billing::mirror::snapshot::Step;
use crate::billing::mirror::subscription::{Subscription, audit_type};
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::ids::new_id;
use crate::notices;
use crate::time::Timestamp;
use crate::{sql, statement};

const SUBSCRIPTION_UPSERT: &str = sql!("../sql/subscription_upsert.sql");
const SUBSCRIPTION_UNSETTLED: &str = sql!("../sql/subscription_unsettled.sql");
const SUBSCRIPTION_ITEMS_FORGET: &str = sql!("../sql/subscription_items_forget.sql");
const SUBSCRIPTION_ITEMS_UPSERT: &str = sql!("../sql/subscription_items_upsert.sql");

/// Adds the statements; gives the place of the one that says whether Stripe has to be asked.
pub(super) fn mirror(
    delivery: &Delivery<'_>,
    subscription: &Subscription,
    statements: &mut Vec<Statement>,
) -> Result<usize> {
    statements.push(customer_insert(delivery, &subscription.customer_id)?);
    let items = json!(subscription.items).to_string();
    let (upsert, version) = upsert(delivery, subscription, &items)?;
    statements.push(upsert);
    statements.push(Statement { sql: SUBSCRIPTION_UNSETTLED, params: version });
    let unsettled_at = statements.len() - 1;
    let ids: Vec<&str> = subscription.items.iter().map(|item| &*item.stripe_item_id).collect();
    for (sql, items) in
        [(SUBSCRIPTION_ITEMS_FORGET, json!(ids).to_string()), (SUBSCRIPTION_ITEMS_UPSERT, items)]
    {
        statements.push(statement!(sql, delivery.id, &*subscription.id, items));
    }
    statements.push(entitlement(delivery));
    if let Some(trial_end) = subscription.trial_end.filter(|_| delivery.event.tells_of_trial_end())
    {
        let claim = (&*delivery.event.id, delivery.id);
        let told = notices::trial_ending(claim, &subscription.id, trial_end, delivery.now)?;
        statements.push(told);
    }
    Ok(unsettled_at)
}

fn upsert(
    delivery: &Delivery<'_>,
    subscription: &Subscription,
    items: &str,
) -> Result<(Statement, Vec<Param>)> {
    let event = delivery.event;
    // Of what was found, nobody knows since when it is so.
    let happened =
        if event.is_found() { delivery.now } else { Timestamp::from_seconds(event.created) };
    let row = vec![
        new_id(delivery.now)?.into(),
        subscription.created_at.into(),
        (subscription.status() == "past_due").then_some(happened).into(),
    ];
    let columns = columns(subscription);
    let rank = subscription.rank();
    Ok(take_over(SUBSCRIPTION_UPSERT, delivery, &subscription.id, rank, row, columns, items))
}

fn columns(subscription: &Subscription) -> Vec<Param> {
    vec![
        (*subscription.price_id).into(),
        subscription.status().into(),
        (*subscription.stripe_status).into(),
        subscription.plan_nickname.as_deref().into(),
        subscription.quantity.into(),
        subscription.cancel_at_period_end.into(),
        subscription.current_period_start.into(),
        subscription.current_period_end.into(),
        subscription.canceled_at.into(),
        subscription.ended_at.into(),
        subscription.trial_start.into(),
        subscription.trial_end.into(),
        (*subscription.metadata).into(),
    ]
}

/// What tells its snapshots apart.
pub(in crate::billing::mirror) fn digest_of(subscription: &Subscription) -> String {
    digest(&columns(subscription), &json!(subscription.items).to_string())
}

/// What the audit trail says of it.
pub(super) fn trace<'a>(delivery: &Delivery<'_>, subscription: &'a Subscription) -> Trace<'a> {
    let event = delivery.event;
    let step = match event.topic() {
        Topic::Subscription(step) => step,
        _ => subscription.step,
    };
    Trace {
        target_type: "subscription",
        target_id: &subscription.id,
        event_type: audit_type(step),
        metadata: match step {
            Step::Created | Step::Updated => json!({
                "status": subscription.status(),
                "plan": subscription.plan_nickname,
                "stripe_event_id": event.id,
            }),
            Step::Deleted => {
                json!({"stripe_event_id": event.id, "ended_at": subscription.ended_at})
            }
        },
    }
}
