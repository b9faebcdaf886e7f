//! What happens around the turns of a conversation: read again, handed to a person and back, rated, ended, forgotten.

use futures_executor::block_on;
use http::Request;
use koby_portal::chat::capture::{self, Conversation};
use koby_portal::chat::handoff;
use koby_portal::chat::state::HandoffReason;
use koby_portal::db::{Rows, Statement};
use koby_portal::ids::{OrgId, SessionId, SiteId};
use koby_portal::jobs;
use koby_portal::redaction::contacts;
use koby_portal::time::Clock as _;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const KEY: (&str, &str) = ("x-site-key", "sk_a1");
const ACTIVE: &str = "/chat/sessions/s_active";
const SETTINGS: &str = r#"{"contact_line":"Call Alpha.","handoff":{"enabled":true},
    "lead_capture":{"enabled":true,"consent_text":"You may contact me."}}"#;

/// An application whose site hands conversations over and captures leads.
fn app() -> TestApp {
    let app = TestApp::with(&[("CHAT_RATE_LIMIT_MAX", "1000"), ("PORTAL_RATE_LIMIT_MAX", "1000")]);
    configure(&app, SETTINGS);
    app
}

fn configure(app: &TestApp, config: &str) {
    app.db.run_script(&format!("UPDATE portal_sites SET config = '{config}'"));
}

fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.post(path, &[KEY], body.to_string())
}

fn get(app: &TestApp, headers: &[(&str, &str)], path: &str) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(axum::body::Body::empty()).unwrap())
}

fn me() -> Value {
    json!({"visitor_id": "visitor_1"})
}

fn ask_for_person(app: &TestApp) -> Answer {
    post(app, &format!("{ACTIVE}/handoff"), &me())
}

fn act(app: &TestApp, user: &str, what: &str) -> Answer {
    app.send_as(user, "POST", &format!("/portal/conversations/s_active/{what}"), None)
}

fn reply(app: &TestApp, user: &str, text: &str) -> Answer {
    let body = json!({ "message": text }).to_string();
    app.send_as(user, "POST", "/portal/conversations/s_active/reply", Some(&body))
}

fn session(app: &TestApp, id: &str) -> Value {
    app.db.rows(&format!("SELECT * FROM chat_sessions WHERE id = '{id}'")).remove(0)
}

/// The conversation `s_active` of `site_a1`, as a turn names it.
fn with_conversation<T>(app: &TestApp, run: impl FnOnce(Conversation<'_>) -> T) -> T {
    let (org, site) = (OrgId::from("org_a".to_owned()), SiteId::from("site_a1".to_owned()));
    let session = SessionId::from("s_active".to_owned());
    run(Conversation { org: &org, site: &site, session: &session, at: app.clock.now() })
}

fn write(app: &TestApp, statements: Vec<Statement>) -> Vec<usize> {
    let rows = block_on(app.job().write(statements)).unwrap();
    rows.iter().map(|rows: &Rows| rows.count().unwrap()).collect()
}

fn talk(app: &TestApp, text: &str) -> String {
    let body = json!({"message": text, "session_id": "s_active", "visitor_id": "visitor_1"});
    let answer = post(app, "/chat", &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.clock.advance(1);
    let id = "SELECT id FROM chat_messages WHERE role = 'assistant' ORDER BY created_at DESC, id DESC LIMIT 1";
    app.db.value(id).as_str().unwrap().to_owned()
}

// The visitor's page --------------------------------------------------------------------------

#[test]
fn a_page_reads_its_conversation_again() {
    let app = app();
    talk(&app, "How much is whitening?");
    let answer = get(&app, &[KEY], &format!("{ACTIVE}?visitor_id=visitor_1"));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    insta::assert_json_snapshot!("visitor_session", answer.json(), {".messages[].id" => "[uuid]"});
}

#[test]
fn long_conversations_are_paged_from_the_newest_back() {
    let app = app();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 230)
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         SELECT printf('m_%03d', i), 's_active', 'site_a1', 'org_a', iif(i % 2, 'user', 'assistant'), 'No. ' || i,
                printf('2026-03-15T11:50:%02d.000Z', i / 10) FROM n;
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
         VALUES ('m_secret', 's_active', 'site_a1', 'org_a', 'system', 'hidden', '2026-03-15T11:54:00.000Z')",
    );
    let mut path = format!("{ACTIVE}?visitor_id=visitor_1");
    let mut pages = Vec::new();
    loop {
        let body = get(&app, &[KEY], &path).json();
        let ids: Vec<String> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(ids.is_sorted(), "oldest first: {ids:?}");
        pages.insert(0, ids);
        let Some(cursor) = body["next_cursor"].as_str() else { break };
        path = format!("{ACTIVE}?visitor_id=visitor_1&cursor={cursor}");
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [30, 100, 100]);
    let all = pages.concat();
    assert!(all.is_sorted() && all.len() == 230 && !all.contains(&"m_secret".to_owned()));
    let after =
        get(&app, &[KEY], &format!("{ACTIVE}/messages?visitor_id=visitor_1&after=m_125")).json();
    assert_eq!(
        (after["messages"].as_array().unwrap().len(), &after["has_more"]),
        (100, &json!(true))
    );
    assert_eq!(after["messages"][0]["id"], "m_126");
    for bad in ["limit=101", "limit=0", "cursor=x"] {
        assert_eq!(
            get(&app, &[KEY], &format!("{ACTIVE}?visitor_id=visitor_1&{bad}")).status,
            400,
            "{bad}"
        );
    }
}

#[test]
fn what_is_not_the_visitors_own_does_not_exist() {
    let app = app();
    let before = app.db.rows("SELECT * FROM chat_sessions ORDER BY id");
    let lead = json!({"email": "a@b.example", "consent": true, "consent_text": "Yes."});
    let with = |body: &Value, visitor: Option<&str>, key: Option<&str>| {
        let mut body = body.clone();
        body["visitor_id"] = json!(visitor);
        body["site_key"] = json!(key);
        body
    };
    for (key, id, visitor) in [
        ("sk_a1", "s_b", Some("visitor_1")),
        ("sk_b1", "s_active", Some("visitor_1")),
        ("sk_a1", "s_active", Some("visitor_2")),
        ("sk_a1", "s_active", None),
        ("sk_a1", "nowhere", Some("visitor_1")),
        ("sk_a1", "%00", Some("visitor_1")),
    ] {
        let path = format!("/chat/sessions/{id}");
        let query = visitor.map_or(String::new(), |visitor| format!("?visitor_id={visitor}"));
        let header = [("x-site-key", key)];
        let mut answers = vec![
            get(&app, &header, &format!("{path}{query}")),
            get(&app, &header, &format!("{path}/messages{query}")),
        ];
        let request = Request::delete(format!("{path}{query}")).header("x-site-key", key);
        answers.push(app.send(request.body(axum::body::Body::empty()).unwrap()));
        for (what, body) in [
            ("end", json!({})),
            ("handoff", json!({})),
            ("lead", lead.clone()),
            ("messages/m/feedback", json!({"rating": "up"})),
        ] {
            let body = with(&body, visitor, Some(key));
            answers.push(app.post(&format!("{path}/{what}"), &[], body.to_string()));
        }
        for answer in answers {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, "session_not_found"),
                "{key} {id} {visitor:?}"
            );
            assert_eq!(answer.db_trips, 1);
        }
    }
    assert_eq!(app.db.rows("SELECT * FROM chat_sessions ORDER BY id"), before);
    assert_eq!(app.db.value("SELECT count(*) FROM leads"), 2);
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 0);
}

#[test]
fn sites_and_pages_are_judged_as_for_a_message() {
    let app = app();
    for (headers, status, code) in [
        (vec![], 401, "site_key_missing"),
        (vec![("x-site-key", "sk_nowhere")], 401, "site_key_unknown"),
        (vec![("x-site-key", "sk_a2")], 403, "site_not_active"),
        (vec![("x-site-key", "sk_a3")], 403, "site_not_for_chat"),
        (vec![("x-site-key", "sk_closed")], 403, "org_not_active"),
        (vec![KEY, ("origin", "https://evil.example")], 403, "origin_not_allowed"),
    ] {
        let answer = get(&app, &headers, &format!("{ACTIVE}?visitor_id=visitor_1"));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{headers:?}");
        let answer = app.post(&format!("{ACTIVE}/end"), &headers, me().to_string());
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{headers:?}");
    }
    let page = get(
        &app,
        &[("origin", "https://alpha.example")],
        &format!("{ACTIVE}?visitor_id=visitor_1"),
    );
    assert_eq!(
        (page.status, page.header("access-control-allow-origin")),
        (200, Some("https://alpha.example"))
    );
    let by_query = get(&app, &[], &format!("{ACTIVE}?visitor_id=visitor_1&site_key=sk_a1"));
    assert_eq!(by_query.status, 200);
}

#[test]
fn keys_of_deployments_open_a_conversation_until_they_expire() {
    let app = app();
    app.db.run_script(
        "INSERT INTO site_keys (key, site_id, org_id, expires_at, created_at) VALUES
          ('sk_old', 'site_a1', 'org_a', '2026-03-15T12:01:00.000Z', '2026-01-01'), ('sk_b', 'site_b1', 'org_b', NULL, '2026-01-01')",
    );
    let sees = |key: &str| {
        let statement = Statement {
            sql: include_str!("../../src/chat/sql/visitor_session.sql"),
            params: vec![
                "s_active".into(),
                key.into(),
                koby_portal::db::Param::Null,
                app.clock.now().into(),
                "visitor_1".into(),
            ],
        };
        write(&app, vec![statement])[0]
    };
    assert_eq!((sees("sk_old"), sees("sk_b"), sees("sk_a1")), (1, 0, 1));
    app.clock.advance(61);
    assert_eq!(sees("sk_old"), 0);
}

#[test]
fn a_visitor_ends_the_conversation_once() {
    let app = app();
    let first = post(&app, &format!("{ACTIVE}/end"), &me());
    assert_eq!(
        (first.status, first.db_trips, &first.json()["state"]),
        (200, 2, &json!("completed"))
    );
    app.clock.advance(60);
    let again = post(&app, &format!("{ACTIVE}/end"), &me());
    assert_eq!((again.status, again.db_trips), (200, 1));
    let row = session(&app, "s_active");
    assert_eq!((&row["status"], &row["closed_by"]), (&json!("completed"), &json!("visitor")));
    assert_eq!(row["ended_at"], "2026-03-15T12:00:00.000Z");
    let talks_on = post(
        &app,
        "/chat",
        &json!({"message": "hi", "session_id": "s_active", "visitor_id": "visitor_1"}),
    );
    assert_eq!(talks_on.code(), "session_closed");
    assert_eq!(ask_for_person(&app).code(), "session_closed");
}

// To a person and back ------------------------------------------------------------------------

#[test]
fn a_person_takes_over_and_the_visitor_sees_it() {
    let app = app();
    talk(&app, "How much is whitening?");
    let asked = ask_for_person(&app);
    assert_eq!((asked.status, asked.db_trips), (200, 2), "{}", asked.text);
    let body = asked.json();
    assert_eq!(
        (&body["state"], &body["handoff"], &body["available"]),
        (&json!("handed_off"), &json!("requested"), &json!(true))
    );
    assert!(body["message"].as_str().unwrap().starts_with("I have asked"), "{body}");

    let queue = app.get_as("user_viewer_a", "/portal/handoffs");
    assert_eq!((queue.status, queue.db_trips), (200, 1));
    insta::assert_json_snapshot!("handoffs", queue.json());
    assert_eq!(app.get_as("user_owner_b", "/portal/handoffs").json()["handoffs"], json!([]));

    let accepted = act(&app, "user_member_a", "accept");
    assert_eq!((accepted.status, accepted.db_trips), (200, 2), "{}", accepted.text);
    insta::assert_json_snapshot!("conversation_accepted", accepted.json());
    app.clock.advance(5);
    let said = reply(&app, "user_member_a", " Hello, Mia here.\nIt is 250. ");
    assert_eq!((said.status, said.db_trips), (200, 2), "{}", said.text);
    insta::assert_json_snapshot!("conversation_reply", said.json(), {".message.id" => "[uuid]"});

    let seen = get(&app, &[KEY], &format!("{ACTIVE}/messages?visitor_id=visitor_1")).json();
    let last = seen["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["author"], json!({"kind": "person", "name": "Mia Alpha"}));
    assert_eq!(last["content"], "Hello, Mia here.\nIt is 250.");
    assert_eq!(seen["answered_by"], json!({"kind": "person", "name": "Mia Alpha"}));
    assert_eq!((&seen["state"], &seen["poll_after_ms"]), (&json!("handed_off"), &json!(5000)));

    app.clock.advance(5);
    assert_eq!(act(&app, "user_member_a", "release").json()["conversation"]["state"], "open");
    assert_eq!(act(&app, "user_viewer_a", "close").status, 403);
    app.clock.advance(5);
    let closed = act(&app, "user_admin_a", "close").json();
    assert_eq!(
        (&closed["conversation"]["state"], &session(&app, "s_active")["closed_by"]),
        (&json!("completed"), &json!("staff"))
    );
    let events = app.db.rows(
        "SELECT event_type, actor_id, target_id, metadata FROM audit_logs ORDER BY created_at, id",
    );
    let names: Vec<&Value> = events.iter().map(|event| &event["event_type"]).collect();
    assert_eq!(
        names,
        [
            "conversation.accepted",
            "conversation.replied",
            "conversation.released",
            "conversation.closed"
        ]
    );
    assert!(events.iter().all(|event| event["target_id"] == "s_active"
        && !event["metadata"].to_string().contains("Mia here")));
}

#[test]
fn asking_twice_notifies_once() {
    let app = app();
    ask_for_person(&app);
    let again = ask_for_person(&app).json();
    assert!(again["message"].as_str().unwrap().starts_with("A member of the team"), "{again}");
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 1);
    let listed = app.get_as("user_viewer_a", "/portal/notifications?unread=true");
    assert_eq!((listed.status, listed.db_trips), (200, 1));
    insta::assert_json_snapshot!("notifications", listed.json(), {".notifications[].id" => "[uuid]"});
    assert_eq!(
        app.get_as("user_owner_b", "/portal/notifications").json()["notifications"],
        json!([])
    );
    let id = listed.json()["notifications"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/portal/notifications/{id}/read");
    let read = app.send_as("user_member_a", "POST", &path, None);
    assert_eq!((read.status, &read.json()["notification"]["readBy"]), (200, &json!("u_member_a")));
    app.clock.advance(9);
    let later = app.send_as("user_admin_a", "POST", &path, None);
    assert_eq!((later.json(), later.db_trips), (read.json(), 1), "who was first stays");
    assert_eq!(
        app.get_as("user_viewer_a", "/portal/notifications?unread=true").json()["notifications"],
        json!([])
    );
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 1);
    // Given back and asked for again, it is told again.
    act(&app, "user_member_a", "release");
    ask_for_person(&app);
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 2);
}

#[test]
fn outside_of_office_hours_the_assistant_goes_on() {
    let app = app();
    // Noon in Greenwich on a Sunday.
    configure(
        &app,
        r#"{"handoff":{"enabled":true},"office_hours":{"timezone":"Europe/Madrid","days":{"mon":[["09:00","17:00"]]},"away_text":"Back on Monday."}}"#,
    );
    for _ in 0..2 {
        let body = ask_for_person(&app).json();
        assert_eq!(
            (&body["state"], &body["handoff"], &body["available"]),
            (&json!("open"), &json!(null), &json!(false))
        );
        assert_eq!(body["message"], "Back on Monday.");
    }
    assert_eq!(session(&app, "s_active")["handoff"], json!(null));
    assert_eq!(app.db.rows("SELECT kind FROM notifications"), [json!({"kind": "handoff_missed"})]);
    app.clock.advance(86_400);
    assert_eq!(ask_for_person(&app).json()["state"], "handed_off");
}

#[test]
fn a_site_that_hands_nothing_over_says_so() {
    let app = TestApp::new();
    let answer = ask_for_person(&app);
    assert_eq!((answer.status, answer.code().as_str()), (409, "handoff_off"));
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 0);
}

#[test]
fn one_of_two_people_takes_over() {
    let app = app();
    ask_for_person(&app);
    // Another one is faster, between looking and taking.
    app.db.before_batch(
        2,
        "UPDATE chat_sessions SET handoff = 'accepted', handoff_user_id = 'u_admin_a', handoff_name = 'Adam' WHERE id = 's_active'",
    );
    let slower = act(&app, "user_member_a", "accept");
    assert_eq!((slower.status, slower.code().as_str()), (409, "handoff_taken"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
    assert_eq!(act(&app, "user_member_a", "accept").code(), "handoff_taken");
    assert_eq!(reply(&app, "user_member_a", "hi").code(), "handoff_taken");
    assert_eq!(act(&app, "user_admin_a", "accept").status, 200, "theirs already");
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0, "nothing changed");
    // Who has it lets go; then the other may.
    assert_eq!(act(&app, "user_member_a", "release").status, 200);
    assert_eq!(act(&app, "user_member_a", "accept").status, 200, "asked for or not");
    assert_eq!(session(&app, "s_active")["handoff_reason"], "staff");
}

#[test]
fn a_reply_that_comes_too_late_is_not_stored() {
    let app = app();
    let too_early = reply(&app, "user_member_a", "hi");
    assert_eq!((too_early.status, too_early.code().as_str()), (409, "handoff_not_accepted"));
    act(&app, "user_member_a", "accept");
    let figures = "SELECT total_messages FROM metrics_daily WHERE site_id = 'site_a1'";
    let before = app.db.value(figures);
    app.db.before_batch(2, "UPDATE chat_sessions SET status = 'completed' WHERE id = 's_active'");
    let late = reply(&app, "user_member_a", "hi");
    assert_eq!((late.status, late.code().as_str()), (409, "session_closed"));
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 0);
    assert_eq!(app.db.value(figures), before);
    assert_eq!(
        app.db.value("SELECT count(*) FROM audit_logs WHERE event_type = 'conversation.replied'"),
        0
    );
    for what in ["accept", "release", "reply"] {
        let body = (what == "reply").then_some(r#"{"message":"hi"}"#);
        let answer = app.send_as(
            "user_member_a",
            "POST",
            &format!("/portal/conversations/s_ended/{what}"),
            body,
        );
        assert_eq!((answer.status, answer.code().as_str()), (409, "session_closed"), "{what}");
    }
    assert_eq!(act(&app, "user_member_a", "close").status, 200, "ended before");
    for body in [
        json!({}),
        json!({"message": " "}),
        json!({"message": "x".repeat(5001)}),
        json!({"message": 7}),
    ] {
        let answer = app.send_as(
            "user_member_a",
            "POST",
            "/portal/conversations/s_active/reply",
            Some(&body.to_string()),
        );
        assert_eq!(answer.status, 400, "{body:.40}");
    }
}

#[test]
fn what_is_said_while_a_person_answers_counts_and_comes_in_order() {
    let app = app();
    ask_for_person(&app);
    act(&app, "user_member_a", "accept");
    let say = |id: &str, visitor: Option<&str>| {
        with_conversation(&app, |of| {
            write(&app, handoff::visitor_message_statements(of, visitor, id, "Are you there?"))
        })
    };
    // The clock stands still: each message still comes after the one before.
    assert_eq!(say("v_2", Some("visitor_1"))[1], 1);
    let answer = reply(&app, "user_member_a", "Yes.").json();
    assert_eq!(say("v_1", Some("visitor_1"))[1], 1);
    assert_eq!(say("v_3", Some("visitor_2"))[1], 0, "another visitor");
    let messages = app.db.rows("SELECT id, role FROM chat_messages ORDER BY created_at, id");
    let ids: Vec<&Value> = messages.iter().map(|message| &message["id"]).collect();
    assert_eq!(ids, [&json!("v_2"), &answer["message"]["id"], &json!("v_1")]);
    let row = session(&app, "s_active");
    assert_eq!(
        (&row["message_count"], &row["last_message_at"]),
        (&json!(5), &json!("2026-03-15T12:00:00.002Z"))
    );
    // The fixture's day has 6 messages, 3 answers and 900 ms.
    let day = &app.db.rows("SELECT total_messages, answers, avg_latency_ms FROM metrics_daily WHERE site_id = 'site_a1'")[0];
    assert_eq!(day, &json!({"total_messages": 9, "answers": 3, "avg_latency_ms": 300}));
    for (scope, messages) in [("org_a", 9), ("*", 11), ("org_b", 2)] {
        let sql = format!(
            "SELECT messages FROM metrics_rollup WHERE scope_id = '{scope}' AND date = '2026-03-15'"
        );
        assert_eq!(app.db.value(&sql), messages, "{scope}");
    }
    act(&app, "user_member_a", "release");
    assert_eq!(say("v_4", Some("visitor_1"))[1], 0, "the assistant answers again");
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 3);
}

#[test]
fn a_page_that_asks_again_is_told_only_what_is_new() {
    let app = app();
    ask_for_person(&app);
    act(&app, "user_member_a", "accept");
    let first = get(&app, &[KEY], &format!("{ACTIVE}/messages?visitor_id=visitor_1"));
    let tag = first.header("etag").unwrap().to_owned();
    let poll = |tag: &str, after: &str| {
        get(
            &app,
            &[KEY, ("if-none-match", tag)],
            &format!("{ACTIVE}/messages?visitor_id=visitor_1&after={after}"),
        )
    };
    let same = poll(&tag, "");
    assert_eq!((same.status, same.text.as_str(), same.db_trips), (304, "", 1));
    assert_eq!(poll(&format!("\"x\", W/{tag}"), "").status, 304);
    let said =
        reply(&app, "user_member_a", "Hello.").json()["message"]["id"].as_str().unwrap().to_owned();
    let new = poll(&tag, "");
    assert_eq!((new.status, &new.json()["messages"][0]["id"]), (200, &json!(said)));
    let tag = new.header("etag").unwrap().to_owned();
    assert_eq!(poll(&tag, &said).status, 304);
    assert_eq!(poll(&tag, "").status, 200, "a page that lost it is told again");
    assert_eq!(poll(&tag, "gone").json()["messages"].as_array().unwrap().len(), 1);
    act(&app, "user_member_a", "release");
    let released = poll(&tag, &said);
    assert_eq!((released.status, &released.json()["state"]), (200, &json!("open")));
    assert_eq!(released.json()["poll_after_ms"], json!(null));
}

#[test]
fn the_queue_is_paged_oldest_first_and_filtered() {
    let app = app();
    app.db.run_script(
        "UPDATE chat_sessions SET handoff = 'requested', handoff_at = '2026-03-15T10:00:00.000Z' WHERE id = 's_quiet';
         UPDATE chat_sessions SET handoff = 'accepted', handoff_at = '2026-03-15T09:00:00.000Z' WHERE id = 's_active';
         UPDATE chat_sessions SET handoff = 'accepted', handoff_at = '2026-03-15T08:00:00.000Z' WHERE id = 's_ended';
         UPDATE chat_sessions SET handoff = 'requested', handoff_at = '2026-03-15T07:00:00.000Z' WHERE id = 's_b'",
    );
    let ids = |user: &str, query: &str| {
        let body = app.get_as(user, &format!("/portal/handoffs?{query}")).json();
        let rows = body["handoffs"].as_array().unwrap();
        let ids: Vec<String> =
            rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        (ids, body["nextCursor"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ids("user_viewer_a", "").0, ["s_active", "s_quiet"], "not what has ended");
    assert_eq!(ids("user_viewer_a", "status=requested").0, ["s_quiet"]);
    assert_eq!(ids("user_staff", "").0, ["s_b", "s_active", "s_quiet"]);
    let (first, cursor) = ids("user_viewer_a", "limit=1");
    assert_eq!(first, ["s_active"]);
    assert_eq!(ids("user_viewer_a", &format!("limit=1&cursor={cursor}")).0, ["s_quiet"]);
    for bad in ["status=open", "limit=101", "cursor=x"] {
        assert_eq!(
            app.get_as("user_viewer_a", &format!("/portal/handoffs?{bad}")).status,
            400,
            "{bad}"
        );
    }
    let list = app.get_as("user_viewer_a", "/portal/conversations?status=active").json();
    let states: Vec<&Value> =
        list["conversations"].as_array().unwrap().iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["handed_off", "handed_off", "open"]);
}

#[test]
fn a_visitor_is_spoken_to_in_their_language() {
    let app = app();
    app.db.run_script("UPDATE chat_sessions SET locale = 'es' WHERE id = 's_active'");
    assert!(ask_for_person(&app).json()["message"].as_str().unwrap().starts_with("He pedido"));
    let note = with_conversation(&app, |of| {
        capture::locale_statement(of, koby_portal::chat::language::Language::German)
    });
    write(&app, vec![note]);
    assert_eq!(session(&app, "s_active")["locale"], "de");
}

// What visitors think and leave ---------------------------------------------------------------

fn thumbs(app: &TestApp) -> [(i64, i64); 3] {
    let of = |sql: &str| {
        let row = &app.db.rows(sql)[0];
        (row["thumbs_up"].as_i64().unwrap(), row["thumbs_down"].as_i64().unwrap())
    };
    [
        of(
            "SELECT thumbs_up, thumbs_down FROM metrics_daily WHERE site_id = 'site_a1' AND date = '2026-03-15'",
        ),
        of(
            "SELECT thumbs_up, thumbs_down FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'",
        ),
        of(
            "SELECT thumbs_up, thumbs_down FROM metrics_rollup WHERE scope_id = '*' AND date = '2026-03-15'",
        ),
    ]
}

#[test]
fn thumbs_are_counted_once_each_by_the_day_of_the_answer() {
    let app = app();
    let answer = talk(&app, "How much is whitening?");
    let other = talk(&app, "Is parking free?");
    let rate = |message: &str, body: Value| {
        let mut body = body;
        body["visitor_id"] = json!("visitor_1");
        post(&app, &format!("{ACTIVE}/messages/{message}/feedback"), &body)
    };
    // Counted by the day of the answer, whenever it is rated.
    app.clock.advance(86_400);
    let up = rate(&answer, json!({"rating": "up"}));
    assert_eq!((up.status, up.db_trips), (200, 2), "{}", up.text);
    assert_eq!(up.json(), json!({"message_id": answer, "rating": "up"}));
    rate(&answer, json!({"rating": "up", "comment": "Thanks!"}));
    assert_eq!(thumbs(&app), [(1, 0); 3]);
    rate(&other, json!({"rating": "down", "comment": "  No.  "}));
    assert_eq!(thumbs(&app), [(1, 1); 3]);
    rate(&answer, json!({"rating": "down"}));
    assert_eq!(thumbs(&app), [(0, 2); 3]);
    rate(&answer, json!({"rating": null, "comment": "dropped"}));
    assert_eq!(thumbs(&app), [(0, 1); 3]);
    let stored = app.db.rows("SELECT feedback, feedback_comment FROM chat_messages WHERE role = 'assistant' ORDER BY created_at");
    assert_eq!(
        stored,
        [
            json!({"feedback": null, "feedback_comment": null}),
            json!({"feedback": "down", "feedback_comment": "No."})
        ]
    );
    let question = app.db.value("SELECT id FROM chat_messages WHERE role = 'user' LIMIT 1");
    for message in [question.as_str().unwrap(), "nowhere"] {
        let refused = rate(message, json!({"rating": "up"}));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (404, "message_not_found"),
            "{message}"
        );
    }
    for body in [
        json!({}),
        json!({"rating": "meh"}),
        json!({"rating": 1}),
        json!({"rating": "up", "comment": "x".repeat(1001)}),
    ] {
        assert_eq!(rate(&answer, body.clone()).status, 400, "{body:.40}");
    }
    assert_eq!(thumbs(&app), [(0, 1); 3]);
    let trends = app.get_as("user_viewer_a", "/portal/insights").json()["trends"].clone();
    assert_eq!(
        (&trends["thumbsUp"]["current"], &trends["thumbsDown"]["current"]),
        (&json!(0), &json!(1))
    );
    let shown = app.get_as("user_viewer_a", "/portal/conversations/s_active").json();
    assert_eq!(
        (&shown["messages"][3]["feedback"], &shown["messages"][3]["feedbackComment"]),
        (&json!("down"), &json!("No."))
    );
}

#[test]
fn an_answer_of_another_conversation_is_not_rated() {
    let app = app();
    let answer = talk(&app, "How much is whitening?");
    let path = format!("/chat/sessions/s_quiet/messages/{answer}/feedback");
    assert_eq!(post(&app, &path, &json!({"rating": "up"})).code(), "message_not_found");
    assert_eq!(thumbs(&app), [(0, 0); 3]);
}

fn leave(app: &TestApp, change: &Value) -> Answer {
    let mut body = json!({
        "name": "Ann Doe", "email": "Ann@visitor.example", "consent": true, "consent_text": "You may contact me.",
        "visitor_id": "visitor_1",
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    post(app, &format!("{ACTIVE}/lead"), &body)
}

/// Leads of the site's day, of the org's and of all orgs', and the outcomes.
fn lead_figures(app: &TestApp) -> [i64; 4] {
    [
        "SELECT leads_captured FROM metrics_daily WHERE site_id = 'site_a1'",
        "SELECT leads FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'",
        "SELECT leads FROM metrics_rollup WHERE scope_id = '*' AND date = '2026-03-15'",
        "SELECT count(*) FROM outcome_events WHERE outcome_type = 'lead_captured'",
    ]
    .map(|sql| app.db.value(sql).as_i64().unwrap())
}

#[test]
fn a_form_stores_a_lead_and_counts_the_conversation_once() {
    let app = app();
    assert_eq!(lead_figures(&app), [0, 2, 2, 0]);
    let first = leave(&app, &json!({}));
    assert_eq!((first.status, first.db_trips), (200, 2), "{}", first.text);
    assert_eq!(lead_figures(&app), [1, 3, 3, 1]);
    let lead = app.db.rows("SELECT * FROM leads WHERE session_id = 's_active'");
    for (column, value) in [
        ("org_id", "org_a"),
        ("site_id", "site_a1"),
        ("visitor_id", "visitor_1"),
        ("name", "Ann Doe"),
        ("email", "Ann@visitor.example"),
        ("status", "new"),
        ("source", "form"),
        ("consent_text", "You may contact me."),
    ] {
        assert_eq!(lead[0][column], value, "{column}");
    }
    assert_eq!(session(&app, "s_active")["has_lead"], 1);
    // The same address again adds what was missing, and changes nothing that was there.
    leave(
        &app,
        &json!({"email": "ann@VISITOR.example", "name": "Somebody", "phone": "+1 555 010 4471"}),
    );
    leave(&app, &json!({"email": null, "phone": "+1 555 010 4471", "company": "Acme"}));
    let lead =
        app.db.rows("SELECT name, email, phone, company FROM leads WHERE session_id = 's_active'");
    assert_eq!(
        lead,
        [
            json!({"name": "Ann Doe", "email": "Ann@visitor.example", "phone": "+1 555 010 4471", "company": "Acme"})
        ]
    );
    leave(&app, &json!({"email": "bob@visitor.example"}));
    assert_eq!(app.db.value("SELECT count(*) FROM leads WHERE session_id = 's_active'"), 2);
    assert_eq!(lead_figures(&app), [1, 3, 3, 1], "one conversation");
    assert_eq!(app.db.rows("SELECT kind FROM notifications"), [json!({"kind": "lead_captured"})]);
    for n in 0..3 {
        assert_eq!(leave(&app, &json!({"email": format!("a{n}@visitor.example")})).status, 200);
    }
    let many = leave(&app, &json!({"email": "more@visitor.example"}));
    assert_eq!((many.status, many.code().as_str()), (409, "lead_limit"));
    // Also after the end.
    let ended = post(
        &app,
        "/chat/sessions/s_ended/lead",
        &json!({"phone": "555-010-4471", "consent": true, "consent_text": "You may contact me.", "visitor_id": "visitor_2"}),
    );
    assert_eq!(ended.status, 200, "{}", ended.text);
}

#[test]
fn nothing_is_stored_without_consent_or_address() {
    let app = app();
    for (change, told) in [
        (json!({"consent": false}), "\"consent\""),
        (json!({"consent": null}), "\"consent\""),
        (json!({"consent_text": " "}), "\"consent_text\""),
        (json!({"email": null}), "\"email\""),
        (json!({"email": ""}), "\"email\""),
        (json!({"email": "ann"}), "\"email\""),
        (json!({"email": "ann@visitor"}), "\"email\""),
        (json!({"phone": "call me"}), "\"phone\""),
        (json!({"name": "a\nb"}), "\"name\""),
        (json!({"message": "x".repeat(2001)}), "\"message\""),
    ] {
        let answer = leave(&app, &change);
        assert_eq!(answer.status, 400, "{change:.60}");
        assert!(
            answer.json()["detail"].as_str().unwrap().starts_with(told),
            "{change:.60}: {}",
            answer.text
        );
        assert_eq!(answer.db_trips, 0);
    }
    // What is kept as proof is the site's own text, not the sender's.
    let other = leave(&app, &json!({"consent_text": "I buy it."}));
    assert_eq!((other.status, other.code().as_str()), (409, "lead_consent_changed"));
    configure(&app, r#"{"lead_capture":{"enabled":false,"consent_text":"x"}}"#);
    assert_eq!(leave(&app, &json!({})).code(), "lead_capture_off");
    assert_eq!(app.db.value("SELECT count(*) FROM leads"), 2);
    assert_eq!(lead_figures(&app), [0, 2, 2, 0]);
}

#[test]
fn a_conversation_that_has_ended_adds_nothing_to_its_lead() {
    let app = app();
    let capture = |message: &str| {
        with_conversation(&app, |of| {
            let found = contacts(message);
            write(&app, capture::found_lead_statements(of, message, &found, None).unwrap());
        });
    };
    capture("Write to ann@visitor.example");
    app.db.run_script("UPDATE chat_sessions SET status = 'completed' WHERE id = 's_active'");
    capture("or call 555-010-4471");
    let leads = app.db.rows("SELECT email, phone FROM leads WHERE session_id = 's_active'");
    assert_eq!(leads, [json!({"email": "ann@visitor.example", "phone": null})]);
}

#[test]
fn a_lead_in_a_message_is_captured_once() {
    let app = app();
    let capture = |message: &str| {
        with_conversation(&app, |of| {
            let contacts = contacts(message);
            let statements =
                capture::found_lead_statements(of, message, &contacts, Some("alpha.example"));
            write(&app, statements.unwrap());
        });
    };
    capture("What are your hours?");
    capture("Is office@alpha.example yours?");
    assert_eq!(lead_figures(&app), [0, 2, 2, 0]);
    capture("Call me at 555-010-4471");
    capture("or write to ann@visitor.example");
    capture("ann@visitor.example as I said, 555-010-4471");
    let lead = app.db.rows("SELECT email, phone, message, source, consent_text FROM leads WHERE session_id = 's_active'");
    assert_eq!(
        lead,
        [json!({
            "email": "ann@visitor.example", "phone": "555-010-4471", "message": "Call me at 555-010-4471", "source": "chat",
            // Nothing was shown to agree to.
            "consent_text": null,
        })]
    );
    assert_eq!(lead_figures(&app), [1, 3, 3, 1]);
    let outcome = &app.db.rows("SELECT org_id, metadata FROM outcome_events")[0];
    assert_eq!(outcome["org_id"], "org_a");
    assert_eq!(outcome["metadata"], r#"{"sessionId":"s_active","siteId":"site_a1"}"#);
    // A turn that was not stored brings no lead either.
    app.db.run_script("UPDATE chat_sessions SET status = 'completed' WHERE id = 's_active'");
    capture("bob@visitor.example");
    assert_eq!(app.db.value("SELECT count(*) FROM leads WHERE session_id = 's_active'"), 1);
}

#[test]
fn a_wish_for_an_appointment_counts_once() {
    let app = app();
    let wish = || with_conversation(&app, |of| write(&app, capture::appointment_statements(of)));
    wish();
    wish();
    let figures = [
        "SELECT appointments_booked FROM metrics_daily WHERE site_id = 'site_a1'",
        "SELECT appointments FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'",
        "SELECT appointments FROM metrics_rollup WHERE scope_id = '*' AND date = '2026-03-15'",
        "SELECT count(*) FROM outcome_events WHERE outcome_type = 'appointment_requested'",
    ]
    .map(|sql| app.db.value(sql).as_i64().unwrap());
    assert_eq!(figures, [1, 1, 1, 1]);
    let stranger = |site: &str, org: &str| {
        let (org, site) = (OrgId::from(org.to_owned()), SiteId::from(site.to_owned()));
        let session = SessionId::from("s_quiet".to_owned());
        let of = Conversation { org: &org, site: &site, session: &session, at: app.clock.now() };
        write(&app, capture::appointment_statements(of));
        write(&app, handoff::request_statements(of, HandoffReason::Message).unwrap())[0]
    };
    assert_eq!((stranger("site_b1", "org_b"), stranger("site_a1", "org_b")), (0, 0));
    assert_eq!(app.db.value("SELECT count(*) FROM outcome_events"), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 0);
}

#[test]
fn a_visitor_has_the_conversation_forgotten() {
    let app = app();
    let answer = talk(&app, "My name is Ann, how much is whitening?");
    let body = json!({"rating": "down", "comment": "Ann says no", "visitor_id": "visitor_1"});
    post(&app, &format!("{ACTIVE}/messages/{answer}/feedback"), &body);
    leave(&app, &json!({}));
    app.db.run_script(
        "INSERT INTO chat_turns (id, org_id, site_id, session_id, visitor_id, status, admitted_at)
         VALUES ('t', 'org_a', 'site_a1', 's_active', 'visitor_1', 'answered', '2026-03-15T12:00:00.000Z')",
    );
    let request = || {
        let request =
            Request::delete(format!("{ACTIVE}?visitor_id=visitor_1")).header(KEY.0, KEY.1);
        app.send(request.body(axum::body::Body::empty()).unwrap())
    };
    let gone = request();
    assert_eq!((gone.status, gone.db_trips, gone.json()), (200, 2, json!({"deleted": true})));
    let row = session(&app, "s_active");
    for (column, value) in [
        ("visitor_id", json!(null)),
        ("preview", json!(null)),
        ("status", json!("completed")),
        ("closed_by", json!("visitor")),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    for table in ["chat_sessions", "chat_messages", "leads", "chat_turns", "audit_logs"] {
        let left = app.db.rows(&format!("SELECT * FROM {table}"));
        let own =
            left.iter().filter(|row| row["session_id"] == "s_active" || row["id"] == "s_active");
        for row in own {
            for word in ["Ann", "visitor_1"] {
                assert!(!row.to_string().contains(word), "{table}: {row}");
            }
        }
    }
    let trace = &app
        .db
        .rows("SELECT org_id, actor_type, actor_id, event_type, target_id FROM audit_logs")[0];
    assert_eq!(
        trace,
        &json!({"org_id": "org_a", "actor_type": "system", "actor_id": null, "event_type": "conversation.forgotten", "target_id": "s_active"})
    );
    assert_eq!(
        app.db.value("SELECT email FROM leads WHERE id = 'lead_a'"),
        "ann@visitor.example",
        "others stay"
    );
    // Whoever knows the id may ask again: nothing is written any more.
    let again = request();
    assert_eq!((again.status, again.db_trips, again.json()), (200, 1, json!({"deleted": true})));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 1);
    assert_eq!(leave(&app, &json!({})).code(), "session_not_found");
    let rating = post(&app, &format!("{ACTIVE}/messages/{answer}/feedback"), &body);
    assert_eq!(rating.code(), "session_not_found");
}

#[test]
fn a_site_that_answers_nobody_still_forgets() {
    for stop in [
        "UPDATE portal_sites SET status = 'paused' WHERE id = 'site_a1'",
        "UPDATE orgs SET status = 'churned' WHERE id = 'org_a'",
    ] {
        let app = app();
        app.db.run_script(stop);
        let request = |origin: &str| {
            let request = Request::delete(format!("{ACTIVE}?visitor_id=visitor_1"));
            let request = request.header(KEY.0, KEY.1).header("origin", origin);
            app.send(request.body(axum::body::Body::empty()).unwrap())
        };
        assert_eq!(request("https://evil.example").code(), "origin_not_allowed");
        let gone = request("https://alpha.example");
        assert_eq!(
            (gone.status, session(&app, "s_active")["visitor_id"].clone()),
            (200, json!(null))
        );
        assert_eq!(ask_for_person(&app).status, 403, "anything else needs a site that answers");
    }
}

#[test]
fn who_waits_for_a_reply_uses_up_no_messages() {
    let app = TestApp::with(&[("CHAT_RATE_LIMIT_MAX", "2"), ("POLL_RATE_LIMIT_MAX", "3")]);
    configure(&app, SETTINGS);
    let poll = || get(&app, &[KEY], &format!("{ACTIVE}/messages?visitor_id=visitor_1"));
    assert_eq!([poll().status, poll().status, poll().status], [200; 3]);
    let refused = poll();
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"polls\";q=3;w=60"));
    talk(&app, "How much is whitening?");
    talk(&app, "And a cleaning?");
}

#[test]
fn a_reply_to_a_conversation_that_was_released_says_so() {
    let app = app();
    act(&app, "user_member_a", "accept");
    app.db.before_batch(
        2,
        "UPDATE chat_sessions SET handoff = NULL, handoff_user_id = NULL WHERE id = 's_active'",
    );
    let late = reply(&app, "user_member_a", "hi");
    assert_eq!((late.status, late.code().as_str()), (409, "handoff_not_accepted"));
    act(&app, "user_member_a", "accept");
    app.db.before_batch(
        2,
        "UPDATE chat_sessions SET handoff_user_id = 'u_admin_a' WHERE id = 's_active'",
    );
    assert_eq!(reply(&app, "user_member_a", "hi").code(), "handoff_taken");
}

#[test]
fn forgetting_a_visitor_forgets_what_they_thought() {
    let app = app();
    let answer = talk(&app, "How much is whitening?");
    let body = json!({"rating": "down", "comment": "Ann says no", "visitor_id": "visitor_1"});
    post(&app, &format!("{ACTIVE}/messages/{answer}/feedback"), &body);
    app.db.run_script("UPDATE chat_messages SET content = '[removed]', unanswered = 0");
    let path = "/portal/visitors/visitor_1?mode=anonymize";
    assert_eq!(app.send_as("user_admin_a", "DELETE", path, None).status, 200);
    assert_eq!(
        app.db.value("SELECT count(*) FROM chat_messages WHERE feedback_comment IS NOT NULL"),
        0
    );
}

// By the clock --------------------------------------------------------------------------------

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn ended(app: &TestApp, id: &str) -> (String, Value) {
    let row = session(app, id);
    (row["status"].as_str().unwrap().to_owned(), row["ended_at"].clone())
}

#[test]
fn quiet_conversations_end_with_their_last_message() {
    let app = app();
    let say = |session: &str, messages: &[(&str, i64, Option<&str>)]| {
        app.db.run_script(&format!(
            "INSERT INTO chat_sessions (id, site_id, org_id, started_at, last_message_at, message_count, status)
             VALUES ('{session}', 'site_a1', 'org_a', '2026-03-15T11:00:00.000Z', '2026-03-15T11:20:00.000Z', {}, 'active')",
            messages.len(),
        ));
        for (at, (role, unanswered, finish)) in messages.iter().enumerate() {
            let finish = finish.map_or("NULL".to_owned(), |finish| format!("'{finish}'"));
            app.db.run_script(&format!(
                "INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at, unanswered, finish_reason)
                 VALUES ('{session}_{at}', '{session}', 'site_a1', 'org_a', '{role}', 'x', '2026-03-15T11:20:0{at}.000Z', {unanswered}, {finish})",
            ));
        }
    };
    say("answered", &[("user", 0, None), ("assistant", 0, Some("stop"))]);
    say(
        "known_later",
        &[("user", 1, None), ("assistant", 0, None), ("user", 0, None), ("assistant", 0, None)],
    );
    say("followed", &[("user", 0, None), ("assistant", 0, Some("cut")), ("assistant", 0, None)]);
    say(
        "not_known",
        &[("user", 0, None), ("assistant", 0, None), ("user", 1, None), ("assistant", 0, None)],
    );
    say("no_answer", &[("user", 0, None), ("assistant", 0, None), ("user", 0, None)]);
    say("broken_off", &[("user", 0, None), ("assistant", 0, Some("interrupted"))]);
    say("greeted", &[("assistant", 0, None)]);
    say("silent", &[]);
    app.db.run_script(
        "UPDATE chat_sessions SET handoff = 'accepted', handoff_at = '2026-03-15T09:00:00.000Z' WHERE id = 's_quiet'",
    );
    tick(&app);
    for (id, status) in [
        ("answered", "completed"),
        ("known_later", "completed"),
        ("followed", "completed"),
        ("not_known", "abandoned"),
        ("no_answer", "abandoned"),
        ("broken_off", "abandoned"),
        ("greeted", "abandoned"),
        ("silent", "abandoned"),
    ] {
        assert_eq!(ended(&app, id), (status.to_owned(), json!("2026-03-15T11:20:00.000Z")), "{id}");
        assert_eq!(session(&app, id)["closed_by"], "idle");
    }
    assert_eq!(ended(&app, "s_active").0, "active", "five minutes ago");
    assert_eq!(ended(&app, "s_quiet").0, "active", "a person has it");
    assert_eq!(ended(&app, "s_legacy"), ("abandoned".to_owned(), json!("2026-01-01 00:00:00")));
    assert_eq!(session(&app, "s_ended")["ended_at"], "2026-03-15T11:59:30.000Z");
    assert_eq!(app.db.value("SELECT items FROM job_runs WHERE job = 'idle_close'"), 9);
    // A visitor who comes back begins anew.
    let back = post(&app, "/chat", &json!({"message": "hi", "session_id": "answered"}));
    assert_eq!((back.status, back.code().as_str()), (409, "session_closed"));
    app.clock.advance(86_400);
    tick(&app);
    assert_eq!(ended(&app, "s_quiet").0, "abandoned", "a day later");
}

#[test]
fn a_turn_that_is_still_answered_keeps_its_conversation_open_until_it_is_lost() {
    let app = app();
    app.db.run_script(
        "INSERT INTO chat_turns (id, org_id, site_id, session_id, status, admitted_at) VALUES
          ('t_now', 'org_a', 'site_a1', 's_quiet', 'running', '2026-03-15T11:58:00.000Z'),
          ('t_lost', 'org_a', 'site_a1', 's_b', 'running', '2026-03-15T11:54:59.000Z'),
          ('t_done', 'org_a', 'site_a1', 's_b', 'answered', '2026-03-15T11:00:00.000Z')",
    );
    tick(&app);
    let status =
        |id: &str| app.db.value(&format!("SELECT status FROM chat_turns WHERE id = '{id}'"));
    assert_eq!(
        (status("t_now"), status("t_lost"), status("t_done")),
        (json!("running"), json!("failed"), json!("answered"))
    );
    assert_eq!(
        app.db.value("SELECT ended_at FROM chat_turns WHERE id = 't_lost'"),
        "2026-03-15T12:00:00.000Z"
    );
    assert_eq!(ended(&app, "s_quiet").0, "active");
    app.clock.advance(240);
    tick(&app);
    assert_eq!(status("t_now"), "failed");
    assert_eq!(ended(&app, "s_quiet").0, "abandoned");
}

#[test]
fn very_many_quiet_conversations_end_in_pieces() {
    let app = app();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
         INSERT INTO chat_sessions (id, site_id, org_id, started_at, last_message_at, message_count, status, handoff)
         SELECT 'many_' || i, 'site_a1', 'org_a', '2026-03-15T08:00:00.000Z', '2026-03-15T08:00:00.000Z', 1, 'active',
                iif(i <= 250, 'requested', NULL) FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO notifications (id, org_id, kind, target_type, target_id, created_at)
         SELECT 'n_' || i, 'org_a', 'lead_captured', 'conversation', 'x', iif(i = 1, '2026-03-01', '2025-12-01') FROM n",
    );
    tick(&app);
    let open = "SELECT count(*) FROM chat_sessions WHERE id LIKE 'many_%' AND status = 'active'";
    assert_eq!(app.db.value(open), 250, "those that wait for a person hide no others");
    assert_eq!(app.db.value("SELECT count(*) FROM notifications"), 1);
    assert_eq!(app.db.value("SELECT outcome FROM job_runs WHERE job = 'idle_close'"), "done");
}

// What the portal shows -----------------------------------------------------------------------

#[test]
fn costs_are_for_admins() {
    let app = app();
    talk(&app, "How much is whitening?");
    app.db.run_script(
        "UPDATE chat_messages SET provider = 'gemini', model = 'flash', prompt_tokens = 10, completion_tokens = 5,
                cost_microusd = 7, finish_reason = 'stop' WHERE role = 'assistant'",
    );
    let shown = |user: &str| {
        app.get_as(user, "/portal/conversations/s_active").json()["messages"][1].clone()
    };
    for (user, cost) in [
        ("user_viewer_a", json!(null)),
        ("user_member_a", json!(null)),
        ("user_admin_a", json!(7)),
        ("user_owner_a", json!(7)),
        ("user_staff", json!(7)),
    ] {
        let message = shown(user);
        assert_eq!(message["costMicrousd"], cost, "{user}");
        assert_eq!(
            (&message["model"], &message["promptTokens"], &message["finishReason"]),
            (&json!("flash"), &json!(10), &json!("stop"))
        );
    }
}

#[test]
fn a_sites_settings_for_conversations_are_judged() {
    let app = app();
    let patch = |config: Value| {
        let body = json!({ "config": config }).to_string();
        app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a1", Some(&body))
    };
    let bad = patch(json!({"starter_prompts": ["x".repeat(81)]}));
    assert_eq!((bad.status, bad.code().as_str()), (400, "invalid_body"));
    assert!(bad.json()["detail"].as_str().unwrap().contains("starter_prompts"), "{}", bad.text);
    let good = patch(json!({"starter_prompts": ["Hours?"], "language": "auto", "other": {"a": 1}}));
    assert_eq!(good.status, 200, "{}", good.text);
    let body = json!({"name": "New", "config": {"office_hours": {"timezone": "Mars"}}}).to_string();
    let made = app.send_as("user_admin_a", "POST", "/portal/sites", Some(&body));
    assert!(made.json()["detail"].as_str().unwrap().contains("office_hours"), "{}", made.text);
}
