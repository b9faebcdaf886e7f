use fake_stripe::{Fault, Request, Settings, Stripe};
use serde_json::json;

use crate::Account;

#[test]
fn the_same_requests_give_the_same_ids_and_events() {
    let run = |seed| {
        let mut account = Account::with(Settings { seed, ..Settings::default() });
        account.card("pm_card_visa");
        account.subscribe("");
        account.stripe.advance(40 * crate::DAY);
        serde_json::to_string(&account.stripe).unwrap()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn the_state_outlives_a_restart() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    account.subscribe("");
    let kept = serde_json::to_string(&account.stripe).unwrap();
    let mut again: Stripe = serde_json::from_str(&kept).unwrap();
    again.advance(40 * crate::DAY);
    account.stripe.advance(40 * crate::DAY);
    assert_eq!(
        serde_json::to_string(&again).unwrap(),
        serde_json::to_string(&account.stripe).unwrap()
    );
}

#[test]
fn a_key_of_test_mode_is_asked_for() {
    let mut stripe = Stripe::new(Settings::default());
    let mut status = |key: &str| {
        stripe.handle(&Request::get("/v1/customers").header("Authorization", key)).status
    };
    assert_eq!(status("Bearer sk_test_1"), 200);
    assert_eq!(status("Bearer rk_test_1"), 200);
    for odd in [
        "",
        "Bearer ",
        "Bearer sk_test_",
        "Bearer sk_live_1",
        "Bearer pk_test_1",
        "sk_test_1",
        "Bearer sk_test_1 2",
    ] {
        assert_eq!(status(odd), 401, "{odd}");
    }
}

#[test]
fn addresses_and_objects_that_are_not_there_are_404() {
    let mut account = Account::new();
    let nowhere = account.get("/v1/nothing");
    assert_eq!(nowhere.status, 404);
    assert!(
        nowhere.text("error.message").starts_with("Unrecognized request URL (GET: /v1/nothing)")
    );
    let missing = account.get("/v1/customers/cus_none");
    assert_eq!((missing.status, missing.text("error.code")), (404, "resource_missing"));
    assert_eq!(missing.text("error.message"), "No such customer: 'cus_none'");
    let named = account.post("/v1/billing_portal/sessions", "customer=cus_none");
    assert_eq!((named.status, named.text("error.param")), (400, "customer"));
}

#[test]
fn unknown_parameters_are_refused() {
    let mut account = Account::new();
    let answer = account.post("/v1/customers", "emial=a@example.com");
    assert_eq!((answer.status, answer.text("error.code")), (400, "parameter_unknown"));
}

#[test]
fn a_key_that_comes_again_is_answered_the_same() {
    let mut stripe = Stripe::new(Settings::default());
    let create = |email: &str| {
        Request::post("/v1/customers", &format!("email={email}")).header("Idempotency-Key", "k1")
    };
    let first = stripe.handle(&create("a@example.com"));
    let again = stripe.handle(&create("a@example.com"));
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(again.header("idempotency-key"), Some("k1"));
    assert_eq!(stripe.events().len(), 1);
    let other = stripe.handle(&create("b@example.com"));
    assert_eq!((other.status, other.text("error.type")), (400, "idempotency_error"));
    stripe.advance(25 * 3600);
    assert_eq!(
        stripe.handle(&create("b@example.com")).status,
        200,
        "keys are forgotten after a day"
    );
}

#[test]
fn a_lost_answer_is_found_by_its_key() {
    let mut stripe = Stripe::new(Settings::default());
    let request =
        Request::post("/v1/customers", "email=a@example.com").header("Idempotency-Key", "k1");
    stripe.fail_next(&Fault::LostAnswer, 1);
    let lost = stripe.handle(&request);
    assert!(lost.is_lost);
    let found = stripe.handle(&request);
    assert!(!found.is_lost && found.header("idempotent-replayed") == Some("true"));
    assert_eq!(stripe.objects("customer").len(), 1);
}

#[test]
fn failures_come_as_often_as_asked() {
    let mut account = Account::new();
    account.stripe.fail_next(&Fault::too_many(3), 1);
    account.stripe.fail_next(&Fault::server_error(), 1);
    let busy = account.post("/v1/customers", "");
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("3")));
    assert_eq!(busy.header("stripe-should-retry"), Some("true"));
    let broken = account.post("/v1/customers", "");
    assert_eq!((broken.status, broken.text("error.type")), (500, "api_error"));
    assert_eq!(account.post("/v1/customers", "").status, 200);
}

#[test]
fn metadata_is_merged_and_taken_out() {
    let mut account = Account::new();
    let address = format!("/v1/customers/{}", account.customer);
    account.made(&address, "metadata[org_id]=org_1&metadata[7]=x");
    assert_eq!(account.made(&address, "metadata[7]=").at("metadata"), &json!({"org_id": "org_1"}));
    let previous = account.last("customer.updated");
    assert_eq!(previous["data"]["previous_attributes"], json!({"metadata": {"7": "x"}}));
    assert_eq!(account.made(&address, "metadata=").at("metadata"), &json!({}));
}

#[test]
fn lists_are_found_by_email_and_lookup_key() {
    let mut account = Account::new();
    account.made("/v1/customers", "email=bob@example.com");
    let bobs = account.get("/v1/customers?email=bob@example.com");
    assert_eq!((bobs.at("data").as_array().unwrap().len(), bobs.text("url")), (1, "/v1/customers"));
    let price = account.price.clone();
    let found =
        account.get("/v1/prices?lookup_keys[]=chatbot&lookup_keys[]=phone&expand[]=data.product");
    assert_eq!(
        (found.text("data.0.id"), found.text("data.0.product.name")),
        (price.as_str(), "Chatbot")
    );
}

#[test]
fn a_deleted_customer_says_so_and_its_subscriptions_end() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = account.subscribe("").text("id").to_owned();
    let since = account.stripe.events().len();
    let address = format!("/v1/customers/{}", account.customer);
    let deleted = account.stripe.handle(&Request::delete(&address));
    assert_eq!(
        deleted.body,
        json!({"id": account.customer, "object": "customer", "deleted": true})
    );
    assert_eq!(account.kinds(since), ["customer.subscription.deleted", "customer.deleted"]);
    assert_eq!(account.last("customer.deleted")["data"]["object"]["email"], "ann@example.com");
    assert_eq!(account.subscription(&id).text("status"), "canceled");
    assert_eq!(account.get(&address).at("deleted"), true);
    assert_eq!(account.post(&address, "name=x").status, 404);
}

#[test]
fn events_are_listed_by_type_and_time_for_30_days() {
    let mut account = Account::new();
    let start = account.stripe.now();
    account.stripe.advance(60);
    account.made("/v1/customers", "");
    let ids = |answer: fake_stripe::Response| answer.at("data").as_array().unwrap().len();
    assert_eq!(ids(account.get("/v1/events?type=customer.created")), 2);
    assert_eq!(
        ids(account.get(&format!("/v1/events?type=customer.created&created[gt]={start}"))),
        1
    );
    assert_eq!(ids(account.get("/v1/events?types[]=product.created&types[]=price.*")), 2);
    account.stripe.advance(30 * crate::DAY - 30);
    assert_eq!(ids(account.get("/v1/events")), 1);
}

#[test]
fn an_event_is_also_thin() {
    let mut account = Account::new();
    let event = account.stripe.events().last().unwrap().clone();
    let thin = account.get(&format!("/v2/core/events/{}", event.id));
    assert_eq!((thin.text("object"), thin.text("type")), ("v2.core.event", "v1.customer.created"));
    assert_eq!(thin.text("related_object.url"), format!("/v1/customers/{}", account.customer));
    assert_eq!(account.get(thin.text("related_object.url")).text("id"), account.customer);
}
