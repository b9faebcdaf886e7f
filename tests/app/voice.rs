//! What sites say aloud, and who takes their calls.

use axum::body::Body;
use futures_executor::block_on;
use http::Request;
use http_body_util::BodyExt as _;
use koby_portal::http::client::HttpFailure;
use serde_json::{Value, json};

use crate::support::ports::Streamed;
use crate::support::{Answer, TestApp};

const KEY: (&str, &str) = ("x-site-key", "sk_a1");
const BETA: (&str, &str) = ("x-site-key", "sk_b1");
const JSON: (&str, &str) = ("accept", "application/json");
const RACHEL: &str =
    "https://api.elevenlabs.io/v1/text-to-speech/rachel/stream?output_format=mp3_44100_128";
const SIGNED: &str =
    "https://api.elevenlabs.io/v1/convai/conversation/get-signed-url?agent_id=agent_a";
const CALL: &str =
    "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=agent_a&conversation_signature=s";
/// What is set aside for "Hi": two letters and the pauses.
const HI_MS: i64 = 2_480;
/// What is set aside for a call: ten minutes.
const CALL_MS: i64 = 600_000;

type Headers<'a> = &'a [(&'a str, &'a str)];

fn sound(status: u16, chunks: &[&str]) -> Streamed {
    let kind = if status == 200 { "audio/mpeg" } else { "application/json" };
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    Streamed { headers, ..Streamed::of(status, chunks) }
}

/// Sites of both orgs speak: one by its own key, the other by the platform's.
fn app() -> TestApp {
    app_with(&[])
}

fn app_with(changes: &[(&str, &str)]) -> TestApp {
    let mut changes = changes.to_vec();
    changes.push(("ELEVENLABS_API_KEY", "xi-platform"));
    changes.push(("CHAT_RATE_LIMIT_MAX", "1000"));
    let app = TestApp::with(&changes);
    app.db.run_script(
        r#"UPDATE portal_sites SET config = '{"voice":{"voice_id":"rachel","allowed_voices":["adam"],"agent_id":"agent_a"}}'
           WHERE id IN ('site_a1', 'site_b1');
           UPDATE portal_sites SET assigned_voices = '["rachel","adam","agent_a"]' WHERE id = 'site_b1'"#,
    );
    app.http.stream_at(RACHEL, [sound(200, &["first ", "second"])]);
    app.http.answer_at(SIGNED, 200, &json!({ "signed_url": CALL }).to_string());
    app
}

fn speak(app: &TestApp, headers: &[(&str, &str)], body: &Value) -> Answer {
    app.post("/voice", headers, body.to_string())
}

fn hi(app: &TestApp) -> Answer {
    speak(app, &[KEY], &json!({"text": "Hi"}))
}

/// What a scope used on the day: clips, calls, milliseconds, micro-dollars.
fn used(app: &TestApp, scope: &str) -> [i64; 4] {
    let rows = app.db.rows(&format!(
        "SELECT clips, calls, voice_ms, microusd FROM budget_counters
          WHERE scope_id = '{scope}' AND period = '2026-03-15'"
    ));
    let value = |name: &str| rows.first().map_or(0, |row| row[name].as_i64().unwrap());
    ["clips", "calls", "voice_ms", "microusd"].map(value)
}

fn budget(app: &TestApp, scope: &str, column: &str, value: i64) {
    let site = if scope.starts_with("site") { format!("'{scope}'") } else { "NULL".to_owned() };
    let org = if scope.ends_with("b1") || scope == "org_b" { "org_b" } else { "org_a" };
    app.db.run_script(&format!(
        "INSERT INTO budgets (scope_id, org_id, site_id, {column}, updated_at)
         VALUES ('{scope}', '{org}', {site}, {value}, '2026-01-01T00:00:00.000Z')"
    ));
}

#[test]
fn a_text_is_said_by_the_sites_voice_and_key() {
    let app = app();
    let answer = speak(&app, &[KEY, ("origin", "https://alpha.example")], &json!({"text": " Hi "}));
    assert_eq!((answer.status, answer.text.as_str()), (200, "first second"));
    assert_eq!(answer.header("content-type"), Some("audio/mpeg"));
    assert_eq!(answer.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://alpha.example"));
    assert_eq!((answer.db_trips, app.db.round_trips()), (1, 2), "one lets it in, one settles");
    let sent = &app.http.sent()[0];
    assert_eq!((sent.method, sent.url.as_str()), ("POST", RACHEL));
    assert!(sent.headers.contains(&("xi-api-key", "xi-provider-secret".to_owned())));
    let body: Value = serde_json::from_slice(sent.body.as_ref().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"text": "Hi", "model_id": "eleven_multilingual_v2", "voice_settings": {
            "stability": 0.75, "similarity_boost": 0.75, "style": 0.0, "use_speaker_boost": true}})
    );
    // Twelve bytes are a millisecond; who pays for themselves costs us nothing.
    assert_eq!((used(&app, "org_a"), used(&app, "site_a1")), ([1, 0, 1, 0], [1, 0, 1, 0]));
    assert_eq!(used(&app, "org_b"), [0; 4]);
    assert_eq!(
        app.db.rows("SELECT org_id, quantity, voice_ms FROM billing_records"),
        [json!({"org_id": "org_a", "quantity": 1, "voice_ms": 1})],
        "the org's usage is what its budget counts"
    );
    assert!(!app.lines.text().contains("xi-provider-secret"), "a key is in the log");
    assert_eq!(app.http.aborted(), 0);
}

#[test]
fn answers_tell_what_is_left() {
    let app = app();
    budget(&app, "site_a1", "voice_seconds_per_month", 60);
    let answer = hi(&app);
    let all = |name: &str| {
        let values = answer.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (limits, policies) = (all("ratelimit"), all("ratelimit-policy"));
    assert!(limits.contains(&"\"site-month-voice-seconds\";r=57;t=43200".to_owned()), "{limits:?}");
    assert!(limits.contains(&"\"visitor-minute-voice\";r=29;t=60".to_owned()), "{limits:?}");
    assert!(
        policies.contains(&"\"site-month-voice-seconds\";q=60;w=2678400".to_owned()),
        "{policies:?}"
    );
    assert!(limits.iter().any(|field| field.starts_with("\"voice\";r=")), "{limits:?}");
}

#[test]
fn clients_of_the_former_service_get_json() {
    let app = app();
    let answer = app.post("/voice/tts", &[KEY, JSON], json!({"text": "Hi"}).to_string());
    assert_eq!(answer.status, 200);
    let expected = json!({"audioBase64": "Zmlyc3Qgc2Vjb25k", "mimeType": "audio/mpeg"});
    assert_eq!(answer.json(), expected);
    assert_eq!(used(&app, "org_a"), [1, 0, 1, 0]);
    // All of it is held at once, so there is less of it.
    let (long, chunk) = (json!({"text": "9".repeat(900)}), "x".repeat(4 * 1024 * 1024));
    app.http.stream_at(RACHEL, [sound(200, &[&chunk, "x"])]);
    let answer = speak(&app, &[KEY, JSON], &long);
    assert_eq!((answer.status, answer.code().as_str()), (400, "clip_too_long"));
    assert_eq!(speak(&app, &[KEY], &long).status, 200);
}

#[test]
fn what_a_visitor_may_choose_is_the_sites_list() {
    let app = app();
    let adam = "https://api.elevenlabs.io/v1/text-to-speech/adam/stream?output_format=mp3_22050_32";
    app.http.stream_at(adam, [sound(200, &["adam"])]);
    let body = json!({"text": "Hi", "voice_id": "adam", "format": "mp3_22050_32"});
    assert_eq!(speak(&app, &[KEY], &body).text, "adam");
    let sent = app.http.sent().len();
    for (member, value, status, code) in [
        ("voice_id", json!("eve"), 403, "voice_not_allowed"),
        ("model_id", json!("eleven_v3"), 403, "voice_model_not_allowed"),
        ("voice_id", json!("../../v1/user"), 400, "invalid_body"),
        ("voice_id", json!("%2e%2e"), 400, "invalid_body"),
        ("voice_id", json!("adam?x=1"), 400, "invalid_body"),
        ("voice_id", json!("a".repeat(65)), 400, "invalid_body"),
        ("voice_id", json!(7), 400, "invalid_body"),
        ("model_id", json!("a/b"), 400, "invalid_body"),
        ("format", json!("pcm_16000"), 400, "invalid_body"),
        ("format", json!("mp3_44100_128&x=1"), 400, "invalid_body"),
    ] {
        let mut body = json!({"text": "Hi"});
        body[member] = value;
        let answer = speak(&app, &[KEY], &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    assert_eq!((app.http.sent().len(), used(&app, "org_a")[0]), (sent, 1), "nothing was said");
}

#[test]
fn who_is_not_let_in_hears_nothing() {
    let evil = ("origin", "https://evil.example");
    let text = || json!({"text": "Hi"});
    let cases: [(Headers, Value, u16, &str); 10] = [
        (&[KEY], json!({}), 400, "text_required"),
        (&[KEY], json!({"text": " \u{1} "}), 400, "text_required"),
        (&[KEY], json!({"text": 7}), 400, "invalid_body"),
        (&[KEY], json!({"text": "é".repeat(2_501)}), 400, "text_too_long"),
        (&[KEY], json!({"text": "Hi", "site_key": "x".repeat(17_000)}), 413, "request_too_large"),
        (&[], text(), 401, "site_key_missing"),
        (&[("origin", "https://beta.example")], text(), 401, "site_key_missing"),
        (&[("x-site-key", "sk_nowhere")], text(), 401, "site_key_unknown"),
        (&[KEY, evil], text(), 403, "origin_not_allowed"),
        (&[("x-site-key", "sk_closed")], text(), 403, "org_not_active"),
    ];
    let app = app();
    for (headers, body, status, code) in cases {
        let answer = speak(&app, headers, &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    let readable = speak(&app, &[KEY, evil], &text());
    assert_eq!(readable.header("access-control-allow-origin"), None);
    for (change, code) in [
        ("status = 'paused'", "site_not_active"),
        ("status = 'active', type = 'automation'", "site_not_for_voice"),
    ] {
        app.db.run_script(&format!("UPDATE portal_sites SET {change} WHERE id = 'site_a1'"));
        let answer = hi(&app);
        assert_eq!((answer.status, answer.code().as_str()), (403, code));
    }
    assert_eq!(app.http.sent().len(), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM budget_counters"), 0, "nothing was counted");
    // Text that is required is said in the words that clients know.
    assert_eq!(speak(&app, &[KEY], &json!({})).error(), "Text is required");
    app.db.run_script("UPDATE portal_sites SET type = 'voice' WHERE id = 'site_a1'");
    assert_eq!(hi(&app).status, 200, "lines of voice speak too");
    assert_eq!(
        speak(&app, &[("origin", "https://alpha.example")], &text()).status,
        200,
        "pages of the keyless origin need no key"
    );
}

#[test]
fn a_site_without_a_voice_says_so() {
    let sealed_elsewhere = "elevenlabs_api_key = 'enc:v1:gone:AAAA'";
    for change in [
        "config = '{}'",
        "config = 'not json'",
        r#"config = '{"voice":{"agent_id":"agent_a"}}'"#,
        r#"config = '{"voice":{"voice_id":"../user"}}'"#,
        sealed_elsewhere,
        "elevenlabs_api_key = 'enc:v1:test:AAAA'",
        "elevenlabs_api_key = 'two words'",
    ] {
        let app = app();
        app.db.run_script(&format!("UPDATE portal_sites SET {change} WHERE id = 'site_a1'"));
        let answer = hi(&app);
        assert_eq!(
            (answer.status, answer.code().as_str(), answer.error().as_str()),
            (503, "voice_not_configured", "Service temporarily unavailable"),
            "{change}"
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains("config.voice"));
        assert_eq!((app.http.sent().len(), used(&app, "org_a")), (0, [0; 4]), "{change}");
    }
}

#[test]
fn the_platform_pays_for_plans_that_have_a_voice() {
    let said = |setup: &dyn Fn(&TestApp)| {
        let app = app();
        setup(&app);
        let answer = speak(&app, &[BETA], &json!({"text": "Hi"}));
        let key = app.http.sent().first().map(|sent| sent.headers[0].1.clone());
        let code = if answer.status == 200 { String::new() } else { answer.code() };
        (answer.status, code, key, used(&app, "org_b"))
    };
    let paid = Some("xi-platform".to_owned());
    assert_eq!(said(&|_| ()), (200, String::new(), paid.clone(), [1, 0, 1, 200]));
    let none = (503, "voice_not_configured".to_owned(), None, [0; 4]);
    let without = |app: &TestApp| {
        app.db.run_script(
            "UPDATE plan_limits SET voice_seconds_per_month = 0 WHERE plan = 'chatbot'",
        );
    };
    assert_eq!(said(&without), none);
    let unknown = |app: &TestApp| {
        app.db.run_script("DELETE FROM plan_limits WHERE plan = 'chatbot'");
    };
    assert_eq!(said(&unknown), none);
    let granted = |app: &TestApp| {
        unknown(app);
        budget(app, "org_b", "voice_seconds_per_month", 60);
    };
    assert_eq!(said(&granted), (200, String::new(), paid, [1, 0, 1, 200]));
    let bare = app_with(&[("ELEVENLABS_API_KEY", "")]);
    assert_eq!(speak(&bare, &[BETA], &json!({"text": "Hi"})).code(), "voice_not_configured");
    let led_astray = app_with(&[("ELEVENLABS_BASE_URL", "http://evil.example")]);
    assert_eq!(hi(&led_astray).code(), "voice_not_configured", "a key does not go elsewhere");
}

#[test]
fn a_key_that_was_sealed_is_used_and_settings_are_judged() {
    let app = app();
    let patch = |body: &Value| {
        app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a1", Some(&body.to_string()))
    };
    let config =
        json!({"voice": {"voice_id": "rachel", "model_id": "eleven_flash_v2_5", "stability": 0.5}});
    let body = json!({"elevenlabsApiKey": "xi-sealed", "config": config});
    assert_eq!(patch(&body).status, 200);
    let stored = app.db.value("SELECT elevenlabs_api_key FROM portal_sites WHERE id = 'site_a1'");
    assert!(stored.as_str().unwrap().starts_with("enc:v1:"));
    assert_eq!(hi(&app).status, 200);
    let sent = &app.http.sent()[0];
    assert!(sent.headers.contains(&("xi-api-key", "xi-sealed".to_owned())));
    let body: Value = serde_json::from_slice(sent.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["model_id"], "eleven_flash_v2_5");
    assert_eq!(body["voice_settings"]["stability"], 0.5);
    let refused = patch(&json!({"config": {"voice": {"voice_id": "../user"}}}));
    assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_body"));
    assert_eq!(
        refused.json()["detail"],
        "\"config\" has a \"voice\" that has a \"voice_id\" that is not 1 to 64 letters, digits, _ or -."
    );
    let created = json!({"name": "New", "config": {"voice": {"speed": 9}}}).to_string();
    assert_eq!(app.send_as("user_admin_a", "POST", "/portal/sites", Some(&created)).status, 400);
}

#[test]
fn each_limit_has_its_answer() {
    // Two fit, and the third does not.
    for (scope, column, most, status, code) in [
        ("site_b1", "site_messages_per_minute", 2, 429, "rate_limit_exceeded"),
        ("org_b", "visitor_messages_per_minute", 2, 429, "rate_limit_exceeded"),
        ("site_b1", "voice_seconds_per_month", 7, 429, "voice_budget_exhausted"),
        ("org_b", "voice_seconds_per_month", 7, 429, "voice_budget_exhausted"),
        ("site_b1", "microusd_per_day", 1_199, 402, "spend_cap_reached"),
        ("org_b", "microusd_per_month", 1_199, 402, "spend_cap_reached"),
    ] {
        let app = app();
        budget(&app, scope, column, most);
        // As long as what is set aside: 2.48 s.
        let whole = "x".repeat(usize::try_from(HI_MS).unwrap() * 16);
        app.http.stream_at(RACHEL, [sound(200, &[&whole])]);
        let say = || speak(&app, &[BETA], &json!({"text": "Hi"}));
        let statuses = [say().status, say().status];
        let refused = say();
        let seen = (statuses, refused.status, refused.code());
        assert_eq!(seen, ([200, 200], status, code.to_owned()), "{column} of {scope}");
        assert!(refused.header("retry-after").is_some() && refused.header("ratelimit").is_some());
        assert_eq!(
            used(&app, "org_b"),
            [2, 0, 2 * HI_MS, 400],
            "{column}: a refusal does not count"
        );
        assert_eq!(app.http.sent().len(), 2);
        // Another org has its own; a month is the sum of its days.
        assert_eq!(hi(&app).status, 200);
        app.clock.advance(86_400);
        let passes = column.ends_with("minute") || column.ends_with("day");
        assert_eq!(say().status, if passes { 200 } else { status }, "{column} on the next day");
    }
}

#[test]
fn a_visitors_minute_is_theirs_and_messages_do_not_use_it() {
    let app = app();
    budget(&app, "org_a", "visitor_messages_per_minute", 1);
    let from = |address: &str| {
        speak(&app, &[KEY, ("cf-connecting-ip", address)], &json!({"text": "Hi"})).status
    };
    assert_eq!([from("203.0.113.1"), from("203.0.113.1"), from("203.0.113.2")], [200, 429, 200]);
    let body = json!({"message": "hi"}).to_string();
    let chat = app.post("/chat", &[KEY, ("cf-connecting-ip", "203.0.113.1")], body);
    assert_eq!(chat.status, 200, "{}", chat.text);
    assert_eq!(app.db.value("SELECT messages FROM budget_counters WHERE scope_id = 'org_a'"), 1);
}

#[test]
fn no_number_of_parallel_clips_passes_a_limit() {
    let app = app();
    budget(&app, "org_a", "voice_seconds_per_month", 17);
    budget(&app, "site_a1", "visitor_messages_per_minute", 1_000);
    let whole = "x".repeat(usize::try_from(HI_MS).unwrap() * 16);
    app.http.stream_at(RACHEL, [sound(200, &[&whole])]);
    let heard: usize = std::thread::scope(|scope| {
        let visitors: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..5).filter(|_| hi(&app).status == 200).count()))
            .collect();
        visitors.into_iter().map(|visitor| visitor.join().unwrap()).sum()
    });
    assert_eq!((heard, used(&app, "org_a")), (6, [6, 0, 6 * HI_MS, 0]));
    assert_eq!(app.http.sent().len(), 6, "what is refused is not said");
}

#[test]
fn failures_of_the_provider_are_told_in_our_words_and_do_not_count() {
    let detail =
        r#"{"detail":{"status":"invalid_api_key","message":"upstream-detail xi-platform"}}"#;
    for (statuses, status, code, asked) in [
        (vec![401], 503, "voice_key_refused", 1),
        (vec![402], 503, "voice_key_refused", 1),
        (vec![403], 503, "voice_key_refused", 1),
        (vec![404], 502, "voice_rejected", 1),
        (vec![422], 502, "voice_rejected", 1),
        (vec![302], 502, "voice_bad_answer", 1),
        (vec![429, 429], 503, "voice_busy", 2),
        (vec![500, 503], 503, "voice_unavailable", 2),
        (vec![503, 401], 503, "voice_key_refused", 2),
    ] {
        let app = app();
        let answers = statuses.iter().map(|status| sound(*status, &[detail]));
        app.http.stream_at(RACHEL, answers.collect::<Vec<_>>());
        let answer = speak(&app, &[BETA], &json!({"text": "Hi"}));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{statuses:?}");
        assert_eq!(answer.error(), "Service temporarily unavailable");
        assert!(!answer.text.contains("upstream-detail"), "{}", answer.text);
        assert!(!app.lines.text().contains("upstream-detail"), "the log has what they said");
        assert_eq!(app.http.sent().len(), asked, "{statuses:?}");
        assert_eq!(used(&app, "org_b"), [0; 4], "{statuses:?}");
    }
    for streamed in
        [Streamed::of(200, &["{}"]), sound(200, &[]), sound(200, &[""]), sound(200, &[]).cut()]
    {
        let app = app();
        app.http.stream_at(RACHEL, [streamed]);
        let answer = hi(&app);
        assert!(matches!(answer.status, 502 | 503), "{}", answer.text);
        assert_eq!((app.http.sent().len(), used(&app, "org_a")), (1, [0; 4]));
    }
}

#[test]
fn what_a_silent_provider_may_charge_stays_counted() {
    let app = app();
    let fail = |text: &'static str| {
        app.http.serve(RACHEL, move |_| Err(HttpFailure(text.to_owned())));
        speak(&app, &[BETA], &json!({"text": "Hi"})).code()
    };
    assert_eq!(fail("connection refused"), "voice_unavailable");
    assert_eq!(used(&app, "org_b"), [0; 4]);
    assert_eq!(fail("timed out after 30000 ms"), "voice_unavailable");
    assert_eq!(used(&app, "org_b"), [1, 0, HI_MS, 200]);
}

#[test]
fn a_provider_that_was_busy_is_asked_once_more() {
    for status in [429, 500, 503] {
        let app = app();
        app.http.stream_at(RACHEL, [sound(status, &["no"]), sound(200, &["yes"])]);
        let answer = hi(&app);
        assert_eq!((answer.status, answer.text.as_str()), (200, "yes"), "{status}");
        assert_eq!(used(&app, "org_a")[0], 1);
    }
    // One that asks for more patience than a visitor has is not.
    let app = app();
    let mut busy = sound(429, &["no"]);
    busy.headers.push(("retry-after".to_owned(), "30".to_owned()));
    app.http.stream_at(RACHEL, [busy, sound(200, &["yes"])]);
    assert_eq!((hi(&app).code().as_str(), app.http.sent().len()), ("voice_busy", 1));
}

fn begin(app: &TestApp) -> Body {
    let request = Request::post("/voice")
        .header("content-type", "application/json")
        .header("x-site-key", "sk_b1")
        .body(Body::from(r#"{"text":"Hi"}"#))
        .unwrap();
    let response = app.begin(request);
    assert_eq!(response.status(), 200);
    response.into_body()
}

#[test]
fn a_clip_that_breaks_off_is_a_broken_transfer_and_stays_counted() {
    let app = app();
    let longest = "x".repeat(usize::try_from(HI_MS).unwrap() * 16 + 4_096);
    for streamed in [sound(200, &["half"]).cut(), sound(200, &["half", &longest])] {
        app.http.stream_at(RACHEL, [streamed]);
        let mut body = begin(&app);
        let first = block_on(body.frame()).unwrap().unwrap();
        assert_eq!(first.data_ref().unwrap().as_ref(), b"half");
        assert!(block_on(body.frame()).unwrap().is_err());
    }
    assert_eq!(used(&app, "org_b"), [2, 0, 2 * HI_MS, 400], "they charge for the whole text");
    assert_eq!(app.lines.of("voice_cut").len(), 2);
}

#[test]
fn a_visitor_who_goes_ends_the_request_to_the_provider() {
    let app = app();
    let mut body = begin(&app);
    block_on(body.frame()).unwrap().unwrap();
    assert_eq!(app.http.aborted(), 0);
    drop(body);
    assert_eq!(app.http.aborted(), 1);
    assert_eq!(used(&app, "org_b"), [1, 0, HI_MS, 200]);
}

#[test]
fn chunks_are_handed_on_one_by_one() {
    let app = app();
    let mut body = begin(&app);
    let mut chunks = Vec::new();
    while let Some(frame) = block_on(body.frame()) {
        chunks.push(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap());
    }
    assert_eq!(chunks, ["first ", "second"]);
}

#[test]
fn a_deployment_has_its_own_uses() {
    let app = app();
    app.db.run_script(
        "INSERT INTO site_deployments (id, site_id, org_id, environment, deploy_key, allowed_origins, rate_limit_rpm, rate_limit_daily,
                                       created_at, updated_at)
         VALUES ('dep_1', 'site_a1', 'org_a', 'development', 'dk_1', '[]', 3, 2, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
         INSERT INTO site_keys (key, site_id, org_id, deployment_id, expires_at, created_at)
         VALUES ('dk_1', 'site_a1', 'org_a', 'dep_1', NULL, '2026-01-01T00:00:00.000Z');",
    );
    let say = || speak(&app, &[("x-site-key", "dk_1")], &json!({"text": "Hi"}));
    assert_eq!([say().status, say().status], [200, 200]);
    assert_eq!(say().code(), "voice_budget_exhausted");
    assert_eq!(used(&app, "deployment:dep_1"), [2, 0, 2, 0]);
    app.db.run_script(
        "UPDATE site_deployments SET status = 'paused' WHERE environment = 'development'",
    );
    assert_eq!(say().code(), "deployment_not_active");
}

fn signed(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::empty()).unwrap())
}

#[test]
fn the_sites_own_agent_takes_its_calls() {
    let app = app();
    let expected = json!({"signed_url": CALL, "expires_in": 900});
    let page = ("origin", "https://alpha.example");
    for path in [
        "/voice/signed-url?site_key=sk_a1",
        "/voice/signed-url?site_key=sk_a1&agent_id=agent_a",
        "/api/elevenlabs-signed-url?agent_id=agent_a",
    ] {
        let answer = signed(&app, path, &[page]);
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.db_trips, 1);
    }
    let former = json!({"action": "get_conversation_token", "data": {"conversation_id": "../x"}});
    let answer = app.post("/voice/signed-url", &[KEY], former.to_string());
    assert_eq!((answer.status, answer.json()), (200, expected));
    for sent in app.http.sent() {
        assert_eq!((sent.method, sent.url.as_str()), ("GET", SIGNED));
        assert_eq!(sent.headers[0], ("xi-api-key", "xi-provider-secret".to_owned()));
    }
    assert_eq!(
        used(&app, "org_a"),
        [0, 4, 4 * CALL_MS, 0],
        "who pays for themselves costs us nothing"
    );
    budget(&app, "org_b", "microusd_per_day", 2_000_000);
    let answer = app.post("/voice/signed-url", &[BETA], "{}");
    assert_eq!((answer.status, used(&app, "org_b")), (200, [0, 1, CALL_MS, 1_000_000]));
    assert_eq!(app.http.sent().last().unwrap().headers[0].1, "xi-platform");
}

#[test]
fn a_call_sets_its_longest_length_and_its_price_aside() {
    for (column, most, calls, refusal) in [
        ("microusd_per_day", 3_999_999, 1, (402, "spend_cap_reached")),
        ("microusd_per_month", 4_000_000, 2, (402, "spend_cap_reached")),
        ("voice_seconds_per_month", 1_799, 2, (429, "voice_budget_exhausted")),
    ] {
        let app = app();
        app.db.run_script(
            "UPDATE plan_limits SET microusd_per_day = 100000000, microusd_per_month = 100000000",
        );
        budget(&app, "org_b", column, most);
        let call = || app.post("/voice/signed-url", &[BETA], "{}");
        for _ in 0..calls {
            assert_eq!(call().status, 200, "{column}");
        }
        let refused = call();
        assert_eq!((refused.status, refused.code().as_str()), refusal, "{column}");
        let used_up = [0, calls, calls * CALL_MS, calls * 1_000_000];
        assert_eq!(used(&app, "org_b"), used_up, "{column}");
        assert_eq!(app.http.sent().len(), usize::try_from(calls).unwrap());
    }
    // On a plan whose money does not cover a call there is none, and one that nobody takes is free.
    let app = app();
    assert_eq!(app.post("/voice/signed-url", &[BETA], "{}").code(), "spend_cap_reached");
    app.http.answer_at(SIGNED, 404, "{}");
    budget(&app, "org_b", "microusd_per_day", 4_000_000);
    assert_eq!(app.post("/voice/signed-url", &[BETA], "{}").code(), "voice_rejected");
    assert_eq!(used(&app, "org_b"), [0; 4]);
    // The seconds of the plan are ours: a key of the site's own is bound by its owner's budget alone.
    app.db.run_script("UPDATE plan_limits SET voice_seconds_per_month = 1");
    app.http.answer_at(SIGNED, 200, &json!({ "signed_url": CALL }).to_string());
    assert_eq!(app.post("/voice/signed-url", &[KEY], "{}").status, 200);
}

#[test]
fn speech_leaves_the_chat_half_of_the_money() {
    let app = app();
    app.http.stream_at(RACHEL, [sound(200, &["a"]), sound(200, &["b"])]);
    let long = json!({"text": "a".repeat(2_500)});
    // Half of a plan's half a dollar a day.
    assert_eq!(speak(&app, &[BETA], &long).status, 200);
    let refused = speak(&app, &[BETA], &json!({"text": "Hi"}));
    assert_eq!((refused.status, refused.code().as_str()), (402, "spend_cap_reached"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("half"), "{}", refused.text);
    let chat = app.post("/chat", &[BETA], json!({"message": "hi"}).to_string());
    assert_eq!(chat.status, 200, "{}", chat.text);
    // What answers cost does not count as speech.
    app.clock.advance(86_400);
    app.db.run_script(
        "INSERT INTO budget_counters (scope_id, period, org_id, microusd) VALUES ('org_b', '2026-03-16', 'org_b', 400000)
         ON CONFLICT (scope_id, period) DO UPDATE SET microusd = 400000",
    );
    assert_eq!(speak(&app, &[BETA], &json!({"text": "Hi"})).status, 200);
}

#[test]
fn the_platforms_key_opens_stock_voices_and_what_staff_assigned() {
    let app = app();
    app.db.run_script("UPDATE portal_sites SET assigned_voices = NULL");
    budget(&app, "org_b", "microusd_per_day", 9_000_000);
    let say = || speak(&app, &[BETA], &json!({"text": "Hi"}));
    let call = || app.post("/voice/signed-url", &[BETA], "{}");
    for answer in [say(), call()] {
        assert_eq!((answer.status, answer.code().as_str()), (503, "voice_not_configured"));
    }
    assert_eq!((app.http.sent().len(), used(&app, "org_b")), (0, [0; 4]));
    assert_eq!(hi(&app).status, 200, "a site's own key opens what lies in its own account");
    let patch = |user: &str, body: &Value| {
        let path = "/portal/sites/site_b1?orgId=org_b";
        app.send_as(user, "PATCH", path, Some(&body.to_string()))
    };
    let assigned = json!({"assignedVoices": ["rachel", "agent_a"]});
    assert_eq!(patch("user_owner_b", &assigned).status, 403);
    let answer = patch("user_staff", &assigned);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["site"]["assignedVoices"], json!(["rachel", "agent_a"]));
    assert_eq!(patch("user_staff", &json!({"assignedVoices": ["../x"]})).status, 400);
    assert_eq!([say().status, call().status], [200, 200]);
    assert_eq!(patch("user_owner_b", &json!({"assignedVoices": null})).status, 403);
    // Its owner changes everything else as before, and what is sent as it was changes nothing.
    assert_eq!(
        patch("user_owner_b", &json!({"name": "Beta", "assignedVoices": ["rachel", "agent_a"]}))
            .status,
        200
    );
    assert_eq!(patch("user_staff", &json!({"assignedVoices": null})).status, 200);
    assert_eq!(say().status, 503);
    let stock = json!({"voice": {"voice_id": "EXAVITQu4vr4xnSDxMaL"}});
    assert_eq!(patch("user_owner_b", &json!({ "config": stock })).status, 200);
    app.http.stream_at(&RACHEL.replace("rachel", "EXAVITQu4vr4xnSDxMaL"), [sound(200, &["stock"])]);
    assert_eq!(say().text, "stock");
    let mine = json!({"name": "New", "assignedVoices": ["rachel"]}).to_string();
    assert_eq!(app.send_as("user_owner_b", "POST", "/portal/sites", Some(&mine)).status, 403);
}

#[test]
fn a_site_that_asks_for_a_challenge_does_so_before_it_speaks() {
    const TURNSTILE: &str = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
    let app = app_with(&[("TURNSTILE_SECRET_KEY", "s"), ("TURNSTILE_SITE_KEY", "0x4AAA")]);
    app.db.run_script(
        "UPDATE portal_sites SET config = json_set(config, '$.turnstile', json('true')) WHERE id = 'site_a1'",
    );
    let page = ("origin", "https://alpha.example");
    let say = |more: &Value| {
        let mut body = json!({"text": "Hi"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        speak(&app, &[KEY, page], &body)
    };
    app.http.answer_at(TURNSTILE, 200, r#"{"success":true,"hostname":"evil.example"}"#);
    for more in [
        json!({}),
        json!({"turnstile_token": "t"}),
        json!({"session_id": "s_active", "visitor_id": "visitor_2"}),
        json!({"session_id": "s_ended", "visitor_id": "visitor_2"}),
        json!({"session_id": "s_nowhere"}),
    ] {
        let answer = say(&more);
        assert_eq!((answer.status, answer.code().as_str()), (403, "turnstile_required"), "{more}");
    }
    let call = |query: &str| signed(&app, &format!("/voice/signed-url{query}"), &[KEY, page]);
    assert_eq!(call("").code(), "turnstile_required");
    assert_eq!(used(&app, "org_a"), [0; 4]);
    // A conversation that goes on has passed it.
    let sent = app.http.sent().len();
    assert_eq!(say(&json!({"session_id": "s_active", "visitor_id": "visitor_1"})).status, 200);
    assert_eq!(app.http.sent().len(), sent + 1, "Cloudflare is not asked");
    assert_eq!(call("?session_id=s_active&visitor_id=visitor_1").status, 200);
    app.http.answer_at(TURNSTILE, 200, r#"{"success":true,"hostname":"alpha.example"}"#);
    let proven = say(&json!({"turnstile_token": "t"}));
    assert_eq!((proven.status, proven.db_trips), (200, 2), "{}", proven.text);
    assert_eq!(used(&app, "org_a")[0], 2);
}

#[test]
fn a_picture_or_a_frame_calls_nobody() {
    let app = app();
    for purpose in ["image", "document", "iframe", "script"] {
        let answer = signed(&app, "/voice/signed-url", &[KEY, ("sec-fetch-dest", purpose)]);
        assert_eq!((answer.status, answer.code().as_str()), (403, "not_fetched"), "{purpose}");
    }
    assert_eq!((app.http.sent().len(), used(&app, "org_a")), (0, [0; 4]));
    let answer = signed(&app, "/voice/signed-url", &[KEY, ("sec-fetch-dest", "empty")]);
    assert_eq!(answer.status, 200);
}

#[test]
fn a_caller_chooses_no_agent() {
    let app = app();
    let get = |query: &str| signed(&app, &format!("/voice/signed-url?{query}"), &[]);
    let post = |body: &Value| app.post("/voice/signed-url", &[KEY], body.to_string());
    for (answer, status, code) in [
        (get("site_key=sk_a1&agent_id=agent_b"), 403, "agent_not_allowed"),
        (get("site_key=sk_a1&agent_id=agent_a%26x%3D1"), 400, "invalid_body"),
        (get("site_key=sk_a1&agent_id=..%2f"), 400, "invalid_body"),
        (get("site_key=sk_a1&agent_id=%252e%252e"), 400, "invalid_body"),
        (get("agent_id=agent_a"), 401, "site_key_missing"),
        (get("site_key=sk_nowhere"), 401, "site_key_unknown"),
        (post(&json!({"agent_id": "agent_b"})), 403, "agent_not_allowed"),
        (post(&json!({"action": "create_conversation", "data": {}})), 400, "invalid_action"),
        (post(&json!({"action": "get_audio", "conversationId": "../user"})), 400, "invalid_action"),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    }
    let evil = signed(&app, "/voice/signed-url", &[KEY, ("origin", "https://evil.example")]);
    assert_eq!((evil.status, evil.code().as_str()), (403, "origin_not_allowed"));
    app.db.run_script(
        r#"UPDATE portal_sites SET config = '{"voice":{"voice_id":"rachel"}}' WHERE id = 'site_a1'"#,
    );
    let answer = get("site_key=sk_a1");
    assert_eq!((answer.status, answer.code().as_str()), (503, "voice_not_configured"));
    assert_eq!((app.http.sent().len(), used(&app, "org_a")), (0, [0; 4]));
}

#[test]
fn visitors_are_sent_to_the_provider_or_nowhere() {
    for (body, status, code) in [
        (r#"{"signed_url":"wss://evil.example/v1/convai"}"#, 502, "voice_bad_answer"),
        (r#"{"signed_url":"https://api.elevenlabs.io/v1"}"#, 502, "voice_bad_answer"),
        (r#"{"signed_url":7}"#, 502, "voice_bad_answer"),
        ("not json", 502, "voice_bad_answer"),
    ] {
        let app = app();
        app.http.answer_at(SIGNED, 200, body);
        let answer = signed(&app, "/voice/signed-url", &[KEY]);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
        assert_eq!(used(&app, "org_a"), [0; 4]);
    }
    for (upstream, code) in
        [(401, "voice_key_refused"), (404, "voice_rejected"), (500, "voice_unavailable")]
    {
        let app = app();
        app.http.answer_at(SIGNED, upstream, "upstream-detail");
        let answer = signed(&app, "/voice/signed-url", &[KEY]);
        assert_eq!(answer.code(), code);
        assert!(!answer.text.contains("upstream-detail"));
    }
    let app = app();
    app.http.go_down_at(SIGNED);
    assert_eq!(signed(&app, "/voice/signed-url", &[KEY]).code(), "voice_unavailable");
}

#[test]
fn calls_have_limits_too() {
    let app = app();
    budget(&app, "site_a1", "site_messages_per_minute", 2);
    let call = || signed(&app, "/voice/signed-url", &[KEY]);
    assert_eq!([call().status, hi(&app).status], [200, 200]);
    assert_eq!([call().code(), hi(&app).code()], ["rate_limit_exceeded", "rate_limit_exceeded"]);
    budget(&app, "org_a", "voice_seconds_per_month", 1);
    app.clock.advance(60);
    assert_eq!(call().code(), "voice_budget_exhausted", "a clip has used of its second");
}

#[test]
fn an_org_sees_what_it_said_and_no_other() {
    let app = app();
    budget(&app, "org_b", "microusd_per_day", 9_000_000);
    let say = || speak(&app, &[BETA], &json!({"text": "Hi"})).status;
    let seconds = "x".repeat(2_000 * 16);
    app.http.stream_at(RACHEL, [sound(200, &[&seconds])]);
    assert_eq!([say(), say()], [200, 200]);
    app.clock.advance(86_400);
    assert_eq!([say(), signed(&app, "/voice/signed-url", &[BETA]).status], [200, 200]);
    let of = |user: &str| app.get_as(user, "/portal/voice/usage").json();
    assert_eq!(
        of("user_owner_b"),
        json!({
            "days": [
                {"date": "2026-03-15", "clips": 2, "calls": 0, "voiceSeconds": 4},
                {"date": "2026-03-16", "clips": 1, "calls": 1, "voiceSeconds": 602},
            ],
            "month": {"voiceSeconds": 606, "voiceSecondsLimit": 3_600},
        })
    );
    let alpha = json!({"days": [], "month": {"voiceSeconds": 0, "voiceSecondsLimit": 60_000}});
    assert_eq!(of("user_viewer_a"), alpha);
    assert_eq!(of("user_staff"), json!({"days": [], "month": null}));
}
