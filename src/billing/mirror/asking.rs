//! Asking Stripe for the object of an event, where the event does not say enough.

use form_urlencoded::byte_serialize;
use serde_json::{Value, json};

use super::event::Topic;
use super::invoice::Occasion;
use super::snapshot::{Object, Step, boolean, text};
use crate::clients::stripe::{Failure, FailureKind, Form, Stripe, StripeId};
use crate::error::{Error, Kind};

/// Most pages of lines, of 100 each, that are read of one invoice.
const MOST_PAGES: usize = 20;

/// What Stripe has of an object, and what that makes of the event's topic.
pub(super) struct Fetched {
    pub(super) object: Object,
    pub(super) topic: Topic,
}

/// The object as Stripe has it now; nothing if it has none.
pub(super) async fn fetch(
    stripe: &Stripe<'_>,
    topic: Topic,
    id: &str,
) -> Result<Option<Fetched>, Failure> {
    let Some(path) = path(topic, id) else { return Ok(None) };
    let mut object = match stripe.get(&path, &Form::default()).await {
        Ok(object) => object,
        Err(Failure { kind: FailureKind::NotFound, .. }) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let topic = match topic {
        Topic::Invoice(_) => {
            all_lines(stripe, &path, &mut object).await?;
            Topic::Invoice(Occasion::Changed)
        }
        Topic::Customer(_) if boolean(&object, "deleted") => Topic::Customer(Step::Deleted),
        Topic::Product(_) if boolean(&object, "deleted") => Topic::Product(Step::Deleted),
        Topic::Price(_) if boolean(&object, "deleted") => Topic::Price(Step::Deleted),
        topic => topic,
    };
    Ok(Some(Fetched { object, topic }))
}

/// Why there is nothing to apply; the reason is for the log.
pub(super) fn unanswered(failure: &Failure) -> Error {
    Error::new(Kind::BadGateway, "stripe_unanswered", "Stripe gave no answer")
        .context(failure.reason.clone())
}

/// Where an object is; nothing if there can be none.
fn path(topic: Topic, id: &str) -> Option<String> {
    let kind = match topic {
        Topic::Customer(_) => "customers",
        Topic::Subscription(_) => "subscriptions",
        Topic::Invoice(_) => "invoices",
        Topic::Checkout => "checkout/sessions",
        // These may have ids of somebody's choice.
        Topic::Product(_) => return segment(id).map(|id| format!("/v1/products/{id}")),
        Topic::Price(_) => return segment(id).map(|id| format!("/v1/prices/{id}")),
        Topic::Other => return None,
    };
    Some(format!("/v1/{kind}/{}", StripeId::parse(id)?.as_str()))
}

/// An id as one segment of a path; nothing if it would lead elsewhere.
fn segment(id: &str) -> Option<String> {
    // Forms write a space as a plus, paths do not.
    let segment = byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20");
    (!matches!(id, "" | "." | "..")).then_some(segment)
}

/// Puts the lines that are on further pages to those that came.
async fn all_lines(stripe: &Stripe<'_>, path: &str, invoice: &mut Object) -> Result<(), Failure> {
    let path = format!("{path}/lines");
    for _ in 0..MOST_PAGES {
        let Some(lines) = invoice.get_mut("lines").and_then(Value::as_object_mut) else { break };
        let last = lines.get("data").and_then(|data| data.as_array()?.last()?.as_object());
        let Some(last) =
            last.and_then(|line| text(line, "id")).filter(|_| boolean(lines, "has_more"))
        else {
            break;
        };
        let query = Form::default().with("limit", "100").with("starting_after", last);
        let mut page = stripe.get(&path, &query).await?;
        lines.insert("has_more".to_owned(), json!(boolean(&page, "has_more")));
        let more = page.get_mut("data").and_then(Value::as_array_mut);
        if let Some(data) = lines.get_mut("data").and_then(Value::as_array_mut) {
            data.append(more.unwrap_or(&mut Vec::new()));
        }
    }
    // Beyond that, what was read is what is kept.
    if let Some(lines) = invoice.get_mut("lines").and_then(Value::as_object_mut) {
        lines.insert("has_more".to_owned(), json!(false));
    }
    Ok(())
}
