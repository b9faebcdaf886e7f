//! From a Stripe event to the change it asks for: pure.

use serde_json::Value;

use super::customer::Customer;
use super::invoice::{Invoice, Occasion};
use super::snapshot::{Object, boolean, integer, owned, text};
use super::subscription::{Step, Subscription};
use crate::error::{Error, Result};

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
    object: Object,
}

/// What an event asks of the mirror.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Customer(Customer),
    Subscription(Box<Subscription>),
    Invoice(Box<Invoice>),
    /// A type that is recorded and no more.
    Nothing,
}

impl Event {
    /// Reads a verified body.
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut event: Object =
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
                return Customer::read(&self.object, false).map(Change::Customer);
            }
            "customer.deleted" => {
                return Customer::read(&self.object, true).map(Change::Customer);
            }
            "customer.subscription.created" => Step::Created,
            "customer.subscription.deleted" => Step::Deleted,
            "customer.subscription.updated"
            | "customer.subscription.paused"
            | "customer.subscription.resumed"
            | "customer.subscription.trial_will_end"
            | "customer.subscription.pending_update_applied"
            | "customer.subscription.pending_update_expired" => Step::Updated,
            kind => {
                let Some(occasion) = Occasion::of(kind) else { return Ok(Change::Nothing) };
                let invoice = Invoice::read(&self.object, occasion, self.created)?;
                return Ok(Change::Invoice(Box::new(invoice)));
            }
        };
        let subscription = Subscription::read(&self.object, step, self.created)?;
        Ok(Change::Subscription(Box::new(subscription)))
    }
}

#[track_caller]
fn not_an_event(context: &str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint("The body is signed but is no snapshot event; send this endpoint classic (snapshot) events.")
        .context(context)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::time::Timestamp;

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
