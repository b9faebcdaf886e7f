//! From an event to the mirror: applied once, and what waited for it after it.

use serde_json::{Map, Value, json};

use super::asking::{Fetched, fetch, unanswered};
use super::event::{Change, Event, Topic};
use super::invoice::Occasion;
use super::routes::WEBHOOK;
use super::snapshot::Step;
use super::store::{
    Again, Application, Applied, Basis, Receipt, Status, event_apply, event_failed,
};
use crate::app::Op;
use crate::clients::stripe::Stripe;
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::http::signed_webhook::not_applied;

/// How often Stripe is asked about one event, where others write the same object meanwhile.
const ATTEMPTS: usize = 4;
/// How many rounds of ten events that waited are applied behind one.
const MOST_ROUNDS: usize = 20;

/// Applies an event, and those that waited for its customer; nothing if it was applied before. What fails leaves a receipt that says why.
pub(super) async fn apply(
    op: &Op,
    event: &Event,
    payload: &str,
    again: Again<'_>,
) -> Result<Option<Receipt>> {
    let Some((receipt, mut awaiting)) = apply_or_record(op, event, payload, again).await? else {
        return Ok(None);
    };
    for _ in 0..MOST_ROUNDS {
        let Some(left) = apply_awaiting(op, &awaiting).await else { break };
        awaiting = left;
    }
    Ok(Some(receipt))
}

/// Applies what waited; gives what still waits, or nothing where none could be applied. What fails is sent again by
/// Stripe, or found by the job.
async fn apply_awaiting(op: &Op, payloads: &[String]) -> Option<Vec<String>> {
    let mut left = None;
    for payload in payloads {
        let Ok(event) = Event::parse(payload.as_bytes()) else { continue };
        if let Ok(Some((_, awaiting))) = apply_or_record(op, &event, payload, Again::Waited).await {
            left = Some(awaiting);
        }
    }
    left
}

/// Applies what the reconciliation found, over what the named delivery wrote alone; nothing if it was applied before, or
/// somebody wrote meanwhile.
pub(super) async fn heal(
    op: &Op,
    found: &Value,
    written_by: Option<String>,
) -> Result<Option<Receipt>> {
    let payload = found.to_string();
    let event = Event::parse(payload.as_bytes())?;
    let change = event.change()?.unwrap_or(Change::Nothing);
    let application = Application {
        event: &event,
        payload: &payload,
        told: Some(&change),
        mirrored: &change,
        basis: &Basis::Fetched(written_by),
        refusal: None,
        again: Again::Waited,
    };
    match event_apply(op, &application).await? {
        Applied::Now { receipt, awaiting } => {
            apply_awaiting(op, &awaiting).await;
            Ok(Some(receipt))
        }
        Applied::Before | Applied::Unsettled { .. } => Ok(None),
    }
}

async fn apply_or_record(
    op: &Op,
    event: &Event,
    payload: &str,
    again: Again<'_>,
) -> Result<Option<(Receipt, Vec<String>)>> {
    let error = match apply_one(op, event, payload, again).await {
        Ok(Some((receipt, _))) if receipt.status == Status::Failed => {
            let reason = receipt.processing_error.as_deref().unwrap_or("unknown");
            log_failure(op, event, reason);
            return Err(not_applied(reason));
        }
        Ok(settled) => return Ok(settled),
        Err(error) => error,
    };
    log_failure(op, event, &error.private_context());
    // The reason is for staff; the rows in question stay in the log.
    event_failed(op, event, payload, error.code()).await?;
    Err(not_applied(&error.private_context()))
}

/// Applies an event; gives its receipt and the payloads of events that waited for it.
async fn apply_one(
    op: &Op,
    event: &Event,
    payload: &str,
    again: Again<'_>,
) -> Result<Option<(Receipt, Vec<String>)>> {
    let stripe = Stripe::of(op);
    let told = event.change()?;
    let mut refusal = other_mode(op, event);
    let mut basis = if stripe.is_some() { Basis::Event } else { Basis::LastCome };
    let mut mirrored = told.clone();
    for _ in 0..ATTEMPTS {
        if mirrored.is_none() && refusal.is_none() {
            match ask(stripe.as_ref(), event, told.as_ref()).await? {
                Some(change) => mirrored = Some(change),
                None => refusal = Some("object_gone"),
            }
            if basis == Basis::Event {
                basis = Basis::Fetched(None);
            }
        }
        let application = Application {
            event,
            payload,
            told: told.as_ref(),
            mirrored: mirrored.as_ref().unwrap_or(&Change::Nothing),
            basis: &basis,
            refusal,
            again,
        };
        match event_apply(op, &application).await? {
            Applied::Before => return Ok(None),
            Applied::Now { receipt, awaiting } => return Ok(Some((receipt, awaiting))),
            Applied::Unsettled { written_by } => {
                mirrored = None;
                basis = Basis::Fetched(written_by);
            }
        }
    }
    Err(Error::unavailable("event_contended", "others write the same object"))
}

/// The object as Stripe has it now; nothing if it is gone.
async fn ask(
    stripe: Option<&Stripe<'_>>,
    event: &Event,
    told: Option<&Change>,
) -> Result<Option<Change>> {
    let stripe = stripe.ok_or_else(|| {
        Error::new(Kind::Unavailable, "stripe_not_configured", "Stripe not configured")
            .context("the event is thin, and STRIPE_SECRET_KEY is not set")
    })?;
    let id = event.object_id().unwrap_or_default();
    match fetch(stripe, event.topic(), id).await.map_err(|failure| unanswered(&failure))? {
        Some(Fetched { object, topic }) => topic.read(&object, event.created).map(Some),
        None => gone(event, told),
    }
}

/// What an event says of an object that Stripe no longer has. Of invoices, drafts alone go; products and prices are told to
/// be deleted. The others never go, so that somebody asked for another account's.
fn gone(event: &Event, told: Option<&Change>) -> Result<Option<Change>> {
    let Some(id) = event.object_id() else { return Ok(None) };
    let nameless = Map::from_iter([("id".to_owned(), json!(id))]);
    let topic = event.topic();
    Ok(match (topic, told) {
        (Topic::Invoice(_), Some(Change::Invoice(invoice))) if invoice.status == "draft" => {
            let mut invoice = invoice.clone();
            invoice.occasion = Occasion::Deleted;
            invoice.status = "void";
            Some(Change::Invoice(invoice))
        }
        (Topic::Invoice(_), None) => Some(Change::InvoiceGone(id.to_owned())),
        (Topic::Product(Step::Deleted) | Topic::Price(Step::Deleted), _) => {
            Some(topic.read(&nameless, event.created)?)
        }
        _ => None,
    })
}

/// Whether the event is of the other mode than the key: test events do not change what live ones made.
fn other_mode(op: &Op, event: &Event) -> Option<&'static str> {
    let is_live = op.app.config.stripe.is_live()?;
    (is_live != event.livemode && event.topic() != Topic::Other).then_some("other_mode")
}

fn log_failure(op: &Op, event: &Event, reason: &str) {
    WEBHOOK.log_failure(op, LogLevel::Error, Some([&*event.id, &*event.r#type]), reason);
}
