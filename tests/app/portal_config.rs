//! How the portal looks to an org, and what happens when two people change it.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

fn patch(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "PATCH", "/portal/config", Some(&body.to_string()))
}

fn patch_if(app: &TestApp, tag: &str, body: &Value) -> Answer {
    let request = Request::patch("/portal/config")
        .header("authorization", format!("Bearer {}", app.token("user_admin_a").sign()))
        .header("content-type", "application/json")
        .header("if-match", tag);
    app.send(request.body(Body::from(body.to_string())).unwrap())
}

fn config(app: &TestApp) -> Value {
    app.get_as("user_viewer_a", "/portal/config").json()["config"].clone()
}

fn parts(app: &TestApp) -> Vec<Value> {
    app.db.rows("SELECT event_type, org_id, target_id, metadata FROM audit_logs ORDER BY id")
}

fn full() -> Value {
    json!({
        "branding": {"logo_url": "https://cdn.example.com/logo.png?v=2", "primary_color": "#0EA5e9", "company_name": "Alpha"},
        "enabled_modules": ["team", "overview"],
        "custom_cards": [{"id": "card_1", "title": "Goal", "value": "40", "note": "A month", "order": 2},
                         {"id": "card_2", "title": "Open", "value": "", "order": 1}],
        "settings": {"timezone": "UTC"},
    })
}

#[test]
fn an_org_without_a_configuration_has_the_defaults() {
    let app = TestApp::new();
    let answer = app.get_as("user_viewer_a", "/portal/config");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    assert_eq!(answer.header("etag"), Some("\"v0\""));
    insta::assert_json_snapshot!("portal_config_default", answer.json());
}

#[test]
fn staff_without_an_org_see_none() {
    let app = TestApp::new();
    let answer = app.get_as("user_staff", "/portal/config");
    assert_eq!((answer.status, answer.json()), (200, json!({"config": null})));
    assert_eq!(answer.header("etag"), None);
    let refused = app.send_as("user_staff", "PATCH", "/portal/config", Some("{}"));
    assert_eq!((refused.status, refused.error().as_str()), (400, "Organization required"));
    let one = app.send_as(
        "user_staff",
        "PATCH",
        "/portal/config?orgId=org_b",
        Some(r#"{"settings":{"a":1}}"#),
    );
    assert_eq!((one.status, &one.json()["config"]["orgId"]), (200, &json!("org_b")));
    assert_eq!(config(&app)["settings"], json!({}), "the other org keeps its own");
}

#[test]
fn all_four_parts_replace_all() {
    let app = TestApp::new();
    let answer = patch(&app, &full());
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    assert_eq!(answer.header("etag"), Some("\"v1\""));
    insta::assert_json_snapshot!("portal_config", answer.json());
    assert_eq!(config(&app), answer.json()["config"]);
    let traces = parts(&app);
    assert_eq!(
        (&traces[0]["event_type"], &traces[0]["target_id"]),
        (&json!("org.config_updated"), &json!("org_a"))
    );
    assert_eq!(
        traces[0]["metadata"],
        json!(r#"{"parts":["branding","enabled_modules","custom_cards","settings"]}"#)
    );
}

#[test]
fn a_partial_body_keeps_what_it_does_not_hold() {
    let app = TestApp::new();
    patch(&app, &full());
    let before = config(&app);
    let answer = patch(&app, &json!({"enabled_modules": [], "theme": "ignored"}));
    assert_eq!(answer.header("etag"), Some("\"v2\""));
    let mut expected = before;
    expected["enabled_modules"] = json!([]);
    assert_eq!(config(&app), expected);
    // null goes back to the default of a part.
    patch(
        &app,
        &json!({"enabled_modules": null, "branding": null, "custom_cards": null, "settings": null}),
    );
    let default = json!({"logo_url": null, "primary_color": "#f97316", "company_name": null});
    assert_eq!(config(&app)["branding"], default);
    assert_eq!(
        config(&app)["enabled_modules"],
        json!(["overview", "engines", "workflows", "insights", "team"])
    );
    assert_eq!(
        (&config(&app)["custom_cards"], &config(&app)["settings"]),
        (&json!([]), &json!({}))
    );
    let metadata: Vec<Value> = parts(&app).iter().map(|trace| trace["metadata"].clone()).collect();
    assert!(metadata.contains(&json!(r#"{"parts":["enabled_modules"]}"#)), "{metadata:?}");
}

#[test]
fn a_first_write_of_one_part_leaves_the_defaults_of_the_others() {
    let app = TestApp::new();
    let defaults = config(&app);
    patch(&app, &json!({"settings": {"a": 1}}));
    let now = config(&app);
    for part in ["branding", "enabled_modules", "custom_cards"] {
        assert_eq!(now[part], defaults[part], "{part}");
    }
}

#[test]
fn the_same_again_changes_nothing() {
    let app = TestApp::new();
    patch(&app, &full());
    app.clock.advance(5);
    for body in [full(), json!({}), json!({"settings": {"timezone": "UTC"}})] {
        let answer = patch(&app, &body);
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"v1\"")), "{body}");
    }
    assert_eq!(config(&app)["updated_at"], "2026-03-15T12:00:00.000Z");
    assert_eq!(parts(&app).len(), 1);
}

#[test]
fn a_change_of_what_has_changed_since_is_refused() {
    let app = TestApp::new();
    let change = |number: i64| json!({"settings": {"number": number}});
    let refused = |answer: Answer| {
        assert_eq!((answer.status, answer.code().as_str()), (412, "precondition_failed"));
        assert_eq!(answer.header("etag"), None);
    };
    refused(patch_if(&app, "*", &change(0)));
    refused(patch_if(&app, "\"v1\"", &change(0)));
    assert_eq!(app.db.value("SELECT count(*) FROM portal_config"), 0);
    // Of two first writes that read the defaults, one wins.
    assert_eq!(patch_if(&app, "\"v0\"", &change(1)).header("etag"), Some("\"v1\""));
    refused(patch_if(&app, "\"v0\"", &change(2)));
    assert_eq!(patch_if(&app, "\"v1\"", &change(3)).header("etag"), Some("\"v2\""));
    refused(patch_if(&app, "\"v1\"", &change(4)));
    refused(patch_if(&app, "W/\"v2\"", &change(4)));
    assert_eq!(config(&app)["settings"], json!({"number": 3}));
    assert_eq!(patch_if(&app, "\"v9\", \"v2\"", &change(5)).status, 200);
    assert_eq!(patch_if(&app, "*", &change(6)).status, 200);
    assert_eq!(patch(&app, &change(7)).status, 200, "without If-Match the last write wins");
    assert_eq!(parts(&app).len(), 5, "a refused change leaves no trace");
}

/// Between the two round trips of one request: the second one is sent as it stands.
#[test]
fn a_change_that_comes_between_is_seen_in_sql() {
    let app = TestApp::new();
    patch(&app, &full());
    let sql = koby_portal::db::Statement {
        sql: include_str!("../../src/portal_config/sql/portal_config_upsert.sql"),
        params: ["org_a", "new", "2026-03-15T12:00:00.000Z", "{}", "[]", "[]", "{\"mine\":1}"]
            .into_iter()
            .map(koby_portal::db::Param::from)
            .chain([0_i64, 0, 0, 1, 1].map(koby_portal::db::Param::from))
            .collect(),
    };
    let write = |expected: i64| {
        use koby_portal::db::Database as _;
        let mut statement = sql.clone();
        *statement.params.last_mut().unwrap() = expected.into();
        let rows = futures_executor::block_on(app.db.batch(&[statement])).unwrap();
        rows[0].count().unwrap()
    };
    app.db.run_script("UPDATE portal_config SET version = 2, settings = '{\"other\":1}'");
    assert_eq!(write(1), 0, "version 1 is gone");
    assert_eq!(write(0), 0, "so is the absence of a row");
    assert_eq!(config(&app)["settings"], json!({"other": 1}));
    assert_eq!(write(2), 1);
    assert_eq!(config(&app)["settings"], json!({"mine": 1}));
    assert_eq!(config(&app)["enabled_modules"], json!(["team", "overview"]));
}

#[test]
fn a_part_that_does_not_fit_is_named() {
    let app = TestApp::new();
    let card = |change: Value| {
        let mut card = json!({"id": "c", "title": "t", "value": "v", "order": 1});
        for (name, value) in change.as_object().unwrap() {
            card[name] = value.clone();
        }
        json!({"custom_cards": [card]})
    };
    for body in [
        json!({"branding": []}),
        json!({"branding": {"logo_url": "http://a.example/x.png"}}),
        json!({"branding": {"logo_url": "javascript:alert(1)"}}),
        json!({"branding": {"logo_url": "https://a.example/\" onerror=x"}}),
        json!({"branding": {"logo_url": format!("https://a.example/{}", "a".repeat(2_048))}}),
        json!({"branding": {"primary_color": "red"}}),
        json!({"branding": {"primary_color": "#12345g"}}),
        json!({"branding": {"primary_color": "#1234567"}}),
        json!({"branding": {"company_name": "a".repeat(201)}}),
        json!({"enabled_modules": ["overview", "overview"]}),
        json!({"enabled_modules": ["billing"]}),
        json!({"enabled_modules": {"overview": true}}),
        json!({"custom_cards": vec![json!({"id": "c", "title": "t", "value": "v", "order": 1}); 51]}),
        card(json!({"id": ""})),
        card(json!({"title": null})),
        card(json!({"value": 7})),
        card(json!({"order": "1"})),
        card(json!({"note": "a".repeat(501)})),
        json!({"custom_cards": ["card"]}),
        json!({"settings": []}),
        json!({"settings": {"a": "b".repeat(33_000)}}),
    ] {
        let answer = patch(&app, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
        let part = body.as_object().unwrap().keys().next().unwrap().clone();
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&format!("\"{part}\" ")), "{detail}");
    }
    let detail = patch(&app, &card(json!({"title": ""}))).json()["detail"].clone();
    assert_eq!(
        detail,
        "\"custom_cards\" has a card that does not fit: \"title\" must have 1 to 200 characters."
    );
    assert_eq!(app.db.value("SELECT count(*) FROM portal_config"), 0);
    assert!(parts(&app).is_empty());
}

#[test]
fn empty_and_unknown_members_of_branding_are_left_out() {
    let app = TestApp::new();
    let body = json!({"branding": {"logo_url": "", "primary_color": null, "css": "x"}});
    let expected = json!({"logo_url": null, "primary_color": null, "company_name": null});
    assert_eq!(patch(&app, &body).json()["config"]["branding"], expected);
}

#[test]
fn stored_parts_that_do_not_parse_are_the_defaults() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO portal_config (id, org_id, branding, enabled_modules, custom_cards, settings, updated_at)
         VALUES ('c', 'org_a', 'not json', '{}', NULL, '[]', '2025-01-01 00:00:00')",
    );
    let mut now = config(&app);
    assert_eq!(now["updated_at"], "2025-01-01T00:00:00.000Z");
    let other = app.get_as("user_owner_b", "/portal/config").json();
    for part in ["orgId", "updated_at"] {
        now[part] = other["config"][part].clone();
    }
    assert_eq!(now, other["config"]);
}

#[test]
fn pages_may_send_and_read_the_entity_tag() {
    let app = TestApp::new();
    let request = Request::get("/portal/config")
        .header("authorization", format!("Bearer {}", app.token("user_viewer_a").sign()))
        .header("origin", "https://app.example.com");
    let answer = app.send(request.body(Body::empty()).unwrap());
    assert!(answer.header("access-control-expose-headers").unwrap().contains("ETag"));
}
