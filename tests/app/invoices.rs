//! Invoices as Stripe's events tell them: each state once, whatever the order.

use serde_json::{Value, json};

use crate::stripe::{audit, deliver, event, receipt, subscription};
use crate::support::{NOON, TestApp};

fn invoice(status: &str, lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(id, amount)| {
            json!({"id": id, "amount": amount, "quantity": 1, "currency": "usd", "description": id,
                "pricing": {"unit_amount_decimal": amount.to_string(), "price_details": {"price": "price_1", "product": "prod_1"}},
                "period": {"start": NOON, "end": NOON + 60}})
        })
        .collect();
    json!({"id": "in_1", "object": "invoice", "customer": "cus_a", "status": status, "number": "A-1", "currency": "usd",
        "subtotal": 900, "total": 1000, "amount_due": 1000, "amount_paid": if status == "paid" { 1000 } else { 0 },
        "amount_remaining": if status == "paid" { 0 } else { 1000 }, "total_taxes": [{"amount": 100}],
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "status_transitions": {"finalized_at": NOON, "paid_at": if status == "paid" { json!(NOON + 1) } else { Value::Null }},
        "lines": {"data": lines, "has_more": false}})
}

fn tell(app: &TestApp, id: &str, kind: &str, created: i64, object: &Value) -> (u16, usize) {
    let answer = deliver(app, &event(id, kind, created, object));
    (answer.status, answer.db_trips)
}

fn mirrored(app: &TestApp) -> Value {
    app.db.rows("SELECT * FROM billing_invoices WHERE stripe_invoice_id = 'in_1'").remove(0)
}

fn lines(app: &TestApp) -> Vec<(String, i64, i64)> {
    let rows = app.db.rows(
        "SELECT stripe_line_item_id, amount_cents, position FROM billing_invoice_lines ORDER BY position",
    );
    let number = |row: &Value, column: &str| row[column].as_i64().unwrap();
    rows.iter()
        .map(|row| {
            let id = row["stripe_line_item_id"].as_str().unwrap().to_owned();
            (id, number(row, "amount_cents"), number(row, "position"))
        })
        .collect()
}

#[test]
fn an_invoice_is_mirrored_with_its_lines_and_trace_in_one_trip() {
    let app = TestApp::new();
    let paid = invoice("paid", &[("il_1", 700), ("il_2", 200)]);
    assert_eq!(tell(&app, "evt_1", "invoice.paid", NOON, &paid), (200, 1));
    let row = mirrored(&app);
    for (column, value) in [
        ("org_id", json!("org_a")),
        ("billing_customer_id", json!("bc_a")),
        ("stripe_invoice_number", json!("A-1")),
        ("status", json!("paid")),
        ("subtotal_cents", json!(900)),
        ("tax_cents", json!(100)),
        ("total_cents", json!(1000)),
        ("amount_paid_cents", json!(1000)),
        ("amount_remaining_cents", json!(0)),
        ("paid_at", json!("2026-03-15T12:00:01.000Z")),
        ("finalized_at", json!("2026-03-15T12:00:00.000Z")),
        ("billing_subscription_id", Value::Null),
        ("has_all_lines", json!(1)),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(lines(&app), [("il_1".to_owned(), 700, 0), ("il_2".to_owned(), 200, 1)]);
    assert_eq!(
        audit(&app),
        [json!({"org_id": "org_a", "actor_type": "integration", "actor_id": "stripe",
            "event_type": "billing.invoice_paid", "target_type": "invoice", "target_id": "in_1",
            "metadata": r#"{"amount_paid_cents":1000,"status":"paid","stripe_event_id":"evt_1","total_cents":1000}"#})]
    );

    // Its subscription comes later, and is joined to it.
    let later =
        event("evt_2", "customer.subscription.created", NOON, &subscription("active", "phone"));
    assert_eq!(deliver(&app, &later).status, 200);
    let joined = app.db.value(
        "SELECT s.stripe_subscription_id FROM billing_invoices i JOIN billing_subscriptions s ON s.id = i.billing_subscription_id",
    );
    assert_eq!(joined, "sub_1");
}

#[test]
fn whatever_the_order_the_last_state_stays_and_each_event_leaves_its_trace() {
    let draft = invoice("draft", &[("il_1", 700), ("il_old", 1)]);
    let open = invoice("open", &[("il_1", 800)]);
    let paid = invoice("paid", &[("il_1", 800), ("il_2", 200)]);
    // Three of one second, as Stripe sends them when a card is charged at once.
    let events = [
        ("evt_1", "invoice.created", NOON - 60, &draft),
        ("evt_2", "invoice.finalized", NOON, &open),
        ("evt_3", "invoice.payment_failed", NOON, &open),
        ("evt_4", "invoice.paid", NOON, &paid),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 3, 0, 2]] {
        let app = TestApp::new();
        for at in order.iter().chain(&order) {
            let (id, kind, created, object) = events[*at];
            assert_eq!(tell(&app, id, kind, created, object), (200, 1), "{order:?}");
            app.clock.advance(1);
        }
        let row = mirrored(&app);
        assert_eq!((&row["status"], &row["amount_paid_cents"]), (&json!("paid"), &json!(1000)));
        assert_eq!(row["paid_at"], "2026-03-15T12:00:01.000Z", "{order:?}");
        let expected = [("il_1".to_owned(), 800, 0), ("il_2".to_owned(), 200, 1)];
        assert_eq!(lines(&app), expected, "{order:?}");
        let mut traces: Vec<String> = audit(&app)
            .iter()
            .map(|entry| entry["event_type"].as_str().unwrap().to_owned())
            .collect();
        traces.sort();
        assert_eq!(traces, ["billing.invoice_paid", "billing.invoice_payment_failed"], "{order:?}");
    }
}

#[test]
fn lines_that_did_not_all_come_forget_none() {
    let app = TestApp::new();
    tell(&app, "evt_1", "invoice.finalized", NOON, &invoice("open", &[("il_1", 1), ("il_2", 2)]));
    let mut cut = invoice("open", &[("il_1", 5)]);
    cut["lines"]["has_more"] = true.into();
    tell(&app, "evt_2", "invoice.updated", NOON + 1, &cut);
    assert_eq!(lines(&app).iter().map(|(_, amount, _)| *amount).sum::<i64>(), 7);
    assert_eq!(mirrored(&app)["has_all_lines"], 0);
}

#[test]
fn an_invoice_of_nobody_waits_and_one_of_another_org_stays_there() {
    let app = TestApp::new();
    let mut stranger = invoice("open", &[]);
    stranger["customer"] = "cus_unknown".into();
    assert_eq!(tell(&app, "evt_1", "invoice.updated", NOON, &stranger), (503, 1));
    assert_eq!(receipt(&app, "evt_1")["status"], "failed");
    // Its customer comes to be known.
    stranger["metadata"] = json!({"org_id": "org_b"});
    assert_eq!(tell(&app, "evt_1", "invoice.updated", NOON, &stranger), (200, 1));
    assert_eq!(mirrored(&app)["org_id"], "org_b");
    // The same invoice under another org's customer is not moved.
    let moved = invoice("paid", &[("il_1", 1)]);
    assert_eq!(tell(&app, "evt_2", "invoice.paid", NOON + 5, &moved), (200, 1));
    let row = mirrored(&app);
    assert_eq!((&row["org_id"], &row["status"]), (&json!("org_b"), &json!("open")));
    assert!(lines(&app).is_empty());
}

#[test]
fn a_draft_that_is_deleted_stays_so() {
    let app = TestApp::new();
    tell(&app, "evt_2", "invoice.deleted", NOON, &invoice("draft", &[]));
    tell(&app, "evt_1", "invoice.updated", NOON + 9, &invoice("draft", &[("il_1", 1)]));
    assert_eq!(mirrored(&app)["status"], "void");
    assert!(lines(&app).is_empty());
}
