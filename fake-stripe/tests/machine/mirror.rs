//! Whoever applies the events in their order has what the API answers: what a mirror of Stripe stands on.

use std::collections::BTreeMap;

use fake_stripe::{ApiVersion, Request, Settings, Stripe};
use serde_json::Value;

use crate::{Account, DAY};

/// Draws numbers below a limit, the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<'a>(&mut self, items: &'a [Value]) -> Option<&'a Value> {
        let count = u64::try_from(items.len()).ok()?;
        if count == 0 { None } else { items.get(usize::try_from(self.below(count)).ok()?) }
    }
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_default()
}

/// Does something that may be refused.
fn step(account: &mut Account, draw: &mut Draw, other_price: &str) {
    let subscriptions = account.stripe.objects("subscription");
    let invoices = account.stripe.objects("invoice");
    let subscription = draw.one_of(&subscriptions).cloned().unwrap_or_default();
    let address = format!("/v1/subscriptions/{}", id(&subscription));
    let item = subscription["items"]["data"][0]["id"].as_str().unwrap_or_default().to_owned();
    let invoice = format!("/v1/invoices/{}", draw.one_of(&invoices).map(id).unwrap_or_default());
    let (customer, price) = (account.customer.clone(), account.price.clone());
    match draw.below(17) {
        0 => account.card("pm_card_visa"),
        1 => drop(
            account
                .post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}")),
        ),
        2 => {
            let form = format!("customer={customer}&items[0][price]={price}&trial_period_days=5");
            account.post("/v1/subscriptions", &form);
        }
        3 => drop(account.post(&address, "cancel_at_period_end=true")),
        4 => drop(account.post(&address, "cancel_at_period_end=false&metadata[a]=b")),
        5 => drop(
            account.post(&address, &format!("items[0][id]={item}&items[0][price]={other_price}")),
        ),
        6 => {
            let form = format!(
                "items[0][id]={item}&items[0][quantity]=3&proration_behavior=always_invoice"
            );
            account.post(&address, &form);
        }
        7 => drop(account.stripe.handle(&Request::delete(&address))),
        8 => drop(account.post(&format!("{address}/pause"), "")),
        9 => drop(account.post(&format!("{address}/resume"), "")),
        10 => account.stripe.decline(&customer),
        11 => account.stripe.accept(&customer),
        12 => drop(account.post(&format!("{invoice}/pay"), "")),
        13 => drop(account.post(&format!("{invoice}/void"), "")),
        14 => drop(account.post(&address, "pause_collection[behavior]=keep_as_draft")),
        _ => account.stripe.advance(i64::try_from(draw.below(20)).unwrap() * DAY / 2),
    }
}

/// The snapshots that stand at the end of the events.
fn mirror(stripe: &Stripe) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    for event in stripe.events() {
        let starts = ["customer.created", "customer.updated", "customer.subscription.", "invoice."];
        if starts.iter().any(|start| event.kind.starts_with(start))
            && event.kind != "invoice.upcoming"
        {
            let snapshot = event.snapshot(&ApiVersion::newest());
            seen.insert(event.object_id().to_owned(), snapshot["data"]["object"].clone());
        }
    }
    seen
}

#[test]
fn the_last_snapshot_of_each_object_is_the_object() {
    for seed in 0..12 {
        let mut account = Account::with(Settings { seed, ..Settings::default() });
        account.card("pm_card_visa");
        let other_price =
            account.another_price(9_000, if seed % 2 == 0 { "month" } else { "year" });
        let mut draw = Draw(seed);
        for round in 0..40 {
            step(&mut account, &mut draw, &other_price);
            if round % 8 != 7 {
                continue;
            }
            let seen = mirror(&account.stripe);
            for kind in ["customer", "subscription", "invoice"] {
                for object in account.stripe.objects(kind) {
                    let (mut mirrored, mut object) = (seen[id(&object)].clone(), object);
                    for either in [&mut mirrored, &mut object] {
                        // Nobody is told which number the next invoice will have.
                        either.as_object_mut().unwrap().remove("next_invoice_sequence");
                    }
                    assert_eq!(mirrored, object, "seed {seed}");
                }
            }
        }
    }
}

#[test]
fn events_never_go_back_in_time() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let other_price = account.another_price(9_000, "year");
    let mut draw = Draw(7);
    for _ in 0..200 {
        step(&mut account, &mut draw, &other_price);
    }
    let times: Vec<i64> = account.stripe.events().iter().map(|event| event.created).collect();
    assert!(times.is_sorted() && times.windows(2).any(|pair| pair[0] == pair[1]));
}
