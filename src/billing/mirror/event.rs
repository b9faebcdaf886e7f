//! From a Stripe event to the change it asks for: pure.

use serde_json::Value;

use super::catalog::{Price, Product};
use super::checkout::Checkout;
use super::customer::Customer;
use super::invoice::{Invoice, Occasion};
use super::snapshot::{Object, Step, boolean, integer, owned, text};
use super::subscription::Subscription;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// The types of events that the reconciliation makes of what it finds.
pub(super) const CUSTOMER_FOUND: &str = "reconcile.customer";
pub(super) const SUBSCRIPTION_FOUND: &str = "reconcile.subscription";

/// The event as Stripe sends it. What the mirror does not read is not named.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) r#type: String,
    /// Seconds since the epoch.
    pub(super) created: i64,
    pub(super) livemode: bool,
    pub(super) api_version: Option<String>,
    about: About,
}

/// What an event brings of its object.
#[derive(Debug, Clone)]
enum About {
    /// `data.object`: the object as it was.
    Snapshot(Object),
    /// `related_object` of a thin event: its kind and its id.
    Reference { kind: Option<String>, id: Option<String> },
}

/// What an event asks of the mirror.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Customer(Customer),
    Subscription(Box<Subscription>),
    Invoice(Box<Invoice>),
    /// An invoice that Stripe no longer has, by its id.
    InvoiceGone(String),
    Checkout(Checkout),
    Product(Product),
    Price(Price),
    /// A type that is recorded and no more.
    Nothing,
}

/// What a type of event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Customer(Step),
    Subscription(Step),
    Invoice(Occasion),
    Checkout,
    Product(Step),
    Price(Step),
    Other,
}

impl Event {
    /// Reads a verified body, of a snapshot event or a thin one.
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        let mut event: Object =
            serde_json::from_slice(body).map_err(|error| not_an_event(&error.to_string()))?;
        let (about, created) = match text(&event, "object") {
            Some("event") => (snapshot(&mut event)?, integer(&event, "created")),
            Some("v2.core.event") => {
                let related = event.get("related_object").and_then(Value::as_object);
                let member = |name| related.and_then(|related| owned(related, name));
                let about = About::Reference { kind: member("type"), id: member("id") };
                (about, text(&event, "created").and_then(seconds))
            }
            _ => return Err(not_an_event("object is no event")),
        };
        Ok(Self {
            id: owned(&event, "id").ok_or_else(|| not_an_event("id is missing"))?,
            r#type: owned(&event, "type").ok_or_else(|| not_an_event("type is missing"))?,
            created: created.ok_or_else(|| not_an_event("created is missing"))?,
            livemode: boolean(&event, "livemode"),
            api_version: owned(&event, "api_version"),
            about,
        })
    }

    /// The kind of thing that the event is about.
    pub(super) fn object_type(&self) -> Option<&str> {
        match &self.about {
            About::Snapshot(object) => text(object, "object"),
            About::Reference { kind, .. } => kind.as_deref(),
        }
    }

    /// Stripe's id of it.
    pub(super) fn object_id(&self) -> Option<&str> {
        match &self.about {
            About::Snapshot(object) => text(object, "id"),
            About::Reference { id, .. } => id.as_deref(),
        }
    }

    /// What happened; thin events have the names of snapshot events behind `v1.`.
    fn kind(&self) -> &str {
        self.r#type.strip_prefix("v1.").unwrap_or(&self.r#type)
    }

    /// What it is about.
    pub(super) fn topic(&self) -> Topic {
        Topic::of(self.kind())
    }

    /// Whether the reconciliation made it of what it found.
    pub(super) fn is_found(&self) -> bool {
        [CUSTOMER_FOUND, SUBSCRIPTION_FOUND].contains(&&*self.r#type)
    }

    /// Whether it says that a trial ends, which Stripe does three days before (Stripe docs, "Types of events").
    pub(super) fn tells_of_trial_end(&self) -> bool {
        self.kind() == "customer.subscription.trial_will_end"
    }

    /// What the event asks of the mirror; nothing yet if it is thin.
    pub(super) fn change(&self) -> Result<Option<Change>> {
        match (&self.about, self.topic()) {
            (_, Topic::Other) => Ok(Some(Change::Nothing)),
            (About::Snapshot(object), topic) => topic.read(object, self.created).map(Some),
            (About::Reference { .. }, _) => Ok(None),
        }
    }
}

impl Topic {
    fn of(kind: &str) -> Self {
        match kind {
            "customer.created" => Self::Customer(Step::Created),
            "customer.updated" | CUSTOMER_FOUND => Self::Customer(Step::Updated),
            "customer.deleted" => Self::Customer(Step::Deleted),
            "customer.subscription.created" => Self::Subscription(Step::Created),
            "customer.subscription.deleted" => Self::Subscription(Step::Deleted),
            "customer.subscription.updated"
            | SUBSCRIPTION_FOUND
            | "customer.subscription.paused"
            | "customer.subscription.resumed"
            | "customer.subscription.trial_will_end"
            | "customer.subscription.pending_update_applied"
            | "customer.subscription.pending_update_expired" => Self::Subscription(Step::Updated),
            "checkout.session.completed"
            | "checkout.session.expired"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed" => Self::Checkout,
            "product.created" => Self::Product(Step::Created),
            "product.updated" => Self::Product(Step::Updated),
            "product.deleted" => Self::Product(Step::Deleted),
            "price.created" => Self::Price(Step::Created),
            "price.updated" => Self::Price(Step::Updated),
            "price.deleted" => Self::Price(Step::Deleted),
            kind => Occasion::of(kind).map_or(Self::Other, Self::Invoice),
        }
    }

    /// Reads the object of an event that happened at `created`, in seconds since the epoch.
    pub(super) fn read(self, object: &Object, created: i64) -> Result<Change> {
        Ok(match self {
            Self::Customer(step) => Change::Customer(Customer::read(object, step)?),
            Self::Subscription(step) => {
                Change::Subscription(Box::new(Subscription::read(object, step, created)?))
            }
            Self::Invoice(occasion) => {
                Change::Invoice(Box::new(Invoice::read(object, occasion, created)?))
            }
            Self::Checkout => Change::Checkout(Checkout::read(object)?),
            Self::Product(step) => Change::Product(Product::read(object, step)?),
            Self::Price(step) => Change::Price(Price::read(object, step)?),
            Self::Other => Change::Nothing,
        })
    }
}

fn snapshot(event: &mut Object) -> Result<About> {
    match event.get_mut("data").and_then(|data| data.get_mut("object")).map(Value::take) {
        Some(Value::Object(object)) => Ok(About::Snapshot(object)),
        _ => Err(not_an_event("data.object is missing")),
    }
}

/// `2026-03-15T12:00:00.123456Z`, in seconds since the epoch.
fn seconds(moment: &str) -> Option<i64> {
    let whole = moment.strip_suffix('Z')?.split('.').next()?;
    Timestamp::parse(&format!("{whole}Z")).map(Timestamp::seconds)
}

#[track_caller]
fn not_an_event(context: &str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint("The body is signed but is no event of Stripe's.")
        .context(context)
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
        match event(kind, object).change().unwrap().unwrap() {
            Change::Subscription(subscription) => *subscription,
            other => panic!("{other:?}"),
        }
    }

    fn plans(subscription: &Subscription) -> Vec<Value> {
        let items = json!(subscription.items);
        items.as_array().unwrap().iter().map(|item| item["plan"].clone()).collect()
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
        assert_eq!(plans(&read), [json!("bundle"), Value::Null]);
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
        assert_eq!(plans(&read), ["phone"]);
        assert_eq!(read.items[0].stripe_item_id, "0 of sub_1");
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
    }

    #[test]
    fn names_of_plans_are_known_wherever_the_price_has_them() {
        let with = |status: &str, price: Value| {
            subscription(
                "customer.subscription.updated",
                &json!({"id": "sub_1", "customer": "cus_1", "status": status, "items": {"data": [{"price": price}]}}),
            )
        };
        for (price, plan) in [
            (json!({"nickname": "Bundle Monthly"}), Value::Null),
            (json!({"nickname": "constructor"}), Value::Null),
            (json!({"nickname": "Bundle"}), json!("bundle")),
            (json!({"nickname": "x", "lookup_key": "phone"}), json!("phone")),
            (
                json!({"lookup_key": "phone", "metadata": {"plan": "enterprise"}}),
                json!("enterprise"),
            ),
        ] {
            assert_eq!(plans(&with("active", price.clone())), [plan], "{price}");
        }
        let future = with("hibernating", json!({"nickname": "bundle"}));
        assert_eq!((future.status(), &*future.stripe_status), ("incomplete", "hibernating"));
    }

    #[test]
    fn thin_events_name_their_object() {
        let thin = json!({"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.subscription.updated",
            "created": "2026-03-15T12:00:00.900Z", "livemode": true,
            "related_object": {"id": "sub_1", "type": "subscription", "url": "/v1/subscriptions/sub_1"}});
        let event = Event::parse(thin.to_string().as_bytes()).unwrap();
        assert_eq!(event.topic(), Topic::Subscription(Step::Updated));
        assert_eq!((event.object_type(), event.object_id()), (Some("subscription"), Some("sub_1")));
        assert_eq!(event.created, 1_773_576_000);
        assert_eq!(event.change().unwrap(), None);
    }

    #[test]
    fn other_types_ask_nothing_and_what_is_no_event_is_refused() {
        assert_eq!(
            event("charge.succeeded", &json!({"id": "ch_1"})).change().unwrap(),
            Some(Change::Nothing)
        );
        for body in [
            r#"{"id":"evt_1","object":"v2.core.event","type":"v1.customer.created","created":"yesterday"}"#,
            r#"{"id":"evt_1","object":"event","type":"customer.created","created":1}"#,
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
