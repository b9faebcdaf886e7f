use fake_stripe::{AfterLastFailure, ApiVersion, Request, Settings};
use serde_json::json;

use crate::{Account, DAY};

const BILLING: [&str; 2] = ["customer.subscription", "invoice."];

#[test]
fn a_subscription_with_a_card_is_active_and_paid() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let since = account.stripe.events().len();
    let subscription = account.subscribe(
        "&metadata[org_id]=org_1&expand[]=latest_invoice&expand[]=items.data.price.product",
    );
    assert_eq!(subscription.text("status"), "active");
    assert_eq!(subscription.text("latest_invoice.status"), "paid");
    assert_eq!(subscription.at("latest_invoice.amount_paid"), 5000);
    assert_eq!(subscription.text("items.data.0.price.product.name"), "Chatbot");
    assert_eq!(
        account.kinds_of(since, &BILLING),
        [
            "invoice.created",
            "invoice.finalized",
            "invoice.updated",
            "invoice.updated",
            "invoice.paid",
            "invoice.payment_succeeded",
            "customer.subscription.created",
        ]
    );
    let invoice = account.last("invoice.paid");
    let parent = &invoice["data"]["object"]["parent"]["subscription_details"];
    assert_eq!(parent["subscription"], subscription.text("id"));
    assert_eq!(parent["metadata"], json!({"org_id": "org_1"}));
}

#[test]
fn without_a_card_nothing_is_made() {
    let mut account = Account::new();
    let form = format!("customer={}&items[0][price]={}", account.customer, account.price);
    let since = account.stripe.events().len();
    assert_eq!(account.post("/v1/subscriptions", &form).text("error.code"), "resource_missing");
    assert_eq!(account.kinds(since), [""; 0]);
}

#[test]
fn it_renews_by_a_draft_that_is_paid_an_hour_later() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let before = account.subscribe("");
    let end = before.at("items.data.0.current_period_end").as_i64().unwrap();
    let since = account.stripe.events().len();
    account.stripe.advance(end - account.stripe.now() + 60);
    assert_eq!(
        account.kinds_of(since, &BILLING),
        ["invoice.upcoming", "invoice.created", "customer.subscription.updated"]
    );
    let updated = account.last("customer.subscription.updated");
    assert_eq!(updated["created"], end);
    assert_eq!(updated["data"]["object"]["items"]["data"][0]["current_period_start"], end);
    assert_eq!(
        updated["data"]["previous_attributes"]["items"]["data"][0]["current_period_end"],
        end
    );
    let invoice = account.last("invoice.created")["data"]["object"].clone();
    assert_eq!(
        (&invoice["status"], &invoice["billing_reason"]),
        (&json!("draft"), &json!("subscription_cycle"))
    );
    account.stripe.advance(3600);
    let paid = account.last("invoice.paid");
    assert_eq!(
        (&paid["data"]["object"]["id"], &paid["created"]),
        (&invoice["id"], &json!(end + 3600))
    );
}

#[test]
fn a_trial_is_free_announced_and_then_costs() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let since = account.stripe.events().len();
    let subscription = account.subscribe("&trial_period_days=14&expand[]=latest_invoice");
    assert_eq!(
        (subscription.text("status"), subscription.at("latest_invoice.total")),
        ("trialing", &json!(0))
    );
    account.stripe.advance(11 * DAY - 1);
    assert!(!account.kinds(since).contains(&"customer.subscription.trial_will_end"));
    account.stripe.advance(1);
    assert!(account.kinds(since).contains(&"customer.subscription.trial_will_end"));
    account.stripe.advance(3 * DAY);
    let updated = account.last("customer.subscription.updated");
    assert_eq!(updated["data"]["previous_attributes"]["status"], "trialing");
    account.stripe.advance(3600);
    assert_eq!(account.last("invoice.paid")["data"]["object"]["total"], 5000);
}

#[test]
fn a_short_trial_is_announced_at_once() {
    let mut account = Account::new();
    account.subscribe("&trial_period_days=1");
    assert_eq!(account.kinds(0).last(), Some(&"customer.subscription.trial_will_end"));
}

#[test]
fn a_trial_without_a_card_may_pause() {
    let mut account = Account::new();
    let id = account
        .subscribe(
            "&trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=pause",
        )
        .text("id")
        .to_owned();
    account.stripe.advance(8 * DAY);
    assert_eq!(account.subscription(&id).text("status"), "paused");
    assert_eq!(account.kinds(0).last(), Some(&"customer.subscription.paused"));
    account.stripe.advance(60 * DAY);
    assert_eq!(account.subscription(&id).text("status"), "paused", "nothing is due while it rests");
    account.card("pm_card_visa");
    let resumed = account.made(&format!("/v1/subscriptions/{id}/resume"), "");
    assert_eq!(resumed.text("status"), "active");
    assert_eq!(account.kinds(0).last(), Some(&"customer.subscription.resumed"));
}

#[test]
fn a_declined_renewal_is_tried_again_and_canceled_at_last() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let customer = account.customer.clone();
    account.stripe.decline(&customer);
    let since = account.stripe.events().len();
    account.stripe.advance(32 * DAY);
    assert_eq!(account.subscription(&id).text("status"), "past_due");
    let failed = account.last("invoice.payment_failed")["data"]["object"].clone();
    assert_eq!(
        (&failed["attempt_count"], failed["next_payment_attempt"].is_i64()),
        (&json!(1), true)
    );
    account.stripe.advance(20 * DAY);
    let attempts =
        account.kinds(since).iter().filter(|kind| **kind == "invoice.payment_failed").count();
    assert_eq!(attempts, 4);
    assert_eq!(account.subscription(&id).text("status"), "canceled");
    let deleted = account.last("customer.subscription.deleted")["data"]["object"].clone();
    assert_eq!(deleted["cancellation_details"]["reason"], "payment_failed");
}

#[test]
fn a_declined_renewal_may_leave_it_unpaid_until_it_is_paid() {
    let settings = Settings {
        after_last_failure: AfterLastFailure::MarkUnpaid,
        retry_after_s: vec![DAY],
        ..Settings::default()
    };
    let mut account = Account::with(settings);
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let customer = account.customer.clone();
    account.stripe.decline(&customer);
    account.stripe.advance(34 * DAY);
    let unpaid = account.subscription(&id);
    assert_eq!(unpaid.text("status"), "unpaid");
    account.stripe.accept(&customer);
    account.made(&format!("/v1/invoices/{}/pay", unpaid.text("latest_invoice")), "");
    assert_eq!(account.subscription(&id).text("status"), "active");
}

#[test]
fn a_first_invoice_that_is_refused_expires_after_23_hours() {
    let mut account = Account::new();
    account.card("pm_card_chargeCustomerFail");
    let subscription = account.subscribe("");
    assert_eq!(subscription.text("status"), "incomplete");
    account.stripe.advance(23 * 3600 - 1);
    assert_eq!(account.subscription(subscription.text("id")).text("status"), "incomplete");
    account.stripe.advance(1);
    assert_eq!(account.subscription(subscription.text("id")).text("status"), "incomplete_expired");
    assert_eq!(
        account.last("invoice.voided")["data"]["object"]["id"],
        subscription.text("latest_invoice")
    );
}

#[test]
fn it_ends_with_the_period_when_asked() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let subscription = account.subscribe("");
    let address = format!("/v1/subscriptions/{}", subscription.text("id"));
    let ending = account.made(&address, "cancel_at_period_end=true");
    assert_eq!(ending.at("cancel_at"), subscription.at("items.data.0.current_period_end"));
    let updated = account.last("customer.subscription.updated");
    assert_eq!(updated["data"]["previous_attributes"]["cancel_at_period_end"], false);
    let kept = account.made(&address, "cancel_at_period_end=false");
    assert!(kept.at("cancel_at").is_null());
    account.made(&address, "cancel_at_period_end=true");
    let since = account.stripe.events().len();
    account.stripe.advance(32 * DAY);
    assert_eq!(account.kinds_of(since, &BILLING), ["customer.subscription.deleted"]);
    assert_eq!(
        account.last("customer.subscription.deleted")["data"]["object"]["status"],
        "canceled"
    );
}

#[test]
fn it_ends_at_once_and_is_then_left_out_of_lists() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let address = format!("/v1/subscriptions/{id}");
    assert_eq!(account.stripe.handle(&Request::delete(&address)).text("status"), "canceled");
    assert_eq!(account.stripe.handle(&Request::delete(&address)).status, 404);
    assert_eq!(account.get("/v1/subscriptions").at("data"), &json!([]));
    assert_eq!(account.get("/v1/subscriptions?status=all").text("data.0.id"), id);
    account.stripe.advance(90 * DAY);
    assert_eq!(account.last("customer.subscription.deleted")["data"]["object"]["id"], json!(id));
}

#[test]
fn another_price_is_prorated_to_the_second() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let subscription = account.subscribe("");
    let (id, item) =
        (subscription.text("id").to_owned(), subscription.text("items.data.0.id").to_owned());
    let dearer = account.another_price(10_000, "month");
    let (start, end) = (
        account.stripe.now(),
        subscription.at("items.data.0.current_period_end").as_i64().unwrap(),
    );
    account.stripe.advance((end - start) / 2);
    let form =
        format!("items[0][id]={item}&items[0][price]={dearer}&proration_behavior=always_invoice");
    let changed = account.made(&format!("/v1/subscriptions/{id}"), &form);
    assert_eq!(changed.text("items.data.0.price.id"), dearer);
    let invoice = account.last("invoice.paid")["data"]["object"].clone();
    assert_eq!(
        (&invoice["billing_reason"], &invoice["total"]),
        (&json!("subscription_update"), &json!(2500))
    );
    let lines = &invoice["lines"]["data"];
    assert_eq!((&lines[0]["amount"], &lines[1]["amount"]), (&json!(-2500), &json!(5000)));
    assert_eq!(lines[0]["parent"]["invoice_item_details"]["proration"], true);
    let updated: Vec<_> = account
        .stripe
        .events()
        .iter()
        .filter(|event| event.kind == "customer.subscription.updated")
        .map(|event| event.snapshot(&ApiVersion::newest())["data"]["previous_attributes"].clone())
        .collect();
    assert_eq!(updated[0]["items"]["data"][0]["price"]["id"], account.price);
    assert_eq!(updated[1], json!({"latest_invoice": subscription.text("latest_invoice")}));
}

#[test]
fn items_come_go_and_have_periods_of_their_own() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let yearly = account.another_price(100_000, "year");
    let subscription =
        account.subscribe(&format!("&items[1][price]={yearly}&items[1][quantity]=2"));
    let ends: Vec<i64> = (0..2)
        .map(|at| subscription.at(&format!("items.data.{at}.current_period_end")).as_i64().unwrap())
        .collect();
    assert!(ends[0] < ends[1]);
    account.stripe.advance(32 * DAY);
    let invoice = account.last("invoice.paid")["data"]["object"].clone();
    assert_eq!(invoice["lines"]["data"].as_array().unwrap().len(), 1, "only the month is over");
    let id = subscription.text("id").to_owned();
    let item = subscription.text("items.data.1.id").to_owned();
    let without = account.made(
        &format!("/v1/subscriptions/{id}"),
        &format!("items[0][id]={item}&items[0][deleted]=true"),
    );
    assert_eq!(without.at("items.total_count"), 1);
    let last = without.text("items.data.0.id").to_owned();
    let form = format!("items[0][id]={last}&items[0][deleted]=true");
    assert_eq!(account.post(&format!("/v1/subscriptions/{id}"), &form).status, 400);
}

#[test]
fn collection_may_rest_without_a_change_of_status() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let address = format!("/v1/subscriptions/{id}");
    let resting = account.made(&address, "pause_collection[behavior]=void");
    assert_eq!(
        (resting.text("status"), resting.text("pause_collection.behavior")),
        ("active", "void")
    );
    account.stripe.advance(32 * DAY);
    assert_eq!(
        account.last("invoice.voided")["data"]["object"]["billing_reason"],
        "subscription_cycle"
    );
    assert!(account.made(&address, "pause_collection=").at("pause_collection").is_null());
}

#[test]
fn pending_updates_are_told_when_asked() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    account.stripe.apply_pending_update(&id);
    account.stripe.expire_pending_update(&id);
    let told = account.kinds_of(0, &["customer.subscription.pending"]);
    assert_eq!(
        told,
        [
            "customer.subscription.pending_update_applied",
            "customer.subscription.pending_update_expired"
        ]
    );
}

#[test]
fn old_versions_have_old_shapes_in_answers_and_events() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let request = Request::get(&format!("/v1/subscriptions/{id}"))
        .header("Stripe-Version", ApiVersion::ACACIA);
    let old = account.stripe.handle(&request);
    assert_eq!(old.header("stripe-version"), Some(ApiVersion::ACACIA));
    assert!(
        old.at("current_period_end").is_i64()
            && old.at("items.data.0.current_period_end").is_null()
    );
    account.stripe.advance(40 * DAY);
    let event = account
        .stripe
        .events()
        .iter()
        .rev()
        .find(|event| event.kind == "customer.subscription.updated");
    let rendered = event.unwrap().snapshot(&ApiVersion::acacia());
    assert_eq!(rendered["api_version"], ApiVersion::ACACIA);
    assert!(rendered["data"]["previous_attributes"]["current_period_end"].is_i64());
    let invoice =
        account.stripe.events().iter().find(|event| event.kind == "invoice.paid").unwrap();
    let invoice = invoice.snapshot(&ApiVersion::acacia())["data"]["object"].clone();
    assert_eq!((&invoice["subscription"], &invoice["paid"]), (&json!(id), &json!(true)));
    assert!(invoice["payment_intent"].as_str().unwrap().starts_with("pi_"));
    assert_eq!(invoice["lines"]["data"][0]["price"]["id"], account.price);
    let odd = Request::get("/v1/customers").header("Stripe-Version", "newest");
    assert_eq!(account.stripe.handle(&odd).status, 400);
}

#[test]
fn it_rests_and_goes_on_when_asked() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let since = account.stripe.events().len();
    let paused = account.made(&format!("/v1/subscriptions/{id}/pause"), "");
    assert_eq!(paused.text("status"), "paused");
    assert_eq!(paused.text("status_details.paused.subscription.type"), "pause_requested");
    assert_eq!(
        account.post(&format!("/v1/subscriptions/{id}/pause"), "").status,
        400,
        "it rests already"
    );
    account.stripe.advance(90 * DAY);
    let resumed = account.made(&format!("/v1/subscriptions/{id}/resume"), "");
    assert_eq!(resumed.text("status"), "active");
    assert_eq!(resumed.at("items.data.0.current_period_start"), account.stripe.now());
    let kinds = account.kinds_of(since, &["customer.subscription", "invoice.paid"]);
    assert_eq!(
        kinds,
        [
            "customer.subscription.updated",
            "customer.subscription.paused",
            "customer.subscription.updated",
            "invoice.paid",
            "customer.subscription.updated",
            "customer.subscription.resumed",
        ]
    );
}

#[test]
fn what_cannot_be_paid_stays_paused() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    account.made(&format!("/v1/subscriptions/{id}/pause"), "");
    let customer = account.customer.clone();
    account.stripe.decline(&customer);
    let still = account.made(&format!("/v1/subscriptions/{id}/resume"), "");
    assert_eq!(still.text("status"), "paused");
    account.stripe.accept(&customer);
    account.made(&format!("/v1/invoices/{}/pay", still.text("latest_invoice")), "");
    assert_eq!(account.subscription(&id).text("status"), "active");
}

#[test]
fn a_trial_may_end_now() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("&trial_period_days=14").text("id").to_owned();
    assert_eq!(
        account.made(&format!("/v1/subscriptions/{id}"), "trial_end=now").text("status"),
        "active"
    );
    account.stripe.advance(3600);
    assert_eq!(account.last("invoice.paid")["data"]["object"]["total"], 5000);
}

#[test]
fn a_price_of_another_interval_begins_a_new_period() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let subscription = account.subscribe("");
    let (id, item) =
        (subscription.text("id").to_owned(), subscription.text("items.data.0.id").to_owned());
    let yearly = account.another_price(50_000, "year");
    account.stripe.advance(DAY);
    let form = format!("items[0][id]={item}&items[0][price]={yearly}");
    let changed = account.made(&format!("/v1/subscriptions/{id}"), &form);
    assert_eq!(changed.at("items.data.0.current_period_start"), account.stripe.now());
    let invoice = account.last("invoice.paid")["data"]["object"].clone();
    let total = invoice["total"].as_i64().unwrap();
    assert!((45_000..46_000).contains(&total), "a year, less the rest of the month: {total}");
}

#[test]
fn items_have_an_address_of_their_own() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let other = account.another_price(700, "month");
    let item = account
        .made("/v1/subscription_items", &format!("subscription={id}&price={other}&quantity=2"));
    assert_eq!((item.text("price.id"), item.at("quantity")), (other.as_str(), &json!(2)));
    let address = format!("/v1/subscription_items/{}", item.text("id"));
    assert_eq!(account.made(&address, "quantity=5").at("quantity"), 5);
    let listed = account.get(&format!("/v1/subscription_items?subscription={id}"));
    assert_eq!(listed.at("data").as_array().unwrap().len(), 2);
    assert_eq!(account.stripe.handle(&Request::delete(&address)).at("deleted"), true);
    assert_eq!(account.get(&address).status, 404);
    assert_eq!(
        account.last("customer.subscription.updated")["data"]["object"]["items"]["total_count"],
        1
    );
}

#[test]
fn nothing_is_left_behind_by_a_refused_change() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let before = account.subscription(&id).body;
    let since = account.stripe.events().len();
    for form in [
        "metadata[a]=b&items[0][id]=si_none&items[0][quantity]=2",
        "metadata[a]=b&items[0][price]=price_none",
        "metadata[a]=b&cancel_at_period_end=perhaps",
        "metadata[a]=b&pause_collection[behavior]=sleep",
        "metadata[a]=b&trial_end=1",
        "metadata[a]=b&no_such=1",
    ] {
        assert_eq!(account.post(&format!("/v1/subscriptions/{id}"), form).status, 400, "{form}");
    }
    assert_eq!(account.subscription(&id).body, before);
    assert_eq!(account.kinds(since), [""; 0]);
}
