use std::collections::BTreeMap;

use fake_stripe::delivery::{Disorder, Endpoint, Planner, Style};
use fake_stripe::{ApiVersion, Stripe, signed};
use serde_json::Value;

use crate::{Account, DAY};

fn busy() -> Stripe {
    let mut account = Account::new();
    account.card("pm_card_visa");
    account.subscribe("&trial_period_days=7");
    account.stripe.advance(100 * DAY);
    account.stripe
}

fn order(stripe: &Stripe, endpoints: &[Endpoint], disorder: Disorder, seed: u64) -> Vec<String> {
    let mut planner = Planner::new(stripe.events(), endpoints, disorder, seed);
    let mut delivered = Vec::new();
    let done = planner.run(
        10_000,
        || stripe.now(),
        |delivery| {
            delivered.push(delivery.event_id.clone());
            200
        },
    );
    assert!(done);
    delivered
}

#[test]
fn without_disorder_each_event_comes_once_and_in_order() {
    let stripe = busy();
    let ids: Vec<String> = stripe.events().iter().map(|event| event.id.clone()).collect();
    let endpoints = [Endpoint::new("http://127.0.0.1/", "whsec_1")];
    assert_eq!(order(&stripe, &endpoints, Disorder::NONE, 1), ids);
}

#[test]
fn disorder_repeats_and_shuffles_and_loses_nothing() {
    let stripe = busy();
    let endpoints = [Endpoint::new("http://127.0.0.1/", "whsec_1")];
    let first = order(&stripe, &endpoints, Disorder::FULL, 1);
    assert_eq!(first, order(&stripe, &endpoints, Disorder::FULL, 1), "a seed decides all");
    assert_ne!(first, order(&stripe, &endpoints, Disorder::FULL, 2));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &first {
        *counts.entry(id).or_default() += 1;
    }
    assert_eq!(counts.len(), stripe.events().len());
    assert!(
        counts.values().all(|count| (1..=5).contains(count))
            && counts.values().any(|count| *count > 1)
    );
    let mut sorted: Vec<&String> = first.iter().collect();
    sorted.dedup();
    let made: Vec<&String> = stripe.events().iter().map(|event| &event.id).collect();
    assert_ne!(sorted, made);
}

#[test]
fn what_is_refused_comes_again_until_it_is_taken() {
    let stripe = busy();
    let endpoints = [Endpoint::new("http://127.0.0.1/", "whsec_1")];
    let mut planner = Planner::new(stripe.events(), &endpoints, Disorder::FULL, 5);
    let count = planner.planned();
    let mut calls = 0;
    let done = planner.run(
        100_000,
        || 0,
        |_| {
            calls += 1;
            if calls % 3 == 0 { 200 } else { 503 }
        },
    );
    assert!(done && planner.arrived() == count && calls == count * 3);
}

#[test]
fn a_secret_is_rolled_with_an_overlap() {
    let stripe = busy();
    let endpoints = [Endpoint::new("http://127.0.0.1/", "whsec_old").rolled_to("whsec_new")];
    let mut planner = Planner::new(stripe.events(), &endpoints, Disorder::FULL, 9);
    let mut phases = Vec::new();
    planner.run(
        10_000,
        || 1_000,
        |delivery| {
            let by =
                |secrets: &[&str]| delivery.signature == signed(&delivery.body, secrets, 1_000);
            let phase = [by(&["whsec_old"]), by(&["whsec_old", "whsec_new"]), by(&["whsec_new"])];
            let phase = phase.iter().position(|is| *is).expect("a phase");
            if phases.last() != Some(&phase) {
                phases.push(phase);
            }
            200
        },
    );
    assert_eq!(phases, [0, 1, 2]);
}

#[test]
fn versions_are_mixed_and_thin_events_have_no_snapshot() {
    let stripe = busy();
    let mixed = Endpoint::new("http://127.0.0.1/", "whsec_1")
        .versions(vec![ApiVersion::newest(), ApiVersion::acacia()]);
    let thin = Endpoint { style: Style::Thin, ..Endpoint::new("http://127.0.0.1/thin", "whsec_2") };
    let mut planner = Planner::new(stripe.events(), &[mixed, thin], Disorder::FULL, 3);
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    planner.run(
        10_000,
        || 0,
        |delivery| {
            let event: Value = serde_json::from_str(&delivery.body).unwrap();
            let version = event["api_version"].as_str().unwrap_or("none").to_owned();
            assert_eq!(
                delivery.url.ends_with("thin"),
                version == "none" && event.get("data").is_none()
            );
            *versions.entry(version).or_default() += 1;
            200
        },
    );
    assert_eq!(versions.len(), 3);
}

#[test]
fn registered_endpoints_get_what_they_asked_for() {
    let mut account = Account::new();
    let form = "url=http://127.0.0.1:9/hook&enabled_events[]=customer.*&enabled_events[]=invoice.paid&api_version=2024-11-20.acacia";
    let made = account.made("/v1/webhook_endpoints", form);
    assert!(made.text("secret").starts_with("whsec_"));
    let id = made.text("id").to_owned();
    assert!(
        account.get(&format!("/v1/webhook_endpoints/{id}")).at("secret").is_null(),
        "it is told once"
    );
    let endpoint = Endpoint::registered(&account.stripe).remove(0);
    assert_eq!(endpoint.secret, made.text("secret"));
    assert!(
        endpoint.wants("customer.created")
            && endpoint.wants("invoice.paid")
            && !endpoint.wants("price.created")
    );
    assert_eq!(endpoint.style, Style::Snapshot(vec![ApiVersion::acacia()]));
    account.made(&format!("/v1/webhook_endpoints/{id}"), "disabled=true");
    assert_eq!(Endpoint::registered(&account.stripe), []);
}
