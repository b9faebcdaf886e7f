//! Screens that show figures and lists: insights, the feed of events, the clients, our own traffic.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::sqlite::{Sqlite, sql_files};
use crate::support::{Answer, TestApp};

// Events -------------------------------------------------------------------------------------------

/// One event of each type and some that are awkward: ties, both formats of a timestamp, bad metadata.
fn with_events() -> TestApp {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000")]);
    app.db.run_script(
        r#"UPDATE chat_sessions SET metadata = '{"page":"/fees","mail":"a@b.example"}' WHERE id = 's_active';
           UPDATE chat_sessions SET metadata = '{' WHERE id = 's_quiet';
           UPDATE chat_sessions SET metadata = '' WHERE id = 's_ended';
           UPDATE chat_sessions SET metadata = NULL WHERE id = 's_legacy';
           INSERT INTO chat_sessions (id, site_id, org_id, started_at, ended_at, status) VALUES
             ('s_short', 'site_a3', 'org_a', '2026-03-15T07:00:00.000Z', '2026-03-15T07:00:00.000Z', 'completed');
           INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at) VALUES
             ('m1', 's_active', 'site_a1', 'org_a', 'user', 'I am jo@mail.example, call 555-010-4471', '2026-03-15T11:50:00.000Z'),
             ('m2', 's_active', 'site_a1', 'org_a', 'assistant', 'On 2026-03-20 at 10:30.', '2026-03-15T11:50:00.000Z'),
             ('m3', 's_active', 'site_a1', 'org_a', 'system', 'handed over', '2026-03-15 11:51:00'),
             ('m4', 's_b', 'site_b1', 'org_b', 'user', 'Beta asks', '2026-03-15T11:52:00.000Z');
           INSERT INTO action_definitions (id, org_id, key, name) VALUES ('act', 'org_a', 'k', 'n');
           INSERT INTO action_runs (id, action_id, org_id, status, created_at, completed_at) VALUES
             ('r1', 'act', 'org_a', 'succeeded', '2026-03-15T10:00:00.000Z', '2026-03-15T11:55:00.000Z'),
             ('r2', 'act', 'org_a', 'pending', '2026-03-15T10:01:00.000Z', NULL);
           INSERT INTO outcome_events (id, org_id, outcome_type, label, recorded_at) VALUES
             ('o1', 'org_a', 'lead_captured', 'Lead of jo@mail.example', '2026-03-15T11:56:00.000Z'),
             ('o2', 'org_a', 'appointment_booked', NULL, '2026-03-15T11:57:00.000Z'),
             ('o3', 'org_a', 'revenue_recovered', '', '2026-03-15T11:58:00.000Z');"#,
    );
    app
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let events = body["events"].as_array().unwrap();
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn events_of_an_org_are_told_newest_first() {
    let app = with_events();
    let answer = app.get_as("user_viewer_a", "/portal/events");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("events", answer.json());
}

#[test]
fn pages_of_events_join_without_gap_or_repeat() {
    let app = with_events();
    for (user, query, count) in [
        ("user_viewer_a", "", 14),
        ("user_staff", "", 16),
        ("user_viewer_a", "siteId=site_a1&", 7),
        ("user_staff", "siteId=site_a1&", 7),
        ("user_viewer_a", "siteId=site_a3&", 2),
        ("user_viewer_a", "type=assistant_message&", 1),
        ("user_staff", "type=session_started&", 6),
    ] {
        let whole = ids(&app.get_as(user, &format!("/portal/events?{query}limit=200")));
        assert_eq!(whole.len(), count, "{user} {query}: {whole:?}");
        for limit in 1..5 {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/portal/events?{query}limit={limit}{cursor}");
                let answer = app.get_as(user, &path);
                seen.extend(ids(&answer));
                assert!(seen.len() <= count, "{user} {query} {limit}: {seen:?}");
                let Some(next) = answer.json()["nextCursor"].as_str().map(str::to_owned) else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, whole, "{user} {query} {limit}");
        }
    }
}

#[test]
fn events_are_filtered_by_type_and_site() {
    let app = with_events();
    for (kind, expected) in [
        (
            "session_started",
            vec![
                "s_active_start",
                "s_quiet_start",
                "s_ended_start",
                "s_short_start",
                "s_legacy_start",
            ],
        ),
        ("session_ended", vec!["s_ended_end", "s_short_end"]),
        ("user_message", vec!["m1"]),
        ("assistant_message", vec!["m2"]),
        ("lead_captured", vec!["o1_outcome"]),
        ("appointment_booked", vec!["o2_outcome"]),
        ("outcome_recorded", vec!["o3_outcome"]),
        ("action_run", vec!["r1_action", "r2_action"]),
    ] {
        let answer = app.get_as("user_viewer_a", &format!("/portal/events?type={kind}"));
        assert_eq!(ids(&answer), expected, "{kind}");
        let events = answer.json()["events"].clone();
        assert!(events.as_array().unwrap().iter().all(|event| event["type"] == kind), "{events}");
        let of_site =
            app.get_as("user_viewer_a", &format!("/portal/events?type={kind}&siteId=site_a3"));
        let expected: &[&str] = match kind {
            "session_started" => &["s_short_start"],
            "session_ended" => &["s_short_end"],
            _ => &[],
        };
        assert_eq!(ids(&of_site), expected, "{kind}");
    }
    assert_eq!(
        ids(&app.get_as("user_viewer_a", "/portal/events?siteId=site_b1")),
        [""; 0],
        "another org's"
    );
    assert_eq!(ids(&app.get_as("user_staff", "/portal/events?type=user_message")), ["m4", "m1"]);
    assert_eq!(
        ids(&app.get_as("user_staff", "/portal/events?orgId=org_b&type=user_message")),
        ["m4"]
    );
    for (query, code) in [
        ("type=login", "invalid_query"),
        ("limit=0", "invalid_limit"),
        ("limit=-1", "invalid_limit"),
        ("limit=201", "invalid_limit"),
        ("limit=ten", "invalid_limit"),
        ("cursor=x", "invalid_cursor"),
    ] {
        let answer = app.get_as("user_viewer_a", &format!("/portal/events?{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}");
    }
}

/// Fills the lists that the feed merges with `days` days before the fixture's.
fn history(app: &TestApp, days: u32) {
    app.db.run_script(&format!(
        "INSERT INTO action_definitions (id, org_id, key, name) VALUES ('act', 'org_a', 'k', 'n');
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {days})
         INSERT INTO chat_sessions (id, site_id, org_id, started_at, ended_at, status)
         SELECT 'h' || i, 'site_a1', 'org_a', date('2026-03-01', -i || ' days') || 'T01:00:00.000Z',
                date('2026-03-01', -i || ' days') || 'T02:00:00.000Z', 'completed' FROM n;
         INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at, unanswered)
         SELECT id || role.column1, id, site_id, org_id, role.column1, 'x', substr(started_at, 1, 12) || '1:30:00.000Z',
                role.column1 = 'user'
           FROM chat_sessions, (VALUES ('user'), ('assistant')) AS role WHERE id LIKE 'h%';
         INSERT INTO action_runs (id, action_id, org_id, status, created_at)
         SELECT 'r' || id, 'act', org_id, 'failed', started_at FROM chat_sessions WHERE id LIKE 'h%';
         INSERT INTO outcome_events (id, org_id, outcome_type, recorded_at)
         SELECT 'o' || id, org_id, iif(id LIKE '%7', 'lead_captured', 'x'), started_at FROM chat_sessions WHERE id LIKE 'h%';"
    ));
}

/// Steps that the database takes for a request.
fn steps(app: &TestApp, user: &str, path: &str) -> usize {
    let before = app.db.steps_taken();
    let answer = app.get_as(user, path);
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.db.steps_taken() - before
}

#[test]
fn long_histories_cost_no_more_than_short_ones() {
    let (short, long) = (TestApp::new(), TestApp::new());
    history(&short, 400);
    history(&long, 3_000);
    let page = |app: &TestApp, user: &str, query: &str| {
        // Far enough that the newest events would be read in vain, were they read.
        let mut cursor = String::new();
        for _ in 0..3 {
            let answer = app.get_as(user, &format!("/portal/events?limit=100{query}{cursor}"));
            let Some(next) = answer.json()["nextCursor"].as_str().map(str::to_owned) else { break };
            cursor = format!("&cursor={next}");
        }
        format!("/portal/events?limit=20{query}{cursor}")
    };
    for (user, query) in [
        ("user_viewer_a", ""),
        ("user_staff", ""),
        ("user_viewer_a", "&siteId=site_a1"),
        ("user_staff", "&siteId=site_a1"),
        ("user_viewer_a", "&type=user_message"),
        ("user_viewer_a", "&type=action_run"),
        ("user_viewer_a", "&type=lead_captured"),
        ("user_staff", "&type=lead_captured"),
        ("user_owner_b", "&siteId=site_a1"),
        ("user_owner_b", ""),
    ] {
        let first = format!("/portal/events?limit=20{query}");
        let (few, many) = (steps(&short, user, &first), steps(&long, user, &first));
        assert!(many <= few + few / 10, "{user} {query}: {few} steps, then {many}");
        let later = page(&long, user, query);
        let deep = steps(&long, user, &later);
        assert!(deep <= many + many / 2, "{user} {later}: {many} steps, then {deep}");
    }
    for user in ["user_viewer_a", "user_owner_b", "user_staff"] {
        for path in ["/portal/insights", "/portal/insights?siteId=site_a1"] {
            let (few, many) = (steps(&short, user, path), steps(&long, user, path));
            assert!(many <= few + few / 10, "{user} {path}: {few} steps, then {many}");
        }
    }
}

// Insights -----------------------------------------------------------------------------------------

fn with_figures() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        r#"INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, leads, unanswered, hours, topics) VALUES
             ('org_a', '2026-01-20', 20, 80, 40, 40000, 6, 1, '{"1":20}', '{"Old":40}'),
             ('org_a', '2026-03-10', 10, 40, 20, 4000, 1, 4, '{"9":6,"13":4}', '{"Fees":9,"Hours":3}'),
             ('org_a', '2026-03-14', 2, 4, 2, 401, 0, 1, '{"13":2,"x":1,"24":1,"2":-1}', '{"Hours":6,"Care":"many"}');
           UPDATE metrics_rollup SET hours = '{' WHERE scope_id = 'org_a' AND date = '2026-03-15';
           INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at, unanswered) VALUES
             ('q1', 's_quiet', 'site_a1', 'org_a', 'user', 'Do you do braces?', '2026-03-10 09:00:00', 1),
             ('q2', 's_quiet', 'site_a1', 'org_a', 'user', 'Call me at 555-010-4471', '2026-03-11T09:00:00.000Z', 1),
             ('q3', 's_active', 'site_a1', 'org_a', 'user', ' do you do BRACES? ', '2026-03-12T09:00:00.000Z', 1),
             ('q4', 's_quiet', 'site_a1', 'org_a', 'user', 'Answered', '2026-03-12T09:00:00.000Z', 0),
             ('q5', 's_quiet', 'site_a1', 'org_a', 'user', 'Too old', '2026-01-12T09:00:00.000Z', 1),
             ('q6', 's_b', 'site_b1', 'org_b', 'user', 'Beta wonders', '2026-03-13T09:00:00.000Z', 1);"#,
    );
    app
}

#[test]
fn insights_follow_from_the_figures() {
    let app = with_figures();
    let answer = app.get_as("user_viewer_a", "/portal/insights?from=2026-03-09");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("insights", answer.json());
    let month = app.get_as("user_viewer_a", "/portal/insights").json();
    let days = month["dailyMetrics"].as_array().unwrap();
    assert_eq!(days.len(), 30, "each day of the month once");
    assert_eq!((&days[0]["date"], &days[29]["date"]), (&json!("2026-02-14"), &json!("2026-03-15")));
    assert_eq!(
        month["trends"]["sessions"],
        json!({"current": 15, "previous": 121, "changePercent": -88})
    );
    insta::assert_json_snapshot!("insights_sentences", month["insights"]);
}

#[test]
fn insights_of_a_site_and_of_all_orgs() {
    let app = with_figures();
    app.db.run_script(
        r#"UPDATE metrics_daily SET hours = '{"8":3}', topics = '{"Care":1}', unanswered = 2, leads_captured = NULL WHERE id = 'd1'"#,
    );
    let site =
        app.get_as("user_viewer_a", "/portal/insights?from=2026-03-15&siteId=site_a1").json();
    assert_eq!(
        site["dailyMetrics"],
        json!([{"date": "2026-03-15", "total_sessions": 3, "total_messages": 6, "avg_latency_ms": 300.0, "leads_captured": 0}])
    );
    assert_eq!(site["peakHours"], json!([{"hour": 8, "sessions": 3}]));
    assert_eq!(site["topics"], json!([{"topic": "Care", "questions": 1}]));
    let asked = |user: &str, query: &str| {
        let body = app.get_as(user, &format!("/portal/insights{query}")).json();
        let questions = body["unanswered"].as_array().unwrap().clone();
        questions
            .iter()
            .map(|question| question["question"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(asked("user_viewer_a", "?siteId=site_a1").len(), 2);
    assert_eq!(
        asked("user_staff", ""),
        ["Beta wonders", "do you do BRACES?", "Call me at [redacted phone]"]
    );
    assert_eq!(asked("user_staff", "?siteId=site_b1"), ["Beta wonders"]);
    let all = app.get_as("user_staff", "/portal/insights?from=2026-03-15").json();
    assert_eq!(all["dailyMetrics"][0]["total_sessions"], 4);
    let of_b = app.get_as("user_staff", "/portal/insights?siteId=site_b1&from=2026-03-15").json();
    assert_eq!(of_b["dailyMetrics"][0]["total_sessions"], 1);
}

#[test]
fn nothing_to_say_is_said_with_empty_lists() {
    let app = TestApp::new();
    let nothing = json!({"dailyMetrics": [], "peakHours": [], "insights": [], "unanswered": [], "topics": []});
    for query in
        ["from=2025-01-01&to=2025-01-31", "siteId=site_b1", "siteId=nowhere", "siteId=site_a3"]
    {
        let mut body = app.get_as("user_viewer_a", &format!("/portal/insights?{query}")).json();
        let trends = body.as_object_mut().unwrap().remove("trends").unwrap();
        assert_eq!(body, nothing, "{query}");
        assert_eq!(trends["sessions"], json!({"current": 0, "previous": 0}), "{query}");
    }
    for query in
        ["from=2026-03-02&to=2026-03-01", "from=2024-01-01", "to=tomorrow", "from=2026-02-30"]
    {
        let answer = app.get_as("user_viewer_a", &format!("/portal/insights?{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_query"), "{query}");
    }
}

#[test]
fn a_turn_tells_the_day_its_hour_its_topic_and_what_found_no_answer() {
    let app = TestApp::new();
    let say = |body: Value| app.post("/chat", &[("x-site-key", "sk_a1")], body.to_string()).json();
    let known = json!("What are your opening hours on Saturday?");
    let session = say(json!({"message": known}))["session_id"].clone();
    app.clock.advance(3_600);
    say(json!({"message": known, "session_id": session}));
    say(json!({"message": "Who won the world cup? Tell bo@mail.example"}));
    // Greetings ask for nothing.
    say(json!({"message": "hello"}));
    let title = app.db.value("SELECT json_extract(topics, '$') FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'");
    let topics: Value = serde_json::from_str(title.as_str().unwrap()).unwrap();
    assert_eq!(topics.as_object().unwrap().values().collect::<Vec<_>>(), [2]);
    for (table, condition) in [
        ("metrics_daily", "site_id = 'site_a1'"),
        ("metrics_rollup", "scope_id = 'org_a'"),
        ("metrics_rollup", "scope_id = '*'"),
    ] {
        let row = &app.db.rows(&format!(
            "SELECT hours, topics, unanswered FROM {table} WHERE {condition} AND date = '2026-03-15'"
        ))[0];
        assert_eq!(row["hours"], r#"{"12":1,"13":2}"#, "{table} {condition}");
        assert_eq!(
            (&row["topics"], &row["unanswered"]),
            (&title, &json!(1)),
            "{table} {condition}"
        );
    }
    let last = app.db.value("SELECT last_message_at FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'");
    assert_eq!(last, "2026-03-15T13:00:00.001Z");
    let body = app.get_as("user_viewer_a", "/portal/insights").json();
    assert_eq!(body["unanswered"][0]["question"], "Who won the world cup? Tell [redacted email]");
    assert_eq!(
        body["peakHours"],
        json!([{"hour": 13, "sessions": 2}, {"hour": 12, "sessions": 1}])
    );
    assert_eq!(body["topics"][0]["questions"], 2);
}

#[test]
fn a_day_knows_a_hundred_topics_and_titles_of_any_kind() {
    let app = TestApp::new();
    let ask = || {
        app.post(
            "/chat",
            &[("x-site-key", "sk_a1")],
            r#"{"message":"What are your opening hours on Saturday?"}"#,
        )
    };
    let title = r#"Opening "hours" \ on Saturday, $.x 'é'"#;
    let quoted = title.replace('\'', "''");
    let first = ask().json()["citations"][0]["title"].as_str().unwrap().to_owned();
    app.search
        .run_script(&format!("UPDATE passages SET title = '{quoted}' WHERE title = '{first}'"));
    ask();
    ask();
    let topics = || -> Value {
        let text = app.db.value(
            "SELECT topics FROM metrics_rollup WHERE scope_id = 'org_a' AND date = '2026-03-15'",
        );
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    };
    assert_eq!(topics(), json!({&first: 1, title: 2}));
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         UPDATE metrics_rollup SET topics = (SELECT json_group_object('t' || i, 1) FROM n)",
    );
    assert_eq!(ask().status, 200);
    let full = topics();
    assert_eq!((full.as_object().unwrap().len(), full.get(title)), (100, None));
    app.search.run_script(&format!("UPDATE passages SET title = 't7' WHERE title = '{quoted}'"));
    ask();
    assert_eq!(topics()["t7"], 2, "known topics go on");
}

#[test]
fn past_days_learn_their_hours_from_the_sessions() {
    let database = Sqlite::empty();
    let files = sql_files(Path::new("migrations"));
    let (before, rest): (Vec<_>, Vec<_>) =
        files.iter().partition(|(name, _)| *name.as_str() < *"0007");
    for (_, script) in before {
        database.run_script(script);
    }
    database.run_script(
        "INSERT INTO orgs (id, name) VALUES ('o', 'O'), ('p', 'P');
         INSERT INTO portal_sites (id, org_id, site_key, name) VALUES ('s', 'o', 'k', 'S'), ('t', 'p', 'l', 'T');
         INSERT INTO chat_sessions (id, site_id, org_id, started_at, last_message_at) VALUES
           ('1', 's', 'o', '2026-01-01 09:59:59', NULL), ('2', 's', 'o', '2026-01-01T09:00:00.000Z', '2026-01-01T09:30:00.000Z'),
           ('3', 's', 'o', '2026-01-01T23:00:00.000Z', '2026-01-01 23:59:00'), ('4', 't', 'p', '2026-01-01T09:00:00.000Z', NULL),
           ('5', 's', 'o', NULL, NULL), ('6', 's', 'o', 'x', NULL), ('7', 's', 'o', '2026-01-02 00:00:00', NULL);
         INSERT INTO metrics_daily (id, org_id, site_id, date) VALUES ('d', 'o', 's', '2026-01-01'), ('e', 'o', 's', '2026-01-03');
         INSERT INTO metrics_rollup (scope_id, date) VALUES ('o', '2026-01-01'), ('p', '2026-01-01'), ('*', '2026-01-01');",
    );
    for (_, script) in rest {
        database.run_script(script);
    }
    assert_eq!(
        database.rows("SELECT hours FROM metrics_daily ORDER BY id"),
        [json!({"hours": r#"{"23":1,"9":2}"#}), json!({"hours": "{}"})]
    );
    assert_eq!(
        database
            .rows("SELECT scope_id, hours, last_message_at FROM metrics_rollup ORDER BY scope_id"),
        [
            json!({"scope_id": "*", "hours": r#"{"23":1,"9":3}"#, "last_message_at": "2026-01-01T23:59:00.000Z"}),
            json!({"scope_id": "o", "hours": r#"{"23":1,"9":2}"#, "last_message_at": "2026-01-01T23:59:00.000Z"}),
            json!({"scope_id": "p", "hours": r#"{"9":1}"#, "last_message_at": "2026-01-01T09:00:00.000Z"}),
        ]
    );
}

// Clients ------------------------------------------------------------------------------------------

fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let clients = body["clients"].as_array().unwrap();
    clients.iter().map(|client| client["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn staff_see_all_clients_by_status_and_name() {
    let app = TestApp::new();
    app.db.run_script(
        "UPDATE metrics_rollup SET last_message_at = '2026-03-15T11:59:00.000Z' WHERE scope_id = 'org_a' AND date = '2026-03-15';
         UPDATE metrics_rollup SET date = '2026-03-14' WHERE scope_id = 'org_b'",
    );
    let answer = app.get_as("user_staff", "/portal/clients");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("clients", answer.json());
    for path in ["/portal/clients?orgId=org_b", "/portal/clients?scope=all"] {
        assert_eq!(app.get_as("user_staff_a", path).json(), answer.json(), "{path}");
    }
    assert_eq!(
        app.get_as("user_staff_a", "/portal/clients").json(),
        answer.json(),
        "a member of one org"
    );
}

#[test]
fn clients_are_filtered_and_searched_page_by_page() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO orgs (id, name, status) VALUES ('o1', 'Zeta 100%', 'active'), ('o2', 'Eta', 'inactive'),
           ('o3', 'Alpha Dental', 'active'), ('o4', 'Nobody', NULL)",
    );
    let all = ["o3", "org_a", "o1", "org_b", "org_closed", "o2", "o4"];
    let list = |query: &str| names(&app.get_as("user_staff", &format!("/portal/clients?{query}")));
    assert_eq!(list(""), all);
    for (query, expected) in [
        ("filter=active", &all[..3]),
        ("filter=at-risk", &all[3..4]),
        ("filter=at_risk", &all[3..4]),
        ("filter=churned", &all[4..5]),
        ("filter=inactive", &all[5..]),
        ("search=aLPHa", &all[..2]),
        ("search=eta", &["o1", "org_b", "o2"]),
        ("search=%25", &["o1"]),
        ("search=_", &[]),
        ("search=eta&filter=active", &["o1"]),
    ] {
        assert_eq!(list(query), expected, "{query}");
        for limit in 1..4 {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let answer = app.get_as(
                    "user_staff",
                    &format!("/portal/clients?{query}&limit={limit}{cursor}"),
                );
                seen.extend(names(&answer));
                assert!(seen.len() <= expected.len(), "{query} {limit}");
                let Some(next) = answer.json()["nextCursor"].as_str().map(str::to_owned) else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected, "{query} {limit}");
        }
    }
    let long = format!("search={}", "x".repeat(49));
    for query in ["filter=paused", "limit=501", "limit=0", "cursor=x", &long] {
        assert_eq!(
            app.get_as("user_staff", &format!("/portal/clients?{query}")).status,
            400,
            "{query}"
        );
    }
}

// Traffic ------------------------------------------------------------------------------------------

const API: &str = "https://api.cloudflare.com/client/v4/graphql";
const TRAFFIC: &str = "/portal/cloudflare-analytics";

fn with_zone() -> TestApp {
    let app = TestApp::with(&[
        ("CLOUDFLARE_API_TOKEN", "cf-token-secret"),
        ("CLOUDFLARE_ZONE_ID", "0123456789abcdef0123456789abcdef"),
    ]);
    let group = |at: &str, requests: i64| {
        json!({"dimensions": {"at": at}, "uniq": {"uniques": 7},
               "sum": {"requests": requests, "cachedRequests": 1, "bytes": 1_048_576}})
    };
    let zone = json!({
        "whole": [{"uniq": {"uniques": 9}, "sum": {"requests": 30, "cachedRequests": 10, "bytes": 5_242_880, "cachedBytes": 1_000_000}}],
        "parts": [group("2026-03-14", 10), group("2026-03-15", 20)],
    });
    app.http.answer_at(
        API,
        200,
        &json!({"data": {"viewer": {"zones": [zone]}}, "errors": null}).to_string(),
    );
    app
}

#[test]
fn staff_see_the_traffic_of_our_zone() {
    let app = with_zone();
    let answer = app.get_as("user_staff", &format!("{TRAFFIC}?period=7d"));
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("traffic", answer.json());
    let sent = app.http.sent();
    assert_eq!((sent.len(), sent[0].method, sent[0].timeout.as_secs()), (1, "POST", 10));
    assert!(sent[0].headers.contains(&("authorization", "Bearer cf-token-secret".to_owned())));
    let body: Value = serde_json::from_slice(sent[0].body.as_deref().unwrap()).unwrap();
    assert!(body["query"].as_str().unwrap().contains("httpRequests1dGroups"));
    assert!(!app.lines.text().contains("cf-token-secret"));
}

#[test]
fn answers_are_kept_for_a_while_by_period() {
    let app = with_zone();
    let ask = |period: &str| {
        let answer = app.get_as("user_staff", &format!("{TRAFFIC}?period={period}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["lastUpdated"].as_str().unwrap().to_owned()
    };
    let noon = ask("24h");
    app.clock.advance(59);
    assert_eq!((ask("24h"), ask("1y"), app.http.sent().len()), (noon.clone(), noon.clone(), 1));
    assert_ne!(ask("30d"), noon);
    app.clock.advance(1);
    assert_ne!(ask("24h"), noon);
    app.clock.advance(298);
    ask("30d");
    assert_eq!(app.http.sent().len(), 3);
    app.clock.advance(1);
    ask("30d");
    assert_eq!(app.http.sent().len(), 4);
}

#[test]
fn failures_are_told_apart_and_their_texts_kept_private() {
    for (status, body, expected) in [
        (500, "upstream-secret", 502),
        (403, "upstream-secret", 502),
        (302, "upstream-secret", 502),
        (200, "upstream-secret", 502),
        (200, r#"{"data":null,"errors":[{"message":"upstream-secret"}]}"#, 502),
        (200, r#"{"data":{"viewer":{"zones":[]}},"errors":null}"#, 502),
        (429, "upstream-secret", 503),
    ] {
        let app = with_zone();
        app.http.answer_at(API, status, body);
        let answer = app.get_as("user_staff", TRAFFIC);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (expected, "analytics_unavailable"),
            "{status} {body}"
        );
        assert!(!answer.text.contains("upstream-secret"));
        assert_eq!(answer.header("retry-after"), (expected == 503).then_some("60"), "{status}");
        assert_eq!(app.http.sent().len(), 1, "asked once");
        let event = if expected == 503 { "dependency_unavailable" } else { "dependency_failed" };
        assert_eq!(app.lines.of(event).len(), 1, "{}", app.lines.text());
    }
    let app = with_zone();
    app.http.go_down_at(API);
    assert_eq!(app.get_as("user_staff", TRAFFIC).status, 503, "timed out");
}

#[test]
fn the_last_answer_makes_up_for_a_failure_of_an_hour() {
    let app = with_zone();
    let good = app.get_as("user_staff", TRAFFIC).json();
    app.http.answer_at(API, 500, "down");
    app.clock.advance(3_599);
    let stale = app.get_as("user_staff", TRAFFIC);
    assert_eq!((stale.status, stale.json()), (200, good));
    assert_eq!(app.lines.of("analytics_stale").len(), 1);
    app.clock.advance(1);
    assert_eq!(app.get_as("user_staff", TRAFFIC).status, 502);
}

#[test]
fn traffic_is_fetched_for_staff_alone_and_only_where_configured() {
    let app = with_zone();
    assert_eq!(app.get_as("user_owner_a", TRAFFIC).status, 403);
    assert_eq!(app.get(TRAFFIC).status, 401);
    assert!(app.http.sent().is_empty());
    let bare = TestApp::new();
    let answer = bare.get_as("user_staff", TRAFFIC);
    let expected = json!({"error": "Cloudflare credentials not configured", "analytics": null});
    assert_eq!((answer.status, answer.json()), (200, expected));
}
