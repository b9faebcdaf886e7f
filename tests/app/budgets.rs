//! Budgets as people see and change them.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

fn patch(app: &TestApp, user: &str, path: &str, body: &Value) -> Answer {
    app.send_as(user, "PATCH", path, Some(&body.to_string()))
}

fn ask(app: &TestApp) -> Answer {
    app.post("/chat", &[("x-site-key", "sk_a1")], r#"{"message":"What are your opening hours?"}"#)
}

#[test]
fn limits_and_use_are_told_for_the_org_and_its_sites() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO budgets (scope_id, org_id, site_id, messages_per_day, concurrent_sessions, updated_at) VALUES
           ('org_a', 'org_a', NULL, 500, NULL, '2026-01-01T00:00:00.000Z'),
           ('site_a1', 'org_a', 'site_a1', 7, 3, '2026-01-01T00:00:00.000Z'),
           ('org_b', 'org_b', NULL, 1, 1, '2026-01-01T00:00:00.000Z');
         INSERT INTO budget_counters (scope_id, period, org_id, messages, microusd, voice_ms) VALUES
           ('org_a', '2026-02-28', 'org_a', 900, 900, 900), ('org_a', '2026-03-01', 'org_a', 10, 1000, 1),
           ('org_a', '2026-03-15', 'org_a', 3, 250, 1500), ('site_a1', '2026-03-15', 'org_a', 2, 200, 0),
           ('minute:site_a1', '2026-03-15T12:00', 'org_a', 2, 200, 0), ('org_b', '2026-03-15', 'org_b', 5, 5, 5);",
    );
    let answer = app.get_as("user_viewer_a", "/portal/budgets");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("budgets", answer.json());
    let b = app.get_as("user_staff", "/portal/budgets?orgId=org_b").json();
    assert_eq!(b["org"]["used"]["today"], json!({"messages": 5, "microusd": 5, "voiceSeconds": 1}));
    let all = app.get_as("user_staff", "/portal/budgets");
    assert_eq!((all.status, all.code().as_str()), (400, "org_required"));
    let first = app.get_as("user_viewer_a", "/portal/budgets?limit=2").json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let next =
        app.get_as("user_viewer_a", &format!("/portal/budgets?limit=2&cursor={cursor}")).json();
    assert_eq!(
        (first["sites"].as_array().unwrap().len(), &next["sites"][0]["id"]),
        (2, &json!("site_a1"))
    );
}

#[test]
fn what_is_shown_as_used_is_what_was_counted() {
    let app = TestApp::new();
    assert_eq!(ask(&app).status, 200);
    let body = app.get_as("user_viewer_a", "/portal/budgets").json();
    for of in [&body["org"], &body["sites"][2]] {
        assert_eq!(of["used"]["today"]["messages"], 1, "{of}");
        assert_eq!(of["used"]["month"]["messages"], 1, "{of}");
    }
    assert_eq!(body["sites"][0]["used"]["month"]["messages"], 0);
}

#[test]
fn admins_lower_an_orgs_limits_and_staff_raise_them() {
    let app = TestApp::new();
    let path = "/portal/budgets";
    let lowered = patch(
        &app,
        "user_admin_a",
        path,
        &json!({"messagesPerDay": 1, "microusdPerMonth": 5_000_000}),
    );
    assert_eq!((lowered.status, lowered.db_trips), (200, 2), "{}", lowered.text);
    let org = &lowered.json()["org"];
    assert_eq!(
        (&org["effective"]["messagesPerDay"], &org["planLimits"]["messagesPerDay"]),
        (&json!(1), &json!(1_000))
    );
    assert_eq!([ask(&app).status, ask(&app).status], [200, 429], "it holds at once");
    app.clock.advance(1);
    let above = patch(&app, "user_admin_a", path, &json!({"messagesPerDay": 1_001}));
    assert_eq!((above.status, above.code().as_str()), (403, "staff_only"));
    assert_eq!(
        above.json()["detail"],
        "\"messagesPerDay\" may be 1000 at most; only Koby staff raise or remove it."
    );
    assert_eq!(patch(&app, "user_owner_a", path, &json!({"messagesPerDay": null})).status, 403);
    assert_eq!(patch(&app, "user_member_a", path, &json!({"messagesPerDay": 1})).status, 403);
    let staff = "/portal/budgets?orgId=org_a";
    let raised =
        patch(&app, "user_staff", staff, &json!({"messagesPerDay": 2_000, "turnMicrousd": null}));
    assert_eq!(raised.json()["org"]["overrides"]["messagesPerDay"], 2_000);
    assert_eq!(patch(&app, "user_admin_a", path, &json!({"messagesPerDay": 1_500})).status, 200);
    assert_eq!(patch(&app, "user_admin_a", path, &json!({"messagesPerDay": 1_501})).status, 403);
    let cleared = patch(&app, "user_staff", staff, &json!({"messagesPerDay": null}));
    assert_eq!(cleared.json()["org"]["effective"]["messagesPerDay"], 1_000);
    assert_eq!(ask(&app).status, 200);
    let traces = app
        .db
        .rows("SELECT event_type, target_type, target_id, metadata FROM audit_logs ORDER BY id");
    assert_eq!(traces.len(), 4);
    assert_eq!(
        traces[0],
        json!({
            "event_type": "budget.updated", "target_type": "org", "target_id": "org_a",
            "metadata": r#"{"messagesPerDay":{"from":null,"to":1},"microusdPerMonth":{"from":null,"to":5000000}}"#,
        })
    );
    let same = patch(&app, "user_admin_a", path, &json!({"microusdPerMonth": 5_000_000}));
    assert_eq!((same.status, same.db_trips), (200, 1), "nothing changes, nothing is written");
    assert_eq!(app.db.value("SELECT count(*) FROM budgets WHERE org_id <> 'org_a'"), 0);
}

#[test]
fn nothing_a_day_stops_all_chat_of_an_org() {
    let app = TestApp::new();
    assert_eq!(
        patch(&app, "user_admin_a", "/portal/budgets", &json!({"messagesPerDay": 0})).status,
        200
    );
    assert_eq!(ask(&app).code(), "message_budget_exhausted");
    assert_eq!(app.get_as("user_viewer_a", "/portal/overview").status, 200, "the portal goes on");
    assert_eq!(
        patch(&app, "user_admin_a", "/portal/budgets", &json!({"messagesPerDay": 1_000})).status,
        200
    );
    assert_eq!(ask(&app).status, 200);
}

#[test]
fn a_sites_limits_are_set_and_removed() {
    let app = TestApp::new();
    let path = "/portal/sites/site_a1/budget";
    let body =
        json!({"messagesPerDay": 1, "microusdPerDay": 1_000_000_000, "siteMessagesPerMinute": 120});
    let answer = patch(&app, "user_admin_a", path, &body);
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    insta::assert_json_snapshot!("site_budget", answer.json());
    assert_eq!([ask(&app).status, ask(&app).status], [200, 429]);
    let above = patch(&app, "user_admin_a", path, &json!({"siteMessagesPerMinute": 121}));
    assert_eq!((above.status, above.code().as_str()), (403, "staff_only"));
    assert_eq!(patch(&app, "user_staff", path, &json!({"siteMessagesPerMinute": 121})).status, 200);
    let removed = patch(
        &app,
        "user_admin_a",
        path,
        &json!({"messagesPerDay": null, "siteMessagesPerMinute": null}),
    );
    assert_eq!(removed.json()["site"]["overrides"]["messagesPerDay"], Value::Null);
    assert_eq!(removed.json()["site"]["effective"]["siteMessagesPerMinute"], 120);
    assert_eq!(ask(&app).status, 200);
    let trace =
        &app.db.rows("SELECT target_type, target_id, org_id FROM audit_logs ORDER BY id")[0];
    assert_eq!(*trace, json!({"target_type": "site", "target_id": "site_a1", "org_id": "org_a"}));
    let foreign = patch(&app, "user_admin_a", "/portal/sites/site_b1/budget", &body);
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "site_not_found"));
    assert_eq!(patch(&app, "user_staff", "/portal/sites/site_b1/budget", &body).status, 200);
    assert_eq!(app.db.value("SELECT org_id FROM budgets WHERE scope_id = 'site_b1'"), "org_b");
}

#[test]
fn a_lower_limit_of_the_org_holds_for_sites_that_have_their_own() {
    let app = TestApp::new();
    let site = "/portal/sites/site_a1/budget";
    let limits = json!({"siteMessagesPerMinute": 100, "messageCharacters": 4_000});
    assert_eq!(patch(&app, "user_admin_a", site, &limits).status, 200);
    let lower = json!({"siteMessagesPerMinute": 1, "messageCharacters": 40});
    assert_eq!(patch(&app, "user_admin_a", "/portal/budgets", &lower).status, 200);
    let body = app.get_as("user_viewer_a", "/portal/budgets").json();
    let holds = &body["sites"][2]["effective"];
    assert_eq!(
        (&holds["siteMessagesPerMinute"], &holds["messageCharacters"]),
        (&json!(1), &json!(40))
    );
    assert_eq!([ask(&app).status, ask(&app).status], [200, 429]);
    let long = json!({"message": "x".repeat(41)}).to_string();
    let refused = app.post("/chat", &[("x-site-key", "sk_a1")], long);
    assert_eq!(refused.code(), "message_too_long");
}

#[test]
fn limits_that_do_not_fit_are_named() {
    let app = TestApp::new();
    for (body, told) in [
        (
            json!({"messagesPerDay": -1}),
            "\"messagesPerDay\" must be a whole number from 0 to 1000000000.",
        ),
        (json!({"messagesPerDay": 1.5}), "\"messagesPerDay\""),
        (json!({"turnMicrousd": "1"}), "\"turnMicrousd\""),
        (
            json!({"messageCharacters": 0}),
            "\"messageCharacters\" must be a whole number from 1 to 5000.",
        ),
        (json!({"messageCharacters": 5_001}), "\"messageCharacters\""),
    ] {
        for path in ["/portal/budgets", "/portal/sites/site_a1/budget"] {
            let answer = patch(&app, "user_admin_a", path, &body);
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
            assert!(answer.json()["detail"].as_str().unwrap().starts_with(told), "{}", answer.text);
        }
    }
    assert_eq!(app.db.value("SELECT count(*) FROM budgets"), 0);
}

#[test]
fn two_changes_at_once_do_not_overwrite_each_other() {
    let app = TestApp::new();
    let change = || patch(&app, "user_admin_a", "/portal/budgets", &json!({"messagesPerDay": 5}));
    app.db.before_batch(
        2,
        "INSERT INTO budgets (scope_id, org_id, messages_per_day, updated_at)
         VALUES ('org_a', 'org_a', 3, '2026-03-15T11:59:59.000Z')",
    );
    assert_eq!((change().code().as_str(), change().status), ("budget_changed", 200));
    app.db.before_batch(2, "UPDATE orgs SET plan = 'chatbot' WHERE id = 'org_a'");
    let refused = patch(&app, "user_admin_a", "/portal/budgets", &json!({"messagesPerDay": 900}));
    assert_eq!(refused.code(), "budget_changed", "what was judged by another plan is not stored");
}

#[test]
fn a_lower_plan_ends_what_an_admin_set_above_it_and_keeps_what_staff_gave() {
    let app = TestApp::new();
    let org = "/portal/budgets?orgId=org_a";
    let site = "/portal/sites/site_a1/budget";
    assert_eq!(
        patch(&app, "user_admin_a", org, &json!({"messagesPerDay": 900, "messagesPerMonth": 100}))
            .status,
        200
    );
    assert_eq!(patch(&app, "user_staff", org, &json!({"concurrentSessions": 101})).status, 200);
    assert_eq!(
        patch(
            &app,
            "user_admin_a",
            site,
            &json!({"siteMessagesPerMinute": 100, "messagesPerDay": 800})
        )
        .status,
        200
    );
    // bundle: 1000 a day, 100 sessions, 120 a minute; chatbot: 50, 25, 60.
    app.db.run_script("UPDATE orgs SET plan = 'chatbot' WHERE id = 'org_a'");
    let body = app.get_as("user_viewer_a", "/portal/budgets").json();
    let own = &body["org"]["overrides"];
    assert_eq!((&own["messagesPerDay"], &own["messagesPerMonth"]), (&Value::Null, &json!(100)));
    assert_eq!(own["concurrentSessions"], 101);
    assert_eq!(body["org"]["effective"]["messagesPerDay"], 50);
    let own = &body["sites"][2]["overrides"];
    assert_eq!(
        (&own["siteMessagesPerMinute"], &own["messagesPerDay"]),
        (&Value::Null, &json!(800))
    );
}
