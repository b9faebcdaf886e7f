//! How long data is kept.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

fn put(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "PUT", "/retention/policies", Some(&body.to_string()))
}

fn dry(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "POST", "/portal/retention?dryRun=true", Some(&body.to_string()))
}

fn traces(app: &TestApp) -> Vec<Value> {
    app.db.rows("SELECT event_type, target_id, org_id, metadata FROM audit_logs ORDER BY org_id, created_at")
}

#[test]
fn policies_are_listed_by_kind_of_data() {
    let app = TestApp::new();
    let answer = app.get_as("user_viewer_a", "/portal/retention");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("retention_policies", answer.json());
    assert_eq!(app.get_as("user_viewer_a", "/retention/policies").json(), answer.json());
}

#[test]
fn pages_join_without_gap_or_repeat() {
    let app = TestApp::new();
    for (user, expected) in [
        ("user_owner_a", vec!["ret_a_audit", "ret_a_sessions"]),
        ("user_staff", vec!["ret_a_audit", "ret_a_sessions", "ret_b_sessions"]),
    ] {
        let (mut seen, mut path) = (Vec::new(), "/portal/retention?limit=1".to_owned());
        loop {
            let body = app.get_as(user, &path).json();
            seen.push(body["policies"][0]["id"].as_str().unwrap().to_owned());
            let Some(cursor) = body["nextCursor"].as_str() else { break };
            path = format!("/portal/retention?limit=1&cursor={cursor}");
        }
        assert_eq!(seen, expected, "{user}");
    }
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x"] {
        assert_eq!(app.get_as("user_owner_a", &format!("/portal/retention?{query}")).status, 400);
    }
}

#[test]
fn a_policy_is_made_then_changed() {
    let app = TestApp::new();
    let body = json!({"dataType": "chat_messages", "ttlDays": 90, "applyAnonymization": true, "enforcedAt": "2020-01-01"});
    let made = put(&app, &body);
    assert_eq!((made.status, made.db_trips), (201, 2));
    insta::assert_json_snapshot!("retention_policy", made.json(), {".policy.id" => "[id]"});
    app.clock.advance(60);
    let changed = app.send_as(
        "user_admin_a",
        "POST",
        "/portal/retention",
        Some(r#"{"dataType":"chat_messages","ttlDays":30}"#),
    );
    assert_eq!(changed.status, 200);
    let (made, changed) = (made.json(), changed.json());
    let mut expected = made["policy"].clone();
    expected["ttlDays"] = json!(30);
    expected["applyAnonymization"] = json!(false);
    expected["updatedAt"] = json!("2026-03-15T12:01:00.000Z");
    assert_eq!(changed["policy"], expected);
    let metadata: Vec<Value> = traces(&app).iter().map(|trace| trace["metadata"].clone()).collect();
    assert_eq!(
        metadata,
        [
            r#"{"applyAnonymization":true,"ttlDays":90}"#,
            r#"{"applyAnonymization":false,"ttlDays":30}"#
        ]
    );
    assert_eq!(traces(&app)[0]["event_type"], "retention.upserted");
}

#[test]
fn who_enforces_is_not_told_by_clients() {
    let app = TestApp::new();
    let body = json!({"dataType": "audit_logs", "ttlDays": 3650, "enforcedAt": null});
    let answer = put(&app, &body);
    assert_eq!(answer.json()["policy"]["enforcedAt"], "2026-03-14T02:00:00.000Z");
}

#[test]
fn a_body_that_does_not_fit_is_refused() {
    let app = TestApp::new();
    for body in [
        json!({}),
        json!({"dataType": "chat_messages"}),
        json!({"ttlDays": 5}),
        json!({"dataType": "chat_messages", "ttlDays": 0}),
        json!({"dataType": "", "ttlDays": 5}),
        json!({"dataType": null, "ttlDays": null}),
    ] {
        let answer = put(&app, &body);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "Missing dataType or ttlDays"),
            "{body}"
        );
    }
    for (body, named) in [
        (
            json!({"dataType": "secrets", "ttlDays": 5}),
            "\"dataType\" must be one of chat_messages, chat_sessions, leads,",
        ),
        (json!({"dataType": 7, "ttlDays": 5}), "\"dataType\" must be a text."),
        (
            json!({"dataType": "leads", "ttlDays": -1}),
            "\"ttlDays\" must be a whole number from 1 to 3650.",
        ),
        (
            json!({"dataType": "leads", "ttlDays": 3651}),
            "\"ttlDays\" must be a whole number from 1 to 3650.",
        ),
        (
            json!({"dataType": "leads", "ttlDays": 1.5}),
            "\"ttlDays\" must be a whole number from 1 to 3650.",
        ),
        (
            json!({"dataType": "leads", "ttlDays": "5"}),
            "\"ttlDays\" must be a whole number from 1 to 3650.",
        ),
        (
            json!({"dataType": "leads", "ttlDays": 5, "applyAnonymization": 1}),
            "\"applyAnonymization\" must be true or false.",
        ),
    ] {
        let answer = put(&app, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(named), "{detail}");
    }
    let flag = app.send_as(
        "user_admin_a",
        "POST",
        "/portal/retention?dryRun=maybe",
        Some(r#"{"dataType":"leads","ttlDays":5}"#),
    );
    assert_eq!((flag.status, flag.code().as_str()), (400, "invalid_query"));
    assert_eq!(app.db.value("SELECT count(*) FROM retention_policies"), 3);
    assert!(traces(&app).is_empty());
}

fn with_messages() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at) VALUES
          ('m1', 's_quiet', 'site_a1', 'org_a', 'user', 'x', '2025-12-14T23:59:59.999Z'),
          ('m2', 's_quiet', 'site_a1', 'org_a', 'user', 'x', '2025-12-14 23:59:59'),
          ('m3', 's_quiet', 'site_a1', 'org_a', 'user', 'x', '2025-12-15T00:00:00.000Z'),
          ('m4', 's_quiet', 'site_a1', 'org_a', 'user', 'x', '2025-12-15 00:00:00'),
          ('m5', 's_b', 'site_b1', 'org_b', 'user', 'x', '2025-01-01T00:00:00.000Z')",
    );
    app
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let app = with_messages();
    let answer = dry(&app, &json!({"dataType": "chat_messages", "ttlDays": 90}));
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    insta::assert_json_snapshot!("retention_preview", answer.json());
    let known =
        dry(&app, &json!({"dataType": "chat_sessions", "ttlDays": 30, "applyAnonymization": true}))
            .json();
    assert_eq!(known["policy"]["id"], "ret_a_sessions");
    assert_eq!(
        (&known["policy"]["ttlDays"], &known["policy"]["applyAnonymization"]),
        (&json!(30), &json!(true))
    );
    assert_eq!(known["policy"]["createdAt"], "2025-01-01T00:00:00.000Z");
    assert_eq!(known["preview"]["rows"], 1, "the one of January");
    assert_eq!(
        app.db.value("SELECT ttl_days FROM retention_policies WHERE id = 'ret_a_sessions'"),
        365
    );
    assert_eq!(app.db.value("SELECT count(*) FROM retention_policies"), 3);
    assert!(traces(&app).is_empty());
    let refused = app.send_as(
        "user_member_a",
        "POST",
        "/portal/retention?dryRun=true",
        Some(r#"{"dataType":"chat_messages","ttlDays":90}"#),
    );
    assert_eq!(
        (refused.status, refused.db_trips),
        (403, 1),
        "nothing is counted for whom it is not"
    );
}

#[test]
fn every_kind_of_data_has_a_preview() {
    let app = TestApp::new();
    for kind in koby_portal::retention::DataType::ALL {
        let answer = dry(&app, &json!({"dataType": kind, "ttlDays": 1}));
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
        let preview = answer.json()["preview"].clone();
        assert_eq!(preview["before"], "2026-03-14T00:00:00.000Z", "{kind}");
        assert!(preview["rows"].is_number(), "{kind}");
        assert_eq!(preview.get("note").is_some(), *kind == "audit_logs", "{kind}");
        assert!(preview.get("atLeast").is_none(), "{kind}");
    }
}

#[test]
fn a_count_stops_at_its_limit() {
    let app = TestApp::new();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
         INSERT INTO outcome_events (id, org_id, outcome_type, recorded_at)
         SELECT 'o' || i, 'org_a', 'x', '2025-01-01T00:00:00.000Z' FROM n",
    );
    let answer = dry(&app, &json!({"dataType": "outcome_events", "ttlDays": 90})).json();
    assert_eq!(
        (&answer["preview"]["rows"], &answer["preview"]["atLeast"]),
        (&json!(100_000), &json!(true))
    );
}

#[test]
fn a_policy_is_removed_by_its_org_alone() {
    let app = TestApp::new();
    let delete = |user: &str, id: &str| {
        app.send_as(user, "DELETE", &format!("/retention/policies/{id}"), None)
    };
    for id in ["ret_b_sessions", "nowhere"] {
        let answer = delete("user_owner_a", id);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "retention_policy_not_found"),
            "{id}"
        );
    }
    let gone = delete("user_admin_a", "ret_a_sessions");
    assert_eq!((gone.status, gone.json()), (200, json!({"deleted": true})));
    assert_eq!(delete("user_admin_a", "ret_a_sessions").status, 404);
    assert_eq!(delete("user_staff", "ret_b_sessions").status, 200);
    let rows: Vec<(Value, Value)> =
        traces(&app).iter().map(|t| (t["org_id"].clone(), t["target_id"].clone())).collect();
    assert_eq!(
        rows,
        [(json!("org_a"), json!("chat_sessions")), (json!("org_b"), json!("chat_sessions"))]
    );
    assert_eq!(app.db.value("SELECT count(*) FROM retention_policies"), 1);
}

#[test]
fn the_same_policy_again_changes_nothing() {
    let app = TestApp::new();
    let before = app.db.rows("SELECT * FROM retention_policies");
    let body = r#"{"dataType":"chat_sessions","ttlDays":365}"#;
    let answer = app.send_as("user_admin_a", "POST", "/portal/retention", Some(body));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    assert_eq!(answer.json()["policy"]["updatedAt"], "2025-01-01T00:00:00.000Z");
    assert_eq!(app.db.rows("SELECT * FROM retention_policies"), before);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn texts_where_numbers_belong_do_not_break_the_list() {
    for (stored, days, anonymized) in [
        ("'90 days', 'true'", 90, true),
        ("'soon', 'false'", 0, false),
        ("30.0, '1'", 30, true),
        ("'365', 1", 365, true),
    ] {
        let app = TestApp::new();
        app.db.run_script(&format!(
            "UPDATE retention_policies SET (ttl_days, apply_anonymization) = ({stored}) WHERE id = 'ret_a_sessions'"
        ));
        for user in ["user_viewer_a", "user_staff"] {
            let list = app.get_as(user, "/portal/retention");
            assert_eq!(list.status, 200, "{stored}: {}", list.text);
            let policies = list.json()["policies"].as_array().unwrap().clone();
            let policy = policies.iter().find(|one| one["id"] == "ret_a_sessions").unwrap();
            let read = (&policy["ttlDays"], &policy["applyAnonymization"]);
            assert_eq!(read, (&json!(days), &json!(anonymized)), "{stored}");
        }
        let body = r#"{"dataType":"chat_sessions","ttlDays":31}"#;
        let put = app.send_as("user_admin_a", "PUT", "/retention/policies", Some(body));
        assert_eq!((put.status, &put.json()["policy"]["ttlDays"]), (200, &json!(31)));
    }
}
