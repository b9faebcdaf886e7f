//! `/v1/test_helpers/test_clocks`: the fake has one clock, and advancing any test clock advances that one.

use serde_json::{Value, json};

use super::{deleted, list_of};
use crate::error::{ApiError, Outcome};
use crate::object::Write as _;
use crate::params::Params;
use crate::stripe::Stripe;

const KIND: &str = "test_helpers.test_clock";

pub(crate) fn create(stripe: &mut Stripe, params: &Params) -> Outcome<Value> {
    let asked = params.integer("frozen_time")?.ok_or_else(|| ApiError::missing("frozen_time"))?;
    // A clock that starts in the future takes everybody along; one in the past starts now.
    stripe.advance((asked - stripe.now).max(0));
    let id = stripe.random.id("clock");
    let clock = json!({
        "id": id,
        "object": KIND,
        "created": stripe.now,
        "deletes_after": stripe.now + 30 * 24 * 3600,
        "frozen_time": stripe.now,
        "livemode": false,
        "name": params.text("name"),
        "status": "ready",
        "status_details": {},
    });
    stripe.store.insert(clock);
    stripe.emit("test_helpers.test_clock.created", &id);
    read(stripe, &id)
}

pub(crate) fn read(stripe: &Stripe, id: &str) -> Outcome<Value> {
    stripe.store.find(KIND, id).cloned()
}

pub(crate) fn advance(stripe: &mut Stripe, id: &str, params: &Params) -> Outcome<Value> {
    read(stripe, id)?;
    let asked = params.integer("frozen_time")?.ok_or_else(|| ApiError::missing("frozen_time"))?;
    if asked <= stripe.now {
        return Err(ApiError::invalid(
            "frozen_time",
            "frozen_time must be after the clock's present time.",
        ));
    }
    stripe.emit("test_helpers.test_clock.advancing", id);
    stripe.advance(asked - stripe.now);
    stripe.alter(id, |clock| clock.put("frozen_time", asked));
    stripe.emit("test_helpers.test_clock.ready", id);
    read(stripe, id)
}

pub(crate) fn delete(stripe: &mut Stripe, id: &str) -> Outcome<Value> {
    read(stripe, id)?;
    stripe.emit("test_helpers.test_clock.deleted", id);
    stripe.store.remove(id);
    Ok(deleted(KIND, id))
}

pub(crate) fn list(stripe: &Stripe, params: &Params) -> Outcome<Value> {
    list_of(stripe, KIND, "/v1/test_helpers/test_clocks", params, |_| true)
}

#[cfg(test)]
mod tests {
    use crate::{Request, Settings, Stripe};

    #[test]
    fn a_test_clock_moves_the_one_clock() {
        let mut stripe = Stripe::new(Settings::default());
        let start = stripe.now();
        let clock = stripe.handle(&Request::post(
            "/v1/test_helpers/test_clocks",
            &format!("frozen_time={start}"),
        ));
        let address = format!("/v1/test_helpers/test_clocks/{}/advance", clock.text("id"));
        let later = stripe.handle(&Request::post(&address, &format!("frozen_time={}", start + 60)));
        assert_eq!((later.status, stripe.now()), (200, start + 60));
        assert_eq!(
            stripe.handle(&Request::post(&address, &format!("frozen_time={start}"))).status,
            400
        );
    }
}
