//! Stripe's events: verified, applied once, in the order they happened.

use serde_json::{Value, json};

use crate::support::crypto::stripe_signature;
use crate::support::{Answer, NOON, TestApp};

pub fn event(id: &str, kind: &str, created: i64, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "created": created, "livemode": false,
        "api_version": "2026-10-28.endive", "data": {"object": object}})
}

pub fn deliver(app: &TestApp, event: &Value) -> Answer {
    let body = event.to_string();
    let signature = stripe_signature(&body, "whsec_test", app.clock.seconds());
    app.post("/webhooks/stripe", &[("stripe-signature", &signature)], body)
}

pub fn subscription(status: &str, nickname: &str) -> Value {
    json!({"id": "sub_1", "object": "subscription", "customer": "cus_a", "status": status,
        "cancel_at_period_end": false, "metadata": {},
        "items": {"data": [{"quantity": 2, "current_period_start": 1_770_000_000, "current_period_end": 1_772_500_000,
            "price": {"id": "price_1", "nickname": nickname}}]}})
}

pub fn receipt(app: &TestApp, id: &str) -> Value {
    app.db.rows(&format!("SELECT * FROM stripe_events WHERE stripe_event_id = '{id}'")).remove(0)
}

fn mirrored(app: &TestApp) -> Value {
    app.db.rows("SELECT * FROM billing_subscriptions").pop().unwrap_or_default()
}

pub fn audit(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT org_id, actor_type, actor_id, event_type, target_type, target_id, metadata
           FROM audit_logs WHERE actor_id = 'stripe' ORDER BY rowid",
    )
}

#[test]
fn a_subscription_is_mirrored_with_receipt_plan_and_audit_in_one_trip() {
    let app = TestApp::new();
    let answer = deliver(
        &app,
        &event(
            "evt_1",
            "customer.subscription.created",
            NOON - 5,
            &subscription("active", "Phone"),
        ),
    );
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    assert_eq!(answer.json()["received"], true);

    let row = receipt(&app, "evt_1");
    assert_eq!(answer.json()["eventId"], row["id"]);
    for (column, value) in [
        ("status", json!("processed")),
        ("org_id", json!("org_a")),
        ("event_type", json!("customer.subscription.created")),
        ("object_id", json!("sub_1")),
        ("livemode", json!(0)),
        ("attempts", json!(1)),
        ("processing_error", Value::Null),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert!(row["payload"].as_str().unwrap().contains("\"evt_1\""));

    let mirror = mirrored(&app);
    for (column, value) in [
        ("org_id", json!("org_a")),
        ("billing_customer_id", json!("bc_a")),
        ("status", json!("active")),
        ("stripe_price_id", json!("price_1")),
        ("plan_nickname", json!("Phone")),
        ("quantity", json!(2)),
        ("current_period_end", json!("2026-03-03T01:06:40.000Z")),
    ] {
        assert_eq!(mirror[column], value, "{column}");
    }
    assert_eq!(app.db.value("SELECT plan FROM orgs WHERE id = 'org_a'"), "phone");
    assert_eq!(
        audit(&app),
        [json!({"org_id": "org_a", "actor_type": "integration", "actor_id": "stripe",
            "event_type": "billing.subscription.created", "target_type": "subscription", "target_id": "sub_1",
            "metadata": r#"{"plan":"Phone","status":"active","stripe_event_id":"evt_1"}"#})]
    );
    assert_eq!(
        app.lines.of("stripe_webhook_received")[0]["eventType"],
        "customer.subscription.created"
    );
}

#[test]
fn a_duplicate_changes_nothing() {
    let app = TestApp::new();
    let first =
        event("evt_1", "customer.subscription.created", NOON, &subscription("active", "bundle"));
    deliver(&app, &first);
    app.clock.advance(10);
    let again = deliver(
        &app,
        &event("evt_1", "customer.subscription.created", NOON, &subscription("unpaid", "phone")),
    );
    assert_eq!(again.json(), json!({"received": true, "duplicate": true}));
    assert_eq!(mirrored(&app)["status"], "active");
    assert_eq!(audit(&app).len(), 1);
}

#[test]
fn an_older_snapshot_never_overwrites_a_newer_one() {
    let app = TestApp::new();
    deliver(
        &app,
        &event("evt_2", "customer.subscription.updated", NOON, &subscription("active", "bundle")),
    );
    let late = deliver(
        &app,
        &event(
            "evt_1",
            "customer.subscription.updated",
            NOON - 60,
            &subscription("past_due", "phone"),
        ),
    );
    assert_eq!(late.status, 200);
    assert_eq!(receipt(&app, "evt_1")["status"], "processed");
    assert_eq!(mirrored(&app)["status"], "active");
    assert_eq!(app.db.value("SELECT plan FROM orgs WHERE id = 'org_a'"), "bundle");
    assert_eq!(audit(&app).len(), 2, "it did happen");

    // Of two events of one second the later step counts.
    deliver(
        &app,
        &event(
            "evt_3",
            "customer.subscription.created",
            NOON,
            &subscription("incomplete", "phone"),
        ),
    );
    assert_eq!(mirrored(&app)["status"], "active");
}

#[test]
fn a_deletion_is_final_whenever_it_arrives() {
    let app = TestApp::new();
    deliver(
        &app,
        &event("evt_2", "customer.subscription.updated", NOON, &subscription("active", "bundle")),
    );
    deliver(
        &app,
        &event(
            "evt_1",
            "customer.subscription.deleted",
            NOON - 1,
            &subscription("active", "bundle"),
        ),
    );
    let mirror = mirrored(&app);
    assert_eq!(
        (&mirror["status"], &mirror["ended_at"]),
        (&json!("canceled"), &json!("2026-03-15T11:59:59.000Z"))
    );
    deliver(
        &app,
        &event(
            "evt_3",
            "customer.subscription.updated",
            NOON + 60,
            &subscription("active", "phone"),
        ),
    );
    assert_eq!(mirrored(&app)["status"], "canceled");
    let kinds: Vec<Value> = audit(&app).into_iter().map(|row| row["event_type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "billing.subscription.updated",
            "billing.subscription.canceled",
            "billing.subscription.updated"
        ]
    );
    assert_eq!(
        audit(&app)[1]["metadata"],
        r#"{"ended_at":"2026-03-15T11:59:59.000Z","stripe_event_id":"evt_1"}"#
    );
}

#[test]
fn unknown_plan_names_leave_the_plan_alone() {
    let app = TestApp::new();
    deliver(
        &app,
        &event(
            "evt_1",
            "customer.subscription.updated",
            NOON,
            &subscription("active", "Bundle Monthly"),
        ),
    );
    assert_eq!(app.db.value("SELECT plan FROM orgs WHERE id = 'org_a'"), "bundle");
}

#[test]
fn customers_are_mirrored_by_their_own_id() {
    let app = TestApp::new();
    let customer = |email: &str| {
        json!({"id": "cus_a", "object": "customer", "email": email, "name": "Alpha Inc", "balance": -500,
            "delinquent": true, "currency": "eur", "metadata": {},
            "invoice_settings": {"default_payment_method": {"id": "pm_1"}}})
    };
    deliver(&app, &event("evt_2", "customer.updated", NOON, &customer("new@alpha.example")));
    deliver(&app, &event("evt_1", "customer.updated", NOON - 9, &customer("late@alpha.example")));
    let row = &app.db.rows("SELECT * FROM billing_customers")[0];
    for (column, value) in [
        ("email", json!("new@alpha.example")),
        ("balance_cents", json!(-500)),
        ("delinquent", json!(1)),
        ("currency", json!("eur")),
        ("default_payment_method_id", json!("pm_1")),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(audit(&app).len(), 2);

    deliver(&app, &event("evt_3", "customer.deleted", NOON + 1, &customer("gone@alpha.example")));
    deliver(&app, &event("evt_4", "customer.updated", NOON + 2, &customer("back@alpha.example")));
    let row = &app.db.rows("SELECT email, deleted_at FROM billing_customers")[0];
    assert_eq!(row["email"], "gone@alpha.example");
    assert_eq!(row["deleted_at"], "2026-03-15T12:00:01.000Z");
}

#[test]
fn metadata_names_the_org_of_a_customer_that_none_has() {
    let app = TestApp::new();
    let new = json!({"id": "cus_b", "object": "customer", "metadata": {"org_id": "org_b"}});
    assert_eq!(deliver(&app, &event("evt_1", "customer.created", NOON, &new)).status, 200);
    assert_eq!(
        app.db.value("SELECT org_id FROM billing_customers WHERE stripe_customer_id = 'cus_b'"),
        "org_b"
    );
}

#[test]
fn metadata_cannot_move_a_customer_to_another_org() {
    let app = TestApp::new();
    let mut stolen = subscription("active", "enterprise");
    stolen["metadata"] = json!({"org_id": "org_b"});
    let answer = deliver(&app, &event("evt_1", "customer.subscription.created", NOON, &stolen));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "to send it again would not help");
    let row = receipt(&app, "evt_1");
    assert_eq!((&row["status"], &row["org_id"]), (&json!("skipped"), &json!("org_a")));
    assert_eq!(row["processing_error"], "org_mismatch");
    assert_eq!(app.lines.of("stripe_webhook_failed")[0]["reason"], "org_mismatch");
    assert_eq!(mirrored(&app), Value::Null);
    for (org, plan) in [("org_a", "bundle"), ("org_b", "chatbot")] {
        assert_eq!(app.db.value(&format!("SELECT plan FROM orgs WHERE id = '{org}'")), plan);
    }
    let entry = json!({"org_id": "org_a", "actor_type": "integration", "actor_id": "stripe",
        "event_type": "billing.org_mismatch", "target_type": "customer", "target_id": "cus_a",
        "metadata": r#"{"event_type":"customer.subscription.created","named_org_id":"org_b","object_id":"sub_1","stripe_event_id":"evt_1"}"#});
    assert_eq!(audit(&app), [entry]);

    // Nor give an org that has a customer a second one.
    let second = json!({"id": "cus_z", "object": "customer", "metadata": {"org_id": "org_a"}});
    deliver(&app, &event("evt_2", "customer.created", NOON, &second));
    let row = receipt(&app, "evt_2");
    assert_eq!(
        (&row["status"], &row["processing_error"]),
        (&json!("skipped"), &json!("org_has_customer"))
    );
    assert_eq!(app.db.value("SELECT count(*) FROM billing_customers WHERE org_id = 'org_a'"), 1);
    assert_eq!(audit(&app)[1]["target_id"], "cus_z");
}

#[test]
fn an_org_whose_customer_was_deleted_may_have_another() {
    let app = TestApp::new();
    deliver(
        &app,
        &event("evt_1", "customer.subscription.created", NOON, &subscription("active", "phone")),
    );
    let gone = json!({"id": "cus_a", "object": "customer", "deleted": true, "metadata": {}});
    assert_eq!(deliver(&app, &event("evt_2", "customer.deleted", NOON + 1, &gone)).status, 200);
    let mirror = mirrored(&app);
    assert_eq!(
        (&mirror["status"], &mirror["ended_at"]),
        (&json!("canceled"), &json!("2026-03-15T12:00:01.000Z"))
    );
    let standing =
        |app: &TestApp| app.db.value("SELECT billing_standing FROM orgs WHERE id = 'org_a'");
    assert_eq!(standing(&app), "none");
    // Its subscription's own event says when.
    let mut ended = subscription("canceled", "phone");
    ended["ended_at"] = json!(NOON - 60);
    deliver(&app, &event("evt_3", "customer.subscription.deleted", NOON + 1, &ended));
    assert_eq!(mirrored(&app)["ended_at"], "2026-03-15T11:59:00.000Z");

    let next = json!({"id": "cus_n", "object": "customer", "metadata": {"org_id": "org_a"}});
    deliver(&app, &event("evt_4", "customer.created", NOON + 2, &next));
    let row = &app.db.rows(
        "SELECT id, stripe_customer_id, deleted_at FROM billing_customers WHERE org_id = 'org_a'",
    )[0];
    assert_eq!(*row, json!({"id": "bc_a", "stripe_customer_id": "cus_n", "deleted_at": null}));
}

#[test]
fn what_a_deleted_customer_left_is_told_after_its_successor_came() {
    let app = TestApp::new();
    let named = |id: &str| json!({"id": id, "object": "customer", "metadata": {"org_id": "org_b"}});
    let mut left = subscription("canceled", "phone");
    left["customer"] = json!("cus_old");
    let told = |id: &str, kind: &str, created: i64, object: &Value| {
        deliver(&app, &event(id, kind, created, object)).status
    };
    assert_eq!(told("evt_1", "customer.created", NOON + 5, &named("cus_new")), 200);
    assert_eq!(told("evt_2", "customer.subscription.deleted", NOON + 1, &left), 503);
    assert_eq!(told("evt_3", "customer.created", NOON, &named("cus_old")), 200);
    assert_eq!(receipt(&app, "evt_3")["processing_error"], "org_has_customer");
    assert_eq!(told("evt_4", "customer.deleted", NOON + 2, &named("cus_old")), 200);
    for id in ["evt_2", "evt_3", "evt_4"] {
        assert_eq!(receipt(&app, id)["status"], "processed", "{id}");
    }
    assert_eq!(mirrored(&app)["status"], "canceled");
    let held = app.db.rows(
        "SELECT stripe_customer_id, deleted_at FROM billing_customers WHERE org_id = 'org_b'",
    );
    assert_eq!(held, [json!({"stripe_customer_id": "cus_new", "deleted_at": null})]);
}

#[test]
fn a_subscription_that_was_never_paid_is_not_canceled_with_its_customer() {
    let gone = json!({"id": "cus_a", "object": "customer", "deleted": true});
    let deleted = event("evt_2", "customer.deleted", NOON + 9, &gone);
    let expired = subscription("incomplete_expired", "phone");
    let expired = event("evt_1", "customer.subscription.updated", NOON + 1, &expired);
    for order in [[&expired, &deleted], [&deleted, &expired]] {
        let app = TestApp::new();
        deliver(
            &app,
            &event(
                "evt_0",
                "customer.subscription.created",
                NOON,
                &subscription("incomplete", "phone"),
            ),
        );
        for told in order {
            assert_eq!(deliver(&app, told).status, 200);
        }
        assert_eq!(mirrored(&app)["status"], "incomplete_expired");
    }
}

#[test]
fn a_subscription_before_its_customer_is_asked_for_again() {
    let app = TestApp::new();
    let mut orphan = subscription("active", "phone");
    orphan["customer"] = json!("cus_b");
    let early = event("evt_1", "customer.subscription.created", NOON, &orphan);
    let answer = deliver(&app, &early);
    assert_eq!((answer.status, answer.code().as_str()), (503, "event_not_applied"));
    let row = receipt(&app, "evt_1");
    assert_eq!((&row["status"], &row["org_id"]), (&json!("failed"), &Value::Null));
    assert_eq!(row["processing_error"], "customer_unknown");
    assert_eq!(mirrored(&app), Value::Null);
    assert_eq!(app.lines.of("stripe_webhook_failed")[0]["eventId"], "evt_1");

    let customer = json!({"id": "cus_b", "object": "customer", "metadata": {"org_id": "org_b"}});
    let known = deliver(&app, &event("evt_2", "customer.created", NOON, &customer));
    assert_eq!((known.status, known.db_trips), (200, 3), "what waited is read and applied with it");
    let row = receipt(&app, "evt_1");
    assert_eq!((&row["status"], &row["attempts"]), (&json!("processed"), &json!(2)));
    assert_eq!(mirrored(&app)["org_id"], "org_b");
    assert_eq!(app.db.value("SELECT plan FROM orgs WHERE id = 'org_b'"), "phone");
    app.clock.advance(60);
    assert_eq!(deliver(&app, &early).json()["duplicate"], true);
    assert_eq!(audit(&app).len(), 2, "the customer's and the subscription's");
}

#[test]
fn a_customer_of_nobody_is_not_asked_for_for_ever() {
    let app = TestApp::new();
    let mut orphan = subscription("active", "phone");
    orphan["customer"] = json!("cus_elsewhere");
    let old = event("evt_1", "customer.subscription.updated", NOON - 86_400, &orphan);
    assert_eq!(deliver(&app, &old).status, 200);
    assert_eq!(receipt(&app, "evt_1")["status"], "skipped");
}

#[test]
fn a_failure_to_apply_is_5xx_visible_and_made_up_for() {
    let app = TestApp::new();
    let change =
        event("evt_1", "customer.subscription.created", NOON, &subscription("active", "phone"));
    app.db.fail_after(0, "D1_ERROR: CHECK constraint failed: status");
    let answer = deliver(&app, &change);
    assert_eq!((answer.status, answer.db_trips), (503, 2));
    assert!(answer.header("retry-after").is_some());
    let row = receipt(&app, "evt_1");
    assert_eq!(
        (&row["status"], &row["processing_error"]),
        (&json!("failed"), &json!("internal_error"))
    );
    assert_eq!(mirrored(&app), Value::Null);
    assert_eq!(app.lines.of("stripe_webhook_failed")[0]["level"], "error");

    let again = deliver(&app, &change);
    assert_eq!(again.status, 200);
    assert_eq!(receipt(&app, "evt_1")["status"], "processed");
    assert_eq!(mirrored(&app)["status"], "active");
    assert_eq!(audit(&app).len(), 1);
    assert_eq!(deliver(&app, &change).json()["duplicate"], true);
}

#[test]
fn an_event_that_makes_no_sense_is_kept_and_refused() {
    let app = TestApp::new();
    let answer = deliver(
        &app,
        &event("evt_1", "customer.subscription.created", NOON, &json!({"id": "sub_1"})),
    );
    assert_eq!(answer.status, 503);
    assert_eq!(receipt(&app, "evt_1")["processing_error"], "invalid_event");
}

#[test]
fn types_that_are_not_mirrored_are_recorded() {
    let app = TestApp::new();
    let answer = deliver(
        &app,
        &event("evt_1", "charge.succeeded", NOON, &json!({"id": "ch_1", "object": "charge"})),
    );
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    let row = receipt(&app, "evt_1");
    assert_eq!((&row["status"], &row["object_type"]), (&json!("skipped"), &json!("charge")));
}

#[test]
fn signatures_are_judged_before_the_body() {
    let app = TestApp::new();
    let body = event("evt_1", "charge.succeeded", NOON, &json!({})).to_string();
    let good = stripe_signature(&body, "whsec_test", NOON);
    for (name, signature, sent) in [
        ("another secret", stripe_signature(&body, "whsec_other", NOON), body.clone()),
        ("another body", good.clone(), body.replace("evt_1", "evt_2")),
        ("too old", stripe_signature(&body, "whsec_test", NOON - 301), body.clone()),
        ("too far ahead", stripe_signature(&body, "whsec_test", NOON + 301), body.clone()),
        ("no signature", String::new(), body.clone()),
        ("not even JSON", "t=1,v1=00".to_owned(), "{".to_owned()),
    ] {
        let answer = app.post("/webhooks/stripe", &[("stripe-signature", &signature)], sent);
        assert_eq!((answer.status, answer.error().as_str()), (400, "Invalid signature"), "{name}");
        assert_eq!(answer.db_trips, 0, "{name}");
    }
    assert_eq!(app.post("/webhooks/stripe", &[("stripe-signature", &good)], body).status, 200);
    let odd = r#"{"id":"ch_1","object":"charge","type":"customer.created"}"#;
    let signature = stripe_signature(odd, "whsec_test", NOON);
    let answer = app.post("/webhooks/stripe", &[("stripe-signature", &signature)], odd);
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_event"));
}

#[test]
fn the_former_secret_counts_while_it_is_rolled() {
    let app = TestApp::with(&[("STRIPE_WEBHOOK_SECRET_PREVIOUS", "whsec_old")]);
    let body = event("evt_1", "charge.succeeded", NOON, &json!({})).to_string();
    let signature = stripe_signature(&body, "whsec_old", NOON);
    assert_eq!(app.post("/billing/webhook", &[("stripe-signature", &signature)], body).status, 200);
}

#[test]
fn without_a_secret_nothing_is_taken() {
    let app = TestApp::with(&[("STRIPE_WEBHOOK_SECRET", "")]);
    let body = event("evt_1", "charge.succeeded", NOON, &json!({}));
    let answer = deliver(&app, &body);
    assert_eq!((answer.status, answer.error().as_str()), (503, "Webhook not configured"));
}

#[test]
fn huge_events_are_kept_as_a_stub() {
    let app = TestApp::new();
    let huge = event(
        "evt_1",
        "charge.succeeded",
        NOON,
        &json!({"id": "ch_1", "note": "x".repeat(2_500_000)}),
    );
    assert_eq!(deliver(&app, &huge).status, 200);
    assert!(receipt(&app, "evt_1")["payload"].as_str().unwrap().contains("truncated_bytes"));
}
