//! What was said, as the portal lists, shows, finds, exports and deletes it.

use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::support::TestApp;

const LIST: &str = "/portal/conversations";

/// The fixture's conversations with what was said in two of them.
fn with_messages() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, tokens_used, created_at) VALUES
          ('m1', 's_ended', 'site_a1', 'org_a', 'assistant', 'Hello, how can I help?', 5, NULL, '2026-03-15T08:00:00.000Z'),
          ('m2', 's_ended', 'site_a1', 'org_a', 'user', 'Is the zebra crossing open?', NULL, NULL, '2026-03-15T08:00:01.000Z'),
          ('m3', 's_ended', 'site_a1', 'org_a', 'assistant', 'It is.', 310, 42, '2026-03-15T08:00:02.000Z'),
          ('m4', 's_quiet', 'site_a1', 'org_a', 'user', 'Do you treat zebras on Sunday?', NULL, NULL, '2026-03-15T09:00:00.000Z'),
          ('mb', 's_b', 'site_b1', 'org_b', 'user', 'A zebra at Beta', NULL, NULL, '2026-03-15T11:50:00.000Z');
         UPDATE chat_sessions SET preview = (SELECT content FROM chat_messages m
           WHERE m.session_id = chat_sessions.id AND role = 'user');
         UPDATE chat_sessions SET metadata = '{\"page\":\"/fees\"}' WHERE id = 's_ended';
         UPDATE chat_sessions SET metadata = 'not json' WHERE id = 's_quiet';",
    );
    app
}

fn ids(body: &Value) -> Vec<String> {
    let list = body["conversations"].as_array().unwrap_or_else(|| panic!("{body}"));
    list.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn listed(app: &TestApp, user: &str, query: &str) -> Vec<String> {
    let answer = app.get_as(user, &format!("{LIST}?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    ids(&answer.json())
}

/// How the runs of the feed went.
fn feeds(app: &TestApp) -> Vec<Value> {
    app.lines.of("job").into_iter().filter(|line| line["job"] == "search_feed").collect()
}

fn run_feed(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

#[test]
fn an_org_lists_its_conversations_newest_first() {
    let app = with_messages();
    let answer = app.get_as("user_viewer_a", LIST);
    assert_eq!((answer.status, answer.db_trips, answer.search_trips), (200, 1, 0));
    insta::assert_json_snapshot!("conversations", answer.json());
}

#[test]
fn what_a_column_allows_does_not_break_the_list() {
    let app = TestApp::new();
    app.db.run_script("UPDATE chat_sessions SET message_count = NULL");
    let list = app.get_as("user_viewer_a", LIST).json();
    assert_eq!(list["conversations"][0]["messageCount"], 0);
    let one = app.get_as("user_viewer_a", "/portal/conversations/s_ended").json();
    assert_eq!(one["conversation"]["messageCount"], 0);
}

#[test]
fn the_list_is_filtered() {
    let app = with_messages();
    app.db.run_script(
        "INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, message_count, status) VALUES
          ('s_phone', 'site_a3', 'org_a', 'visitor_2', '2026-03-14T10:00:00.000Z', 2, 'abandoned'),
          ('s_phone_done', 'site_a3', 'org_a', NULL, '2026-03-13T10:00:00.000Z', 2, 'completed');
         INSERT INTO leads (id, org_id, site_id, session_id, created_at, updated_at)
          VALUES ('lead_phone', 'org_a', 'site_a3', 's_phone', '2026-03-14T10:05:00.000Z', '2026-03-14T10:05:00.000Z');",
    );
    for (query, expected) in [
        ("", vec!["s_active", "s_quiet", "s_ended", "s_phone", "s_phone_done", "s_legacy"]),
        ("status=completed", vec!["s_ended", "s_phone_done"]),
        ("siteId=site_a3", vec!["s_phone", "s_phone_done"]),
        ("siteId=site_a3&status=completed", vec!["s_phone_done"]),
        ("siteId=site_b1", vec![]),
        ("siteId=nowhere", vec![]),
        ("hasLead=true", vec!["s_ended", "s_phone"]),
        ("hasLead=false", vec!["s_active", "s_quiet", "s_phone_done", "s_legacy"]),
        ("hasLead=true&status=abandoned", vec!["s_phone"]),
        ("hasLead=true&siteId=site_a1", vec!["s_ended"]),
        ("hasLead=true&siteId=site_a3&status=completed", vec![]),
        ("hasLead=true&siteId=site_a3&status=abandoned", vec!["s_phone"]),
        ("hasLead=false&siteId=site_a3", vec!["s_phone_done"]),
        ("hasLead=false&siteId=site_a3&status=abandoned", vec![]),
        ("visitorId=visitor_2", vec!["s_ended", "s_phone"]),
        ("visitorId=visitor_2&siteId=site_a3", vec!["s_phone"]),
        ("visitorId=visitor_2&status=completed&hasLead=true", vec!["s_ended"]),
        ("visitorId=visitor_1", vec!["s_active"]),
        ("from=2026-03-15", vec!["s_active", "s_quiet", "s_ended"]),
        ("to=2026-03-13", vec!["s_phone_done", "s_legacy"]),
        ("from=2026-03-14&to=2026-03-14", vec!["s_phone"]),
        ("from=2026-01-01&to=2026-01-01", vec!["s_legacy"]),
        ("hasLead=true&to=2026-03-14", vec!["s_phone"]),
    ] {
        assert_eq!(listed(&app, "user_viewer_a", query), expected, "{query}");
    }
    for query in [
        "status=open",
        "hasLead=maybe",
        "from=x",
        "limit=0",
        "limit=101",
        "cursor=x",
        "from=2026-03-02&to=2026-03-01",
    ] {
        let answer = app.get_as("user_viewer_a", &format!("{LIST}?{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
    let long = format!("{LIST}?q={}", "x".repeat(201));
    assert_eq!(app.get_as("user_viewer_a", &long).code(), "invalid_query");
}

#[test]
fn pages_join_without_gap_or_repeat() {
    let app = with_messages();
    for filter in ["", "&to=2026-03-15", "&status=active", "&siteId=site_a1"] {
        let (mut seen, mut path) = (Vec::new(), format!("{LIST}?limit=1{filter}"));
        loop {
            let body = app.get_as("user_viewer_a", &path).json();
            seen.extend(ids(&body));
            let Some(cursor) = body["nextCursor"].as_str() else { break };
            path = format!("{LIST}?limit=1{filter}&cursor={cursor}");
        }
        assert_eq!(seen, listed(&app, "user_viewer_a", filter.trim_start_matches('&')), "{filter}");
        assert!(seen.len() > 2);
    }
}

#[test]
fn staff_list_all_orgs_or_one() {
    let app = with_messages();
    let all = ["s_b", "s_active", "s_quiet", "s_ended", "s_legacy"];
    assert_eq!(listed(&app, "user_staff", ""), all);
    assert_eq!(listed(&app, "user_staff", "orgId=org_b"), ["s_b"]);
    assert_eq!(listed(&app, "user_staff", "siteId=site_b1"), ["s_b"]);
    assert_eq!(listed(&app, "user_staff", "visitorId=visitor_1"), ["s_b", "s_active"]);
    assert_eq!(listed(&app, "user_staff", "hasLead=true"), ["s_b", "s_ended"]);
    assert_eq!(listed(&app, "user_staff", "status=completed"), ["s_ended"]);
}

#[test]
fn a_conversation_is_read_with_its_messages_and_leads_in_one_trip() {
    let app = with_messages();
    let answer = app.get_as("user_viewer_a", "/portal/conversations/s_ended");
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    insta::assert_json_snapshot!("conversation", answer.json());

    let broken = app.get_as("user_viewer_a", "/portal/conversations/s_quiet").json();
    assert_eq!(broken["conversation"]["metadata"], json!({}));

    let (mut seen, mut path) = (Vec::new(), "/portal/conversations/s_ended?limit=2".to_owned());
    loop {
        let body = app.get_as("user_viewer_a", &path).json();
        assert_eq!(body["conversation"]["id"], "s_ended");
        let messages = body["messages"].as_array().unwrap();
        seen.extend(messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/portal/conversations/s_ended?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["m1", "m2", "m3"]);
}

#[test]
fn what_is_another_orgs_does_not_exist() {
    let app = with_messages();
    for path in ["/portal/conversations/s_b", "/portal/conversations/none"] {
        let answer = app.get_as("user_owner_a", path);
        assert_eq!((answer.status, answer.code().as_str()), (404, "conversation_not_found"));
        assert_eq!(app.send_as("user_owner_a", "DELETE", path, None).status, 404);
    }
    assert_eq!(app.get_as("user_staff", "/portal/conversations/s_b").status, 200);
    assert_eq!(app.db.value("SELECT count(*) FROM chat_sessions WHERE id = 's_b'"), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn a_deleted_conversation_takes_its_messages_along_but_not_its_lead() {
    let app = with_messages();
    run_feed(&app);
    let answer = app.send_as("user_admin_a", "DELETE", "/portal/conversations/s_ended", None);
    assert_eq!((answer.status, answer.json()), (200, json!({"deleted": true})));
    assert_eq!((answer.db_trips, answer.search_trips), (2, 1));
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages WHERE session_id = 's_ended'"), 0);
    assert_eq!(app.search.value("SELECT count(*) FROM messages WHERE session_id = 's_ended'"), 0);
    let lead = &app.db.rows("SELECT session_id, email FROM leads WHERE id = 'lead_a'")[0];
    assert_eq!(*lead, json!({"session_id": null, "email": "ann@visitor.example"}));
    let trace = &app.db.rows("SELECT event_type, target_id, metadata FROM audit_logs")[0];
    assert_eq!(
        *trace,
        json!({"event_type": "conversation.deleted", "target_id": "s_ended", "metadata": "{}"})
    );
    let again = app.send_as("user_admin_a", "DELETE", "/portal/conversations/s_ended", None);
    assert_eq!(again.status, 404);
}

#[test]
fn a_lead_marks_its_conversation_while_there_is_one() {
    let app = TestApp::new();
    let marked = || app.db.value("SELECT has_lead FROM chat_sessions WHERE id = 's_ended'");
    assert_eq!(marked(), 1);
    app.db.run_script(
        "INSERT INTO leads (id, org_id, site_id, session_id, created_at, updated_at)
          VALUES ('second', 'org_a', 'site_a1', 's_ended', '2026', '2026')",
    );
    app.send_as("user_admin_a", "DELETE", "/portal/leads/lead_a", None);
    assert_eq!(marked(), 1);
    app.send_as("user_admin_a", "DELETE", "/portal/leads/second", None);
    assert_eq!(marked(), 0);
    // A lead of one org says nothing about a conversation of another.
    app.db.run_script(
        "INSERT INTO leads (id, org_id, site_id, session_id, created_at, updated_at)
          VALUES ('foreign', 'org_b', 'site_b1', 's_ended', '2026', '2026')",
    );
    assert_eq!(marked(), 0);
}

#[test]
fn words_that_were_said_are_found() {
    let app = with_messages();
    run_feed(&app);
    for (query, expected) in [
        ("q=zebra", vec!["s_quiet", "s_ended"]),
        ("q=Zebras", vec!["s_quiet", "s_ended"]),
        ("q=zebra+crossing", vec!["s_ended"]),
        ("q=zebra+beta", vec![]),
        ("q=zebra&status=completed", vec!["s_ended"]),
        ("q=zebra&siteId=site_a3", vec![]),
        ("q=zebra&hasLead=true", vec!["s_ended"]),
        ("q=zebra&visitorId=visitor_2", vec!["s_ended"]),
        ("q=zebra&to=2026-03-14", vec![]),
        ("q=%22+OR+content:zebra*", vec![]),
        ("q=the", vec![]),
        ("q=%3F%21", vec![]),
    ] {
        let named = format!("{LIST}?orgId=org_a&{query}");
        let answer = app.get_as("user_viewer_a", &named);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(ids(&answer.json()), expected, "{query}");
        assert_eq!(answer.db_trips, 1, "{query}");
        assert!(answer.search_trips <= 1, "{query}");
    }
    let unnamed = app.get_as("user_viewer_a", &format!("{LIST}?q=zebra"));
    assert_eq!((ids(&unnamed.json()).len(), unnamed.db_trips, unnamed.search_trips), (2, 2, 1));
    let first = app.get_as("user_viewer_a", &format!("{LIST}?q=zebra&limit=1")).json();
    assert_eq!(ids(&first), ["s_quiet"]);
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = app.get_as("user_viewer_a", &format!("{LIST}?q=zebra&limit=1&cursor={cursor}"));
    assert_eq!(
        (ids(&next.json()), &next.json()["nextCursor"]),
        (vec!["s_ended".to_owned()], &Value::Null)
    );
}

#[test]
fn a_search_gives_nothing_of_another_org() {
    let app = with_messages();
    run_feed(&app);
    let foreign = app.get_as("user_owner_a", &format!("{LIST}?orgId=org_b&q=zebra"));
    assert_eq!((foreign.status, foreign.code().as_str()), (403, "org_forbidden"));
    // Even an index that lies about the org cannot give a conversation away.
    app.search.run_script("UPDATE messages SET session_id = 's_b' WHERE message_id = 'm2'");
    assert_eq!(listed(&app, "user_owner_a", "orgId=org_a&q=crossing"), Vec::<String>::new());
    let staff = app.get_as("user_staff", &format!("{LIST}?q=zebra"));
    assert_eq!((staff.status, staff.code().as_str()), (400, "org_required"));
    assert_eq!(listed(&app, "user_staff", "orgId=org_b&q=zebra"), ["s_b"]);
}

#[test]
fn a_turn_can_be_found_after_its_answer() {
    let app = TestApp::new();
    let turn = app.post(
        "/chat",
        &[("x-site-key", "sk_a1")],
        json!({"message": "Do you sell quokkaberries?"}).to_string(),
    );
    assert_eq!((turn.db_trips, turn.search_trips), (2, 1), "before the answer");
    let session = turn.json()["session_id"].as_str().unwrap().to_owned();
    assert_eq!(listed(&app, "user_viewer_a", "q=quokkaberries"), [session]);
    assert_eq!(app.db.value("SELECT count(*) FROM search_changes"), 0, "it was told and forgotten");
}

#[test]
fn a_lost_feed_is_made_up_for_by_the_next() {
    let app = TestApp::new();
    let say = |message: &str| {
        app.post("/chat", &[("x-site-key", "sk_a1")], json!({"message": message}).to_string())
    };
    // Before the answer: two trips; the feed's first comes after them.
    app.db.fail_after(2, "D1_ERROR: no such table");
    assert_eq!(say("wombat").status, 200);
    assert_eq!(app.lines.of("search_feed_failed").len(), 1);
    assert!(listed(&app, "user_viewer_a", "q=wombat").is_empty());
    app.clock.advance(20);
    // Told, but not forgotten, is told again.
    app.db.fail_after(3, "D1_ERROR: no such table");
    assert_eq!(say("wallaby").status, 200);
    assert_eq!(listed(&app, "user_viewer_a", "q=wombat").len(), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM search_changes"), 4);
    run_feed(&app);
    assert_eq!(app.db.value("SELECT count(*) FROM search_changes"), 0);
    assert_eq!(listed(&app, "user_viewer_a", "q=wallaby").len(), 1);
    assert_eq!(app.search.value("SELECT count(*) FROM messages WHERE content LIKE '%wombat%'"), 1);
    let job = &feeds(&app)[0];
    assert_eq!(
        (&job["job"], &job["outcome"], &job["items"]),
        (&json!("search_feed"), &json!("done"), &json!(4))
    );
    app.search.fail_after(0, "D1_ERROR: no such table");
    app.db.run_script("UPDATE chat_messages SET content = 'koala' WHERE content = 'wombat'");
    run_feed(&app);
    assert_eq!(feeds(&app)[1]["outcome"], "failed");
    run_feed(&app);
    assert!(listed(&app, "user_viewer_a", "q=wombat").is_empty());
    assert_eq!(listed(&app, "user_viewer_a", "q=koala").len(), 1);
}

#[test]
fn a_feed_that_read_an_older_state_writes_nothing() {
    let app = with_messages();
    // Another feed has been there with all of these, and with more.
    app.search.run_script("UPDATE feeds SET seq = 1000");
    run_feed(&app);
    assert_eq!(app.search.value("SELECT count(*) FROM messages"), 0);
    app.search.run_script("UPDATE feeds SET seq = 0");
    app.db.run_script("UPDATE chat_messages SET content = content");
    run_feed(&app);
    assert_eq!(app.search.value("SELECT count(*) FROM messages"), 5);
    assert_eq!(
        app.search.value("SELECT seq FROM feeds"),
        app.db.value("SELECT seq FROM sqlite_sequence WHERE name = 'search_changes'")
    );
}

#[test]
fn more_changes_than_a_pass_holds_are_told_in_several() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
         SELECT 'n' || i, 's_active', 'site_a1', 'org_a', 'user', 'gecko ' || i, '2026-03-15T11:51:00.000Z' FROM n;
         DELETE FROM chat_messages WHERE id = 'n7';",
    );
    run_feed(&app);
    assert_eq!(app.search.value("SELECT count(*) FROM messages"), 449);
    assert_eq!(feeds(&app)[0]["items"], 451);
    // Of messages that are gone very many are told at a time.
    app.db.run_script(
        "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         SELECT 'gone' || i, 's_active', 'site_a1', 'org_a', 'user', 'newt', '2026-03-15T11:51:00.000Z' FROM n;
         DELETE FROM search_changes;
         DELETE FROM chat_messages WHERE id LIKE 'gone%' OR id LIKE 'n%';",
    );
    let before = app.search.round_trips();
    run_feed(&app);
    assert_eq!(app.search.value("SELECT count(*) FROM messages"), 0);
    assert_eq!(feeds(&app)[1]["items"], 3449);
    assert_eq!(app.search.round_trips() - before, 2);
}

#[test]
fn no_message_stops_the_feed() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
         SELECT 'c' || i, 's_active', 'site_a1', 'org_a', 'user',
                'iguana ' || replace(hex(zeroblob(20000)), '00', char(1)), '2026-03-15T11:51:00.000Z' FROM n;
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         VALUES ('last', 's_active', 'site_a1', 'org_a', 'user', 'iguana', '2026-03-15T11:52:00.000Z');",
    );
    run_feed(&app);
    assert_eq!(app.search.value("SELECT count(*) FROM messages WHERE length(content) < 10001"), 41);
    assert_eq!(app.db.value("SELECT count(*) FROM search_changes"), 0);
}

#[test]
fn an_export_is_a_safe_csv_file() {
    let app = with_messages();
    app.db.run_script(
        "UPDATE chat_sessions SET visitor_id = '=cmd|x' WHERE id = 's_quiet';
         UPDATE chat_sessions SET preview = 'Say \"hi\",\nplease' WHERE id = 's_quiet';",
    );
    let answer = app.get_as("user_admin_a", "/portal/conversations/export.csv?from=2026-03-15");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"conversations.csv\"")
    );
    insta::assert_snapshot!("conversations_csv", answer.text.replace('\r', "␍"));
    assert_eq!(app.lines.of("export")[0]["userId"], "user_admin_a");
    assert_eq!(app.lines.of("export_end")[0]["rows"], 3);
    let traces = || {
        app.db.rows("SELECT org_id, actor_id, event_type, target_id, metadata FROM audit_logs ORDER BY rowid")
    };
    assert_eq!(
        traces(),
        [
            json!({"org_id": "org_a", "actor_id": "u_admin_a", "event_type": "conversations.exported",
                "target_id": "conversations.csv", "metadata": "{\"filters\":[\"from\"]}"})
        ]
    );
    let refused = app.get_as("user_viewer_a", "/portal/conversations/export.csv");
    assert_eq!((refused.status, app.lines.of("export").len(), traces().len()), (403, 1, 1));
    app.get_as("user_staff", "/portal/leads/export.csv");
    assert_eq!(
        (&traces()[1]["org_id"], &traces()[1]["event_type"]),
        (&Value::Null, &json!("leads.exported"))
    );
}

/// 1200 conversations of `org_a` in the year 2020.
fn with_many() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_sessions (id, site_id, org_id, started_at, status)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         SELECT 'many_' || i, 'site_a1', 'org_a', '2020-01-01T00:00:00.000Z', 'completed' FROM n;",
    );
    app
}

#[test]
fn a_long_export_is_read_page_by_page() {
    let app = with_many();
    let before = app.db.round_trips();
    let answer = app.get_as("user_admin_a", "/portal/conversations/export.csv?to=2020-12-31");
    assert_eq!((answer.status, answer.db_trips), (200, 1), "before the answer");
    assert_eq!(app.db.round_trips() - before, 4, "three pages and the audit entry");
    let lines: Vec<&str> = answer.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1201);
    let distinct: std::collections::BTreeSet<&&str> = lines.iter().collect();
    assert_eq!(distinct.len(), 1201);
    assert_eq!(app.lines.of("export_end")[0]["rows"], 1200);
}

#[test]
fn an_export_that_fails_half_way_breaks_off() {
    let app = with_many();
    app.db.fail_after(1, "D1_ERROR: no such table");
    let path = "/portal/conversations/export.csv?to=2020-12-31";
    let (status, text) = app.get_broken("user_admin_a", path);
    assert_eq!((status, text.split_terminator("\r\n").count()), (200, 501));
    assert_eq!(app.lines.of("export_failed")[0]["code"], "internal_error");
    assert!(app.lines.of("export_end").is_empty());
}

#[test]
fn an_export_outlives_a_passing_failure() {
    let app = with_many();
    app.db.fail_after(1, "Network connection lost");
    let answer = app.get_as("user_admin_a", "/portal/conversations/export.csv?to=2020-12-31");
    assert_eq!(answer.text.split_terminator("\r\n").count(), 1201);
}
