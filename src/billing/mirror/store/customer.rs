//! Statements that mirror a customer.

use serde_json::json;

use super::{Delivery, Trace, customer_insert, entitlement, take_over};
use crate::billing::mirror::customer::Customer;
use crate::billing::mirror::event::Topic;
use crate::billing::mirror::snapshot::Step;
use crate::db::Statement;
use crate::error::Result;
use crate::time::Timestamp;
use crate::{sql, statement};

const CUSTOMER_UPDATE: &str = sql!("../sql/customer_update.sql");
const FORMER_CUSTOMER_INSERT: &str = sql!("../sql/former_customer_insert.sql");
const CUSTOMER_UNSETTLED: &str = sql!("../sql/customer_unsettled.sql");
const CUSTOMER_SUBSCRIPTIONS_END: &str = sql!("../sql/customer_subscriptions_end.sql");

/// Adds the statements; gives the place of the one that says whether Stripe has to be asked.
pub(super) fn mirror(
    delivery: &Delivery<'_>,
    customer: &Customer,
    statements: &mut Vec<Statement>,
) -> Result<usize> {
    let Delivery { event, id, now, .. } = *delivery;
    let happened = Timestamp::from_seconds(event.created);
    let is_deleted = customer.step == Step::Deleted;
    statements.push(customer_insert(delivery, &customer.id)?);
    let columns = vec![
        customer.email.as_deref().into(),
        customer.name.as_deref().into(),
        (*customer.currency).into(),
        customer.balance_cents.into(),
        customer.delinquent.into(),
        customer.default_payment_method.as_deref().into(),
        (*customer.invoice_settings).into(),
        (*customer.metadata).into(),
        is_deleted.then_some(happened).into(),
    ];
    let rank = customer.step.rank();
    let (update, version) =
        take_over(CUSTOMER_UPDATE, delivery, &customer.id, rank, Vec::new(), columns, "");
    statements.push(update);
    statements.push(Statement { sql: CUSTOMER_UNSETTLED, params: version });
    let unsettled_at = statements.len() - 1;
    if is_deleted {
        statements.push(statement!(FORMER_CUSTOMER_INSERT, &*event.id, id, &*customer.id));
        statements.push(statement!(
            CUSTOMER_SUBSCRIPTIONS_END,
            &*event.id,
            id,
            &*customer.id,
            now,
            happened,
        ));
        statements.push(entitlement(delivery));
    }
    Ok(unsettled_at)
}

/// What the audit trail says of it.
pub(super) fn trace<'a>(delivery: &Delivery<'_>, customer: &'a Customer) -> Trace<'a> {
    let step = match delivery.event.topic() {
        Topic::Customer(step) => step,
        _ => customer.step,
    };
    let event_type = match step {
        Step::Created => "billing.customer.created",
        Step::Updated => "billing.customer.updated",
        Step::Deleted => "billing.customer.deleted",
    };
    Trace {
        target_type: "customer",
        target_id: &customer.id,
        event_type,
        metadata: json!({"stripe_event_id": delivery.event.id}),
    }
}
