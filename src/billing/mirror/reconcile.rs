//! The job that compares the mirror with Stripe, and heals what it finds: prices, the events since the last good run,
//! events that failed, and all subscriptions that have not ended, here or there.
//!
//! It goes in steps of one page, and its cursor says which is next, so that a run that is cut off goes on where it was.
//! Whatever it finds is applied as events are: what it makes of an object has a receipt of its own, of the type
//! `reconcile.…`, and the row that it corrects must still be the one that was read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::applying::{apply, heal};
use super::asking::{Fetched, fetch, unanswered};
use super::catalog::Price;
use super::event::{CUSTOMER_FOUND, Event, SUBSCRIPTION_FOUND, Topic};
use super::snapshot::{Object, Step, boolean, id_of, integer, list, org_hint, text};
use super::store::{self, Again, MirroredRow, Status};
use super::subscription::Subscription;
use crate::app::Op;
use crate::clients::stripe::{FailureKind, Form, Stripe};
use crate::config::LogLevel;
use crate::error::{Error, Result};
use crate::jobs::Run;

/// Its name among the jobs.
pub const JOB: &str = "billing_reconcile";

/// Stripe keeps events for 30 days (Stripe docs, "List all events").
const EVENTS_KEPT_S: i64 = 30 * 24 * 3_600;
/// How far behind the last good run it looks again, as events may be listed late.
const OVERLAP_S: i64 = 3_600;
/// Objects of a page of Stripe's: events hold objects with all of their metadata, several times.
const PRICES_OF_PAGE: &str = "100";
const EVENTS_OF_PAGE: &str = "20";
const SUBSCRIPTIONS_OF_PAGE: &str = "40";
/// How much a clock may be off.
const CLOCK_SKEW_S: i64 = 60;
/// Events that failed, and subscriptions of the mirror, of a page.
const FEW: u32 = 20;

/// How far a reconciliation is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// When the last good one began, in seconds since the epoch; none yet.
    good: Option<i64>,
    /// The one that goes on, if one does.
    going: Option<Going>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Going {
    /// In seconds since the epoch.
    began: i64,
    phase: Phase,
    /// The last one of the page before.
    after: Option<String>,
    healed: u64,
}

/// What is compared, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Prices,
    Events,
    Failed,
    /// Those that Stripe has.
    Subscriptions,
    /// Those that the mirror has.
    Mirror,
}

impl Phase {
    fn next(self) -> Option<Self> {
        match self {
            Self::Prices => Some(Self::Events),
            Self::Events => Some(Self::Failed),
            Self::Failed => Some(Self::Subscriptions),
            Self::Subscriptions => Some(Self::Mirror),
            Self::Mirror => None,
        }
    }
}

/// What a step did.
struct Done {
    healed: u64,
    /// Where the next page of the phase begins; nothing if this was the last.
    after: Option<String>,
}

/// Goes on with the reconciliation, or begins one.
pub async fn run(op: &Op, run: &mut Run) -> Result<()> {
    let Some(stripe) = Stripe::of(op) else { return Ok(()) };
    let mut progress = run
        .cursor
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Progress { good: None, going: None });
    while run.has_time(op) {
        let going = progress.going.get_or_insert_with(|| Going {
            began: op.now().seconds(),
            phase: Phase::Prices,
            after: None,
            healed: 0,
        });
        let done = match step(op, &stripe, progress.good, going).await {
            Err(error) if error.code() == PAGE_LOST => {
                // What the page began behind is gone: once more from the beginning.
                progress.going = None;
                run.cursor = Some(written(&progress));
                break;
            }
            done => done?,
        };
        run.items += done.healed;
        going.healed += done.healed;
        going.after = done.after;
        if going.after.is_none() {
            let Some(phase) = going.phase.next() else {
                finish(op, run, going);
                return Ok(());
            };
            going.phase = phase;
        }
        run.cursor = Some(written(&progress));
    }
    run.has_more = true;
    Ok(())
}

fn finish(op: &Op, run: &mut Run, going: &Going) {
    let fields = [("healed", json!(going.healed)), ("began", json!(going.began))];
    op.app.log.event(LogLevel::Info, "billing_reconciled", op.now(), &op.request, &fields);
    run.cursor = Some(written(&Progress { good: Some(going.began), going: None }));
}

fn written(progress: &Progress) -> String {
    serde_json::to_string(progress).unwrap_or_default()
}

async fn step(op: &Op, stripe: &Stripe<'_>, good: Option<i64>, going: &Going) -> Result<Done> {
    let after = going.after.as_deref();
    match going.phase {
        Phase::Prices => prices(op, stripe, after).await,
        Phase::Events => {
            let oldest = going.began - EVENTS_KEPT_S;
            let since = good.map_or(oldest, |good| (good - OVERLAP_S).max(oldest));
            events(op, stripe, since, after).await
        }
        Phase::Failed => failed(op, after).await,
        Phase::Subscriptions => subscriptions(op, stripe, going.began, after).await,
        Phase::Mirror => mirror(op, stripe, going.began, after).await,
    }
}

/// The code of the error where a page begins behind what is gone.
const PAGE_LOST: &str = "page_lost";

/// A page of a list of Stripe's, and where the next one begins.
async fn page(
    stripe: &Stripe<'_>,
    path: &str,
    query: Form,
    after: Option<&str>,
) -> Result<(Vec<Object>, Option<String>)> {
    let query = query.with_any("starting_after", after);
    let answer = stripe.get(path, &query).await.map_err(|failure| match failure.kind {
        FailureKind::Unfit | FailureKind::NotFound if after.is_some() => {
            Error::conflict(PAGE_LOST, "The page is gone").context(failure.reason)
        }
        _ => unanswered(&failure),
    })?;
    let has_more = boolean(&answer, "has_more");
    // The list is the answer itself; it is read as one that is embedded.
    let mut holder = Map::new();
    holder.insert("list".to_owned(), Value::Object(answer));
    let objects: Vec<Object> = list(&holder, "list").into_iter().cloned().collect();
    let last = objects.last().and_then(|object| text(object, "id")).map(str::to_owned);
    Ok((objects, last.filter(|_| has_more)))
}

async fn prices(op: &Op, stripe: &Stripe<'_>, after: Option<&str>) -> Result<Done> {
    let since = op.now().seconds() - CLOCK_SKEW_S;
    let query = Form::default().with("limit", PRICES_OF_PAGE);
    let (objects, after) = page(stripe, "/v1/prices", query, after).await?;
    let prices: Vec<Price> =
        objects.iter().filter_map(|object| Price::read(object, Step::Updated).ok()).collect();
    store::prices_upsert(op, &prices, since).await?;
    Ok(Done { healed: 0, after })
}

/// Events that never came, or were not applied, oldest of the page first.
async fn events(op: &Op, stripe: &Stripe<'_>, since: i64, after: Option<&str>) -> Result<Done> {
    let query =
        Form::default().with("limit", EVENTS_OF_PAGE).with("created[gte]", &since.to_string());
    let (objects, after) = page(stripe, "/v1/events", query, after).await?;
    let mut known: Vec<(Event, String)> = Vec::new();
    for object in objects.into_iter().rev() {
        let payload = Value::Object(object).to_string();
        if let Ok(event) = Event::parse(payload.as_bytes())
            && event.topic() != Topic::Other
        {
            known.push((event, payload));
        }
    }
    let ids: Vec<&str> = known.iter().map(|(event, _)| event.id.as_str()).collect();
    let missing = store::events_missing(op, &ids).await?;
    let mut healed = 0;
    for (event, payload) in known.iter().filter(|(event, _)| missing.contains(&event.id)) {
        drift(op, "event", &event.id, "missing");
        // What fails again has its receipt, and is found by the next phase.
        healed += u64::from(matches!(apply(op, event, payload, Again::No).await, Ok(Some(_))));
    }
    Ok(Done { healed, after })
}

/// Events that failed, once more.
async fn failed(op: &Op, after: Option<&str>) -> Result<Done> {
    let key: [String; 2] =
        after.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let rows = store::events_failed(op, &key, FEW).await?;
    let is_last = rows.len() < FEW as usize;
    let last = rows.last().map(|row| json!([row.received_at.stored(), row.id]).to_string());
    let mut healed = 0;
    for row in &rows {
        if let Ok(event) = Event::parse(row.payload.as_bytes()) {
            healed +=
                u64::from(matches!(apply(op, &event, &row.payload, Again::No).await, Ok(Some(_))));
        }
    }
    Ok(Done { healed, after: last.filter(|_| !is_last) })
}

/// What Stripe has that has not ended.
async fn subscriptions(
    op: &Op,
    stripe: &Stripe<'_>,
    began: i64,
    after: Option<&str>,
) -> Result<Done> {
    let query =
        Form::default().with("limit", SUBSCRIPTIONS_OF_PAGE).with("expand[]", "data.customer");
    let (objects, after) = page(stripe, "/v1/subscriptions", query, after).await?;
    let ids: Vec<&str> = objects.iter().filter_map(|object| text(object, "id")).collect();
    let customers: Vec<Option<String>> =
        objects.iter().map(|object| id_of(object.get("customer"))).collect();
    let (mirrored, known) = store::subscriptions_mirrored(op, &ids, &customers).await?;
    let mut healed = 0;
    for (object, customer) in objects.iter().zip(&customers) {
        let row = mirrored.iter().find(|row| text(object, "id") == Some(&row.id));
        let is_ours = customer.as_ref().is_some_and(|id| known.contains(id));
        let is_healed = match row {
            None if !is_ours => adopt(op, object, began).await?,
            row => compare(op, object, row, began).await?,
        };
        healed += u64::from(is_healed);
    }
    Ok(Done { healed, after })
}

/// What the mirror has that has not ended, each asked for by itself: Stripe does not list what ended.
async fn mirror(op: &Op, stripe: &Stripe<'_>, began: i64, after: Option<&str>) -> Result<Done> {
    let rows = store::subscriptions_live(op, after.unwrap_or_default(), FEW).await?;
    let last = rows.last().map(|row| row.id.clone()).filter(|_| rows.len() == FEW as usize);
    let mut healed = 0;
    for row in &rows {
        let fetched = fetch(stripe, Topic::Subscription(Step::Updated), &row.id).await;
        match fetched.map_err(|failure| unanswered(&failure))? {
            Some(Fetched { object, .. }) => {
                healed += u64::from(compare(op, &object, Some(row), began).await?);
            }
            None => drift(op, "subscription", &row.id, "unknown_to_stripe"),
        }
    }
    Ok(Done { healed, after: last })
}

/// Corrects the mirror's row of a subscription, if it says something else; whether it did.
async fn compare(op: &Op, object: &Object, row: Option<&MirroredRow>, began: i64) -> Result<bool> {
    let created =
        row.map_or_else(|| integer(object, "created").unwrap_or(began), |row| row.created);
    let subscription = Subscription::read(object, Step::Updated, created)?;
    if row.and_then(|row| row.digest.as_deref()) == Some(&*store::digest_of(&subscription)) {
        return Ok(false);
    }
    let what = if row.is_some() { "differs" } else { "missing" };
    drift(op, "subscription", &subscription.id, what);
    let written_by = row.and_then(|row| row.delivery_id.clone());
    let event = found(SUBSCRIPTION_FOUND, &subscription.id, began, created, object);
    let receipt = heal(op, &event, written_by).await?;
    Ok(receipt.is_some_and(|receipt| receipt.status == Status::Processed))
}

/// Takes over a subscription of a customer that no org has yet, if either names one of ours: an account may have others.
async fn adopt(op: &Op, object: &Object, began: i64) -> Result<bool> {
    let customer = object.get("customer").and_then(Value::as_object);
    if let Some(customer) = customer.filter(|customer| org_hint(customer).is_some()) {
        let id = text(customer, "id").unwrap_or_default();
        let created = integer(customer, "created").unwrap_or(began);
        heal(op, &found(CUSTOMER_FOUND, id, began, created, customer), None).await?;
    } else if org_hint(object).is_none() {
        return Ok(false);
    }
    compare(op, object, None, began).await
}

/// What was found, as an event of ours: the same for one object in one reconciliation.
fn found(kind: &str, id: &str, began: i64, created: i64, object: &Object) -> Value {
    json!({"id": format!("reconcile_{began}_{id}"), "object": "event", "type": kind, "created": created,
        "livemode": boolean(object, "livemode"), "data": {"object": object}})
}

/// Writes the line of something that is not as Stripe has it.
fn drift(op: &Op, kind: &str, id: &str, what: &str) {
    let fields = [("object", json!(kind)), ("id", json!(id)), ("drift", json!(what))];
    op.app.log.event(LogLevel::Warn, "billing_drift", op.now(), &op.request, &fields);
}
