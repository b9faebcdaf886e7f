//! Who changed what, and who may read it.

use koby_portal::db::Param;
use koby_portal::page::LAST;
use serde_json::{Value, json};

use crate::support::TestApp;

fn with_trail() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at) VALUES
          ('a1', 'org_a', 'user', 'u_owner_a', 'flow.created', 'flow', 'f1', '{\"version\":1}', '2026-03-01T08:00:00.000Z'),
          ('a2', 'org_a', 'integration', 'stripe', 'billing.invoice_paid', 'invoice', 'in_1', 'not json', '2026-03-02 08:00:00'),
          ('a3', 'org_a', 'user', 'u_admin_a', 'flow.created', 'flow', 'f2', '{}', '2026-03-02T08:00:00.000Z'),
          ('b1', 'org_b', 'user', 'u_owner_b', 'flow.created', 'flow', 'f3', '{}', '2026-03-03T08:00:00.000Z'),
          ('none', NULL, 'user', 'u_staff', 'user.updated', 'user', 'u1', '{}', '2026-03-04T08:00:00.000Z')",
    );
    app
}

fn ids(body: &Value) -> Vec<&str> {
    body["logs"].as_array().unwrap().iter().map(|log| log["id"].as_str().unwrap()).collect()
}

#[test]
fn an_org_reads_its_own_trail_newest_first() {
    let app = with_trail();
    let answer = app.get_as("user_admin_a", "/portal/audit-logs");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("audit_logs", answer.json());
    assert_eq!(app.get_as("user_admin_a", "/audit/logs").json(), answer.json());
}

#[test]
fn pages_join_without_gap_or_repeat() {
    let app = with_trail();
    let (mut seen, mut path) = (Vec::new(), "/audit/logs?limit=1".to_owned());
    loop {
        let body = app.get_as("user_owner_a", &path).json();
        seen.extend(ids(&body).into_iter().map(str::to_owned));
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/audit/logs?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["a3", "a2", "a1"]);
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x"] {
        assert_eq!(
            app.get_as("user_owner_a", &format!("/audit/logs?{query}")).status,
            400,
            "{query}"
        );
    }
}

#[test]
fn the_trail_is_filtered() {
    let app = with_trail();
    for (query, expected) in [
        ("eventType=flow.created", vec!["a3", "a1"]),
        ("actorId=stripe", vec!["a2"]),
        ("targetId=f1", vec!["a1"]),
        ("from=2026-03-02", vec!["a3", "a2"]),
        ("to=2026-03-01", vec!["a1"]),
        ("from=2026-03-02&to=2026-03-02&eventType=flow.created", vec!["a3"]),
        ("targetId=f3", vec![]),
    ] {
        let body = app.get_as("user_owner_a", &format!("/audit/logs?{query}")).json();
        assert_eq!(ids(&body), expected, "{query}");
    }
    for query in
        ["from=yesterday", "from=2026-3-1", "from=2026-03-02&to=2026-03-01", "to=2026-02-30"]
    {
        let answer = app.get_as("user_owner_a", &format!("/audit/logs?{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_query"), "{query}");
    }
}

#[test]
fn a_filter_that_few_entries_pass_does_not_walk_the_trail() {
    let app = with_trail();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO audit_logs (id, org_id, actor_id, event_type, target_id, created_at)
         SELECT 'many_' || i, 'org_a', 'u_many', 'many', 'many', '2026-03-10T00:00:00.000Z' FROM n",
    );
    for (query, expected) in [
        ("eventType=flow.created", vec!["a3", "a1"]),
        ("actorId=stripe", vec!["a2"]),
        ("targetId=f1", vec!["a1"]),
        ("targetId=f1&actorId=u_owner_a&eventType=flow.created", vec!["a1"]),
        ("targetId=f1&actorId=stripe", vec![]),
        ("actorId=u_admin_a&eventType=flow.updated", vec![]),
    ] {
        let answer = app.get_as("user_owner_a", &format!("/audit/logs?{query}"));
        assert_eq!(ids(&answer.json()), expected, "{query}");
    }
    let sources = ["target", "actor", "event"].map(|by| {
        let path = format!("{}/src/audit/sql/audit_logs_by_{by}.sql", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    });
    for sql in sources {
        let sql = format!("{}{sql}", include_str!("../../src/auth/sql/scope.sql"));
        let mut params: Vec<Param> = vec!["user_owner_a".into(), Param::Null, false.into()];
        params.extend([LAST.into(), LAST.into(), 201_i64.into(), "".into()]);
        params.extend(["flow.created".into(), "u_owner_a".into(), "f1".into()]);
        let steps = app.db.steps(&sql, &params);
        assert!(steps < 500, "{steps} steps: {sql}");
    }
}

#[test]
fn staff_read_all_trails() {
    let app = with_trail();
    let answer = app.get_as("user_staff", "/portal/audit-logs");
    assert_eq!((ids(&answer.json()), answer.db_trips), (vec!["none", "b1", "a3", "a2", "a1"], 1));
    let one = app.get_as("user_staff", "/portal/audit-logs?orgId=org_b").json();
    assert_eq!(ids(&one), ["b1"]);
}

#[test]
fn nobody_changes_the_trail() {
    let app = with_trail();
    for sql in [
        "UPDATE audit_logs SET actor_id = 'x'",
        "DELETE FROM audit_logs WHERE id = 'a1'",
        "DELETE FROM orgs WHERE id = 'org_b'",
        "INSERT OR REPLACE INTO audit_logs (id, event_type) VALUES ('a1', 'x')",
        "REPLACE INTO audit_logs (id, event_type) VALUES ('a1', 'x')",
        "INSERT INTO audit_logs (id, event_type) VALUES ('a1', 'x')
           ON CONFLICT (id) DO UPDATE SET event_type = 'x'",
    ] {
        let error = app.db.try_script(sql).unwrap_err();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), json!(5));
    assert_eq!(
        app.db.value("SELECT event_type FROM audit_logs WHERE id = 'a1'"),
        json!("flow.created")
    );
}

#[test]
fn ended_sessions_are_refused_from_the_next_request_on() {
    let app = TestApp::new();
    let token = app.token("user_owner_a");
    assert_eq!(app.get_with(&token, "/portal/overview").status, 200);
    app.clock.advance(10);
    app.db.run_script(
        "UPDATE users SET sessions_revoked_at = '2026-03-15T12:00:10.000Z' WHERE id = 'u_owner_a'",
    );
    let refused = app.get_with(&token, "/portal/overview");
    assert_eq!((refused.status, refused.code().as_str()), (401, "session_revoked"));
    assert_eq!(app.get_with(&token, "/portal/me").status, 401);
    app.clock.advance(1);
    assert_eq!(app.get_as("user_owner_a", "/portal/overview").status, 200, "a new sign-in");
    app.db.run_script(
        "UPDATE orgs SET sessions_revoked_at = '2026-03-15T12:00:20.000Z' WHERE id = 'org_a'",
    );
    let both = app.token("user_both");
    assert_eq!(app.get_with(&both, "/portal/overview?orgId=org_a").status, 401);
    assert_eq!(app.get_with(&both, "/portal/overview?orgId=org_b").status, 200, "another org");
}
