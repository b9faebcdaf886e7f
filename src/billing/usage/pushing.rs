//! The job that tells Stripe's meters what was closed.
//!
//! An event and its value are a row before anybody is asked. A run takes some of them with a lease, sends each, and
//! notes what became of all. One that was cut off anywhere sends the same event again, which Stripe knows by its
//! identifier: it is the record's id.

use std::time::Duration;

use serde_json::json;

use super::meter::{self, Fate};
use super::store::{self, MeterEventRow};
use crate::app::Op;
use crate::clients::stripe::{FailureKind, Form, Stripe};
use crate::config::LogLevel;
use crate::error::{Error, Result};
use crate::jobs::Run;

/// Events that a run takes at a time.
const AT_A_TIME: u32 = 10;
/// After this time an event that was taken was lost with its run.
const LEASE: Duration = Duration::from_mins(2);
/// When events are tried again for which the key is not taken.
const KEY_PAUSE: Duration = Duration::from_mins(15);

/// One run. Fails if Stripe does not take the key.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let Some(stripe) = Stripe::of(op) else { return Ok(()) };
    loop {
        let events = store::meter_events_take(op, AT_A_TIME, op.now().plus(LEASE)).await?;
        send_all(&stripe, op, run, &events).await?;
        let is_over = !run.has_time(op);
        if is_over || events.len() < AT_A_TIME as usize {
            run.has_more = is_over && !events.is_empty();
            return Ok(());
        }
    }
}

/// Sends events while there is time, and notes what became of each.
async fn send_all(
    stripe: &Stripe<'_>,
    op: &Op,
    run: &mut Run,
    events: &[MeterEventRow],
) -> Result<()> {
    let mut ends = Vec::new();
    let mut refusal = None;
    for (at, event) in events.iter().enumerate() {
        let is_tried = refusal.is_none() && (at == 0 || run.has_time(op));
        let fate =
            if is_tried { send(stripe, op, event, &mut refusal).await } else { Fate::Untried };
        run.items += u64::from(fate != Fate::Untried);
        report(op, event, &fate);
        let pause = refusal.as_ref().map_or(Duration::ZERO, |_| KEY_PAUSE);
        ends.push(store::meter_event_end(event, fate, op.now(), pause));
    }
    if !ends.is_empty() {
        op.write(ends).await?;
    }
    match refusal {
        Some(reason) => Err(Error::internal(format!("Stripe takes no events of meters: {reason}"))),
        None => Ok(()),
    }
}

/// Sends one event. Puts into `refusal` why Stripe does not take the key, if it does not.
async fn send(
    stripe: &Stripe<'_>,
    op: &Op,
    event: &MeterEventRow,
    refusal: &mut Option<String>,
) -> Fate {
    if !meter::may_be_sent(op.now().millis_since(event.first_attempt())) {
        return Fate::Unknown("it waited too long to be sent again".to_owned());
    }
    let form = Form::default()
        .with("event_name", &event.event_name)
        .with("identifier", &event.billing_record_id)
        .with("timestamp", &event.occurred_s.to_string())
        .with("payload[stripe_customer_id]", &event.stripe_customer_id)
        .with("payload[value]", &event.value.to_string());
    // Stripe gives what is asked with one key one answer for a day, also "500": each attempt has its own, also after an
    // operator had the event begin anew, and the identifier tells the event.
    let first = event.first_attempt().millis();
    let key = format!("{}-{first}-{}", event.billing_record_id, event.attempts);
    let answer = stripe.post("/v1/billing/meter_events", &form, &key).await.map(drop);
    if let Err(failure) = &answer
        && failure.kind == FailureKind::Refused
    {
        *refusal = Some(failure.reason.clone());
    }
    meter::fate(answer, u32::try_from(event.attempts).unwrap_or(u32::MAX))
}

/// One line of the log for what was not sent.
fn report(op: &Op, event: &MeterEventRow, fate: &Fate) {
    let (level, line, reason) = match fate {
        Fate::Sent | Fate::Untried => return,
        Fate::Again(_, reason) => (LogLevel::Warn, "usage_delayed", reason),
        Fate::Refused(reason) => (LogLevel::Error, "usage_refused", reason),
        Fate::Unknown(reason) => (LogLevel::Error, "usage_uncertain", reason),
    };
    let fields = [
        ("record", json!(event.billing_record_id)),
        ("org", json!(event.org_id)),
        ("customer", json!(event.stripe_customer_id)),
        ("value", json!(event.value)),
        ("reason", json!(reason)),
    ];
    op.app.log.event(level, line, op.now(), &op.request, &fields);
}
