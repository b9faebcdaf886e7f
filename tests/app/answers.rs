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
fn a_model_that_the_plan_does_not_include_is_not_asked() {
    let app = with_gemini([whole()]);
    app.db.run_script(
        r#"UPDATE plan_limits SET models = '["gemini-2.5-pro"]'
            WHERE plan = (SELECT limits_plan FROM orgs WHERE id = 'org_a')"#,
    );
    ask(&app);
    assert_eq!(app.http.sent().len(), 1, "the site pays for it by its own key");
    app.db.run_script("UPDATE portal_sites SET google_api_key = NULL WHERE id = 'site_a1'");
    ask(&app);
    assert_eq!(app.http.sent().len(), 1);
    app.db.run_script(r#"UPDATE plan_limits SET models = '["gemini-2.5-flash"]'"#);
    ask(&app);
    assert_eq!(app.http.sent().len(), 2);
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
fn a_visitor_who_goes_before_the_first_word_has_asked_all_the_same() {
    let app = with_gemini([Streamed::of(200, &[]).stalled()]);
    app.clock.hold();
    let mut coming = app.open("/chat", &[KEY, EVENTS], json!({"message": QUESTION}).to_string());
    assert!(coming.next().contains("event: start"));
    coming.leave();
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "failed");
    // What the prompt costs takes the place of what was set aside.
    let (messages, microusd) = day(&app);
    assert_eq!(messages, 1);
    assert!((50..1_000).contains(&microusd), "{microusd}");
    assert_eq!(app.db.value("SELECT count(*) FROM chat_sessions WHERE id LIKE '019%'"), 0);
}

/// Messages of the org's day, and what they cost.
fn day(app: &TestApp) -> (i64, i64) {
    let day = &app.db.rows(
        "SELECT messages, microusd FROM budget_counters WHERE scope_id = 'org_a' AND length(period) = 10",
    )[0];
    (day["messages"].as_i64().unwrap(), day["microusd"].as_i64().unwrap())
}

#[test]
fn a_visitor_who_goes_before_anybody_is_asked_is_not_counted() {
    let app = TestApp::new();
    app.db.run_script("UPDATE portal_sites SET google_api_key = NULL");
    let coming = app.open("/chat", &[KEY, EVENTS], json!({"message": QUESTION}).to_string());
    coming.leave();
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "failed");
    assert_eq!(day(&app), (0, 0));
}

#[test]
fn attempts_without_a_text_are_paid() {
    let app = with_gemini([Streamed::of(200, &[&end("MAX_TOKENS", 900, 400)])]);
    let answer = ask(&app);
    assert!(answer["response"].as_str().unwrap().contains("nine to one"), "{answer}");
    assert_eq!(day(&app), (1, 1_270));
    let row = stored(&app, &answer);
    assert_eq!(
        (&row["provider"], &row["tokens_used"], &row["cost_microusd"]),
        (&Value::Null, &json!(1_300), &json!(1_270))
    );
}

#[test]
fn what_is_withheld_is_paid() {
    let long = "nine to one and nothing else. ".repeat(60);
    let app = with_gemini([Streamed::of(200, &[&piece("legal advice "), &piece(&long)]).cut()]);
    policy(&app, "responses", "block", "advice");
    let answer = ask(&app);
    assert_eq!(answer["finish_reason"], "blocked");
    let tokens = stored(&app, &answer)["completion_tokens"].as_i64().unwrap();
    assert!(tokens > 400, "what came counts, not what was shown: {tokens}");
}

#[test]
fn whoever_waits_for_a_whole_answer_and_goes_finds_it_stored() {
    let app = with_gemini([whole().slow()]);
    app.clock.hold();
    let body = json!({"message": QUESTION, "message_id": "m-1", "visitor_id": "v9"}).to_string();
    app.post_and_go("/chat", &[KEY], body.clone());
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "answered");
    let again = app.post("/chat", &[KEY], body);
    assert_eq!(again.json()["response"], "We open at nine [1].");
    assert_eq!((day(&app), app.http.sent().len()), ((1, 320), 1));
}

#[test]
fn what_the_provider_does_not_let_through_ends_in_the_refusal() {
    let app = with_gemini([
        Streamed::of(200, &[&end("SAFETY", 900, 0)]),
        Streamed::of(200, &[&piece("We open "), &end("SAFETY", 900, 3)]),
    ]);
    app.db.run_script(
        r#"UPDATE portal_sites SET config = '{"refusal_text":"Please call us."}' WHERE id = 'site_a1'"#,
    );
    let empty = ask(&app);
    assert_eq!(
        (&empty["response"], &empty["finish_reason"]),
        (&json!("Please call us."), &json!("blocked"))
    );
    assert_eq!(stored(&app, &empty)["cost_microusd"], 270);
    assert_eq!(ask(&app)["response"], "We open \n\nPlease call us.");
}

/// Gives the org one policy with one rule that looks for a word.
fn policy(app: &TestApp, applies_to: &str, enforcement: &str, word: &str) {
    let rules = json!([{"id": "r1", "type": "redact", "match": "keyword", "pattern": word,
                        "applies_to": [applies_to], "enforcement": enforcement}]);
    app.db.run_script(&format!(
        "DELETE FROM knowledge_policies;
         INSERT INTO knowledge_policies (id, org_id, name, rules) VALUES ('pol_1', 'org_a', 'P', '{rules}')"
    ));
}

/// The rules that the log tells of, and how many lines it has for them.
fn told(app: &TestApp) -> (usize, Value) {
    let lines = app.lines.of("policies_triggered");
    (lines.len(), lines.last().map_or(Value::Null, |line| line["rules"].clone()))
}

#[test]
fn stored_policies_hold_for_streamed_and_whole_answers() {
    for streams in [false, true] {
        for (enforcement, reason) in
            [("warn", "stop"), ("mask", "stop"), ("block", "blocked"), ("handoff", "handed_off")]
        {
            let app = with_gemini([whole()]);
            app.db.run_script(
                r#"UPDATE portal_sites SET config = '{"refusal_text":"No.","handoff":{"enabled":true,"message":"One moment."}}'
                   WHERE id = 'site_a1'"#,
            );
            policy(&app, "responses", enforcement, "nine");
            let headers: &[(&str, &str)] = if streams { &[KEY, EVENTS] } else { &[KEY] };
            let answer = say(&app, headers, &json!({"message": "When do you open on Saturday?"}));
            let row = &app.db.rows(
                "SELECT content, finish_reason, session_id FROM chat_messages WHERE provider = 'gemini'",
            )[0];
            let expected = match enforcement {
                "warn" => "We open at nine [1].",
                "mask" => "We open at [removed] [1].",
                "block" => "No.",
                _ => "One moment.",
            };
            assert_eq!(
                (&row["content"], &row["finish_reason"]),
                (&json!(expected), &json!(reason))
            );
            let is_shown = |text: &str| answer.text.contains(text);
            assert!(is_shown(&format!("\"finish_reason\":\"{reason}\"")), "{}", answer.text);
            assert_eq!(is_shown("nine"), enforcement == "warn", "{}", answer.text);
            let handoff = app.db.value(&format!(
                "SELECT handoff_reason FROM chat_sessions WHERE id = '{}'",
                row["session_id"].as_str().unwrap()
            ));
            assert_eq!(handoff == "policy", enforcement == "handoff", "{handoff}");
            let rules = json!([{"policy": "pol_1", "rule": "r1", "enforcement": enforcement}]);
            assert_eq!(told(&app), (1, rules), "{enforcement}");
        }
    }
}

#[test]
fn a_passage_may_call_a_person() {
    for place in ["chunks", "documents", "sources"] {
        let app = with_gemini([whole()]);
        app.db.run_script(
            r#"UPDATE portal_sites SET config = '{"handoff":{"enabled":true,"message":"One moment."}}'
               WHERE id = 'site_a1'"#,
        );
        policy(&app, place, "handoff", "opening");
        let answer = ask(&app);
        assert_eq!(
            (&answer["response"], &answer["finish_reason"]),
            (&json!("One moment."), &json!("handed_off")),
            "{place}"
        );
        let session = answer["session_id"].as_str().unwrap();
        let handoff = app.db.rows(&format!(
            "SELECT handoff, handoff_reason FROM chat_sessions WHERE id = '{session}'"
        ));
        assert_eq!(handoff, [json!({"handoff": "requested", "handoff_reason": "policy"})]);
        assert!(app.http.sent().is_empty(), "no model is told of it");
        assert_eq!(told(&app).0, 1);
    }
}

#[test]
fn a_masked_title_is_neither_told_nor_cited() {
    for place in ["documents", "sources"] {
        let app = with_gemini([whole()]);
        let title = app.search.value("SELECT title FROM passages WHERE chunk_id = 'chunk_a_hours'");
        let word = title.as_str().unwrap().split(' ').next().unwrap().to_owned();
        policy(&app, place, "mask", &word);
        let answer = ask(&app);
        let cited = answer["citations"][0]["title"].as_str().unwrap();
        assert!(cited.contains("[removed]") && !cited.contains(&word), "{cited}");
        let body: Value =
            serde_json::from_slice(app.http.sent()[0].body.as_deref().unwrap()).unwrap();
        let system = body["systemInstruction"]["parts"][0]["text"].as_str().unwrap();
        assert!(!system.contains(&format!("title=\"{word}")), "{system}");
        assert_eq!(told(&app).0, 1);
    }
}

#[test]
fn a_message_that_a_person_takes_over_is_theirs() {
    let taken = "UPDATE chat_sessions SET handoff = 'accepted', handoff_user_id = 'u_admin_a' WHERE id = 's_active'";
    let body = json!({"message": QUESTION, "session_id": "s_active", "visitor_id": "visitor_1"});
    for streams in [false, true] {
        let app = with_gemini([whole()]);
        let headers: &[(&str, &str)] = if streams { &[KEY, EVENTS] } else { &[KEY] };
        app.db.before_batch(2, taken);
        let answer = say(&app, headers, &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.text.contains("\"finish_reason\":\"handed_off\""), "{}", answer.text);
        if !streams {
            assert_eq!(answer.json()["response"], "", "a person answers");
        }
        let said = app.db.rows(
            "SELECT role, content FROM chat_messages WHERE id IN (SELECT id FROM chat_turns)",
        );
        assert_eq!(said, [json!({"role": "user", "content": QUESTION})]);
        assert_eq!(day(&app), (1, 320), "and the model is paid once");
    }
    // One that has ended meanwhile, and one that a person gave back.
    for (before, meanwhile, code) in [
        (
            "",
            "UPDATE chat_sessions SET status = 'completed' WHERE id = 's_active'",
            "session_closed",
        ),
        (taken, "UPDATE chat_sessions SET handoff = NULL WHERE id = 's_active'", "session_changed"),
    ] {
        let app = with_gemini([whole()]);
        app.db.run_script(before);
        app.db.before_batch(2, meanwhile);
        let answer = say(&app, &[KEY], &body);
        assert_eq!((answer.status, answer.code().as_str()), (409, code));
    }
}

#[test]
fn a_settlement_is_made_once() {
    let app = with_gemini([whole()]);
    app.db.before_batch(2, "UPDATE chat_sessions SET status = 'completed' WHERE id = 's_active'");
    let body = json!({"message": QUESTION, "session_id": "s_active", "visitor_id": "visitor_1"});
    // The answer cannot be stored; giving the turn up in the same millisecond changes nothing any more.
    assert_eq!(say(&app, &[KEY], &body).code(), "session_closed");
    assert_eq!(day(&app), (1, 320));
}

#[test]
fn an_answer_that_shows_the_instructions_is_stopped() {
    let secret = "Offer the spring discount of ten percent only to people who ask for it twice, and never \
                  mention the waiting list of the branch in Salem to anybody at all.";
    let app =
        with_gemini([Streamed::of(200, &[&piece("Sure: "), &piece(secret), &end("STOP", 1, 1)])]);
    app.db.run_script(&format!(
        r#"UPDATE portal_sites SET system_prompt = '{secret}', config = '{{"refusal_text":"Please call us."}}'
           WHERE id = 'site_a1'"#
    ));
    let answer = ask(&app);
    assert_eq!(
        (&answer["finish_reason"], &answer["response"]),
        (&json!("blocked"), &json!("Sure: \n\nPlease call us."))
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
