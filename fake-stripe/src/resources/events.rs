//! `/v1/events` and `/v2/core/events`

use serde_json::{Value, json};

use crate::error::{ApiError, Outcome};
use crate::event::Event;
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

/// How far back events are listed, in seconds: 30 days.
const LISTED_FOR: i64 = 30 * 24 * 3600;

fn listed(stripe: &Stripe) -> impl Iterator<Item = &Event> {
    let since = stripe.now - LISTED_FOR;
    stripe.events().iter().rev().take_while(move |event| event.created >= since)
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let mut kinds = params.texts("types");
    kinds.extend(params.text("type").map(str::to_owned));
    let version = &stripe.settings.version;
    let found: Vec<Value> = listed(stripe)
        .filter(|event| kinds.is_empty() || kinds.iter().any(|kind| fits(kind, &event.kind)))
        .map(|event| event.snapshot(version))
        .collect();
    page(found.iter(), params, "/v1/events")
}

/// `invoice.*` asks for all of a kind.
pub(crate) fn fits(asked: &str, kind: &str) -> bool {
    match asked.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => asked == kind,
    }
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    find(stripe, id).map(|event| event.snapshot(&stripe.settings.version))
}

pub(crate) fn read_thin(stripe: &Stripe, id: &str) -> Outcome<Value> {
    find(stripe, id).map(Event::thin)
}

fn find<'a>(stripe: &'a Stripe, id: &str) -> Outcome<&'a Event> {
    let found = stripe.events().iter().find(|event| event.id == id);
    found.ok_or_else(|| ApiError::not_found("event", id))
}

/// Lists of the second generation are paged by addresses; this one is short enough for one page.
pub(crate) fn list_thin(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    let limit = params.integer("limit")?.unwrap_or(20).clamp(1, 100);
    let object = params.text("object_id");
    let data: Vec<Value> = listed(stripe)
        .filter(|event| object.is_none_or(|id| event.object_id() == id))
        .take(usize::try_from(limit).unwrap_or(20))
        .map(Event::thin)
        .collect();
    Ok(json!({"data": data, "next_page_url": null, "previous_page_url": null}))
}
