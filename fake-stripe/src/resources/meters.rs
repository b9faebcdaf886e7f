//! `/v1/billing/meters` and `/v1/billing/meter_events`

use serde_json::{Value, json};

use super::list_of;
use crate::error::{ApiError, Outcome};
use crate::object::Read as _;
use crate::params::Params;
use crate::store::page;
use crate::stripe::Stripe;

const KIND: &str = "billing.meter";
const EVENT: &str = "billing.meter_event";
/// How long an identifier is unique, in seconds: 24 hours (Stripe docs, "Meter events").
const IDENTIFIERS_LAST: i64 = 24 * 3600;
/// How old a usage may be: 35 days.
const OLDEST: i64 = 35 * 24 * 3600;

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let name = params.required("event_name")?;
    params.required("display_name")?;
    params.required("default_aggregation.formula")?;
    let formula = params.one_of("default_aggregation.formula", &["sum", "count", "last"])?;
    if stripe.store.all(KIND).any(|meter| meter.word("event_name") == name) {
        return Err(ApiError::invalid(
            "event_name",
            "An active meter already has this event name.",
        ));
    }
    let id = stripe.random.id("mtr").replace("mtr_", "mtr_test_");
    let meter = json!({
        "id": id,
        "object": KIND,
        "created": stripe.now,
        "customer_mapping": {
            "event_payload_key": params.text("customer_mapping.event_payload_key").unwrap_or("stripe_customer_id"),
            "type": "by_id",
        },
        "default_aggregation": {"formula": formula},
        "display_name": params.text("display_name"),
        "event_name": name,
        "event_time_window": null,
        "livemode": false,
        "status": "active",
        "status_transitions": {"deactivated_at": null},
        "updated": stripe.now,
        "value_settings": {
            "event_payload_key": params.text("value_settings.event_payload_key").unwrap_or("value"),
        },
    });
    stripe.store.insert(meter);
    stripe.emit("billing.meter.created", &id);
    read(stripe, &id)
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, KIND, "/v1/billing/meters", params, |_| true)
}

/// Records a usage; one whose identifier is known is refused.
pub(crate) fn record(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let name = params.required("event_name")?;
    let meter = stripe.store.all(KIND).find(|meter| meter.word("event_name") == name).cloned();
    let meter = meter.ok_or_else(|| {
        ApiError::invalid("event_name", &format!("No active meter found for event name '{name}'."))
            .code("no_meter_found")
    })?;
    let customer = payload(params, &meter, "customer_mapping")?;
    stripe.store.named("customer", customer, "payload.stripe_customer_id")?;
    let value = payload(params, &meter, "value_settings")?;
    if value.parse::<i64>().is_err() {
        return Err(ApiError::invalid("payload.value", "The value must be a whole number.")
            .code("meter_event_invalid_value"));
    }
    let at = params.integer("timestamp")?.unwrap_or(stripe.now);
    if at < stripe.now - OLDEST || at > stripe.now + 300 {
        return Err(ApiError::invalid(
            "timestamp",
            "The timestamp is more than 35 days ago or 5 minutes ahead.",
        )
        .code("timestamp_too_far_in_past"));
    }
    let identifier =
        params.text("identifier").map_or_else(|| stripe.random.id("mtre"), str::to_owned);
    let since = stripe.now - IDENTIFIERS_LAST;
    let is_known =
        |event: &Value| event.word("identifier") == identifier && event.amount("created") > since;
    if stripe.store.all(EVENT).any(is_known) {
        return Err(ApiError::invalid(
            "identifier",
            &format!("An event already exists with identifier {identifier}."),
        )
        .code("duplicate_meter_event"));
    }
    let event = json!({
        "object": EVENT,
        "id": stripe.random.id("mtrevt"),
        "created": stripe.now,
        "event_name": name,
        "identifier": identifier,
        "livemode": false,
        "payload": params.at("payload"),
        "timestamp": at,
        "_meter": meter.word("id"),
        "_customer": customer,
        "_value": value.parse::<i64>().unwrap_or_default(),
    });
    stripe.store.insert(event.clone());
    Ok(event)
}

fn payload<'a>(params: &'a Params, meter: &Value, setting: &str) -> Outcome<&'a str> {
    let key = meter.word(&format!("{setting}.event_payload_key")).to_owned();
    params.required(&format!("payload.{key}"))
}

/// What a customer used between two times.
pub(crate) fn summaries(stripe: &Stripe, id: &str, params: &Params) -> Outcome<Value> {
    let meter = read(stripe, id)?;
    let customer = params.required("customer")?;
    let bound = |name: &str| params.integer(name)?.ok_or_else(|| ApiError::missing(name));
    let (start, end) = (bound("start_time")?, bound("end_time")?);
    let values: Vec<i64> = stripe
        .store
        .all(EVENT)
        .filter(|event| event.word("_meter") == id && event.word("_customer") == customer)
        .filter(|event| (start..end).contains(&event.amount("timestamp")))
        .map(|event| event.amount("_value"))
        .collect();
    let total = match meter.word("default_aggregation.formula") {
        "count" => i64::try_from(values.len()).unwrap_or_default(),
        "last" => values.last().copied().unwrap_or_default(),
        _ => values.iter().sum(),
    };
    let summary = json!({
        "id": format!("mtrusg_test_{start}"),
        "object": "billing.meter_event_summary",
        "aggregated_value": total,
        "start_time": start,
        "end_time": end,
        "livemode": false,
        "meter": id,
    });
    page([summary].iter(), params, &format!("/v1/billing/meters/{id}/event_summaries"))
}

#[cfg(test)]
mod tests {
    use crate::{Request, Settings, Stripe};

    #[test]
    fn a_usage_with_a_known_identifier_is_refused() {
        let mut stripe = Stripe::new(Settings::default());
        let customer = stripe.handle(&Request::post("/v1/customers", "")).text("id").to_owned();
        let meter = "display_name=Messages&event_name=messages&default_aggregation[formula]=sum";
        let meter =
            stripe.handle(&Request::post("/v1/billing/meters", meter)).text("id").to_owned();
        let usage = |identifier: &str| {
            let form = format!(
                "event_name=messages&identifier={identifier}&payload[stripe_customer_id]={customer}&payload[value]=3"
            );
            Request::post("/v1/billing/meter_events", &form)
        };
        assert_eq!(stripe.handle(&usage("a")).status, 200);
        assert_eq!(stripe.handle(&usage("b")).status, 200);
        let again = stripe.handle(&usage("a"));
        assert_eq!((again.status, again.text("error.code")), (400, "duplicate_meter_event"));
        let (start, end) = (stripe.now(), stripe.now() + 60);
        let address = format!(
            "/v1/billing/meters/{meter}/event_summaries?customer={customer}&start_time={start}&end_time={end}"
        );
        assert_eq!(stripe.handle(&Request::get(&address)).at("data.0.aggregated_value"), 6);
    }
}
