//! What staff see of events, and what heals when none came for days.

use fake_stripe::Request;
use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::stripe::{deliver, event, receipt, subscription};
use crate::support::fake_stripe::FakeStripe;
use crate::support::ports::Streamed;
use crate::support::{Answer, NOON, TestApp};

const DAY: i64 = 86_400;

fn app() -> (TestApp, FakeStripe) {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_1")]);
    app.db.run_script("DELETE FROM billing_customers");
    let stripe = FakeStripe::serving(&app, 1);
    (app, stripe)
}

fn subscribe(stripe: &FakeStripe, org: &str, price: &str) -> String {
    let customer = stripe.post(
        "/v1/customers",
        &format!("metadata[org_id]={org}&payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa"),
    );
    stripe.post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}"))
}

fn night(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn healed(app: &TestApp) -> i64 {
    let runs = app
        .db
        .rows("SELECT items FROM job_runs WHERE job = 'billing_reconcile' ORDER BY started_at, id");
    runs.last().unwrap()["items"].as_i64().unwrap()
}

fn plan(app: &TestApp, org: &str) -> Value {
    app.db
        .rows(&format!("SELECT plan, billing_standing AS standing FROM orgs WHERE id = '{org}'"))
        .remove(0)
}

fn ask(app: &TestApp, user: &str, method: &str, path: &str) -> Answer {
    app.send_as(user, method, path, None)
}

#[test]
fn an_outage_of_days_heals_in_one_run() {
    let (app, stripe) = app();
    night(&app);
    assert_eq!(healed(&app), 5, "products and prices");
    // Three days on which no event arrives.
    let id = subscribe(&stripe, "org_a", "price_phone_monthly");
    subscribe(&stripe, "org_b", "price_bundle_monthly");
    for _ in 0..3 {
        stripe.machine().advance(DAY);
        app.clock.advance(DAY);
    }
    stripe.machine().handle(&Request::delete(&format!("/v1/subscriptions/{id}")));
    night(&app);
    assert!(healed(&app) > 10);
    assert_eq!(plan(&app, "org_a")["standing"], "none");
    assert_eq!(plan(&app, "org_b"), json!({"plan": "bundle", "standing": "good"}));
    let unhandled = app.db.value("SELECT count(*) FROM stripe_events WHERE status = 'failed'");
    assert_eq!(unhandled, 0);
    let done = app.lines.of("billing_reconciled");
    assert_eq!(done.len(), 2);
    // The next has nothing to do, and begins where this one began.
    app.clock.advance(DAY);
    night(&app);
    assert_eq!(healed(&app), 0);
    let asked: Vec<String> = app.http.sent().into_iter().map(|sent| sent.url).collect();
    let since = format!("created%5Bgte%5D={}", NOON + 3 * DAY - 3_600);
    assert!(asked.iter().any(|url| url.contains(&since)), "{asked:?}");
}

#[test]
fn what_differs_from_stripe_is_corrected_and_told() {
    let (app, stripe) = app();
    let id = subscribe(&stripe, "org_a", "price_phone_monthly");
    let other = subscribe(&stripe, "org_b", "price_phone_monthly");
    stripe.tell(&app);
    // Older than what Stripe keeps events of, so that they alone do not heal it.
    app.clock.advance(40 * DAY);
    app.db.run_script(&format!(
        "UPDATE billing_subscriptions SET status = 'canceled', snapshot_digest = 'odd' WHERE stripe_subscription_id = '{id}';
         DELETE FROM billing_subscriptions WHERE stripe_subscription_id = '{other}';
         DELETE FROM billing_customers WHERE org_id = 'org_b';
         INSERT INTO billing_subscriptions (id, org_id, billing_customer_id, stripe_subscription_id, stripe_price_id, status)
         SELECT 'ghost', 'org_a', id, 'sub_ghost', 'p', 'active' FROM billing_customers WHERE org_id = 'org_a'"
    ));
    night(&app);
    let status = app.db.value(&format!(
        "SELECT status FROM billing_subscriptions WHERE stripe_subscription_id = '{id}'"
    ));
    assert_eq!(status, "active");
    assert_eq!(plan(&app, "org_b"), json!({"plan": "phone", "standing": "good"}));
    let drift: Vec<(String, String)> = app
        .lines
        .of("billing_drift")
        .iter()
        .map(|line| {
            (line["id"].as_str().unwrap().to_owned(), line["drift"].as_str().unwrap().to_owned())
        })
        .collect();
    assert!(drift.contains(&(id, "differs".to_owned())), "{drift:?}");
    assert!(drift.contains(&(other, "missing".to_owned())), "{drift:?}");
    assert!(drift.contains(&("sub_ghost".to_owned(), "unknown_to_stripe".to_owned())), "{drift:?}");
    let made = ask(&app, "user_staff", "GET", "/portal/billing/events").json();
    let kinds: Vec<&str> = made["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventType"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"reconcile.subscription") && kinds.contains(&"reconcile.customer"));
}

#[test]
fn a_failed_payment_that_is_found_late_has_its_days_of_grace() {
    let (app, stripe) = app();
    let id = subscribe(&stripe, "org_a", "price_phone_monthly");
    let customer = stripe.machine().objects("customer")[0]["id"].as_str().unwrap().to_owned();
    stripe.machine().decline(&customer);
    for _ in 0..32 {
        stripe.machine().advance(DAY);
        app.clock.advance(DAY);
    }
    let subscription = stripe.machine().object(&id, &fake_stripe::ApiVersion::newest()).unwrap();
    assert_eq!(subscription["status"], "past_due");
    // All events are older than what Stripe keeps.
    let events = json!({"object": "list", "data": [], "has_more": false}).to_string();
    app.http.serve("https://api.stripe.com/v1/events", move |_| Ok(Streamed::of(200, &[&events])));
    night(&app);
    assert_eq!(plan(&app, "org_a"), json!({"plan": "phone", "standing": "grace"}));
}

#[test]
fn subscriptions_of_others_in_the_same_account_leave_nothing() {
    let (app, stripe) = app();
    let customer = stripe.post(
        "/v1/customers",
        "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa",
    );
    stripe.post(
        "/v1/subscriptions",
        &format!("customer={customer}&items[0][price]=price_phone_monthly"),
    );
    night(&app);
    let found = "SELECT count(*) FROM stripe_events WHERE event_type LIKE 'reconcile.%'";
    assert_eq!(app.db.value(found), 0);
    app.clock.advance(DAY);
    night(&app);
    assert_eq!((app.db.value(found), app.lines.of("billing_reconciled").len()), (json!(0), 2));
    // When it is somebody's, it is found.
    app.db.run_script(&format!(
        "INSERT INTO billing_customers (id, org_id, stripe_customer_id) VALUES ('bc_b', 'org_b', '{customer}')"
    ));
    app.clock.advance(DAY);
    night(&app);
    assert_eq!(plan(&app, "org_b"), json!({"plan": "phone", "standing": "good"}));
}

#[test]
fn a_page_that_begins_behind_what_is_gone_begins_again() {
    let (app, _stripe) = app();
    let going = r#"{"good": 1773570000, "going": {"began": 1773575000, "phase": "events", "after": "evt_gone", "healed": 0}}"#;
    night(&app);
    app.db.run_script(&format!("UPDATE jobs SET cursor = '{going}', due_at = '2026-01-01T00:00:00.000Z' WHERE name = 'billing_reconcile'"));
    app.clock.advance(60);
    night(&app);
    app.clock.advance(3_600);
    night(&app);
    assert_eq!(app.lines.of("billing_reconciled").len(), 2);
}

#[test]
fn a_list_of_prices_does_not_overwrite_what_was_told_meanwhile() {
    let (app, stripe) = app();
    let told = json!({"id": "price_phone_monthly", "object": "price", "active": false, "product": "prod_chatbot",
        "metadata": {"plan": "bundle"}});
    assert_eq!(deliver(&app, &event("evt_1", "price.updated", NOON + 1, &told)).status, 200);
    night(&app);
    let sql =
        "SELECT plan, is_active FROM plan_prices WHERE stripe_price_id = 'price_phone_monthly'";
    assert_eq!(app.db.rows(sql), [json!({"plan": "bundle", "is_active": 0})]);
    // Once it is old, the list counts.
    app.clock.advance(DAY);
    stripe.machine().advance(DAY);
    night(&app);
    assert_eq!(app.db.rows(sql), [json!({"plan": "bundle", "is_active": 1})]);
}

#[test]
fn who_has_a_price_follows_what_an_operator_says_of_it() {
    let (app, stripe) = app();
    subscribe(&stripe, "org_a", "price_phone_monthly");
    stripe.tell(&app);
    assert_eq!(plan(&app, "org_a")["plan"], "phone");
    app.db.run_script(
        "UPDATE plan_prices SET plan = 'bundle' WHERE stripe_price_id = 'price_phone_monthly'",
    );
    night(&app);
    assert_eq!(plan(&app, "org_a")["plan"], "bundle");
}

#[test]
fn a_run_that_is_cut_off_goes_on_where_it_was() {
    let (app, stripe) = app();
    for org in ["org_a", "org_b"] {
        subscribe(&stripe, org, "price_phone_monthly");
    }
    for at in 0..60 {
        app.db.fail_after(at, "D1_ERROR: Network connection lost");
        night(&app);
        app.clock.advance(DAY);
    }
    night(&app);
    assert_eq!(plan(&app, "org_a"), json!({"plan": "phone", "standing": "good"}));
    let once = "SELECT count(*) FROM audit_logs WHERE event_type = 'billing.subscription.created'";
    assert_eq!(app.db.value(once), 2);
}

#[test]
fn without_a_key_or_an_answer_nothing_is_taken_for_gone() {
    let app = TestApp::new();
    night(&app);
    assert_eq!(
        app.db.value("SELECT outcome FROM job_runs WHERE job = 'billing_reconcile'"),
        "done"
    );
    let (app, stripe) = self::app();
    subscribe(&stripe, "org_a", "price_phone_monthly");
    stripe.tell(&app);
    stripe.machine().fail_next(&fake_stripe::Fault::server_error(), 9);
    night(&app);
    assert_eq!(
        app.db.value("SELECT outcome FROM job_runs WHERE job = 'billing_reconcile'"),
        "failed"
    );
    assert_eq!(plan(&app, "org_a")["standing"], "good");
}

#[test]
fn staff_list_inspect_and_replay() {
    let app = TestApp::new();
    let mut orphan = subscription("active", "phone");
    orphan["customer"] = json!("cus_b");
    orphan["id"] = json!("sub_b");
    deliver(&app, &event("evt_1", "customer.subscription.created", NOON, &orphan));
    deliver(
        &app,
        &event("evt_2", "charge.succeeded", NOON, &json!({"id": "ch_1", "object": "charge"})),
    );
    deliver(
        &app,
        &event("evt_3", "customer.subscription.updated", NOON, &subscription("active", "phone")),
    );
    let list = ask(&app, "user_staff", "GET", "/portal/billing/events");
    assert_eq!((list.status, list.db_trips), (200, 1));
    assert_eq!(list.json()["events"].as_array().unwrap().len(), 3);
    let failed = ask(&app, "user_staff", "GET", "/portal/billing/events?status=failed").json();
    let one = &failed["events"][0];
    for (member, value) in [
        ("stripeEventId", json!("evt_1")),
        ("status", json!("failed")),
        ("reason", json!("customer_unknown")),
        ("orgId", Value::Null),
        ("attempts", json!(1)),
    ] {
        assert_eq!(one[member], value, "{member}");
    }
    let of_org = ask(&app, "user_staff", "GET", "/portal/billing/events?orgId=org_a").json();
    assert_eq!(of_org["events"].as_array().unwrap().len(), 1);
    let path = format!("/portal/billing/events/{}", one["id"].as_str().unwrap());
    let whole = ask(&app, "user_staff", "GET", &path).json();
    assert_eq!(whole["event"]["payload"]["data"]["object"]["customer"], "cus_b");
    assert_eq!(ask(&app, "user_owner_a", "GET", &path).status, 403);

    // Nothing has changed: it fails again, and says why.
    let replay = format!("{path}/replay");
    assert_eq!(ask(&app, "user_staff", "POST", &replay).status, 503);
    app.db.run_script("INSERT INTO billing_customers (id, org_id, stripe_customer_id) VALUES ('bc_b', 'org_b', 'cus_b')");
    let replayed = ask(&app, "user_staff", "POST", &replay);
    assert_eq!(replayed.json()["status"], "processed", "{}", replayed.text);
    assert_eq!(plan(&app, "org_b")["plan"], "phone");
    let trace = app.db.rows("SELECT org_id, actor_type, target_id FROM audit_logs WHERE event_type = 'billing.event_replayed'");
    assert_eq!(trace, [json!({"org_id": null, "actor_type": "user", "target_id": "evt_1"})]);
    let again = ask(&app, "user_staff", "POST", &replay);
    assert_eq!((again.status, again.code().as_str()), (409, "event_already_applied"));
    assert_eq!(receipt(&app, "evt_1")["attempts"], 3);
}

#[test]
fn a_replay_leaves_its_trace_once_whatever_it_is_of() {
    let app = TestApp::new();
    let product = json!({"id": "prod_9", "object": "product", "name": "Nine", "active": true});
    let invoice = json!({"id": "in_9", "object": "invoice", "customer": "cus_a", "status": "open", "total": 5,
        "lines": {"data": [], "has_more": false}});
    for (id, kind, object) in
        [("evt_1", "product.updated", &product), ("evt_2", "invoice.updated", &invoice)]
    {
        deliver(&app, &event(id, kind, NOON, object));
        app.db
            .run_script("UPDATE stripe_events SET status = 'failed', processing_error = 'storage'");
        let row =
            app.db.value(&format!("SELECT id FROM stripe_events WHERE stripe_event_id = '{id}'"));
        let path = format!("/portal/billing/events/{}/replay", row.as_str().unwrap());
        let replayed = ask(&app, "user_staff", "POST", &path);
        assert_eq!((replayed.status, replayed.db_trips), (200, 2), "{}", replayed.text);
        let traces = format!(
            "SELECT count(*) FROM audit_logs WHERE event_type = 'billing.event_replayed' AND target_id = '{id}'"
        );
        assert_eq!(app.db.value(&traces), 1, "{kind}");
    }
}

#[test]
fn a_reconciliation_can_be_asked_for() {
    let (app, stripe) = app();
    night(&app);
    subscribe(&stripe, "org_a", "price_phone_monthly");
    night(&app);
    assert_eq!(plan(&app, "org_a")["standing"], "unbilled", "not due yet");
    let asked = ask(&app, "user_staff", "POST", "/portal/billing/reconcile");
    assert_eq!((asked.status, asked.json()), (202, json!({"due": true})));
    app.clock.advance(60);
    night(&app);
    assert_eq!(plan(&app, "org_a")["standing"], "good");
    let runs = ask(&app, "user_staff", "GET", "/portal/billing/reconcile").json();
    assert_eq!(
        (&runs["runs"][0]["outcome"], runs["runs"].as_array().unwrap().len()),
        (&json!("done"), 2)
    );
}
