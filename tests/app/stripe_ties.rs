//! Events that do not say enough: Stripe is asked for the object as it is.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::stripe::{audit, deliver, event, receipt, subscription};
use crate::support::ports::Streamed;
use crate::support::{NOON, TestApp};

const SUBSCRIPTION: &str = "https://api.stripe.com/v1/subscriptions/sub_1";
const INVOICE: &str = "https://api.stripe.com/v1/invoices/in_1";
const CUSTOMER: &str = "https://api.stripe.com/v1/customers/cus_a";

fn app() -> TestApp {
    TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_1")])
}

fn status(app: &TestApp) -> Value {
    app.db.value("SELECT status FROM billing_subscriptions")
}

fn tell(app: &TestApp, id: &str, created: i64, object: &Value) -> (u16, usize) {
    let answer = deliver(app, &event(id, "customer.subscription.updated", created, object));
    (answer.status, answer.db_trips)
}

#[test]
fn of_two_snapshots_of_one_second_neither_is_believed() {
    let app = app();
    app.http.answer_at(SUBSCRIPTION, 200, &subscription("unpaid", "phone").to_string());
    assert_eq!(tell(&app, "evt_1", NOON, &subscription("past_due", "phone")), (200, 1));
    assert_eq!(tell(&app, "evt_2", NOON, &subscription("active", "phone")), (200, 2));
    assert_eq!(status(&app), "unpaid");
    let row = receipt(&app, "evt_2");
    assert_eq!((&row["status"], &row["processing_error"]), (&json!("processed"), &Value::Null));
    let sent = app.http.sent();
    assert_eq!((sent.len(), sent[0].method), (1, "GET"));
    assert!(sent[0].headers.contains(&("stripe-version", "2026-10-28.endive".to_owned())));
    // Each left its own trace, of what it said.
    let said: Vec<Value> = audit(&app).iter().map(|entry| entry["metadata"].clone()).collect();
    assert_eq!(said.len(), 2);
    assert!(said[1].as_str().unwrap().contains("\"active\""), "{said:?}");

    // The same once more asks nobody.
    assert_eq!(tell(&app, "evt_3", NOON, &subscription("unpaid", "phone")), (200, 1));
    // What is newer is believed, what is older is not.
    assert_eq!(tell(&app, "evt_4", NOON + 1, &subscription("active", "phone")), (200, 1));
    assert_eq!(tell(&app, "evt_5", NOON, &subscription("paused", "phone")), (200, 1));
    assert_eq!((status(&app), app.http.sent().len()), (json!("active"), 1));
}

#[test]
fn of_two_prices_or_products_of_one_second_neither_is_believed() {
    let app = app();
    let price = |amount: i64| json!({"id": "price_9", "object": "price", "product": "prod_9", "active": true, "unit_amount": amount});
    let product =
        |name: &str| json!({"id": "prod_9", "object": "product", "name": name, "active": true});
    app.http.answer_at("https://api.stripe.com/v1/prices/price_9", 200, &price(3).to_string());
    app.http.answer_at("https://api.stripe.com/v1/products/prod_9", 200, &product("C").to_string());
    let tell = |id: &str, kind: &str, created: i64, object: &Value| {
        let answer = deliver(&app, &event(id, kind, created, object));
        (answer.status, answer.db_trips)
    };
    let held = || {
        let sql = "SELECT p.unit_amount_cents AS amount, d.name FROM plan_prices p
                     JOIN stripe_products d USING (stripe_product_id) WHERE p.stripe_price_id = 'price_9'";
        app.db.rows(sql).remove(0)
    };
    assert_eq!(tell("evt_1", "product.created", NOON, &product("A")), (200, 1));
    assert_eq!(tell("evt_2", "product.updated", NOON, &product("B")), (200, 2));
    assert_eq!(tell("evt_3", "price.created", NOON, &price(1)), (200, 1));
    assert_eq!(tell("evt_4", "price.updated", NOON, &price(2)), (200, 2));
    assert_eq!(held(), json!({"amount": 3, "name": "C"}));
    // What is the same asks nobody, what is older changes nothing, what is newer is believed.
    assert_eq!(tell("evt_5", "price.updated", NOON, &price(3)), (200, 1));
    assert_eq!(tell("evt_6", "price.updated", NOON - 1, &price(1)), (200, 1));
    assert_eq!(tell("evt_7", "product.updated", NOON + 1, &product("D")), (200, 1));
    assert_eq!(held(), json!({"amount": 3, "name": "D"}));
    assert_eq!(app.http.sent().len(), 2);
}

#[test]
fn while_stripe_gives_no_answer_the_event_waits() {
    let app = app();
    tell(&app, "evt_1", NOON, &subscription("past_due", "phone"));
    app.http.go_down_at(SUBSCRIPTION);
    assert_eq!(tell(&app, "evt_2", NOON, &subscription("active", "phone")).0, 503);
    let row = receipt(&app, "evt_2");
    assert_eq!(
        (&row["status"], &row["processing_error"]),
        (&json!("failed"), &json!("stripe_unanswered"))
    );
    assert_eq!((status(&app), audit(&app).len()), (json!("past_due"), 1));
    app.http.answer_at(SUBSCRIPTION, 200, &subscription("active", "phone").to_string());
    assert_eq!(tell(&app, "evt_2", NOON, &subscription("active", "phone")), (200, 2));
    assert_eq!((status(&app), audit(&app).len()), (json!("active"), 2));
}

#[test]
fn who_wrote_while_stripe_was_asked_is_not_written_over() {
    let app = app();
    tell(&app, "evt_1", NOON, &subscription("past_due", "phone"));
    // While the second event asks, another delivery writes what it was told.
    let db = app.db.clone();
    let answers = AtomicUsize::new(0);
    app.http.serve(SUBSCRIPTION, move |_| {
        if answers.fetch_add(1, Ordering::SeqCst) == 0 {
            db.run_script(
                "UPDATE billing_subscriptions SET delivery_id = 'another', snapshot_digest = 'x', status = 'unpaid'",
            );
            return Ok(Streamed::of(200, &[&subscription("trialing", "phone").to_string()]));
        }
        Ok(Streamed::of(200, &[&subscription("active", "phone").to_string()]))
    });
    assert_eq!(tell(&app, "evt_2", NOON, &subscription("active", "x")), (200, 3));
    assert_eq!(status(&app), "active", "as it was after the other's answer");
    assert_eq!(app.http.sent().len(), 2);
}

#[test]
fn an_invoice_with_more_lines_than_an_event_holds_is_read_whole() {
    let app = app();
    let line = |at: usize| json!({"id": format!("il_{at}"), "amount": 10, "quantity": 1});
    let invoice = |lines: Vec<Value>, has_more: bool| {
        json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "open", "total": 250,
            "lines": {"data": lines, "has_more": has_more}})
    };
    let first = invoice((0..10).map(line).collect(), true);
    app.http.answer_at(INVOICE, 200, &first.to_string());
    let page =
        json!({"object": "list", "data": (10..20).map(line).collect::<Vec<_>>(), "has_more": true});
    let last = json!({"object": "list", "data": (20..25).map(line).collect::<Vec<_>>(), "has_more": false});
    let lines = |after: &str| format!("{INVOICE}/lines?limit=100&starting_after={after}");
    app.http.answer_at(&lines("il_9"), 200, &page.to_string());
    app.http.answer_at(&lines("il_19"), 200, &last.to_string());
    let answer = deliver(&app, &event("evt_1", "invoice.finalized", NOON, &first));
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_invoice_lines"), 25);
    assert_eq!(app.db.value("SELECT has_all_lines FROM billing_invoices"), 1);
    assert_eq!(receipt(&app, "evt_1")["status"], "processed");
}

#[test]
fn a_draft_that_is_gone_when_it_is_asked_for_was_deleted() {
    let app = app();
    app.http.answer_at(INVOICE, 404, r#"{"error": {"code": "resource_missing"}}"#);
    let draft = |total: i64| {
        json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "draft", "total": total,
            "lines": {"data": [], "has_more": false}})
    };
    for (id, total) in [("evt_1", 1), ("evt_2", 2)] {
        assert_eq!(deliver(&app, &event(id, "invoice.updated", NOON, &draft(total))).status, 200);
    }
    assert_eq!(app.db.value("SELECT status FROM billing_invoices"), "void");
}

fn thin(id: &str, kind: &str, object: &str) -> Value {
    json!({"id": id, "object": "v2.core.event", "type": kind, "created": "2026-03-15T12:00:00.123Z",
        "livemode": false, "related_object": {"id": object, "type": "any", "url": "/v1/x"}})
}

#[test]
fn what_is_gone_before_a_thin_event_asks_for_it_is_gone_here() {
    let app = app();
    let missing = r#"{"error": {"code": "resource_missing"}}"#;
    let draft = json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "draft", "total": 5,
        "lines": {"data": [], "has_more": false}});
    deliver(&app, &event("evt_1", "invoice.created", NOON, &draft));
    let product = json!({"id": "prod_9", "object": "product", "name": "Nine", "active": true});
    deliver(&app, &event("evt_2", "product.created", NOON, &product));
    let price = json!({"id": "price_9", "object": "price", "product": "prod_9", "active": true, "nickname": "phone"});
    deliver(&app, &event("evt_3", "price.created", NOON, &price));
    app.http.answer_at(INVOICE, 404, missing);
    app.http.answer_at("https://api.stripe.com/v1/products/prod_9", 404, missing);
    let stub = r#"{"id": "price_9", "object": "price", "deleted": true}"#;
    app.http.answer_at("https://api.stripe.com/v1/prices/price_9", 200, stub);
    for (id, kind, object) in [
        ("evt_4", "v1.invoice.deleted", "in_1"),
        ("evt_5", "v1.product.deleted", "prod_9"),
        ("evt_6", "v1.price.deleted", "price_9"),
    ] {
        let answer = deliver(&app, &thin(id, kind, object));
        assert_eq!((answer.status, answer.db_trips), (200, 1), "{kind} {}", answer.text);
        assert_eq!(receipt(&app, id)["status"], "processed", "{kind}");
    }
    assert_eq!(receipt(&app, "evt_4")["org_id"], "org_a");
    let ended = "SELECT status || stripe_event_rank FROM billing_invoices";
    assert_eq!(app.db.value(ended), "void9");
    let sold = "SELECT (SELECT is_deleted FROM stripe_products WHERE stripe_product_id = 'prod_9')
                    + (SELECT is_deleted FROM plan_prices WHERE stripe_price_id = 'price_9')";
    assert_eq!(app.db.value(sold), 2);

    // Older snapshots that come later do not bring it back; an invoice that was never here leaves no row.
    deliver(&app, &event("evt_7", "invoice.updated", NOON - 1, &draft));
    assert_eq!(app.db.value(ended), "void9");
    app.http.answer_at("https://api.stripe.com/v1/invoices/in_2", 404, missing);
    assert_eq!(deliver(&app, &thin("evt_8", "v1.invoice.deleted", "in_2")).status, 200);
    let row = receipt(&app, "evt_8");
    assert_eq!((&row["status"], &row["org_id"]), (&json!("processed"), &Value::Null));
    assert_eq!(app.db.value("SELECT count(*) FROM billing_invoices"), 1);
}

#[test]
fn what_never_goes_is_not_taken_for_gone() {
    let app = app();
    let missing = r#"{"error": {"code": "resource_missing"}}"#;
    for url in [INVOICE, "https://api.stripe.com/v1/products/our%2Fchat%20bot"] {
        app.http.answer_at(url, 404, missing);
    }
    let product = json!({"id": "our/chat bot", "object": "product", "name": "A", "active": true});
    deliver(&app, &event("evt_1", "product.created", NOON, &product));
    deliver(&app, &thin("evt_2", "v1.product.updated", "our/chat bot"));
    assert_eq!(receipt(&app, "evt_2")["processing_error"], "object_gone");
    assert_eq!(app.db.value("SELECT is_deleted FROM stripe_products"), 0);
    // Another account's key: a paid invoice cannot have been a draft.
    let paid = json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "paid", "total": 5,
        "lines": {"data": [{"id": "il_1", "amount": 5}], "has_more": true}});
    assert_eq!(deliver(&app, &event("evt_3", "invoice.paid", NOON, &paid)).status, 200);
    assert_eq!(receipt(&app, "evt_3")["processing_error"], "object_gone");
    deliver(&app, &thin("evt_4", "v1.invoice.updated", "in_1"));
    assert_eq!(app.db.value("SELECT status FROM billing_invoices"), "paid");
}

#[test]
fn a_thin_event_is_traced_as_what_it_tells() {
    let app = app();
    let paid = json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "paid", "total": 5,
        "lines": {"data": [], "has_more": false}});
    app.http.answer_at(INVOICE, 200, &paid.to_string());
    app.http.answer_at(CUSTOMER, 200, r#"{"id": "cus_a", "object": "customer", "name": "A"}"#);
    deliver(&app, &thin("evt_1", "v1.invoice.paid", "in_1"));
    deliver(&app, &thin("evt_2", "v1.customer.updated", "cus_a"));
    let told =
        app.db.rows("SELECT event_type FROM audit_logs WHERE actor_id = 'stripe' ORDER BY rowid");
    assert_eq!(
        told,
        [
            json!({"event_type": "billing.invoice_paid"}),
            json!({"event_type": "billing.customer.updated"})
        ]
    );
}

#[test]
fn without_a_key_the_lines_that_came_are_what_there_is() {
    let app = TestApp::new();
    let long = json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": "open", "total": 5,
        "lines": {"data": [{"id": "il_1", "amount": 5}], "has_more": true}});
    assert_eq!(deliver(&app, &event("evt_1", "invoice.finalized", NOON, &long)).status, 200);
    assert_eq!(receipt(&app, "evt_1")["status"], "processed");
    assert_eq!(app.db.value("SELECT count(*) FROM billing_invoice_lines"), 1);
}

#[test]
fn a_thin_event_is_what_stripe_has() {
    let app = app();
    app.http.answer_at(SUBSCRIPTION, 200, &subscription("active", "phone").to_string());
    let told = thin("evt_1", "v1.customer.subscription.updated", "sub_1");
    let answer = deliver(&app, &told);
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    assert_eq!(status(&app), "active");
    let row = receipt(&app, "evt_1");
    assert_eq!((&row["object_id"], &row["org_id"]), (&json!("sub_1"), &json!("org_a")));
    assert_eq!(audit(&app)[0]["event_type"], "billing.subscription.updated");
    assert_eq!(deliver(&app, &told).json()["duplicate"], true);

    app.http.answer_at(CUSTOMER, 200, r#"{"id": "cus_a", "object": "customer", "deleted": true}"#);
    assert_eq!(deliver(&app, &thin("evt_2", "v1.customer.deleted", "cus_a")).status, 200);
    assert_ne!(app.db.value("SELECT deleted_at FROM billing_customers"), Value::Null);

    // What leads elsewhere, is gone or unknown, changes nothing.
    app.http.answer_at("https://api.stripe.com/v1/subscriptions/sub_9", 404, "{}");
    for (id, object) in [("evt_3", "../customers/cus_a"), ("evt_4", "sub_9"), ("evt_5", "")] {
        let answer = deliver(&app, &thin(id, "v1.customer.subscription.updated", object));
        assert_eq!(answer.status, 200, "{object}");
        assert_eq!(receipt(&app, id)["processing_error"], "object_gone", "{object}");
    }
    let other = deliver(&app, &thin("evt_6", "v2.core.account.updated", "acct_1"));
    assert_eq!((other.status, receipt(&app, "evt_6")["status"].clone()), (200, json!("skipped")));
}

#[test]
fn a_thin_event_without_a_key_waits_for_one() {
    let app = TestApp::new();
    let thin = json!({"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.updated",
        "created": "2026-03-15T12:00:00Z", "related_object": {"id": "cus_a", "type": "customer"}});
    assert_eq!(deliver(&app, &thin).status, 503);
    assert_eq!(receipt(&app, "evt_1")["processing_error"], "stripe_not_configured");
}

#[test]
fn test_events_do_not_change_what_live_ones_made() {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_live_1")]);
    assert_eq!(tell(&app, "evt_1", NOON, &subscription("active", "phone")).0, 200);
    let row = receipt(&app, "evt_1");
    assert_eq!(
        (&row["status"], &row["processing_error"]),
        (&json!("skipped"), &json!("other_mode"))
    );
    assert_eq!(app.db.value("SELECT count(*) FROM billing_subscriptions"), 0);
}
