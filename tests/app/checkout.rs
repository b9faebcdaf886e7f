//! From a plan to a subscription, with a Stripe that keeps what it is told.

use std::sync::Barrier;

use fake_stripe::Fault;
use serde_json::{Value, json};

use crate::support::fake_stripe::FakeStripe;
use crate::support::ports::Streamed;
use crate::support::{Answer, TestApp};

const BACK: &str = "https://app.example.com/portal?checkout=success";

fn app() -> (TestApp, FakeStripe) {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_1")]);
    app.db.run_script(
        "DELETE FROM billing_customers; UPDATE users SET email = 'owner@beta.example' WHERE id = 'u_owner_b'",
    );
    let stripe = FakeStripe::serving(&app, 1);
    (app, stripe)
}

fn body(price: &str) -> Value {
    json!({"priceId": price, "successUrl": BACK, "cancelUrl": "https://app.example.com/portal"})
}

fn start(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_owner_b", "POST", "/billing/checkout-session", Some(&body.to_string()))
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn complete(stripe: &FakeStripe, session: &str) {
    let answer = stripe.machine().complete_checkout(session, "pm_card_visa");
    assert!(answer.is_success(), "{}", answer.body);
}

fn session_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["sessionId"].as_str().unwrap().to_owned()
}

fn org(app: &TestApp) -> Value {
    app.db.rows("SELECT plan, billing_standing AS standing FROM orgs WHERE id = 'org_b'").remove(0)
}

#[test]
fn a_checkout_leads_to_a_subscription_and_its_plan() {
    let (app, stripe) = app();
    let answer = start(&app, &body("price_bundle_monthly"));
    assert_eq!(answer.db_trips, 2);
    let session = session_of(&answer);
    assert!(answer.json()["url"].as_str().unwrap().starts_with("http"));
    let customer = &app.db.rows("SELECT * FROM billing_customers")[0];
    for (column, value) in [
        ("org_id", json!("org_b")),
        ("name", json!("Beta Health")),
        ("email", json!("owner@beta.example")),
    ] {
        assert_eq!(customer[column], value, "{column}");
    }
    let trace = "SELECT target_id FROM audit_logs WHERE event_type = 'billing.checkout_started'";
    assert_eq!(app.db.value(trace), session.as_str());
    let sent = app.http.sent();
    assert!(sent.iter().all(|sent| {
        sent.headers.iter().any(|(name, value)| *name == "idempotency-key" && !value.is_empty())
    }));
    assert_eq!(org(&app), json!({"plan": "chatbot", "standing": "unbilled"}));

    complete(&stripe, &session);
    stripe.tell(&app);
    assert_eq!(org(&app), json!({"plan": "bundle", "standing": "good"}));
    let row = &app.db.rows("SELECT * FROM billing_checkout_sessions")[0];
    assert_eq!((&row["status"], &row["success_url"]), (&json!("complete"), &json!(BACK)));
    assert_ne!(row["completed_at"], Value::Null);
    let overview = app.get_as("user_owner_b", "/billing/overview").json();
    assert_eq!(overview["currentPlan"]["status"], "active");
    assert_eq!(overview["recentInvoices"][0]["amountPaidCents"], 42_500);
    assert_eq!(app.db.value("SELECT count(*) FROM stripe_events WHERE status = 'failed'"), 0);

    // Nobody subscribes twice.
    let again = refusal(&start(&app, &body("price_chatbot_monthly")));
    assert_eq!(again, (409, "already_subscribed".to_owned()));
}

#[test]
fn what_is_told_before_it_is_recorded_is_not_lost() {
    let (app, stripe) = app();
    // The answer of D1 to the second batch never comes: Stripe has the session, we have no row of it.
    app.db.fail_after(1, "D1_ERROR: Network connection lost");
    let answer = start(&app, &body("price_bundle_monthly"));
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_customers"), 0);
    let session =
        stripe.machine().objects("checkout.session")[0]["id"].as_str().unwrap().to_owned();
    complete(&stripe, &session);
    stripe.tell(&app);
    assert_eq!(org(&app), json!({"plan": "bundle", "standing": "good"}));
    let status = app.db.value("SELECT status FROM billing_checkout_sessions");
    assert_eq!(status, "complete");
}

#[test]
fn an_org_has_one_customer_whatever_fails() {
    let (app, stripe) = app();
    stripe.machine().fail_next(&Fault::LostAnswer, 1);
    session_of(&start(&app, &body("price_bundle_monthly")));
    // As if another request had been as early.
    app.db.run_script("DELETE FROM billing_checkout_sessions; DELETE FROM billing_customers");
    session_of(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(stripe.machine().objects("customer").len(), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_customers"), 1);
}

#[test]
fn a_failure_that_stripe_keeps_for_a_key_keeps_nobody_from_subscribing() {
    let (app, stripe) = app();
    stripe.machine().fail_next(&Fault::KeptError, 1);
    session_of(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(stripe.machine().objects("customer").len(), 1);
}

#[test]
fn a_checkout_that_is_left_open_is_closed_by_the_next() {
    let (app, stripe) = app();
    let first = session_of(&start(&app, &body("price_bundle_monthly")));
    let second = session_of(&start(&app, &body("price_chatbot_monthly")));
    let status = |id: &str| {
        let sessions = stripe.machine().objects("checkout.session");
        sessions.iter().find(|session| session["id"] == id).unwrap()["status"].clone()
    };
    assert_eq!((status(&first), status(&second)), (json!("expired"), json!("open")));
    stripe.tell(&app);
    let open = "SELECT stripe_session_id FROM billing_checkout_sessions WHERE status = 'open'";
    assert_eq!(app.db.value(open), second.as_str());
}

/// Stripe's sessions that can be paid.
fn payable(stripe: &FakeStripe) -> usize {
    let sessions = stripe.machine().objects("checkout.session");
    sessions.iter().filter(|session| session["status"] == "open").count()
}

#[test]
fn a_checkout_whose_webhook_is_late_is_not_followed_by_another() {
    let (app, stripe) = app();
    let mut asked = body("price_bundle_monthly");
    asked["trialPeriodDays"] = json!(14);
    complete(&stripe, &session_of(&start(&app, &asked)));
    let completed = (409, "checkout_completed".to_owned());
    let again = start(&app, &asked);
    assert_eq!((refusal(&again), again.db_trips), (completed.clone(), 1));
    assert_eq!(stripe.machine().objects("checkout.session").len(), 1);
    stripe.tell(&app);
    assert_eq!(refusal(&start(&app, &asked)), (409, "already_subscribed".to_owned()));
    // Stripe does not tell in order: the checkout's end may come before its subscription.
    app.db.run_script(
        "DELETE FROM billing_subscription_items; DELETE FROM billing_invoices; DELETE FROM billing_subscriptions",
    );
    assert_eq!(refusal(&start(&app, &asked)), completed);
    assert_eq!(payable(&stripe), 0);
    // What is not mirrored after days has ended.
    app.clock.advance(4 * 86_400);
    session_of(&start(&app, &asked));
}

#[test]
fn a_checkout_that_ended_untold_does_not_stop_the_next() {
    let (app, stripe) = app();
    let first = session_of(&start(&app, &body("price_chatbot_monthly")));
    stripe.post(&format!("/v1/checkout/sessions/{first}/expire"), "");
    let second = session_of(&start(&app, &body("price_chatbot_monthly")));
    complete(&stripe, &second);
    stripe.tell(&app);
    // Its subscription is known, its own end is not.
    app.db.run_script("UPDATE billing_checkout_sessions SET status = 'open'");
    session_of(&start(&app, &body("price_phone_monthly")));
    assert_eq!(payable(&stripe), 1);
}

#[test]
fn a_checkout_that_cannot_be_closed_is_the_only_one() {
    let (app, stripe) = app();
    let first = session_of(&start(&app, &body("price_bundle_monthly")));
    // As often as it is asked again.
    stripe.machine().fail_next(&Fault::server_error(), 3);
    let answer = refusal(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(answer, (502, "stripe_unavailable".to_owned()));
    let open = "SELECT group_concat(stripe_session_id) FROM billing_checkout_sessions";
    assert_eq!((app.db.value(open), payable(&stripe)), (json!(first), 1));
    let second = session_of(&start(&app, &body("price_bundle_monthly")));
    assert_eq!((first == second, payable(&stripe)), (false, 1));
    let mut keys: Vec<String> = app.http.sent().iter().filter_map(key_of_expiry).collect();
    keys.dedup();
    assert_eq!(keys.len(), 2, "a failure that is kept under its key is not met again: {keys:?}");
}

fn key_of_expiry(sent: &koby_portal::http::client::HttpRequest) -> Option<String> {
    let keys = sent.headers.iter().find(|(name, _)| *name == "idempotency-key");
    keys.filter(|_| sent.url.ends_with("/expire")).map(|(_, key)| key.clone())
}

#[test]
fn of_requests_of_one_moment_one_opens_a_checkout() {
    for prices in [["price_bundle_monthly"; 2], ["price_bundle_monthly", "price_phone_monthly"]] {
        let (app, stripe) = app();
        let customer = stripe.post("/v1/customers", "metadata[org_id]=org_b");
        // Nobody goes on before all have read.
        let all_have_read = Barrier::new(2);
        app.http.serve("https://api.stripe.com/v1/customers", move |_| {
            all_have_read.wait();
            Ok(Streamed::of(200, &[&json!({"id": customer}).to_string()]))
        });
        let mut answers: Vec<Answer> = std::thread::scope(|scope| {
            let asking = prices.map(|price| scope.spawn(|| start(&app, &body(price))));
            asking.map(|asking| asking.join().unwrap()).into()
        });
        answers.sort_by_key(|answer| answer.status);
        let winner = session_of(&answers[0]);
        assert_eq!(refusal(&answers[1]), (409, "checkout_in_progress".to_owned()));
        assert_eq!(stripe.machine().objects("checkout.session").len(), 2);
        assert_eq!(payable(&stripe), 1);
        let rows = "SELECT group_concat(stripe_session_id) FROM billing_checkout_sessions";
        assert_eq!(app.db.value(rows), winner.as_str());
        let traces = "SELECT group_concat(target_id) FROM audit_logs WHERE event_type = 'billing.checkout_started'";
        assert_eq!(app.db.value(traces), winner.as_str());
        complete(&stripe, &winner);
        stripe.tell(&app);
        assert_eq!(org(&app)["standing"], "good");
    }
}

#[test]
fn chatbot_and_phone_may_be_held_together() {
    let (app, stripe) = app();
    for price in ["price_chatbot_monthly", "price_phone_monthly"] {
        let session = session_of(&start(&app, &body(price)));
        complete(&stripe, &session);
        stripe.tell(&app);
    }
    assert_eq!(org(&app), json!({"plan": "bundle", "standing": "good"}));
    let third = refusal(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(third, (409, "already_subscribed".to_owned()));
}

#[test]
fn a_metered_price_beside_a_plan_is_no_plan() {
    let (app, stripe) = app();
    let session = session_of(&start(&app, &body("price_chatbot_monthly")));
    complete(&stripe, &session);
    let subscription = stripe.machine().objects("subscription")[0]["id"].clone();
    let metered = stripe.post(
        "/v1/prices",
        "product=prod_chatbot&currency=usd&unit_amount=1&recurring[interval]=month&recurring[usage_type]=metered",
    );
    let item = format!("subscription={}&price={metered}", subscription.as_str().unwrap());
    stripe.post("/v1/subscription_items", &item);
    stripe.tell(&app);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_subscription_items"), 2);
    let again = refusal(&start(&app, &body("price_chatbot_monthly")));
    assert_eq!(again, (409, "already_subscribed".to_owned()));
    session_of(&start(&app, &body("price_phone_monthly")));
    // Nobody knows what a subscription is for that has no known price.
    app.db.run_script("UPDATE plan_prices SET plan = NULL WHERE plan = 'chatbot'; UPDATE billing_subscription_items SET plan = NULL");
    let other = refusal(&start(&app, &body("price_phone_monthly")));
    assert_eq!(other, (409, "already_subscribed".to_owned()));
}

#[test]
fn metadata_of_clients_cannot_be_ours_and_trials_are_the_operators() {
    let (app, stripe) = app();
    let mut asked = body("price_bundle_monthly");
    asked["metadata"] =
        json!({"org_id": "org_a", "org_name": "x", "campaign": "spring", "n": 3, "none": null});
    asked["trialPeriodDays"] = json!(400);
    asked["quantity"] = json!(2);
    let session = session_of(&start(&app, &asked));
    complete(&stripe, &session);
    stripe.tell(&app);
    let subscription = stripe.machine().objects("subscription").remove(0);
    assert_eq!(
        subscription["metadata"],
        json!({"org_id": "org_b", "campaign": "spring", "n": "3"})
    );
    let days = |subscription: &Value| {
        (subscription["trial_end"].as_i64().unwrap()
            - subscription["trial_start"].as_i64().unwrap())
            / 86_400
    };
    assert_eq!((days(&subscription), &subscription["status"]), (14, &json!("trialing")));
    assert_eq!(org(&app), json!({"plan": "bundle", "standing": "good"}));

    // Not a second time.
    let id = subscription["id"].as_str().unwrap().to_owned();
    stripe.machine().handle(&fake_stripe::Request::delete(&format!("/v1/subscriptions/{id}")));
    stripe.tell(&app);
    assert_eq!(org(&app)["standing"], "none");
    let session = session_of(&start(&app, &asked));
    complete(&stripe, &session);
    let subscriptions = stripe.machine().objects("subscription");
    let second = subscriptions.iter().find(|other| other["id"] != id.as_str()).unwrap();
    assert_eq!((&second["trial_end"], &second["status"]), (&Value::Null, &json!("active")));
}

#[test]
fn what_does_not_fit_is_refused_and_asks_nobody() {
    let (app, _stripe) = app();
    let with = |name: &str, value: Value| {
        let mut body = body("price_bundle_monthly");
        body[name] = value;
        body
    };
    for (body, status, code) in [
        (json!({}), 400, "checkout_fields_required"),
        (with("successUrl", json!("")), 400, "checkout_fields_required"),
        (with("successUrl", json!("https://evil.example/")), 400, "url_not_allowed"),
        (with("cancelUrl", json!("javascript:alert(1)")), 400, "url_not_allowed"),
        (with("priceId", json!("price_unknown")), 400, "price_unknown"),
        (with("priceId", json!("../prices")), 400, "price_unknown"),
        (with("quantity", json!(0)), 400, "invalid_body"),
        (with("quantity", json!(1.5)), 400, "invalid_body"),
        (with("metadata", json!({"a b": "c"})), 400, "invalid_body"),
        (with("metadata", json!({"a": {"b": 1}})), 400, "invalid_body"),
        (with("metadata", json!({"a": "x".repeat(501)})), 400, "invalid_body"),
        (with("orgId", json!("org_a")), 403, "org_forbidden"),
    ] {
        let answer = start(&app, &body);
        assert_eq!(answer.status, status, "{body} {}", answer.text);
        if status == 400 {
            assert_eq!(answer.code(), code, "{body}");
        }
    }
    app.db.run_script("UPDATE plan_prices SET is_active = 0 WHERE plan = 'bundle'");
    let retired = refusal(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(retired, (400, "price_unknown".to_owned()));
    // What GET /billing/plans does not list.
    app.db.run_script(
        "UPDATE plan_prices SET stripe_product_id = 'prod_phone' WHERE plan = 'phone';
         INSERT INTO stripe_products (stripe_product_id, is_active) VALUES ('prod_phone', 0)",
    );
    let of_product = refusal(&start(&app, &body("price_phone_monthly")));
    assert_eq!(of_product, (400, "price_unknown".to_owned()));
    let plans = app.get_as("user_owner_b", "/billing/plans").text;
    assert!(!plans.contains("price_phone_monthly"), "{plans}");
    assert!(app.http.sent().is_empty());
    let without = TestApp::new();
    let answer = without.send_as("user_admin_a", "POST", "/billing/checkout-session", Some("{}"));
    assert_eq!(refusal(&answer), (503, "stripe_not_configured".to_owned()));
    let viewer = app.send_as("user_viewer_a", "POST", "/billing/checkout-session", Some("{}"));
    assert_eq!(viewer.status, 403);
}

#[test]
fn while_stripe_is_down_nothing_is_recorded() {
    let (app, stripe) = app();
    stripe.machine().fail_next(&Fault::server_error(), 9);
    let answer = refusal(&start(&app, &body("price_bundle_monthly")));
    assert_eq!(answer, (502, "stripe_unavailable".to_owned()));
    for table in ["billing_customers", "billing_checkout_sessions", "audit_logs"] {
        let rows = app.db.value(&format!("SELECT count(*) FROM {table} WHERE org_id = 'org_b'"));
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn plans_are_shown_with_what_they_allow() {
    let (app, stripe) = app();
    stripe.tell(&app);
    let plans = app.get_as("user_viewer_a", "/billing/plans").json();
    let names: Vec<&Value> =
        plans["plans"].as_array().unwrap().iter().map(|plan| &plan["plan"]).collect();
    assert_eq!(names, ["chatbot", "phone", "bundle", "enterprise"]);
    let bundle = &plans["plans"][2];
    for (member, value) in [
        ("priceId", json!("price_bundle_monthly")),
        ("name", json!("Bundle Pack")),
        ("unitAmountCents", json!(42_500)),
        ("billingInterval", json!("month")),
        ("messagesPerDay", json!(1_000)),
        ("sites", json!(50)),
    ] {
        assert_eq!(bundle[member], value, "{member}");
    }
}
