//! People who left a way to be reached.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const LEAD: &str = "/portal/leads/lead_a";

fn with_leads() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO leads (id, org_id, site_id, status, source, created_at, updated_at, anonymized_at) VALUES
          ('lead_won', 'org_a', 'site_a3', 'won', 'voice', '2026-03-10T10:00:00.000Z', '2026-03-11T10:00:00.000Z', NULL),
          ('lead_gone', 'org_a', 'site_a1', 'lost', 'chat', '2026-03-01T10:00:00.000Z', '2026-03-02T10:00:00.000Z', '2026-03-02T10:00:00.000Z');",
    );
    app
}

fn listed(app: &TestApp, user: &str, query: &str) -> Vec<String> {
    let answer = app.get_as(user, &format!("/portal/leads?{query}"));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{query}: {}", answer.text);
    let body = answer.json();
    let leads = body["leads"].as_array().unwrap().iter();
    leads.map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
}

fn patch(app: &TestApp, user: &str, body: &Value) -> Answer {
    app.send_as(user, "PATCH", LEAD, Some(&body.to_string()))
}

#[test]
fn an_org_lists_its_leads_newest_first() {
    let app = with_leads();
    insta::assert_json_snapshot!("leads", app.get_as("user_viewer_a", "/portal/leads").json());
    for (query, expected) in [
        ("status=won", vec!["lead_won"]),
        ("siteId=site_a1", vec!["lead_a", "lead_gone"]),
        ("siteId=site_a1&status=lost", vec!["lead_gone"]),
        ("siteId=site_b1", vec![]),
        ("from=2026-03-10", vec!["lead_a", "lead_won"]),
        ("to=2026-03-10", vec!["lead_won", "lead_gone"]),
        ("from=2026-03-10&to=2026-03-10&status=won&siteId=site_a3", vec!["lead_won"]),
    ] {
        assert_eq!(listed(&app, "user_viewer_a", query), expected, "{query}");
    }
    for query in ["status=hot", "limit=101", "cursor=x", "to=soon"] {
        let answer = app.get_as("user_viewer_a", &format!("/portal/leads?{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
    assert_eq!(listed(&app, "user_staff", ""), ["lead_a", "lead_b", "lead_won", "lead_gone"]);
    assert_eq!(listed(&app, "user_staff", "status=new"), ["lead_a", "lead_b"]);
}

#[test]
fn pages_join_without_gap_or_repeat() {
    let app = with_leads();
    let (mut seen, mut path) = (Vec::new(), "/portal/leads?limit=1".to_owned());
    loop {
        let body = app.get_as("user_viewer_a", &path).json();
        seen.push(body["leads"][0]["id"].as_str().unwrap().to_owned());
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/portal/leads?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["lead_a", "lead_won", "lead_gone"]);
}

#[test]
fn a_lead_is_read_by_those_of_its_org() {
    let app = with_leads();
    insta::assert_json_snapshot!("lead", app.get_as("user_viewer_a", LEAD).json());
    for path in ["/portal/leads/lead_b", "/portal/leads/none"] {
        let answer = app.get_as("user_owner_a", path);
        assert_eq!((answer.status, answer.error().as_str()), (404, "Lead not found"));
        let changed = app.send_as("user_owner_a", "PATCH", path, Some(r#"{"status":"won"}"#));
        assert_eq!(changed.status, 404);
        assert_eq!(app.send_as("user_owner_a", "DELETE", path, None).status, 404);
    }
    assert_eq!(app.get_as("user_staff", "/portal/leads/lead_b").status, 200);
    assert_eq!(app.db.value("SELECT status FROM leads WHERE id = 'lead_b'"), "new");
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn a_change_leaves_a_trace_without_personal_data() {
    let app = with_leads();
    app.clock.advance(60);
    let answer = patch(
        &app,
        "user_member_a",
        &json!({"status": "contacted", "notes": " Called twice. ", "assignedTo": "u_viewer_a",
                "name": null, "phone": "", "company": "Acme", "unknown": 1}),
    );
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    insta::assert_json_snapshot!("lead_updated", answer.json());
    assert_eq!(app.get_as("user_viewer_a", LEAD).json(), answer.json());
    let trace = &app.db.rows("SELECT event_type, target_id, metadata FROM audit_logs")[0];
    assert_eq!(trace["event_type"], "lead.updated");
    let metadata: Value = serde_json::from_str(trace["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        metadata,
        json!({"fields": ["status", "notes", "assignedTo", "name", "phone", "company"],
               "status": {"from": "new", "to": "contacted"}})
    );
    let cleared = patch(&app, "user_member_a", &json!({"assignedTo": null})).json();
    assert_eq!(cleared["lead"]["assignedTo"], Value::Null);
    assert_eq!(cleared["lead"]["company"], "Acme");
}

#[test]
fn a_change_that_cannot_be_made_is_refused_and_leaves_nothing() {
    let app = with_leads();
    let nothing = patch(&app, "user_member_a", &json!({"unknown": 1}));
    assert_eq!((nothing.status, nothing.error().as_str()), (400, "No fields to update"));
    for (body, hint) in [
        (
            json!({"status": "hot"}),
            "\"status\" must be one of new, contacted, qualified, won, lost.",
        ),
        (json!({"email": "ann"}), "\"email\" must be an e-mail address."),
        (json!({"notes": 7}), "\"notes\" must be a text."),
        (json!({"name": "x".repeat(201)}), "\"name\" must have at most 200 characters."),
    ] {
        let answer = patch(&app, "user_member_a", &body);
        assert_eq!((answer.status, &answer.json()["detail"]), (400, &json!(hint)));
    }
    for assignee in ["u_owner_b", "u_suspended", "u_staff", "nobody"] {
        let answer = patch(&app, "user_member_a", &json!({"assignedTo": assignee}));
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{assignee}");
    }
    let body = Some(r#"{"name":"Back"}"#);
    let gone = app.send_as("user_member_a", "PATCH", "/portal/leads/lead_gone", body);
    assert_eq!((gone.status, gone.code().as_str()), (409, "lead_anonymized"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
    assert_eq!(
        app.db.value("SELECT updated_at FROM leads WHERE id = 'lead_a'"),
        "2026-03-15T11:59:00.000Z"
    );
}

#[test]
fn what_changes_between_the_look_and_the_change_is_refused_by_the_database() {
    // The script stands for another request that comes first.
    for first in [
        "UPDATE leads SET anonymized_at = '2026' WHERE id = 'lead_a'",
        "DELETE FROM user_memberships WHERE id = 'm_viewer_a'",
        "DELETE FROM leads WHERE id = 'lead_a'",
    ] {
        let app = with_leads();
        app.db.before_batch(2, first);
        let body = json!({"status": "won", "assignedTo": "u_viewer_a"});
        let answer = patch(&app, "user_member_a", &body);
        assert_eq!((answer.status, answer.code().as_str()), (409, "lead_changed"), "{first}");
        assert_eq!(app.db.value("SELECT count(*) FROM leads WHERE status = 'won'"), 1);
        assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0, "{first}");
    }
}

#[test]
fn a_lead_is_deleted_by_admins() {
    let app = with_leads();
    let answer = app.send_as("user_admin_a", "DELETE", LEAD, None);
    assert_eq!((answer.status, answer.json()), (200, json!({"deleted": true})));
    assert_eq!(app.get_as("user_admin_a", LEAD).status, 404);
    assert_eq!(app.db.value("SELECT count(*) FROM chat_sessions WHERE id = 's_ended'"), 1);
    let trace = &app.db.rows("SELECT event_type, metadata FROM audit_logs")[0];
    assert_eq!(*trace, json!({"event_type": "lead.deleted", "metadata": "{\"status\":\"new\"}"}));
}

#[test]
fn leads_are_exported() {
    let app = with_leads();
    let answer = app.get_as("user_admin_a", "/portal/leads/export.csv?status=new");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_snapshot!("leads_csv", answer.text.replace('\r', "␍"));
    assert_eq!(app.get_as("user_member_a", "/portal/leads/export.csv").status, 403);
}
