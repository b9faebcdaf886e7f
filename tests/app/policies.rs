//! Policies are made, changed and removed by administrators, and judged before they are stored.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const POLICIES: &str = "/portal/knowledge/policies";

fn app() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(crate::routes::retrieve::POLICIES);
    app
}

fn post(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "POST", POLICIES, Some(&body.to_string()))
}

fn rule(changes: &Value) -> Value {
    let mut rule = json!({"type": "redact", "match": "keyword", "pattern": "price", "applies_to": "responses"});
    for (name, value) in changes.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

#[test]
fn a_policy_is_made_with_its_rules_as_they_are_enforced() {
    let app = app();
    let answer = post(
        &app,
        &json!({
            "name": " Numbers ", "description": "Masks member numbers.",
            "rules": [
                {"id": "m", "type": "redact", "match": "regex", "pattern": "[A-Z]{3}[0-9]{9}", "applies_to": "responses", "more": 1},
                {"type": "handoff", "match": "keyword", "pattern": "legal*", "applies_to": ["responses", "chunks", "responses"], "enforcement": "handoff", "action": "notify"},
                {"type": "restrict", "match": "secrets", "pattern": "", "applies_to": ["chunks"], "enforcement": "warn"},
            ],
        }),
    );
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    let policy = &answer.json()["policy"];
    assert_eq!((&policy["name"], &policy["org_id"]), (&json!("Numbers"), &json!("org_a")));
    assert_eq!(
        policy["rules"],
        json!([
            {"id": "m", "type": "redact", "match": "regex", "pattern": "[A-Z]{3}[0-9]{9}", "applies_to": "responses", "enforcement": "mask"},
            {"id": "rule_2", "type": "handoff", "match": "keyword", "pattern": "legal*", "applies_to": ["responses", "chunks"], "enforcement": "handoff", "action": "notify"},
            {"id": "rule_3", "type": "restrict", "match": "secrets", "applies_to": ["chunks"], "enforcement": "warn"},
        ])
    );
    let trace = &app.db.rows("SELECT * FROM audit_logs")[0];
    assert_eq!(trace["event_type"], "knowledge.policy.created");
    assert_eq!((&trace["target_id"], &trace["org_id"]), (&policy["id"], &json!("org_a")));
    let listed = app.get_as("user_viewer_a", POLICIES).json();
    assert!(listed["policies"].as_array().unwrap().contains(policy));
}

#[test]
fn what_cannot_be_enforced_is_refused_and_said() {
    let app = app();
    for (body, hint) in [
        (json!({}), "\"name\" is a text of 1 to 120 characters."),
        (json!({"name": ""}), "\"name\" is a text of 1 to 120 characters."),
        (json!({"name": 7}), "\"name\" must be a text."),
        (json!({"name": "x".repeat(121)}), "\"name\" must have at most 120 characters."),
        (json!({"name": "x", "rules": {}}), "\"rules\" must be an array."),
        (json!({"name": "x", "rules": [1]}), "\"rules\" has an entry that is no object."),
        (
            json!({"name": "x", "rules": vec![rule(&json!({})); 21]}),
            "\"rules\" must have at most 20 entries.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"id": "a"})), rule(&json!({"id": "a"}))]}),
            "\"rules\" has two entries with the \"id\" \"a\".",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"type": "delete"}))]}),
            "\"rules\" has an entry that has a \"type\" that must be one of redact, restrict, handoff.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"match": null}))]}),
            "\"rules\" has an entry that has no \"match\": it must be one of pii, phi, secrets, regex, keyword.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"match": "regex", "pattern": null}))]}),
            "\"rules\" has an entry that has no \"pattern\", which \"regex\" needs.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"match": "pii"}))]}),
            "\"rules\" has an entry that has a \"pattern\", which \"pii\" does not take.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"match": "regex", "pattern": "a*"}))]}),
            "\"rules\" has an entry that has a \"pattern\" that matches the empty text, so that it says nothing about any.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"pattern": "x".repeat(201)}))]}),
            "\"rules\" has an entry that has a \"pattern\" that must be one line of at most 200 characters.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"applies_to": []}))]}),
            "\"rules\" has an entry that has an \"applies_to\" that must be one of sources, documents, chunks, responses, or an array of these.",
        ),
        (
            json!({"name": "x", "rules": [rule(&json!({"enforcement": "shred"}))]}),
            "\"rules\" has an entry that has a \"enforcement\" that must be one of warn, mask, block, handoff.",
        ),
    ] {
        let answer = post(&app, &body);
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["detail"], hint, "{body}");
    }
    let catastrophic = rule(&json!({"match": "regex", "pattern": "((a{0,99}){0,99}){0,99}b"}));
    let answer = post(&app, &json!({"name": "x", "rules": [catastrophic]}));
    assert!(
        answer.json()["detail"].as_str().unwrap().contains("is not an expression that can be used")
    );
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_policies WHERE org_id = 'org_a'"), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn a_policy_changes_as_far_as_it_is_said() {
    let app = app();
    let path = format!("{POLICIES}/kpol_a");
    let change =
        |body: &Value| app.send_as("user_owner_a", "PATCH", &path, Some(&body.to_string()));
    let before = app.db.rows("SELECT * FROM knowledge_policies WHERE id = 'kpol_a'")[0].clone();
    let same = change(
        &json!({"name": "Contact data", "description": "", "rules": serde_json::from_str::<Value>(before["rules"].as_str().unwrap()).unwrap()}),
    );
    assert_eq!((same.status, same.db_trips), (200, 1), "{}", same.text);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0, "nothing changed");

    app.clock.advance(60);
    let changed = change(&json!({"description": "All of it", "rules": [rule(&json!({}))]}));
    let policy = &changed.json()["policy"];
    assert_eq!(
        (changed.status, &policy["name"], &policy["description"]),
        (200, &json!("Contact data"), &json!("All of it"))
    );
    assert_eq!(policy["rules"][0]["enforcement"], "mask");
    assert_eq!(policy["updated_at"], "2026-03-15T12:01:00.000Z");
    let cleared = change(&json!({"description": null}));
    assert_eq!(cleared.json()["policy"]["description"], Value::Null);
    let metadata = app.db.rows("SELECT metadata FROM audit_logs ORDER BY rowid");
    assert_eq!(metadata[0]["metadata"], r#"{"changed":["description","rules"]}"#);
    assert_eq!(change(&json!({"name": ""})).status, 400);
}

#[test]
fn a_policy_that_went_is_gone() {
    let app = app();
    let path = format!("{POLICIES}/kpol_a");
    let delete = || app.send_as("user_admin_a", "DELETE", &path, None);
    let answer = delete();
    assert_eq!((answer.status, answer.json()), (200, json!({"deleted": true})));
    assert_eq!((delete().status, delete().code().as_str()), (404, "policy_not_found"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 1);
    let foreign =
        app.send_as("user_staff", "DELETE", &format!("{POLICIES}/kpol_b?orgId=org_a"), None);
    assert_eq!(foreign.status, 404);
}

#[test]
fn an_org_has_fifty_policies_at_most() {
    let app = app();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 48)
         INSERT INTO knowledge_policies (id, org_id, name) SELECT 'many' || i, 'org_a', 'x' FROM n",
    );
    assert_eq!(post(&app, &json!({"name": "the fiftieth"})).status, 201);
    let refused = post(&app, &json!({"name": "one more"}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many_policies"));
    let other = app.send_as("user_owner_b", "POST", POLICIES, Some(r#"{"name":"theirs"}"#));
    assert_eq!(other.status, 201);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 2);
}

/// Another policy of `org_a` with so many rules.
fn stored(app: &TestApp, id: &str, rule: &str, count: usize) {
    let rules = vec![rule; count].join(",");
    app.db.run_script(&format!(
        "INSERT INTO knowledge_policies (id, org_id, name, rules) VALUES ('{id}', 'org_a', '{id}', '[{rules}]')"
    ));
}

#[test]
fn the_rules_of_an_org_are_bounded_and_what_is_more_is_refused() {
    let app = app();
    stored(&app, "k1", r#"{"type":"redact","match":"pii","applies_to":"chunks"}"#, 98);
    let own =
        app.db.value("SELECT json_array_length(rules) FROM knowledge_policies WHERE id = 'kpol_a'");
    assert_eq!(own, 1, "the policy that is there");
    let one = json!({"name": "x", "rules": [rule(&json!({}))]});
    assert_eq!(post(&app, &one).status, 201);
    let refused = post(&app, &one);
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many_rules"));
    assert_eq!(
        refused.json()["detail"],
        "All policies of an organization have at most 100 rules together; with these there would be 101."
    );
    let path = format!("{POLICIES}/kpol_a");
    let change =
        |body: &Value| app.send_as("user_owner_a", "PATCH", &path, Some(&body.to_string()));
    let more = change(&json!({"rules": vec![rule(&json!({})); 2]}));
    assert_eq!((more.status, more.code().as_str()), (409, "too_many_rules"));
    assert_eq!(change(&json!({"name": "other"})).status, 200);
    assert_eq!(change(&json!({"rules": [rule(&json!({}))]})).status, 200);
    let theirs = app.send_as("user_owner_b", "POST", POLICIES, Some(&one.to_string()));
    assert_eq!(theirs.status, 201);
}

#[test]
fn the_expressions_of_an_org_are_bounded_by_what_they_take() {
    let app = app();
    let expression = |pattern: &str| rule(&json!({"match": "regex", "pattern": pattern}));
    stored(&app, "e1", r#"{"type":"redact","match":"regex","pattern":"ab"}"#, 19);
    let body = |rules: &[Value]| json!({"name": "x", "rules": rules});
    let refused = post(&app, &body(&[expression("ab"), expression("cd")]));
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many_rules"));
    assert!(refused.text.contains("20 rules with"), "{}", refused.text);
    app.db.run_script("DELETE FROM knowledge_policies WHERE id = 'e1'");
    let large: Vec<Value> = (0..15).map(|n| expression(&format!("[a-z ]{{1,150}}#{n}"))).collect();
    let refused = post(&app, &body(&large));
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many_rules"));
    assert!(refused.text.contains("65536 bytes"), "{}", refused.text);
    assert_eq!(post(&app, &body(&large[..2])).status, 201);
}

#[test]
fn two_policies_that_are_written_at_once_are_counted_both() {
    let app = app();
    let theirs = "INSERT INTO knowledge_policies (id, org_id, name) VALUES ('new', 'org_a', 'x')";
    app.db.before_batch(2, theirs);
    let refused = post(&app, &json!({"name": "mine", "rules": [rule(&json!({}))]}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "policies_changed"));
    let path = format!("{POLICIES}/kpol_a");
    let change =
        |body: &Value| app.send_as("user_owner_a", "PATCH", &path, Some(&body.to_string()));
    let changed = "UPDATE knowledge_policies SET updated_at = 'then' WHERE id = 'new'";
    app.db.before_batch(2, changed);
    let refused = change(&json!({"rules": [rule(&json!({}))]}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "policies_changed"));
    // What is no change of rules does not mind.
    app.db.before_batch(2, "UPDATE knowledge_policies SET updated_at = 'now' WHERE id = 'new'");
    assert_eq!(change(&json!({"name": "mine"})).status, 200);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 1);
}
