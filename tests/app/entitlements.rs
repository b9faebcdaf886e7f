//! What subscriptions entitle to: combined, in days of grace, read-only, ended; and where it is enforced.

use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::stripe::{deliver, event};
use crate::support::{Answer, NOON, TestApp};

const DAY: i64 = 86_400;

/// A subscription of prices, each with what it is called.
fn subscription(id: &str, status: &str, prices: &[(&str, &str)]) -> Value {
    let item = |(at, (price, nickname)): (usize, &(&str, &str))| json!({"id": format!("si_{id}_{at}"), "quantity": 1, "price": {"id": price, "nickname": nickname}});
    let items: Vec<Value> = prices.iter().enumerate().map(item).collect();
    json!({"id": id, "object": "subscription", "customer": "cus_a", "status": status, "metadata": {},
        "items": {"data": items}})
}

fn tell(app: &TestApp, created: i64, subscription: &Value) {
    let id = format!("evt_{}_{created}", subscription["id"].as_str().unwrap());
    let told = event(&id, "customer.subscription.updated", created, subscription);
    assert_eq!(deliver(app, &told).status, 200);
}

fn held(app: &TestApp) -> Value {
    let sql = "SELECT plan, billing_standing AS standing, limits_plan AS limits, grace_ends_at AS until FROM orgs WHERE id = 'org_a'";
    app.db.rows(sql).remove(0)
}

fn plan(app: &TestApp) -> String {
    held(app)["plan"].as_str().unwrap().to_owned()
}

fn ask(app: &TestApp) -> Answer {
    app.post("/chat", &[("x-site-key", "sk_a1")], r#"{"message":"What are your opening hours?"}"#)
}

fn add_site(app: &TestApp, by: &str) -> Answer {
    app.send_as(
        by,
        "POST",
        "/portal/sites?orgId=org_a",
        Some(r#"{"name":"Another","type":"chatbot"}"#),
    )
}

fn invite(app: &TestApp) -> Answer {
    app.send_as(
        "user_owner_a",
        "POST",
        "/portal/invitations",
        Some(r#"{"email":"new@alpha.example","role":"member"}"#),
    )
}

#[test]
fn subscriptions_and_their_items_are_combined() {
    let app = TestApp::new();
    tell(&app, NOON, &subscription("sub_1", "active", &[("p1", "chatbot")]));
    assert_eq!(plan(&app), "chatbot");
    tell(&app, NOON, &subscription("sub_2", "trialing", &[("p2", "phone")]));
    assert_eq!(plan(&app), "bundle", "chatbot and phone together");
    tell(
        &app,
        NOON + 1,
        &subscription("sub_1", "active", &[("p1", "chatbot"), ("p3", "enterprise")]),
    );
    assert_eq!(plan(&app), "enterprise", "two items of one");
    tell(&app, NOON + 2, &subscription("sub_1", "active", &[("p1", "chatbot")]));
    assert_eq!(plan(&app), "bundle", "an item that is gone counts no more");
    tell(&app, NOON + 3, &subscription("sub_1", "canceled", &[("p1", "chatbot")]));
    assert_eq!(
        held(&app),
        json!({"plan": "phone", "standing": "good", "limits": "phone", "until": null})
    );
    assert_eq!(app.db.value("SELECT count(*) FROM billing_subscription_items"), 2);
}

#[test]
fn a_status_that_stripe_adds_later_entitles_to_nothing() {
    for before in ["active", "past_due"] {
        let app = TestApp::new();
        tell(&app, NOON, &subscription("sub_1", before, &[("p1", "bundle")]));
        assert_ne!(held(&app)["standing"], "none");
        tell(&app, NOON + 1, &subscription("sub_1", "hibernating", &[("p1", "bundle")]));
        assert_eq!(held(&app)["standing"], "none", "{before}");
        tell(&app, NOON + 2, &subscription("sub_1", "active", &[("p1", "bundle")]));
        assert_eq!(held(&app)["standing"], "good");
    }
}

#[test]
fn who_has_a_price_follows_when_its_plan_changes() {
    let app = TestApp::new();
    tell(&app, NOON, &subscription("sub_1", "active", &[("price_new", "no plan")]));
    assert_eq!(held(&app)["standing"], "good");
    let price = |plan: &str| json!({"id": "price_new", "object": "price", "active": true, "product": "prod_1", "metadata": {"plan": plan}});
    for (at, named) in ["phone", "enterprise", "chatbot"].into_iter().enumerate() {
        let created = NOON + i64::try_from(at).unwrap();
        let told = event(&format!("evt_p{at}"), "price.updated", created, &price(named));
        let answer = deliver(&app, &told);
        assert_eq!((answer.status, answer.db_trips), (200, 1));
        assert_eq!(plan(&app), named);
    }
    let late = event("evt_late", "price.updated", NOON, &price("enterprise"));
    assert_eq!(deliver(&app, &late).status, 200);
    assert_eq!(plan(&app), "chatbot");
}

#[test]
fn the_table_of_prices_says_which_plan_a_price_is_of() {
    let app = TestApp::new();
    tell(&app, NOON, &subscription("sub_1", "active", &[("price_phone_monthly", "chatbot")]));
    assert_eq!(plan(&app), "phone", "whatever the price calls itself");
    let price = json!({"id": "price_new", "object": "price", "active": true, "currency": "usd", "unit_amount": 900,
        "product": "prod_1", "recurring": {"interval": "year", "interval_count": 1}, "metadata": {"plan": "enterprise"}});
    assert_eq!(deliver(&app, &event("evt_p1", "price.updated", NOON, &price)).status, 200);
    let late = {
        let mut late = price.clone();
        late["metadata"] = json!({"plan": "chatbot"});
        late
    };
    assert_eq!(deliver(&app, &event("evt_p0", "price.created", NOON - 9, &late)).status, 200);
    tell(&app, NOON + 1, &subscription("sub_1", "active", &[("price_new", "")]));
    assert_eq!(plan(&app), "enterprise");
    let row = &app.db.rows("SELECT * FROM plan_prices WHERE stripe_price_id = 'price_new'")[0];
    assert_eq!(
        (&row["unit_amount_cents"], &row["billing_interval"]),
        (&json!(900), &json!("year"))
    );
    let receipt = crate::stripe::receipt(&app, "evt_p1");
    assert_eq!((&receipt["status"], &receipt["org_id"]), (&json!("processed"), &Value::Null));
    assert_eq!(deliver(&app, &event("evt_p2", "price.deleted", NOON + 2, &price)).status, 200);
    assert_eq!(deliver(&app, &event("evt_p3", "price.updated", NOON + 3, &price)).status, 200);
    assert_eq!(
        app.db.value("SELECT is_active FROM plan_prices WHERE stripe_price_id = 'price_new'"),
        0
    );
}

#[test]
fn a_failed_payment_has_days_of_grace_and_then_everything_is_read_only() {
    let app = TestApp::new();
    tell(&app, NOON - 9, &subscription("sub_1", "active", &[("p", "bundle")]));
    assert_eq!(held(&app)["standing"], "good");
    tell(&app, NOON, &subscription("sub_1", "past_due", &[("p", "bundle")]));
    // Told again, the days do not begin again.
    app.clock.advance(DAY);
    tell(&app, NOON + DAY, &subscription("sub_1", "past_due", &[("p", "bundle")]));
    let until = "2026-03-22T12:00:00.000Z";
    assert_eq!(
        held(&app),
        json!({"plan": "bundle", "standing": "grace", "limits": "bundle", "until": until})
    );
    assert_eq!((ask(&app).status, invite(&app).status), (200, 201));
    let overview = app.get_as("user_viewer_a", "/billing/overview").json();
    assert_eq!(
        overview["entitlement"],
        json!({"plan": "bundle", "standing": "grace", "graceEndsAt": until})
    );
    assert_eq!(overview["currentPlan"]["status"], "past_due");

    app.clock.advance(6 * DAY - 1);
    block_on(jobs::run_due(&app.job()));
    assert_eq!(held(&app)["standing"], "grace");
    app.clock.advance(60);
    block_on(jobs::run_due(&app.job()));
    assert_eq!(
        held(&app),
        json!({"plan": "bundle", "standing": "read_only", "limits": "none", "until": null})
    );
    assert_eq!(
        app.db.value("SELECT items FROM job_runs WHERE job = 'billing_grace' ORDER BY id DESC"),
        1
    );

    for answer in [add_site(&app, "user_owner_a"), invite(&app)] {
        assert_eq!((answer.status, answer.code().as_str()), (402, "org_read_only"));
    }
    assert_eq!(app.get_as("user_viewer_a", "/portal/conversations").status, 200, "is read");
    assert_eq!(app.get_as("user_owner_a", "/billing/invoices").status, 200);
    assert_eq!(add_site(&app, "user_staff").status, 201, "staff may");
    let erased = app.send_as("user_admin_a", "DELETE", "/portal/visitors/visitor_1", None);
    assert_eq!(erased.status, 200, "{}", erased.text);
    let refused = ask(&app);
    assert_eq!(refused.status, 429, "{}", refused.text);

    tell(&app, NOON + 9 * DAY, &subscription("sub_1", "active", &[("p", "bundle")]));
    assert_eq!(
        held(&app),
        json!({"plan": "bundle", "standing": "good", "limits": "bundle", "until": null})
    );
    assert_eq!((ask(&app).status, add_site(&app, "user_owner_a").status), (200, 201));
}

#[test]
fn what_is_unpaid_paused_or_ended_falls_back_to_no_plan() {
    for status in ["unpaid", "paused", "canceled"] {
        let app = TestApp::new();
        app.db.run_script(
            "INSERT INTO budgets (scope_id, org_id, messages_per_day, voice_seconds_per_month, updated_at)
             VALUES ('org_a', 'org_a', 500, 500, '2026-01-01T00:00:00.000Z')",
        );
        tell(&app, NOON - 1, &subscription("sub_1", "active", &[("p", "bundle")]));
        tell(&app, NOON, &subscription("sub_1", status, &[("p", "bundle")]));
        let ended = json!({"plan": "bundle", "standing": "none", "limits": "none", "until": null});
        assert_eq!(held(&app), ended, "{status}");
        // Own limits do not bring it back.
        assert_eq!(ask(&app).status, 429, "{status}");
        let site = add_site(&app, "user_owner_a");
        assert_eq!((site.status, site.code().as_str()), (409, "plan_sites_used_up"), "{status}");
        assert_eq!(invite(&app).status, 409, "{status}");
        let source = r#"{"name":"Site","type":"url"}"#;
        let source =
            app.send_as("user_member_a", "POST", "/portal/knowledge/sources", Some(source));
        assert_eq!(source.status, 409, "{status}: {}", source.text);
        let budgets = app.get_as("user_viewer_a", "/portal/budgets").json();
        assert_eq!(budgets["org"]["plan"], "none", "{status}");
        assert_eq!(budgets["org"]["effective"]["messagesPerDay"], 0, "{status}");
        assert_eq!(app.db.value("SELECT messages_per_day FROM budgets"), 500, "kept for later");
    }
}

#[test]
fn who_never_subscribed_keeps_what_staff_gave() {
    let app = TestApp::new();
    for (at, status) in [(NOON, "incomplete"), (NOON + 1, "incomplete_expired")] {
        tell(&app, at, &subscription("sub_1", status, &[("p", "chatbot")]));
        let kept =
            json!({"plan": "bundle", "standing": "unbilled", "limits": "bundle", "until": null});
        assert_eq!(held(&app), kept, "{status}");
    }
    assert_eq!(ask(&app).status, 200);
}

#[test]
fn a_plan_has_room_for_so_many_sites_and_members() {
    let app = TestApp::new();
    app.db.run_script("UPDATE plan_limits SET sites = 4, members = 7 WHERE plan = 'bundle'");
    assert_eq!(add_site(&app, "user_owner_a").status, 201);
    let full = add_site(&app, "user_owner_a");
    assert_eq!((full.status, full.code().as_str()), (409, "plan_sites_used_up"));
    assert_eq!(add_site(&app, "user_staff").status, 201);
    assert_eq!(invite(&app).status, 409);
    let allowed = app.send_as("user_owner_a", "POST", "/portal/check-invite-allowed", None).json();
    assert_eq!((&allowed["allowed"], &allowed["maxMembers"]), (&json!(false), &json!(7)));
}
