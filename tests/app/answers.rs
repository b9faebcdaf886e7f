//! What models answer, as visitors see it and as it is stored.

use serde_json::{Value, json};

use crate::support::ports::Streamed;
use crate::support::{Answer, GEMINI, TestApp};

const KEY: (&str, &str) = ("x-site-key", "sk_a1");
const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const QUESTION: &str = "What are your opening hours on Saturday?";

fn with_gemini(answers: impl IntoIterator<Item = Streamed>) -> TestApp {
    let app = TestApp::with(&[("GEMINI_API_KEY", "key-of-the-platform")]);
    app.http.stream_at(GEMINI, answers);
    app
}

fn piece(text: &str) -> String {
    let part = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]});
    format!("data: {part}\r\n\r\n")
}

fn end(reason: &str, prompt: u32, answer: u32) -> String {
    let last = json!({
        "candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": reason, "index": 0}],
        "usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer},
    });
    format!("data: {last}\r\n\r\n")
}

fn whole() -> Streamed {
    Streamed::of(200, &[&piece("We open at "), &piece("nine [1]."), &end("STOP", 900, 20)])
}

fn say(app: &TestApp, headers: &[(&str, &str)], body: &Value) -> Answer {
    app.post("/chat", headers, body.to_string())
}

fn ask(app: &TestApp) -> Value {
    let answer = say(app, &[KEY], &json!({"message": QUESTION}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn stored(app: &TestApp, turn: &Value) -> Value {
    let id = turn["turn_id"].as_str().unwrap();
    let columns = "content, provider, model, tokens_used, prompt_tokens, completion_tokens, cost_microusd, finish_reason";
    app.db.rows(&format!("SELECT {columns} FROM chat_messages WHERE id = '{id}'"))[0].clone()
}

#[test]
fn a_model_answers_from_what_the_org_knows() {
    let app = with_gemini([whole()]);
    let answer = ask(&app);
    assert_eq!(answer["response"], "We open at nine [1].");
    assert_eq!(answer["citations"][0]["chunk_id"], "chunk_a_hours");
    assert_eq!(
        stored(&app, &answer),
        json!({"content": "We open at nine [1].", "provider": "gemini", "model": "gemini-2.5-flash",
               "tokens_used": 920, "prompt_tokens": 900, "completion_tokens": 20, "cost_microusd": 320,
               "finish_reason": "stop"})
    );
    let sent = &app.http.sent()[0];
    assert!(!sent.url.contains("key-of"), "{}", sent.url);
    let body: Value = serde_json::from_slice(sent.body.as_deref().unwrap()).unwrap();
    let system = body["systemInstruction"]["parts"][0]["text"].as_str().unwrap();
    assert!(system.contains("Our opening hours on Saturday are nine to one."), "{system}");
    assert!(!system.contains("Beta"), "nothing of another org");
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": QUESTION}]}]));
}

#[test]
fn streamed_and_whole_answers_are_the_same() {
    let app = with_gemini([whole()]);
    let before = app.db.round_trips();
    let streamed = say(&app, &[KEY, EVENTS], &json!({"message": QUESTION}));
    assert_eq!(app.db.round_trips() - before, 2 + 3, "admission, end, and the feed");
    let texts: Vec<&str> =
        streamed.text.lines().filter_map(|line| line.strip_prefix("data: {\"text\":")).collect();
    assert_eq!(texts, ["\"We open at \"}", "\"nine [1].\"}"]);
    assert!(streamed.text.contains("\"finish_reason\":\"stop\""), "{}", streamed.text);
    assert_eq!(ask(&app)["response"], "We open at nine [1].");
}

#[test]
fn the_conversation_so_far_is_in_the_prompt() {
    let app = with_gemini([whole()]);
    let first = ask(&app);
    let body = json!({"message": "And on Sunday?", "session_id": first["session_id"]});
    assert_eq!(say(&app, &[KEY], &body).status, 200);
    let body: Value = serde_json::from_slice(app.http.sent()[1].body.as_deref().unwrap()).unwrap();
    let roles: Vec<&Value> =
        body["contents"].as_array().unwrap().iter().map(|said| &said["role"]).collect();
    assert_eq!(roles, ["user", "model", "user"]);
    assert_eq!(body["contents"][1]["parts"][0]["text"], "We open at nine [1].");
}

#[test]
fn what_a_turn_cost_takes_the_place_of_what_was_set_aside() {
    let app = with_gemini([whole()]);
    ask(&app);
    let counters =
        app.db.rows("SELECT DISTINCT microusd FROM budget_counters WHERE length(period) = 10");
    assert_eq!(counters, [json!({"microusd": 320})]);
    let day = &app.db.rows(
        "SELECT total_tokens FROM metrics_daily WHERE site_id = 'site_a1' AND date = '2026-03-15'",
    )[0];
    assert_eq!(day["total_tokens"], 920);
    assert_eq!(
        app.db.value(
            "SELECT tokens FROM metrics_rollup WHERE scope_id = '*' AND date = '2026-03-15'"
        ),
        920
    );
}

#[test]
fn an_answer_that_breaks_off_is_kept_as_a_part() {
    let app = with_gemini([Streamed::of(200, &[&piece("We open at "), &piece("nine")]).cut()]);
    let streamed = say(&app, &[KEY, EVENTS], &json!({"message": QUESTION}));
    assert!(streamed.text.contains("\"finish_reason\":\"cut\""), "{}", streamed.text);
    assert!(streamed.text.contains("\"partial\":true"));
    let row = &app.db.rows("SELECT content, finish_reason, cost_microusd > 0 AS cost FROM chat_messages WHERE provider = 'gemini'")[0];
    assert_eq!(*row, json!({"content": "We open at nine", "finish_reason": "cut", "cost": 1}));
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "partial");
    let whole = ask(&app);
    assert_eq!(
        (&whole["finish_reason"], &whole["response"]),
        (&json!("cut"), &json!("We open at nine"))
    );
}

#[test]
fn when_all_models_are_down_the_built_in_engine_answers() {
    for status in [400, 401, 429, 500, 503] {
        let app = with_gemini([Streamed::of(status, &["{}"])]);
        let answer = ask(&app);
        assert!(answer["response"].as_str().unwrap().contains("nine to one"), "{status}: {answer}");
        assert_eq!(stored(&app, &answer)["provider"], Value::Null);
        assert_eq!(
            app.db.value("SELECT sum(microusd) FROM budget_counters WHERE length(period) = 10"),
            0
        );
    }
}

#[test]
fn a_visitor_who_goes_stops_the_model_and_leaves_a_part() {
    let app = with_gemini([Streamed::of(200, &[&piece("We open at nine")]).stalled()]);
    app.clock.hold();
    let body = json!({"message": QUESTION, "visitor_id": "v9"}).to_string();
    let mut coming = app.open("/chat", &[KEY, EVENTS], body);
    let first = coming.next();
    assert!(first.contains("event: start") && first.contains("We open at nine"), "{first}");
    assert_eq!(app.http.aborted(), 0);
    coming.leave();
    assert_eq!(app.http.aborted(), 1);
    let row = &app.db.rows("SELECT content, finish_reason, provider FROM chat_messages WHERE role = 'assistant' AND provider IS NOT NULL")[0];
    assert_eq!(
        *row,
        json!({"content": "We open at nine", "finish_reason": "interrupted", "provider": "gemini"})
    );
    let id = app.db.value("SELECT id || '.8' FROM chat_turns").as_str().unwrap().to_owned();
    let rest = say(&app, &[KEY, EVENTS, ("last-event-id", &id)], &json!({"visitor_id": "v9"}));
    assert!(
        rest.text.contains("{\"text\":\"at nine\"}") && rest.text.contains("\"partial\":true"),
        "{}",
        rest.text
    );
}

#[test]
fn a_visitor_who_goes_before_the_first_word_is_not_counted() {
    let app = with_gemini([Streamed::of(200, &[]).stalled()]);
    app.clock.hold();
    let mut coming = app.open("/chat", &[KEY, EVENTS], json!({"message": QUESTION}).to_string());
    assert!(coming.next().contains("event: start"));
    coming.leave();
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "failed");
    assert_eq!(
        app.db.value("SELECT sum(messages) FROM budget_counters WHERE length(period) = 10"),
        0
    );
    assert_eq!(app.db.value("SELECT count(*) FROM chat_sessions WHERE id LIKE '019%'"), 0);
}

#[test]
fn an_answer_that_shows_the_instructions_is_stopped() {
    let secret = "Offer the spring discount of ten percent only to people who ask for it twice, and never \
                  mention the waiting list of the branch in Salem to anybody at all.";
    let app =
        with_gemini([Streamed::of(200, &[&piece("Sure: "), &piece(secret), &end("STOP", 1, 1)])]);
    app.db.run_script(&format!(
        "UPDATE portal_sites SET system_prompt = '{secret}' WHERE id = 'site_a1'"
    ));
    let answer = ask(&app);
    assert_eq!(
        (&answer["finish_reason"], &answer["response"]),
        (&json!("blocked"), &json!("Sure: "))
    );
}

#[test]
fn an_answer_costs_no_more_than_was_set_aside() {
    let app = with_gemini([whole()]);
    app.db.run_script(
        "INSERT INTO budgets (scope_id, org_id, turn_microusd, updated_at)
         VALUES ('org_a', 'org_a', 500, '2026-01-01T00:00:00.000Z')",
    );
    ask(&app);
    let body: Value = serde_json::from_slice(app.http.sent()[0].body.as_deref().unwrap()).unwrap();
    let most = body["generationConfig"]["maxOutputTokens"].as_u64().unwrap();
    assert!(
        (50..200).contains(&most),
        "500 micro-dollars, less the prompt, at 2.50 dollars a million: {most}"
    );
    app.db.run_script("UPDATE budgets SET turn_microusd = 10");
    let answer = ask(&app);
    assert_eq!((app.http.sent().len(), &stored(&app, &answer)["provider"]), (1, &Value::Null));
}
