//! Usage, and an org's account in short.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::paging::{ids, walk};

fn with_usage() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO billing_records (id, org_id, usage_type, quantity, unit_price_cents, amount_cents, status, period_start, period_end, external_invoice_id, created_at, updated_at) VALUES
          ('u1', 'org_a', 'chat_messages', 1000, 1, 1000, 'paid', '2026-01-01 00:00:00', '2026-02-01 00:00:00', 'in_1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
          ('u2', 'org_a', 'voice_minutes', 10, 15, 150, 'paid', '2026-01-01 00:00:00', '2026-02-01 00:00:00', 'in_1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
          ('u3', 'org_a', 'chat_messages', 2000, 1, 2000, 'invoiced', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z', NULL, '2026-02-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'),
          ('u4', 'org_a', 'chat_messages', NULL, NULL, NULL, NULL, '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z', NULL, '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'),
          ('u_b', 'org_b', 'chat_messages', 5, 1, 5, 'pending', '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z', NULL, '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z')",
    );
    app
}

#[test]
fn usage_of_an_org() {
    let app = with_usage();
    let answer = app.get_as("user_viewer_a", "/billing/usage");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("usage", answer.json());
    let pages = walk(&app, "/billing/usage?limit=1", "records", "cursor", "nextCursor");
    assert_eq!(pages, ["u4", "u3", "u2", "u1"]);
}

#[test]
fn usage_is_filtered_and_its_sums_cover_all_that_fits() {
    let app = with_usage();
    for (user, query, expected, amount) in [
        ("user_owner_a", "", vec!["u4"], 3150),
        ("user_owner_a", "status=paid", vec!["u2"], 1150),
        ("user_owner_a", "status=pending", vec!["u4"], 0),
        ("user_owner_a", "usageType=chat_messages&to=2026-02-28", vec!["u3"], 3000),
        ("user_owner_a", "from=2026-02-01", vec!["u4"], 2000),
        ("user_owner_a", "from=2026-01-01&to=2026-01-01", vec!["u2"], 1150),
        ("user_owner_a", "usageType=nothing", vec![], 0),
        ("user_staff", "", vec!["u_b"], 3155),
        ("user_staff", "status=paid&usageType=voice_minutes", vec!["u2"], 150),
        ("user_staff", "from=2026-03-01&status=pending", vec!["u_b"], 5),
        ("user_staff", "orgId=org_a", vec!["u4"], 3150),
    ] {
        let answer = app.get_as(user, &format!("/billing/usage?limit=1&{query}"));
        assert_eq!((answer.status, answer.db_trips), (200, 1));
        let body = answer.json();
        assert_eq!(ids(&body, "records"), expected, "{query} as {user}");
        assert_eq!(body["totals"]["amountCents"], amount, "{query} as {user}");
    }
    app.db.run_script(
        "INSERT INTO billing_records (id, org_id, usage_type, period_start, period_end, created_at, updated_at)
         VALUES ('u_day', 'org_a', 'x', '2026-02-01', '2026-03-01', '2026-02-01', '2026-02-01')",
    );
    let january = app.get_as("user_owner_a", "/billing/usage?to=2026-01-31").json();
    assert_eq!(ids(&january, "records"), ["u2", "u1"], "the next day without a time is not in");
    let none = app.get_as("user_owner_a", "/billing/usage?usageType=nothing").json();
    assert_eq!(
        none["totals"],
        json!({"amountCents": 0, "periodStart": null, "periodEnd": null, "byCurrency": [], "byType": []})
    );
    for query in ["limit=501", "status=open", "cursor=x", "from=2026"] {
        assert_eq!(app.get_as("user_owner_a", &format!("/billing/usage?{query}")).status, 400);
    }
}

#[test]
fn the_sums_of_all_orgs_follow_every_change() {
    let app = with_usage();
    app.db.run_script(
        "UPDATE billing_records SET status = 'paid', amount_cents = 2100 WHERE id = 'u3';
         UPDATE billing_records SET external_invoice_id = 'in_2' WHERE id = 'u3';
         DELETE FROM billing_records WHERE id = 'u1';
         DELETE FROM orgs WHERE id = 'org_b'",
    );
    let totals = |query: &str| {
        let path = format!("/billing/usage?{query}");
        app.get_as("user_staff", &path).json()["totals"].clone()
    };
    let of_org = totals("orgId=org_a");
    assert_eq!(totals(""), of_org, "only org_a has records left");
    assert_eq!(of_org["amountCents"], 2250);
    assert_eq!(totals("status=paid"), totals("status=paid&orgId=org_a"));
    assert_eq!(totals("status=invoiced")["byType"], json!([]));
}

fn with_account() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "UPDATE billing_customers SET default_payment_method_id = 'pm_1', invoice_settings = 'broken', delinquent = 1 WHERE id = 'bc_a';
         INSERT INTO billing_subscriptions (id, org_id, billing_customer_id, stripe_subscription_id, stripe_price_id, status, plan_nickname, quantity, cancel_at_period_end, current_period_start, current_period_end, metadata, created_at, updated_at) VALUES
          ('sub1', 'org_a', 'bc_a', 'sub_1', 'price_1', 'past_due', 'Bundle Pack', 0, 1, '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z', '{\"org_id\":\"org_a\"}', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
          ('sub2', 'org_a', 'bc_a', 'sub_2', 'price_1', 'canceled', NULL, 1, 0, NULL, NULL, '{}', '2026-02-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'),
          ('sub3', 'org_a', 'bc_a', 'sub_3', 'price_1', 'incomplete', NULL, 1, 0, NULL, NULL, '{}', '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z');
         WITH RECURSIVE n (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 22)
         INSERT INTO billing_invoices (id, org_id, billing_customer_id, stripe_invoice_id, status, total_cents, created_at, updated_at)
         SELECT 'inv' || n, 'org_a', 'bc_a', 'in_' || n, 'open', n * 100, '2026-03-' || n || 'T00:00:00.000Z', '2026-03-10 00:00:00' FROM n",
    );
    app
}

#[test]
fn subscriptions_are_listed_with_those_that_ended() {
    let app = with_account();
    for user in ["user_viewer_a", "user_staff"] {
        let path = if user == "user_staff" { "?orgId=org_a" } else { "" };
        let answer = app.get_as(user, &format!("/billing/subscriptions{path}"));
        assert_eq!((answer.status, answer.db_trips), (200, 1));
        assert_eq!(ids(&answer.json(), "subscriptions"), ["sub3", "sub2", "sub1"], "{user}");
    }
    let none = app.get_as("user_staff", "/billing/subscriptions").json();
    assert_eq!(none, json!({"subscriptions": []}), "not those of all orgs");
    assert!(
        ids(&app.get_as("user_owner_b", "/billing/subscriptions").json(), "subscriptions")
            .is_empty()
    );
}

#[test]
fn invoices_are_listed_by_page_offset_and_status() {
    let app = with_account();
    app.db.run_script("UPDATE billing_invoices SET status = 'paid' WHERE id IN ('inv12', 'inv20')");
    let answer = app.get_as("user_admin_a", "/billing/invoices?limit=2");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    let body = answer.json();
    assert_eq!(ids(&body, "invoices"), ["inv22", "inv21"]);
    assert_eq!((&body["total"], &body["hasMore"]), (&json!(13), &json!(true)));
    let all = walk(&app, "/billing/invoices?limit=4", "invoices", "cursor", "nextCursor");
    assert_eq!((all.len(), all[0].as_str(), all[12].as_str()), (13, "inv22", "inv10"));
    for (query, expected, total, has_more) in [
        ("limit=2&offset=11", vec!["inv11", "inv10"], 13, false),
        ("limit=2&offset=12", vec!["inv10"], 13, false),
        ("offset=40", vec![], 13, false),
        ("status=paid", vec!["inv20", "inv12"], 2, false),
        ("status=paid&limit=1", vec!["inv20"], 2, true),
        ("status=void", vec![], 0, false),
    ] {
        let body = app.get_as("user_admin_a", &format!("/billing/invoices?{query}")).json();
        assert_eq!(ids(&body, "invoices"), expected, "{query}");
        assert_eq!(
            (&body["total"], &body["hasMore"]),
            (&json!(total), &json!(has_more)),
            "{query}"
        );
    }
    for query in
        ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=10001", "status=lost", "cursor=x"]
    {
        let answer = app.get_as("user_admin_a", &format!("/billing/invoices?{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
    let staff = app.get_as("user_staff", "/billing/invoices").json();
    assert_eq!((&staff["invoices"], &staff["total"]), (&json!([]), &json!(0)));
}

#[test]
fn an_invoice_is_shown_with_its_lines_in_order() {
    let app = with_account();
    app.db.run_script(
        "INSERT INTO billing_invoice_lines (id, billing_invoice_id, org_id, stripe_line_item_id, description, quantity, unit_amount_cents, amount_cents, proration, position, metadata, created_at) VALUES
          ('l1', 'inv10', 'org_a', 'il_1', 'Second', 2, 50, 100, 1, 1, '{}', '2026-03-10T00:00:00.000Z'),
          ('l2', 'inv10', 'org_a', 'il_2', 'First', NULL, NULL, NULL, 0, 0, '{\"a\":1}', '2026-03-10T00:00:00.000Z')",
    );
    let answer = app.get_as("user_admin_a", "/billing/invoices/inv10");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("invoice", answer.json());
    for (user, id) in
        [("user_owner_b", "inv10"), ("user_admin_a", "in_10"), ("user_staff", "inv10")]
    {
        let answer = app.get_as(user, &format!("/billing/invoices/{id}"));
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("invoice_not_found")),
            "{user} {id}"
        );
    }
    assert_eq!(app.get_as("user_staff", "/billing/invoices/inv10?orgId=org_a").status, 200);
}

#[test]
fn the_account_of_an_org_in_short() {
    let app = with_account();
    let answer = app.get_as("user_admin_a", "/billing/overview");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    let mut body = answer.json();
    let invoices = ids(&body, "recentInvoices");
    assert_eq!(
        (invoices.len(), invoices[0].as_str(), invoices[9].as_str()),
        (10, "inv22", "inv13")
    );
    body["recentInvoices"].as_array_mut().unwrap().truncate(1);
    insta::assert_json_snapshot!("billing_overview", body);
}

#[test]
fn only_admins_see_the_customer_and_what_was_paid() {
    let app = with_account();
    let of = |user: &str| app.get_as(user, "/billing/overview").json();
    let admin = of("user_admin_a");
    for user in ["user_viewer_a", "user_member_a"] {
        let body = of(user);
        assert_eq!(
            (&body["customer"], &body["recentInvoices"]),
            (&Value::Null, &json!([])),
            "{user}"
        );
        assert_eq!(body["currentPlan"]["status"], "past_due", "{user} is warned");
        assert_eq!(body["subscriptions"], admin["subscriptions"], "{user}");
    }
    for user in ["user_admin_a", "user_owner_a"] {
        assert_eq!(of(user)["customer"]["id"], "bc_a", "{user}");
    }
}

#[test]
fn the_plan_is_one_that_runs_else_one_whose_payment_failed() {
    let app = with_account();
    let plan = || app.get_as("user_owner_a", "/billing/overview").json()["currentPlan"].clone();
    assert_eq!(plan()["status"], "past_due", "so that people are warned");
    app.db.run_script("UPDATE billing_subscriptions SET status = 'trialing' WHERE id = 'sub3'");
    assert_eq!((&plan()["status"], &plan()["name"]), (&json!("trialing"), &json!("Standard Plan")));
    app.db.run_script("UPDATE billing_subscriptions SET status = 'paused'");
    assert_eq!(plan(), Value::Null);
}

#[test]
fn accounts_are_not_shown_for_all_orgs() {
    let app = with_account();
    let mut nothing = json!({
        "customer": null, "subscriptions": [], "currentPlan": null, "entitlement": null, "upcomingInvoice": null,
        "recentInvoices": [],
    });
    let all = app.get_as("user_staff", "/billing/overview");
    assert_eq!((all.status, all.json()), (200, nothing.clone()));
    nothing["entitlement"] =
        json!({"plan": "chatbot", "standing": "unbilled", "graceEndsAt": null});
    assert_eq!(app.get_as("user_owner_b", "/billing/overview").json(), nothing);
    let one = app.get_as("user_staff", "/billing/overview?orgId=org_a").json();
    assert_eq!(one["customer"]["id"], "bc_a");
    app.db.run_script("UPDATE billing_customers SET deleted_at = '2026-03-15T00:00:00.000Z'");
    let deleted = app.get_as("user_owner_a", "/billing/overview").json();
    assert_eq!(deleted["customer"], Value::Null, "a customer that Stripe deleted is none");
}
