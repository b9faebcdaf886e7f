//! A visitor's message: let in, answered, stored.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const KEY: (&str, &str) = ("x-site-key", "sk_a1");

fn say(app: &TestApp, headers: &[(&str, &str)], body: &Value) -> Answer {
    app.post("/chat", headers, body.to_string())
}

fn ask(app: &TestApp, question: &str) -> Answer {
    say(app, &[KEY], &json!({"message": question}))
}

#[test]
fn a_question_is_answered_from_the_orgs_own_knowledge() {
    let app = TestApp::new();
    let answer = ask(&app, "What are your opening hours on Saturday?");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!((answer.db_trips, answer.search_trips), (2, 1));
    insta::assert_json_snapshot!("chat_answer", answer.json(), {
        ".session_id" => insta::dynamic_redaction(|id, _| {
            assert_eq!(id.as_str().unwrap().len(), 36);
            "[uuid]"
        }),
        ".turn_id" => "[uuid]",
    });
}

#[test]
fn the_same_question_has_another_answer_in_another_org() {
    let app = TestApp::new();
    let body = json!({"message": "What are your opening hours on Saturday?"});
    let answer = say(&app, &[("x-site-key", "sk_b1")], &body).json();
    assert!(
        answer["response"].as_str().unwrap().contains("Beta is closed on Saturday"),
        "{answer}"
    );
    assert_eq!(answer["citations"].as_array().unwrap().len(), 1);
    assert_eq!(answer["citations"][0]["document_id"], "doc_b_hours");
}

#[test]
fn what_is_not_known_is_said_with_a_contact_line() {
    let app = TestApp::new();
    for question in
        ["Who won the world cup?", "???", "\" OR 1=1 --", "NOT zebra AND *", "tenant_key : x"]
    {
        let body = ask(&app, question).json();
        assert_eq!(
            body["response"],
            "I don't know the answer to that from the information I have. Call Alpha at 555-0100."
        );
        assert_eq!(body["citations"], json!([]));
    }
}

#[test]
fn a_turn_is_stored_whole() {
    let app = TestApp::new();
    let first =
        say(&app, &[KEY], &json!({"message": " How much is whitening? ", "visitor_id": "v9"}));
    let session = first.json()["session_id"].as_str().unwrap().to_owned();
    app.clock.advance(30);
    let body = json!({"message": "Is parking free?", "visitor_id": "v9", "session_id": session});
    let second = say(&app, &[KEY], &body);
    assert_eq!((second.status, second.db_trips), (200, 2), "{}", second.text);
    assert_eq!(second.json()["session_id"].as_str(), Some(&*session));

    let row = &app.db.rows(&format!("SELECT * FROM chat_sessions WHERE id = '{session}'"))[0];
    for (column, value) in [
        ("site_id", json!("site_a1")),
        ("org_id", json!("org_a")),
        ("visitor_id", json!("v9")),
        ("message_count", json!(4)),
        ("status", json!("active")),
        ("started_at", json!("2026-03-15T12:00:00.000Z")),
        ("last_message_at", json!("2026-03-15T12:00:30.001Z")),
        ("preview", json!("How much is whitening?")),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    let messages = app.db.rows(&format!(
        "SELECT role, content, site_id, org_id, latency_ms FROM chat_messages
          WHERE session_id = '{session}' ORDER BY created_at"
    ));
    let roles: Vec<&Value> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert_eq!(messages[0]["content"], "How much is whitening?");
    assert_eq!(messages[0]["latency_ms"], Value::Null);
    assert_eq!(messages[1]["content"], first.json()["response"]);
    assert_eq!(messages[1]["latency_ms"], 0);
    assert!(messages.iter().all(|message| message["org_id"] == "org_a"));
}

#[test]
fn the_day_counts_sessions_messages_and_visitors() {
    let app = TestApp::new();
    let visit = |visitor: Value| {
        say(&app, &[KEY], &json!({"message": "whitening", "visitor_id": visitor})).json()["session_id"].clone()
    };
    let session = visit(json!("v1"));
    say(&app, &[KEY], &json!({"message": "parking", "visitor_id": "v1", "session_id": session}));
    visit(json!("v1"));
    visit(json!("v2"));
    visit(Value::Null);
    let day = &app.db.rows("SELECT * FROM metrics_daily WHERE site_id = 'site_a1'")[0];
    // The fixture's day has 3 sessions, 6 messages, 3 answers and 900 ms.
    assert_eq!((&day["total_sessions"], &day["total_messages"]), (&json!(7), &json!(16)));
    assert_eq!((&day["answers"], &day["unique_visitors"]), (&json!(8), &json!(2)));
    assert_eq!(day["avg_latency_ms"], json!(112.5));
    for (scope, sessions, messages) in [("org_a", 7, 16), ("*", 8, 18), ("org_b", 1, 2)] {
        let row = &app.db.rows(&format!(
            "SELECT sessions, messages FROM metrics_rollup WHERE scope_id = '{scope}' AND date = '2026-03-15'"
        ))[0];
        assert_eq!(row, &json!({"sessions": sessions, "messages": messages}), "{scope}");
    }
    let overview = app.get_as("user_owner_a", "/portal/overview").json();
    assert_eq!(overview["stats"]["totalSessions"], 8);
    assert_eq!(overview["stats"]["activeSessions"], 5);
    let engines = app.get_as("user_owner_a", "/portal/engines").json();
    assert_eq!(engines["engines"][2]["todaySessions"], 7);
}

#[test]
fn a_first_turn_of_the_day_starts_its_rows() {
    let app = TestApp::new();
    app.clock.advance(86_400);
    ask(&app, "whitening");
    let day = app
        .db
        .rows("SELECT total_sessions, total_messages FROM metrics_daily WHERE date = '2026-03-16'");
    assert_eq!(day, [json!({"total_sessions": 1, "total_messages": 2})]);
}

#[test]
fn messages_have_bounds() {
    let app = TestApp::new();
    for (body, code, error) in [
        (json!({}), "message_required", "Message is required"),
        (json!({"message": null}), "message_required", "Message is required"),
        (json!({"message": "  "}), "message_required", "Message is required"),
        (
            json!({"message": "é".repeat(5001)}),
            "message_too_long",
            "Message too long. Maximum 5000 characters.",
        ),
        (json!({"message": ["hi"]}), "invalid_body", "Invalid request body"),
        (json!({"message": "hi", "session_id": 7}), "invalid_body", "Invalid request body"),
        (
            json!({"message": "hi", "visitor_id": "v".repeat(129)}),
            "invalid_body",
            "Invalid request body",
        ),
        (json!("hi"), "invalid_body", "Invalid request body"),
        (json!(null), "invalid_body", "Invalid request body"),
    ] {
        let answer = say(&app, &[KEY], &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body:.60}");
        assert_eq!(answer.error(), error);
        assert_eq!(answer.db_trips, 0);
    }
    assert_eq!(ask(&app, &"é".repeat(5000)).status, 200);
    assert_eq!(app.post("/chat", &[KEY], "{").code(), "invalid_json");
    let form = app.post("/chat", &[KEY, ("content-type", "text/plain")], r#"{"message":"hi"}"#);
    assert_eq!(form.status, 200, "the first content type counts");
    let request =
        http::Request::post("/chat").header("content-type", "text/plain").header(KEY.0, KEY.1);
    assert_eq!(app.send(request.body(r#"{"message":"hi"}"#.into()).unwrap()).status, 415);
    let request = http::Request::post("/chat").header(KEY.0, KEY.1);
    assert_eq!(app.send(request.body(r#"{"message":"hi"}"#.into()).unwrap()).status, 415);
}

#[test]
fn sites_that_may_not_answer_say_why() {
    let app = TestApp::new();
    for (key, status, code) in [
        ("sk_nowhere", 401, "site_key_unknown"),
        ("sk_a2", 403, "site_not_active"),
        ("sk_a3", 403, "site_not_for_chat"),
        ("sk_closed", 403, "org_not_active"),
    ] {
        let answer = say(&app, &[("x-site-key", key)], &json!({"message": "hi"}));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{key}");
        assert_eq!((answer.db_trips, answer.search_trips), (1, 0), "{key}");
    }
    let before = app.db.value("SELECT count(*) FROM chat_messages");
    assert_eq!(before, 0);
}

#[test]
fn the_key_may_be_in_the_body_and_the_header_wins() {
    let app = TestApp::new();
    let in_body = say(&app, &[], &json!({"message": "whitening", "site_key": "sk_a1"}));
    assert_eq!(in_body.status, 200, "{}", in_body.text);
    let both = say(&app, &[KEY], &json!({"message": "whitening", "site_key": "sk_nowhere"}));
    assert_eq!(both.status, 200);
}

#[test]
fn without_a_key_the_page_names_the_site() {
    let app = TestApp::new();
    let body = json!({"message": "How much is whitening?"});
    let known = say(&app, &[("origin", "https://alpha.example")], &body);
    assert_eq!((known.status, known.db_trips), (200, 2), "{}", known.text);
    assert_eq!(known.header("access-control-allow-origin"), Some("https://alpha.example"));
    for headers in [vec![], vec![("origin", "https://beta.example")], vec![("origin", "null")]] {
        let answer = say(&app, &headers, &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "site_key_missing"),
            "{headers:?}"
        );
    }
}

#[test]
fn only_the_sites_own_pages_may_talk_to_it() {
    let app = TestApp::new();
    let body = json!({"message": "whitening"});
    for page in ["https://alpha.example", "https://www.alpha.example", "https://shop.alpha.example"]
    {
        let answer = say(&app, &[KEY, ("origin", page)], &body);
        assert_eq!(answer.status, 200, "{page}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(page));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    for page in [
        "https://evil.example",
        "https://app.example.com",
        "http://alpha.example",
        "https://beta.example",
    ] {
        let answer = say(&app, &[KEY, ("origin", page)], &body);
        assert_eq!((answer.status, answer.code().as_str()), (403, "origin_not_allowed"), "{page}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{page}");
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 6);
}

#[test]
fn pages_can_read_their_errors() {
    let app = TestApp::new();
    let answer = say(&app, &[KEY, ("origin", "https://alpha.example")], &json!({"message": ""}));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://alpha.example"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("Retry-After"));
}

#[test]
fn a_session_belongs_to_its_site_and_its_visitor() {
    let app = TestApp::new();
    let go_on = |key: &str, session: &str, visitor: Option<&str>| {
        let body = json!({"message": "hi", "session_id": session, "visitor_id": visitor});
        let answer = say(&app, &[("x-site-key", key)], &body);
        (answer.status, answer.code())
    };
    let not_found = || (404, "session_not_found".to_owned());
    assert_eq!(go_on("sk_a1", "s_b", Some("visitor_1")), not_found(), "another org's");
    assert_eq!(go_on("sk_b1", "s_active", Some("visitor_1")), not_found(), "another site's");
    assert_eq!(go_on("sk_a1", "s_active", Some("visitor_2")), not_found(), "another visitor's");
    assert_eq!(go_on("sk_a1", "s_active", None), not_found(), "nobody's");
    assert_eq!(go_on("sk_a1", "nowhere", None), not_found());
    assert_eq!(go_on("sk_a1", "s_ended", Some("visitor_2")), (409, "session_closed".to_owned()));
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 0);
    assert_eq!(go_on("sk_a1", "s_active", Some("visitor_1")).0, 200);
    assert_eq!(go_on("sk_a1", "s_quiet", Some("anyone")).0, 200);
}

#[test]
fn a_session_that_closes_meanwhile_stores_nothing() {
    let app = TestApp::new();
    // Closed between admission and storing.
    app.db.run_script(
        "CREATE TRIGGER closes BEFORE UPDATE OF message_count ON chat_sessions
         BEGIN UPDATE chat_sessions SET status = 'completed' WHERE id = old.id; END",
    );
    let body = json!({"message": "hi", "session_id": "s_active", "visitor_id": "visitor_1"});
    let answer = say(&app, &[KEY], &body);
    assert_eq!((answer.status, answer.code().as_str()), (409, "session_closed"));
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 0);
    assert_eq!(app.db.value("SELECT answers FROM metrics_daily WHERE site_id = 'site_a1'"), 3);
}

#[test]
fn a_turn_that_cannot_be_stored_leaves_nothing() {
    let app = TestApp::new();
    app.db.run_script("DROP TABLE metrics_rollup");
    let sessions = app.db.value("SELECT count(*) FROM chat_sessions");
    let answer = ask(&app, "whitening");
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal_error"));
    assert_eq!(app.db.value("SELECT count(*) FROM chat_messages"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM chat_sessions"), sessions);
    assert_eq!(app.db.value("SELECT answers FROM metrics_daily WHERE site_id = 'site_a1'"), 3);
}

#[test]
fn failing_dependencies_are_503() {
    let app = TestApp::new();
    for skip in 0..3 {
        app.search.fail_after(skip, "D1_ERROR: Network connection lost.");
    }
    let answer = ask(&app, "whitening");
    assert_eq!((answer.status, answer.error().as_str()), (503, "Service temporarily unavailable"));
    let app = TestApp::new();
    app.db.fail_after(1, "D1_ERROR: Network connection lost.");
    let answer = ask(&app, "whitening");
    assert_eq!((answer.status, answer.db_trips), (503, 2), "a write is not tried again");
}

#[test]
fn chat_has_its_own_rate() {
    let app = TestApp::with(&[("CHAT_RATE_LIMIT_MAX", "1")]);
    assert_eq!(ask(&app, "whitening").status, 200);
    let refused = ask(&app, "whitening");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.error(), "Rate limit exceeded. Please try again later.");
    assert_eq!(app.get("/portal/me").status, 401, "the portal is counted apart");
}

#[test]
fn the_former_paths_answer_too() {
    let app = TestApp::new();
    for path in ["/", "/v1/chat"] {
        let answer = app.post(path, &[KEY], r#"{"message":"whitening"}"#);
        assert_eq!(answer.status, 200, "{path}");
    }
}
