//! From a Stripe event to the change it asks for: pure, and able to read both the older and the newer
//! API shapes (period fields moved to `items.data[]` with 2025-03-31.basil).

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// The event as Stripe sends it. What the mirror does not read is not named.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) r#type: String,
    /// Seconds since the epoch.
    pub(super) created: i64,
    pub(super) livemode: bool,
    pub(super) api_version: Option<String>,
    /// `data.object`: the snapshot.
    object: Map<String, Value>,
}

/// What an event asks of the mirror.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Customer(Customer),
    Subscription(Box<Subscription>),
    /// A type that is recorded and no more.
    Nothing,
}

/// A snapshot of a customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) currency: String,
    pub(super) balance_cents: i64,
    pub(super) delinquent: bool,
    pub(super) default_payment_method: Option<String>,
    pub(super) invoice_settings: String,
    pub(super) metadata: String,
    pub(super) org_hint: Option<String>,
    pub(super) deleted: bool,
}

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

impl Event {
    /// Reads a verified body.
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut event: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| not_an_event(&error.to_string()))?;
        if text(&event, "object") != Some("event") {
            return Err(not_an_event("object is not event"));
        }
        let snapshot =
            event.get_mut("data").and_then(|data| data.get_mut("object")).map(Value::take);
        let Some(Value::Object(object)) = snapshot else {
            return Err(not_an_event("data.object is missing"));
        };
        Ok(Self {
            id: owned(&event, "id").ok_or_else(|| not_an_event("id is missing"))?,
            r#type: owned(&event, "type").ok_or_else(|| not_an_event("type is missing"))?,
            created: integer(&event, "created")
                .ok_or_else(|| not_an_event("created is missing"))?,
            livemode: boolean(&event, "livemode"),
            api_version: owned(&event, "api_version"),
            object,
        })
    }

    /// `data.object.object`, the kind of thing the event is about.
    pub(super) fn object_type(&self) -> Option<&str> {
        text(&self.object, "object")
    }

    /// `data.object.id`.
    pub(super) fn object_id(&self) -> Option<&str> {
        text(&self.object, "id")
    }

    /// What the event asks of the mirror.
    pub(super) fn change(&self) -> Result<Change> {
        let step = match self.r#type.as_str() {
            "customer.created" | "customer.updated" => {
                return self.customer(false).map(Change::Customer);
            }
            "customer.deleted" => return self.customer(true).map(Change::Customer),
            "customer.subscription.created" => Step::Created,
            "customer.subscription.deleted" => Step::Deleted,
            "customer.subscription.updated"
            | "customer.subscription.paused"
            | "customer.subscription.resumed"
            | "customer.subscription.trial_will_end"
            | "customer.subscription.pending_update_applied"
            | "customer.subscription.pending_update_expired" => Step::Updated,
            _ => return Ok(Change::Nothing),
        };
        Ok(Change::Subscription(Box::new(self.subscription(step)?)))
    }

    fn customer(&self, deleted: bool) -> Result<Customer> {
        let object = &self.object;
        let settings = object.get("invoice_settings").and_then(Value::as_object);
        Ok(Customer {
            id: self.required("id")?,
            email: owned(object, "email"),
            name: owned(object, "name"),
            currency: owned(object, "currency").unwrap_or_else(|| "usd".to_owned()),
            balance_cents: integer(object, "balance").unwrap_or(0),
            delinquent: boolean(object, "delinquent"),
            default_payment_method: settings
                .and_then(|settings| id_of(settings.get("default_payment_method"))),
            invoice_settings: json_text(object, "invoice_settings"),
            metadata: json_text(object, "metadata"),
            org_hint: org_hint(object),
            deleted,
        })
    }

    fn subscription(&self, step: Step) -> Result<Subscription> {
        let object = &self.object;
        let items: Vec<&Map<String, Value>> = object
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
        let happened = Timestamp::from_seconds(self.created);
        let ended_at = moment(object, "ended_at").or((step == Step::Deleted).then_some(happened));
        Ok(Subscription {
            id: self.required("id")?,
            customer_id: id_of(object.get("customer")).ok_or_else(|| missing("customer"))?,
            price_id: [price, old_plan]
                .into_iter()
                .flatten()
                .find_map(|from| owned(from, "id"))
                .unwrap_or_default(),
            stripe_status: self.required("status")?,
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

    fn required(&self, member: &'static str) -> Result<String> {
        owned(&self.object, member).ok_or_else(|| missing(member))
    }
}

#[track_caller]
fn not_an_event(context: &str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint("The body is signed but is no snapshot event; send this endpoint classic (snapshot) events.")
        .context(context)
}

#[track_caller]
fn missing(member: &'static str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint(format!("data.object.{member} is missing."))
}

/// The period: of the item that ends first, as `cancel_at_period_end` means that one; else the
/// subscription's own, as before 2025-03-31.
fn period(
    object: &Map<String, Value>,
    items: &[&Map<String, Value>],
) -> (Option<Timestamp>, Option<Timestamp>) {
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
fn plan(price: Option<&Map<String, Value>>, nickname: Option<&str>) -> Option<&'static str> {
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

fn text<'a>(object: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn owned(object: &Map<String, Value>, member: &str) -> Option<String> {
    text(object, member).map(str::to_owned)
}

fn integer(object: &Map<String, Value>, member: &str) -> Option<i64> {
    object.get(member).and_then(Value::as_i64)
}

fn boolean(object: &Map<String, Value>, member: &str) -> bool {
    object.get(member).and_then(Value::as_bool).unwrap_or(false)
}

fn moment(object: &Map<String, Value>, member: &str) -> Option<Timestamp> {
    integer(object, member).map(Timestamp::from_seconds)
}

/// The id of a reference, expanded or not.
fn id_of(reference: Option<&Value>) -> Option<String> {
    match reference? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Object(expanded) => owned(expanded, "id"),
        _ => None,
    }
}

fn json_text(object: &Map<String, Value>, member: &str) -> String {
    object.get(member).filter(|value| value.is_object()).map_or_else(|| "{}".to_owned(), to_text)
}

fn to_text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `metadata.org_id`: a hint, believed only for a customer that no org has yet.
fn org_hint(object: &Map<String, Value>) -> Option<String> {
    object.get("metadata").and_then(Value::as_object).and_then(|metadata| owned(metadata, "org_id"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, object: &Value) -> Event {
        let body = json!({"id": "evt_1", "object": "event", "type": kind, "created": 1_763_700_000,
            "livemode": false, "api_version": "2026-10-28.endive", "data": {"object": object}});
        Event::parse(body.to_string().as_bytes()).unwrap()
    }

    fn subscription(kind: &str, object: &Value) -> Subscription {
        match event(kind, object).change().unwrap() {
            Change::Subscription(subscription) => *subscription,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newer_shape_has_periods_on_items() {
        let read = subscription(
            "customer.subscription.updated",
            &json!({"id": "sub_1", "object": "subscription", "customer": {"id": "cus_1", "object": "customer"},
                "status": "active", "cancel_at_period_end": true, "metadata": {"org_id": "org_a"},
                "items": {"data": [
                    {"quantity": 3, "current_period_start": 20, "current_period_end": 200,
                     "price": {"id": "price_b", "nickname": "Bundle", "metadata": {}}},
                    {"quantity": 1, "current_period_start": 10, "current_period_end": 100,
                     "price": {"id": "price_c", "nickname": null}}]}}),
        );
        assert_eq!(read.customer_id, "cus_1");
        assert_eq!(read.price_id, "price_b");
        assert_eq!(read.current_period_start, Some(Timestamp::from_seconds(10)));
        assert_eq!(read.current_period_end, Some(Timestamp::from_seconds(100)));
        assert_eq!(read.quantity, 3);
        assert_eq!(read.entitled_plan(), Some("bundle"));
        assert_eq!(read.org_hint.as_deref(), Some("org_a"));
        assert!(read.cancel_at_period_end);
    }

    #[test]
    fn the_older_shape_has_them_on_top() {
        let read = subscription(
            "customer.subscription.created",
            &json!({"id": "sub_1", "customer": "cus_1", "status": "trialing", "quantity": 2,
                "current_period_start": 10, "current_period_end": 100, "trial_end": 100,
                "plan": {"id": "plan_old", "nickname": "phone"}, "items": {"data": []}}),
        );
        assert_eq!(read.price_id, "plan_old");
        assert_eq!(read.current_period_end, Some(Timestamp::from_seconds(100)));
        assert_eq!(read.entitled_plan(), Some("phone"));
        assert_eq!(read.metadata, "{}");
    }

    #[test]
    fn a_deletion_is_dated_and_final() {
        let read = subscription(
            "customer.subscription.deleted",
            &json!({"id": "sub_1", "customer": "cus_1", "status": "active", "items": {"data": []}}),
        );
        assert_eq!(read.status(), "canceled");
        assert_eq!(read.ended_at, Some(Timestamp::from_seconds(1_763_700_000)));
        assert_eq!(read.step.rank(), 2);
        assert_eq!(read.entitled_plan(), None);
    }

    #[test]
    fn unknown_names_neither_entitle_nor_change_the_plan() {
        let with = |status: &str, nickname: &str| {
            subscription(
                "customer.subscription.updated",
                &json!({"id": "sub_1", "customer": "cus_1", "status": status,
                    "items": {"data": [{"price": {"id": "p", "nickname": nickname}}]}}),
            )
        };
        assert_eq!(with("active", "Bundle Monthly").entitled_plan(), None);
        assert_eq!(with("active", "constructor").entitled_plan(), None);
        let future = with("hibernating", "bundle");
        assert_eq!((future.status(), future.entitled_plan()), ("incomplete", None));
        assert_eq!(future.stripe_status, "hibernating");
    }

    #[test]
    fn other_types_ask_nothing_and_thin_events_are_refused() {
        assert_eq!(
            event("charge.succeeded", &json!({"id": "ch_1"})).change().unwrap(),
            Change::Nothing
        );
        for body in [
            r#"{"id":"evt_1","object":"v2.core.event","type":"v1.customer.created","created":"2026-01-01T00:00:00Z"}"#,
            r#"{"id":"evt_1","object":"charge","type":"x","created":1,"data":{"object":{}}}"#,
            "[]",
            "",
        ] {
            assert_eq!(
                Event::parse(body.as_bytes()).unwrap_err().code(),
                "invalid_event",
                "{body}"
            );
        }
    }
}
