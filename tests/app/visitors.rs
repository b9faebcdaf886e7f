//! One visitor's data, gone or parted from them.

use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::support::TestApp;

const VISITOR: &str = "/portal/visitors/visitor_2";
/// `printf visitor_2 | sha256sum`, its first half.
const DIGEST: &str = "ee5333608574d1ea736325dc4808a43b";

/// The visitor of the fixture with messages, told to the index, and a namesake in the other org.
fn with_visitor() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, status, metadata) VALUES
          ('v_phone', 'site_a3', 'org_a', 'visitor_2', '2026-03-14T10:00:00.000Z', 'completed', '{\"page\":\"/x\"}'),
          ('v_b', 'site_b1', 'org_b', 'visitor_2', '2026-03-14T10:00:00.000Z', 'completed', '{\"page\":\"/x\"}');
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at) VALUES
          ('m1', 's_ended', 'site_a1', 'org_a', 'user', 'I am Ann of aardvark lane', '2026-03-15T08:00:00.000Z'),
          ('m2', 's_ended', 'site_a1', 'org_a', 'assistant', 'Hello Ann', '2026-03-15T08:00:01.000Z'),
          ('m3', 'v_phone', 'site_a3', 'org_a', 'user', 'Ann again', '2026-03-14T10:00:00.000Z'),
          ('m4', 's_active', 'site_a1', 'org_a', 'user', 'Somebody else', '2026-03-15T11:50:00.000Z'),
          ('mb', 'v_b', 'site_b1', 'org_b', 'user', 'Ann of aardvark lane at Beta', '2026-03-14T10:00:00.000Z');
         -- Found by its conversation, and by the visitor alone.
         INSERT INTO leads (id, org_id, site_id, session_id, visitor_id, name, created_at, updated_at) VALUES
          ('l_of_session', 'org_a', 'site_a3', 'v_phone', NULL, 'Ann', '2026', '2026'),
          ('l_of_visitor', 'org_a', 'site_a1', NULL, 'visitor_2', 'Ann', '2026', '2026'),
          ('l_b', 'org_b', 'site_b1', 'v_b', 'visitor_2', 'Ann', '2026', '2026');",
    );
    block_on(jobs::run_due(&app.job()));
    app
}

fn erase(app: &TestApp, query: &str) -> Value {
    let answer = app.send_as("user_admin_a", "DELETE", &format!("{VISITOR}{query}"), None);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.db_trips <= 2 && answer.search_trips <= 1);
    answer.json()
}

fn traces(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT event_type, target_type, target_id, metadata, org_id FROM audit_logs ORDER BY rowid",
    )
}

fn count(app: &TestApp, sql: &str) -> Value {
    app.db.value(&format!("SELECT count(*) FROM {sql}"))
}

#[test]
fn a_deleted_visitor_leaves_only_figures() {
    let app = with_visitor();
    let figures =
        "SELECT group_concat(scope_id || date || sessions || messages) FROM metrics_rollup";
    let before = app.db.value(figures);
    assert_eq!(
        erase(&app, ""),
        json!({"visitorId": "visitor_2", "mode": "delete", "sessions": 2, "messages": 3, "leads": 3, "complete": true})
    );
    assert_eq!(count(&app, "chat_sessions WHERE org_id = 'org_a' AND visitor_id = 'visitor_2'"), 0);
    assert_eq!(count(&app, "chat_messages WHERE org_id = 'org_a'"), 1);
    assert_eq!(count(&app, "leads WHERE org_id = 'org_a'"), 0);
    assert_eq!(app.db.value(figures), before);
    let indexed = app.search.rows("SELECT message_id FROM messages ORDER BY 1");
    assert_eq!(indexed, [json!({"message_id": "m4"}), json!({"message_id": "mb"})]);
    for (table, left) in [("chat_sessions", 2), ("leads", 2)] {
        assert_eq!(count(&app, &format!("{table} WHERE org_id = 'org_b'")), left, "{table}");
    }
    let traces = traces(&app);
    assert_eq!(traces.len(), 2);
    for (trace, metadata) in traces.iter().zip([r#"{"leads":3}"#, r#"{"sessions":2}"#]) {
        assert_eq!(
            *trace,
            json!({"event_type": "visitor.deleted", "target_type": "visitor", "target_id": DIGEST,
                   "metadata": metadata, "org_id": "org_a"})
        );
    }
    assert!(app.lines.of("request_end").iter().all(|line| !line.to_string().contains("visitor_2")));
    assert_eq!(erase(&app, "")["sessions"], 0, "nothing is left");
    assert_eq!(count(&app, "audit_logs"), 2, "and nothing was done");
}

#[test]
fn an_anonymized_visitor_cannot_be_told_any_more() {
    let app = with_visitor();
    app.clock.advance(60);
    assert_eq!(
        erase(&app, "?mode=anonymize"),
        json!({"visitorId": "visitor_2", "mode": "anonymize", "sessions": 2, "messages": 3, "leads": 3, "complete": true})
    );
    let sessions = app.db.rows(
        "SELECT visitor_id, metadata, status FROM chat_sessions WHERE id IN ('s_ended', 'v_phone')",
    );
    let empty = json!({"visitor_id": null, "metadata": "{}", "status": "completed"});
    assert_eq!(sessions, [empty.clone(), empty]);
    assert_eq!(
        app.db.rows(
            "SELECT DISTINCT content FROM chat_messages WHERE session_id IN ('s_ended', 'v_phone')"
        ),
        [json!({"content": "[removed]"})]
    );
    let lead = &app.db.rows("SELECT * FROM leads WHERE id = 'lead_a'")[0];
    for column in ["visitor_id", "name", "email", "phone", "company", "message", "notes"] {
        assert_eq!(lead[column], Value::Null, "{column}");
    }
    assert_eq!(
        (&lead["anonymized_at"], &lead["status"]),
        (&json!("2026-03-15T12:01:00.000Z"), &json!("new"))
    );
    assert_eq!(
        app.db.value("SELECT content FROM chat_messages WHERE id = 'mb'"),
        "Ann of aardvark lane at Beta"
    );
    // The queue says so again, and the index learns nothing new from it.
    block_on(jobs::run_due(&app.job()));
    let left = app.search.rows("SELECT org_id FROM messages_fts f JOIN messages m ON m.id = f.rowid WHERE messages_fts MATCH 'aardvark'");
    assert_eq!(left, [json!({"org_id": "org_b"})]);
    assert_eq!(traces(&app)[0]["event_type"], "visitor.anonymized");
}

#[test]
fn nobody_goes_on_with_an_anonymized_conversation() {
    let app = TestApp::new();
    let say = |visitor: &str, session: Option<&str>| {
        let body = json!({"message": "xyzzy plugh", "visitor_id": visitor, "session_id": session});
        app.post("/chat", &[("x-site-key", "sk_a1")], body.to_string())
    };
    let started = say("visitor_2", None);
    let session = started.json()["session_id"].as_str().unwrap().to_owned();
    let abandoned = "UPDATE chat_sessions SET status = 'abandoned' WHERE id = 's_ended'";
    app.db.run_script(abandoned);
    assert_eq!(count(&app, "chat_messages WHERE unanswered = 1"), 1);
    app.clock.advance(60);
    assert_eq!(erase(&app, "?mode=anonymize")["messages"], 2);
    let row = |id: &str| {
        let sql = format!("SELECT status, ended_at, preview FROM chat_sessions WHERE id = '{id}'");
        app.db.rows(&sql)[0].clone()
    };
    assert_eq!(
        row(&session),
        json!({"status": "completed", "ended_at": "2026-03-15T12:01:00.000Z", "preview": null})
    );
    assert_eq!(row("s_ended")["status"], "abandoned");
    assert_eq!(row("s_ended")["ended_at"], "2026-03-15T11:59:30.000Z", "as it was");
    assert_eq!(count(&app, "chat_messages WHERE unanswered = 1"), 0);
    let again = say("somebody_else", Some(&session));
    assert_eq!((again.status, again.code().as_str()), (409, "session_closed"));
}

#[test]
fn a_turn_in_flight_is_not_stored_in_an_anonymized_conversation() {
    let app = TestApp::new();
    let say = |session: Option<&str>| {
        let body = json!({"message": "xyzzy", "visitor_id": "visitor_2", "session_id": session});
        app.post("/chat", &[("x-site-key", "sk_a1")], body.to_string())
    };
    let session = say(None).json()["session_id"].as_str().unwrap().to_owned();
    let sql = include_str!("../../src/visitors/sql/sessions_anonymize.sql")
        .replace("?1", "'org_a'")
        .replace("?2", &format!("'[\"{session}\"]'"))
        .replace("?3", "'visitor_2'")
        .replace("?4", "'2026-03-15T12:00:00.000Z'")
        .replace("RETURNING id", "");
    // The turn was admitted before, and is written after.
    app.db.before_batch(2, &sql);
    let late = say(Some(&session));
    assert_eq!((late.status, late.code().as_str()), (409, "session_closed"));
    assert_eq!(count(&app, &format!("chat_messages WHERE session_id = '{session}'")), 2);
}

#[test]
fn what_comes_while_a_visitor_is_erased_is_told() {
    let app = with_visitor();
    // Another request took one conversation, and the visitor began another.
    app.db.before_batch(
        2,
        "DELETE FROM chat_sessions WHERE id = 's_ended';
         INSERT INTO chat_sessions (id, site_id, org_id, visitor_id) VALUES ('new', 'site_a1', 'org_a', 'visitor_2');",
    );
    let out = erase(&app, "");
    assert_eq!(
        (&out["sessions"], &out["messages"], &out["complete"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!(erase(&app, "")["complete"], true);
}

#[test]
fn one_site_may_be_meant_alone() {
    let app = with_visitor();
    let out = erase(&app, "?siteId=site_a3");
    assert_eq!((&out["sessions"], &out["leads"]), (&json!(1), &json!(1)));
    assert_eq!(count(&app, "chat_sessions WHERE id = 's_ended'"), 1);
    assert_eq!(erase(&app, "?siteId=site_b1")["sessions"], 0);
    let refused = app.send_as("user_admin_a", "DELETE", &format!("{VISITOR}?mode=forget"), None);
    assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_query"));
}

#[test]
fn a_visitor_of_many_conversations_takes_several_requests() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, status)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
         SELECT 'many_' || i, 'site_a1', 'org_a', 'visitor_2', '2020-01-01T00:00:00.000Z', 'completed' FROM n;",
    );
    let first = erase(&app, "");
    assert_eq!((&first["sessions"], &first["complete"]), (&json!(500), &json!(false)));
    let second = erase(&app, "?mode=anonymize");
    assert_eq!((&second["sessions"], &second["complete"]), (&json!(201), &json!(true)));
    assert_eq!(count(&app, "chat_sessions WHERE visitor_id = 'visitor_2'"), 0);
}

#[test]
fn an_index_out_of_reach_is_cleared_by_the_next_feed() {
    let app = with_visitor();
    app.search.fail_after(0, "D1_ERROR: overloaded");
    assert_eq!(erase(&app, "")["sessions"], 2);
    assert_eq!(app.lines.of("search_removal_deferred").len(), 1);
    assert_eq!(app.search.value("SELECT count(*) FROM messages WHERE org_id = 'org_a'"), 4);
    block_on(jobs::run_due(&app.job()));
    assert_eq!(app.search.value("SELECT count(*) FROM messages WHERE org_id = 'org_a'"), 1);
}
