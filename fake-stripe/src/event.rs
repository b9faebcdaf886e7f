//! Events: what happened to which object, and how it looked before and after.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::calendar::rfc3339;
use crate::object::{Read as _, difference};
use crate::version::ApiVersion;

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// `customer.subscription.updated`
    pub kind: String,
    /// Seconds since the epoch: many events share one.
    pub created: i64,
    /// The object afterwards, in the newest shape.
    pub(crate) after: Value,
    /// The object before, where it was changed.
    pub(crate) before: Option<Value>,
    pub(crate) request: Cause,
    pub(crate) pending_webhooks: usize,
}

/// The request that led to an event; nothing where time did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Cause {
    pub(crate) id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

impl Event {
    /// The id of the object that the event is about.
    pub fn object_id(&self) -> &str {
        self.after.word("id")
    }

    /// The event with its snapshot, as a version of the API shows it.
    pub fn snapshot(&self, version: &ApiVersion) -> Value {
        let object = version.render(&self.after);
        let mut data = json!({"object": object});
        if let Some(before) = &self.before {
            data["previous_attributes"] =
                Value::Object(difference(&version.render(before), &object));
        }
        json!({
            "id": self.id,
            "object": "event",
            "account": null,
            "api_version": version.name(),
            "created": self.created,
            "data": data,
            "livemode": false,
            "pending_webhooks": self.pending_webhooks,
            "request": {"id": self.request.id, "idempotency_key": self.request.idempotency_key},
            "type": self.kind,
        })
    }

    /// The event without its snapshot (`v2.core.event`): whoever gets it asks for the object.
    pub fn thin(&self) -> Value {
        let reason = self.request.id.as_ref().map(|id| {
            let request = json!({"id": id, "idempotency_key": self.request.idempotency_key});
            json!({"type": "request", "request": request})
        });
        let object = self.after.word("object");
        json!({
            "id": self.id,
            "object": "v2.core.event",
            "type": format!("v1.{}", self.kind),
            "created": rfc3339(self.created),
            "livemode": false,
            "context": null,
            "reason": reason,
            "related_object": {
                "id": self.object_id(),
                "type": object,
                "url": address(object, self.object_id()),
            },
        })
    }
}

/// Where the API has an object.
fn address(kind: &str, id: &str) -> String {
    let collection = match kind {
        "checkout.session" => "checkout/sessions".to_owned(),
        "billing_portal.session" => "billing_portal/sessions".to_owned(),
        "billing_portal.configuration" => "billing_portal/configurations".to_owned(),
        "billing.meter" => "billing/meters".to_owned(),
        "test_helpers.test_clock" => "test_helpers/test_clocks".to_owned(),
        other => format!("{other}s"),
    };
    format!("/v1/{collection}/{id}")
}
