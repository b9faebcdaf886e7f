//! What is billed next: Stripe is asked for it, as no event tells it in time, and its answer is kept for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::store::{BillingSubscriptionOut, SubscriptionStatus};
use crate::app::Op;
use crate::billing::mirror::snapshot::{Object, integer, moment};
use crate::clients::stripe::{Failure, FailureKind, Form, Stripe};
use crate::config::LogLevel;
use crate::error::Result;
use crate::ids::new_id;
use crate::time::{StoredTime, Timestamp};

/// How long an answer counts, while the subscription stays as it is.
const FRESH_FOR: Duration = Duration::from_mins(10);
/// How long Stripe is left alone that did not answer.
const SILENT_FOR: Duration = Duration::from_mins(1);
/// Answers that one isolate keeps.
const MOST_KEPT: usize = 1_000;

/// The next invoice, which does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct UpcomingInvoiceOut {
    amount_due_cents: i64,
    /// When it is due: charged, or to be paid.
    due_date: Option<Timestamp>,
}

/// An answer, of the subscription as it was then.
#[derive(Debug, Clone)]
struct Kept {
    subscription_updated: StoredTime,
    until: Timestamp,
    invoice: Option<UpcomingInvoiceOut>,
}

/// Answers by Stripe's id of the subscription. No lock is held while Stripe is asked.
#[derive(Debug, Default)]
pub struct UpcomingCache(Mutex<HashMap<String, Kept>>);

impl UpcomingCache {
    fn get(&self, subscription: &BillingSubscriptionOut, now: Timestamp) -> Option<Kept> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&subscription.stripe_subscription_id)?;
        let counts = kept.until > now && kept.subscription_updated == subscription.updated_at;
        counts.then(|| kept.clone())
    }

    fn keep(&self, subscription: &BillingSubscriptionOut, answer: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(subscription.stripe_subscription_id.clone(), answer);
    }
}

/// The next invoice of some subscriptions; nothing if none is to come, or Stripe does not say.
pub(super) async fn upcoming_invoice(
    op: &Op,
    subscriptions: &[BillingSubscriptionOut],
) -> Result<Option<UpcomingInvoiceOut>> {
    let (Some(stripe), Some(next)) = (Stripe::of(op), billed_next(subscriptions)) else {
        return Ok(None);
    };
    if let Some(kept) = op.app.upcoming.get(next, op.now()) {
        return Ok(kept.invoice);
    }
    let form = Form::default().with("subscription", &next.stripe_subscription_id);
    let key = format!("preview-{}", new_id(op.now())?);
    let answer = stripe.in_haste().post("/v1/invoices/create_preview", &form, &key).await;
    let (invoice, counts_for) = match answer {
        Ok(preview) => (read(&preview), FRESH_FOR),
        // There is none: the subscription ends, or Stripe does not know it.
        Err(Failure { kind: FailureKind::Unfit | FailureKind::NotFound, .. }) => (None, FRESH_FOR),
        Err(failure) => {
            let fields = [("reason", json!(failure.reason))];
            op.app.log.event(
                LogLevel::Warn,
                "stripe_preview_failed",
                op.now(),
                &op.request,
                &fields,
            );
            (None, SILENT_FOR)
        }
    };
    let subscription_updated = next.updated_at.clone();
    let until = op.now().plus(counts_for);
    op.app.upcoming.keep(next, Kept { subscription_updated, until, invoice: invoice.clone() });
    Ok(invoice)
}

/// The subscription whose period ends first, of those that go on if there are any.
fn billed_next(subscriptions: &[BillingSubscriptionOut]) -> Option<&BillingSubscriptionOut> {
    use SubscriptionStatus::{Active, PastDue, Trialing};
    let is_billed = |subscription: &&BillingSubscriptionOut| {
        matches!(subscription.status, Active | Trialing | PastDue)
    };
    subscriptions.iter().filter(is_billed).min_by_key(|&subscription| {
        let end = subscription.current_period_end.as_ref();
        (subscription.cancel_at_period_end, end.is_none(), end)
    })
}

fn read(preview: &Object) -> Option<UpcomingInvoiceOut> {
    let due = ["due_date", "next_payment_attempt", "period_end"];
    Some(UpcomingInvoiceOut {
        amount_due_cents: integer(preview, "amount_due")?,
        due_date: due.into_iter().find_map(|member| moment(preview, member)),
    })
}
