//! Models: who is asked, what is read of their answers, and what happens when they fail.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use koby_portal::app::Op;
use koby_portal::models::ai::AiFailure;
use koby_portal::models::bill::{Bill, Due};
use koby_portal::models::catalogue::{Price, UNKNOWN};
use koby_portal::models::chain::{self, Begun, Candidate, Failures};
use koby_portal::models::setting::{self, SiteKeys};
use koby_portal::models::{Failure, FailureKind, Finish, Piece, Prompt, Said, Speaker, Usage};
use koby_portal::time::Timestamp;
use koby_portal::vault::{Place, Vault};
use serde_json::{Value, json};

use crate::support::ports::Streamed;
use crate::support::{NOON, TestApp};

const GEMINI: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
const LLAMA: &str = "@cf/meta/llama-3.1-8b-instruct-fp8-fast";
const VAULT: &str = "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Both providers by the platform's keys.
fn both() -> TestApp {
    TestApp::with(&[("GEMINI_API_KEY", "AIza-platform"), ("OPENAI_API_KEY", "sk-platform")])
}

fn gemini_only() -> TestApp {
    TestApp::with(&[("GEMINI_API_KEY", "AIza-platform")])
}

fn prompt() -> Prompt {
    Prompt {
        system: "Be kind.".to_owned(),
        said: vec![Said { speaker: Speaker::Visitor, text: "my secret question".to_owned() }],
        max_output_tokens: 300,
        thinking_tokens: 1_000,
        temperature_centi: Some(20),
    }
}

fn candidates(op: &Op, models: &Value, keys: &SiteKeys) -> Vec<Candidate> {
    let config = json!({ "models": models });
    setting::candidates(op, config.as_object().unwrap(), keys, None)
}

/// The models that are configured for all.
fn defaults(op: &Op) -> Vec<Candidate> {
    setting::candidates(op, &serde_json::Map::new(), &SiteKeys::default(), None)
}

fn deadline(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOON + seconds)
}

fn begin(app: &TestApp) -> Result<Begun, Failures> {
    let op = app.job();
    block_on(chain::answer(&op, &defaults(&op), &prompt(), deadline(20), &bill()))
}

/// Of a turn that may cost whatever it costs.
fn bill() -> Arc<Bill> {
    Arc::new(Bill::of(1_000_000_000))
}

/// An answer that was read to its end.
#[derive(Debug)]
struct Collected {
    provider: &'static str,
    model: String,
    price: Price,
    is_own: bool,
    text: String,
    outcome: Result<Finish, Failure>,
    usage: Option<Usage>,
}

fn read(begun: Begun) -> Collected {
    let Begun { provider, model, price, is_own, mut answering } = begun;
    let (mut text, mut usage) = (String::new(), None);
    let outcome = loop {
        match block_on(answering.next()).unwrap() {
            Ok(Piece::Text(piece)) => text.push_str(&piece),
            Ok(Piece::End(finish, told)) => {
                usage = told;
                break Ok(finish);
            }
            Err(failure) => break Err(failure),
        }
    };
    Collected { provider, model, price, is_own, text, outcome, usage }
}

fn is_passing(failures: &Failures) -> bool {
    failures.0.iter().any(|failure| failure.kind == FailureKind::Passing)
}

fn collect(app: &TestApp) -> Result<Collected, Failures> {
    begin(app).map(read)
}

/// An event of Gemini.
fn gemini(text: &str) -> String {
    event(
        &json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]}),
    )
}

fn gemini_end(reason: &str) -> String {
    event(&json!({
        "candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": reason, "index": 0}],
        "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 5, "thoughtsTokenCount": 30, "totalTokenCount": 47},
    }))
}

fn openai(text: &str) -> String {
    event(
        &json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}], "usage": null}),
    )
}

fn openai_end(reason: &str) -> String {
    [
        event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": null})),
        event(&json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}})),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn ok(chunks: &[String]) -> Streamed {
    Streamed::bytes(200, chunks.iter().map(String::as_bytes))
}

fn hello() -> Streamed {
    ok(&[gemini("Hello"), gemini(" there"), gemini_end("STOP")])
}

fn hello_openai() -> Streamed {
    ok(&[openai("Hello"), openai(" there"), openai_end("stop")])
}

fn usage(prompt_tokens: u32, completion_tokens: u32) -> Usage {
    Usage { prompt_tokens, completion_tokens }
}

fn outcomes(app: &TestApp) -> Vec<String> {
    let lines = app.lines.of("model_attempt").into_iter();
    lines.map(|line| format!("{} {}", line["provider"], line["outcome"]).replace('"', "")).collect()
}

#[test]
fn an_answer_comes_in_pieces_with_what_it_used() {
    let app = gemini_only();
    app.http.stream_at(GEMINI, [hello()]);
    let mut begun = begin(&app).unwrap();
    assert_eq!(
        (begun.provider, begun.model.as_str(), begun.is_own),
        ("gemini", "gemini-2.5-flash", false)
    );
    assert_eq!(begun.price, Price { input: 300_000, output: 2_500_000 });
    let mut pieces = Vec::new();
    while let Some(piece) = block_on(begun.answering.next()) {
        pieces.push(piece.unwrap());
    }
    let text = |text: &str| Piece::Text(text.to_owned());
    assert_eq!(
        pieces,
        [text("Hello"), text(" there"), Piece::End(Finish::Stop, Some(usage(12, 35)))]
    );
    assert_eq!(block_on(begun.answering.next()), None);
    assert_eq!(app.http.aborted(), 0);

    let sent = &app.http.sent()[0];
    assert_eq!(sent.url, GEMINI);
    assert!(sent.headers.contains(&("x-goog-api-key", "AIza-platform".to_owned())));
    let body: Value = serde_json::from_slice(sent.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["contents"][0]["parts"][0]["text"], "my secret question");
    assert_eq!(body["generationConfig"]["maxOutputTokens"], 300);
}

#[test]
fn any_splitting_of_the_bytes_gives_the_same_answer() {
    let thought = event(
        &json!({"candidates": [{"content": {"parts": [{"text": "hm", "thought": true}, {"text": "Grüß"}]}}]}),
    );
    let gemini_stream = [
        "\u{feff}: hi\r\n".to_owned(),
        thought,
        gemini(" 🦀").replace('\n', "\r\n"),
        gemini_end("STOP"),
    ]
    .concat();
    let openai_stream =
        [openai("Grüß"), ": ping\r\r".to_owned(), openai(" 🦀"), openai_end("stop")].concat();
    for (url, stream, used) in
        [(GEMINI, gemini_stream, usage(12, 35)), (OPENAI, openai_stream, usage(9, 4))]
    {
        for size in 1..stream.len() {
            let app = if url == GEMINI {
                gemini_only()
            } else {
                TestApp::with(&[("OPENAI_API_KEY", "sk"), ("OPENAI_MODEL", "gpt-4o")])
            };
            app.http.stream_at(url, [Streamed::bytes(200, stream.as_bytes().chunks(size))]);
            let collected = collect(&app).unwrap();
            assert_eq!(
                (collected.text.as_str(), collected.outcome, collected.usage),
                ("Grüß 🦀", Ok(Finish::Stop), Some(used)),
                "{size}"
            );
            // Every size costs an application; some are enough.
            if size > 16 && size % 37 != 0 {
                break;
            }
        }
    }
}

#[test]
fn why_an_answer_ends_is_told() {
    for (reason, finish) in [
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::Blocked),
        ("RECITATION", Finish::Blocked),
        ("PROHIBITED_CONTENT", Finish::Blocked),
    ] {
        let app = gemini_only();
        app.http.stream_at(GEMINI, [ok(&[gemini("Hello"), gemini_end(reason)])]);
        assert_eq!(collect(&app).unwrap().outcome, Ok(finish), "{reason}");
    }
    for (reason, finish) in [
        ("length", Finish::Length),
        ("content_filter", Finish::Blocked),
        ("tool_calls", Finish::Stop),
    ] {
        let app = TestApp::with(&[("OPENAI_API_KEY", "sk")]);
        app.http.stream_at(OPENAI, [ok(&[openai("Hello"), openai_end(reason)])]);
        assert_eq!(collect(&app).unwrap().outcome, Ok(finish), "{reason}");
    }
}

#[test]
fn what_the_provider_does_not_let_through_is_an_answer_without_text() {
    let blocked = event(
        &json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 12}}),
    );
    let app = both();
    app.http.stream_at(GEMINI, [ok(&[blocked])]);
    let collected = collect(&app).unwrap();
    assert_eq!(
        (collected.text.as_str(), collected.outcome, collected.usage),
        ("", Ok(Finish::Blocked), Some(usage(12, 0)))
    );
    assert_eq!(outcomes(&app), ["gemini blocked"], "nobody else is asked");

    let app = TestApp::with(&[("OPENAI_API_KEY", "sk")]);
    app.http.stream_at(
        OPENAI,
        [Streamed::of(400, &[r#"{"error":{"code":"content_filter","status":400,"message":"x"}}"#])],
    );
    assert_eq!(collect(&app).unwrap().outcome, Ok(Finish::Blocked));
}

#[test]
fn forms_of_openais_kind_are_read() {
    let prompt_filter =
        event(&json!({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}));
    let filter_only = event(
        &json!({"choices": [{"index": 0, "content_filter_offsets": {}, "finish_reason": null}]}),
    );
    let reasoning = event(
        &json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": null, "reasoning": "hm"}}]}),
    );
    let stream = [prompt_filter, filter_only, reasoning, openai("Hello")];
    for end in [
        openai_end("stop"),
        event(
            &json!({"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}),
        ),
    ] {
        let app = TestApp::with(&[("OPENAI_API_KEY", "sk")]);
        app.http.stream_at(OPENAI, [ok(&[stream.concat(), end])]);
        let collected = collect(&app).unwrap();
        assert_eq!(
            (collected.text.as_str(), collected.outcome, collected.usage),
            ("Hello", Ok(Finish::Stop), Some(usage(9, 4)))
        );
    }
}

#[test]
fn an_answer_that_breaks_off_is_cut() {
    let bare = "{\n  \"error\": {\n    \"code\": 503, \"status\": \"UNAVAILABLE\", \"message\": \"about my secret question\"\n  }\n}\n";
    let unfinished = gemini_end("STOP").trim_end().to_owned();
    for (what, stream, reason) in [
        ("the connection", ok(&[gemini("Hel")]).cut(), "the connection was cut"),
        ("the end", ok(&[gemini("Hel")]), "the stream ended before the answer"),
        ("the last event", ok(&[gemini("Hel"), unfinished]), "the stream ended before the answer"),
        ("bare JSON", ok(&[gemini("Hel"), bare.to_owned()]), "gemini answered 503 (UNAVAILABLE)"),
        (
            "an error",
            ok(&[gemini("Hel"), event(&json!({"error": {"code": 500}}))]),
            "gemini answered 500",
        ),
        (
            "broken JSON",
            ok(&[gemini("Hel"), "data: {\"cand\n\n".to_owned()]),
            "an event is no JSON",
        ),
        (
            "an unknown reason",
            ok(&[gemini("Hel"), gemini_end("OTHER")]),
            "gemini ended the answer for another reason",
        ),
        (
            "too long",
            ok(&[gemini("Hel"), format!("data: {}", "a".repeat(300_000))]),
            "an event is longer than is read",
        ),
        ("silence", ok(&[gemini("Hel")]).stalled(), "silent for 20000 ms"),
    ] {
        let app = both();
        app.http.stream_at(GEMINI, [stream]);
        let collected = collect(&app).unwrap();
        let failure = collected.outcome.unwrap_err();
        assert_eq!(
            (collected.text.as_str(), failure.kind, failure.reason.as_str()),
            ("Hel", FailureKind::Cut, reason),
            "{what}"
        );
        assert_eq!(outcomes(&app), ["gemini cut"], "{what}");
        assert_eq!(
            app.http.sent().len(),
            1,
            "nothing is asked again once a text was shown: {what}"
        );
    }
    let app = TestApp::with(&[("OPENAI_API_KEY", "sk")]);
    app.http.stream_at(
        OPENAI,
        [ok(&[openai("Hel"), "event: error\ndata: {\"message\":\"x\"}\n\n".to_owned()])],
    );
    assert_eq!(collect(&app).unwrap().outcome.unwrap_err().reason, "openai broke the answer off");
}

#[test]
fn what_passes_is_asked_again_before_the_first_text() {
    let bare = ok(&["{\"error\": {\"code\": 503}}".to_owned()]);
    for first in [
        Streamed::of(500, &["oops"]),
        Streamed::of(503, &[]),
        ok(&["data: {broken\n\n".to_owned()]),
        ok(&[gemini("")]).cut(),
        bare,
    ] {
        let app = gemini_only();
        app.http.stream_at(GEMINI, [first, hello()]);
        assert_eq!(collect(&app).unwrap().text, "Hello there");
        assert_eq!(outcomes(&app), ["gemini failed", "gemini stop"]);
        assert!((125..=250).contains(&(app.clock.millis() - NOON * 1000)), "a short pause");
    }
}

#[test]
fn attempts_are_few() {
    let app = both();
    app.http.stream_at(GEMINI, [Streamed::of(500, &[])]);
    app.http.stream_at(OPENAI, [Streamed::of(502, &[])]);
    let failures = begin(&app).err().unwrap();
    assert_eq!(
        outcomes(&app),
        ["gemini failed", "gemini failed", "openai failed", "openai failed", "openai failed"]
    );
    assert_eq!(
        failures.0.iter().map(|failure| failure.reason.as_str()).collect::<Vec<_>>(),
        ["gemini answered 500", "openai answered 502"]
    );
    assert!(is_passing(&failures));
}

#[test]
fn the_next_model_answers_for_one_that_does_not() {
    for first in [
        Streamed::of(500, &[]),
        Streamed::of(404, &[r#"{"error":{"status":"NOT_FOUND"}}"#]),
        Streamed::of(401, &[]),
        ok(&[gemini_end("MAX_TOKENS")]),
        ok(&[gemini_end("STOP")]),
    ] {
        let app = both();
        app.http.stream_at(GEMINI, [first]);
        app.http.stream_at(OPENAI, [hello_openai()]);
        let collected = collect(&app).unwrap();
        assert_eq!(
            (collected.provider, collected.model.as_str(), collected.text.as_str()),
            ("openai", "gpt-4.1-mini", "Hello there")
        );
    }
    let app = both();
    app.http.go_down_at(GEMINI);
    app.http.stream_at(OPENAI, [hello_openai()]);
    assert_eq!(collect(&app).unwrap().provider, "openai");
    // What asking again does not change is asked once.
    let app = both();
    app.http.stream_at(GEMINI, [Streamed::of(400, &[])]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    collect(&app).unwrap();
    assert_eq!(outcomes(&app), ["gemini refused", "openai stop"]);
}

#[test]
fn a_silent_model_leaves_time_for_the_next() {
    let app = both();
    app.http.stream_at(GEMINI, [ok(&[": ping\n\n".to_owned()]).stalled()]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    assert_eq!(collect(&app).unwrap().provider, "openai");
    assert_eq!(app.lines.of("model_attempt")[0]["reason"], "no text within 10000 ms");
    assert_eq!((app.clock.seconds(), app.http.aborted()), (NOON + 10, 1));

    let app = gemini_only();
    app.http.stream_at(GEMINI, [ok(&[]).stalled()]);
    assert!(begin(&app).is_err());
    assert_eq!(app.clock.seconds(), NOON + 20, "not longer than the turn has");
}

#[test]
fn a_wait_that_is_asked_for_is_kept() {
    let waited = |app: &TestApp| app.clock.seconds() - NOON;
    let busy = |seconds: &str| Streamed::of(429, &[]).header("retry-after", seconds);

    let app = gemini_only();
    app.http.stream_at(GEMINI, [busy("7"), hello()]);
    assert_eq!(collect(&app).unwrap().text, "Hello there");
    assert_eq!(waited(&app), 7);

    let app = gemini_only();
    app.http.stream_at(GEMINI, [busy("Sun, 15 Mar 2026 12:00:05 GMT"), hello()]);
    collect(&app).unwrap();
    assert_eq!(waited(&app), 5);

    let app = gemini_only();
    let told =
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"3s"}]}}"#;
    app.http.stream_at(GEMINI, [Streamed::of(429, &[told]), hello()]);
    collect(&app).unwrap();
    assert_eq!(waited(&app), 3);

    // Longer than the turn has: there is no second attempt.
    let app = gemini_only();
    app.http.stream_at(GEMINI, [busy("60"), hello()]);
    let failures = begin(&app).err().unwrap();
    assert_eq!((failures.0[0].retry_after, waited(&app)), (Some(Duration::from_mins(1)), 0));

    // While another one can answer, nobody waits for long.
    let app = both();
    app.http.stream_at(GEMINI, [busy("5"), hello()]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    assert_eq!((collect(&app).unwrap().provider, waited(&app)), ("openai", 0));
}

#[test]
fn a_used_up_quota_is_not_asked_again() {
    let app = TestApp::with(&[("OPENAI_API_KEY", "sk")]);
    let quota = r#"{"error":{"message":"You exceeded","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    app.http.stream_at(OPENAI, [Streamed::of(429, &[quota])]);
    assert!(!is_passing(&begin(&app).err().unwrap()));
    assert_eq!(outcomes(&app), ["openai refused"]);
}

#[test]
fn a_model_that_fails_again_and_again_is_left_alone_for_a_while() {
    let app = both();
    let own = |app: &TestApp| keys(app, Some("AIza-own"), None);
    app.http.stream_at(GEMINI, [Streamed::of(500, &[])]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    let asked =
        |app: &TestApp| app.http.sent().iter().filter(|request| request.url == GEMINI).count();
    // The clock of a real turn goes on; here only the pauses move it.
    for _ in 0..3 {
        assert_eq!(ask(&app, &SiteKeys::default()).unwrap().provider, "openai");
    }
    assert_eq!(asked(&app), 5, "five failures open the circuit");
    assert_eq!(outcomes(&app).iter().filter(|outcome| *outcome == "gemini skipped").count(), 1);

    // A site with a key of its own is another matter.
    app.http.stream_at(GEMINI, [hello()]);
    assert_eq!(ask(&app, &own(&app)).unwrap().provider, "gemini");
    assert_eq!(ask(&app, &SiteKeys::default()).unwrap().provider, "openai");

    app.clock.advance(16);
    assert_eq!(ask(&app, &SiteKeys::default()).unwrap().provider, "gemini", "it is tried again");
    assert_eq!(ask(&app, &SiteKeys::default()).unwrap().provider, "gemini");
}

fn ask(app: &TestApp, keys: &SiteKeys) -> Result<Collected, Failures> {
    let op = app.job();
    let candidates = setting::candidates(&op, &serde_json::Map::new(), keys, None);
    let deadline = op.now().plus(Duration::from_secs(20));
    block_on(chain::answer(&op, &candidates, &prompt(), deadline, &bill())).map(read)
}

#[test]
fn a_bad_key_of_one_site_closes_nothing_for_others() {
    let app = gemini_only();
    app.http.stream_at(GEMINI, [Streamed::of(403, &[])]);
    for _ in 0..8 {
        assert!(ask(&app, &keys(&app, Some("AIza-bad"), None)).is_err());
    }
    app.http.stream_at(GEMINI, [Streamed::of(500, &[])]);
    for _ in 0..4 {
        assert!(ask(&app, &keys(&app, Some("AIza-bad"), None)).is_err());
    }
    app.http.stream_at(GEMINI, [hello()]);
    assert!(ask(&app, &SiteKeys::default()).is_ok());
}

#[test]
fn a_model_that_begins_and_dies_again_and_again_is_left_alone() {
    let app = both();
    app.http.stream_at(GEMINI, [ok(&[gemini("Hel")]).cut()]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    for _ in 0..5 {
        assert_eq!(collect(&app).unwrap().outcome.unwrap_err().kind, FailureKind::Cut);
    }
    assert_eq!(collect(&app).unwrap().provider, "openai");
}

#[test]
fn all_that_was_asked_is_on_the_bill() {
    let app = both();
    // A refusal costs nothing; an answer that has no text what it used; the second model what it used.
    let silent = ok(&[gemini_end("MAX_TOKENS")]);
    app.http.stream_at(GEMINI, [Streamed::of(503, &[]), silent]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    let (op, bill) = (app.job(), bill());
    let begun = block_on(chain::answer(&op, &defaults(&op), &prompt(), deadline(20), &bill));
    assert_eq!(read(begun.unwrap()).provider, "openai");
    // Gemini: 12 at 0.30 and 35 at 2.50 dollars a million; OpenAI: 9 at 0.40 and 4 at 1.60.
    assert_eq!(bill.due(), Due { usage: usage(21, 39), microusd: 92 + 10 });

    // One that is silent was asked all the same, for some seven tokens.
    let app = gemini_only();
    app.http.stream_at(GEMINI, [ok(&[]).stalled()]);
    let (op, bill) = (app.job(), Arc::new(Bill::of(1_000)));
    assert!(block_on(chain::answer(&op, &defaults(&op), &prompt(), deadline(20), &bill)).is_err());
    assert_eq!((bill.is_asked(), bill.due().usage), (true, usage(7, 0)));
}

#[test]
fn no_more_is_asked_than_a_turn_may_cost() {
    let app = both();
    let silent =
        event(&json!({"candidates": [{"content": {"parts": []}, "finishReason": "MAX_TOKENS"}],
        "usageMetadata": {"promptTokenCount": 8, "thoughtsTokenCount": 360}}));
    app.http.stream_at(GEMINI, [ok(&[silent])]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    let asked = |most_microusd| {
        let (op, bill) = (app.job(), Arc::new(Bill::of(most_microusd)));
        let begun = block_on(chain::answer(&op, &defaults(&op), &prompt(), deadline(20), &bill));
        let body = app.http.sent().last().unwrap().body.clone().unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (begun.is_ok(), body["max_completion_tokens"].as_u64())
    };
    // The first has cost 903; 97 buy some sixty tokens of the second.
    let (is_ok, most) = asked(1_000);
    assert!(is_ok && (50..=60).contains(&most.unwrap()), "{most:?}");
    assert_eq!(asked(920), (false, None), "and seventeen none");
}

#[test]
fn a_server_that_cannot_tell_what_an_answer_cost_answers_all_the_same() {
    let app = TestApp::with(&[
        ("OPENAI_API_KEY", "sk"),
        ("OPENAI_BASE_URL", "https://models.example/v1"),
    ]);
    let url = "https://models.example/v1/chat/completions";
    app.http.stream_at(
        url,
        [Streamed::of(400, &["{}"]), ok(&[openai("Hello"), "data: [DONE]\n\n".to_owned()])],
    );
    assert_eq!(collect(&app).unwrap().text, "Hello");
    let bodies: Vec<Value> = app
        .http
        .sent()
        .iter()
        .map(|request| serde_json::from_slice(request.body.as_ref().unwrap()).unwrap())
        .collect();
    assert!(bodies[0].get("stream_options").is_some() && bodies[1].get("stream_options").is_none());
    app.http.stream_at(url, [Streamed::of(400, &["{}"])]);
    assert!(collect(&app).is_err());
    assert_eq!(app.http.sent().len(), 4, "once");
}

#[test]
fn what_came_with_an_unknown_end_is_not_lost() {
    let last = event(
        &json!({"candidates": [{"content": {"parts": [{"text": " there"}]}, "finishReason": "NEW"}]}),
    );
    let app = gemini_only();
    app.http.stream_at(GEMINI, [ok(&[gemini("Hello"), last])]);
    let collected = collect(&app).unwrap();
    assert_eq!((collected.text.as_str(), collected.outcome.is_err()), ("Hello there", true));
}

#[test]
fn without_time_or_models_nobody_is_asked() {
    let app = both();
    let op = app.job();
    let late = block_on(chain::answer(&op, &defaults(&op), &prompt(), deadline(0), &bill()));
    assert_eq!(late.err().unwrap().0.len(), 2);
    assert_eq!(outcomes(&app), ["gemini skipped", "openai skipped"]);
    let none = block_on(chain::answer(&op, &[], &prompt(), deadline(20), &bill()));
    assert_eq!(none.err().unwrap(), Failures::default());
    assert!(app.http.sent().is_empty());
}

#[test]
fn an_answer_has_bounds() {
    let app = gemini_only();
    let long = gemini(&"é".repeat(20_000));
    app.http.stream_at(GEMINI, [ok(&[long.clone(), long.clone(), long, gemini_end("STOP")])]);
    let collected = collect(&app).unwrap();
    assert_eq!((collected.text.chars().count(), collected.outcome), (24_000, Ok(Finish::Length)));
    assert_eq!(app.http.aborted(), 1, "the provider is told to stop");

    // One that trickles for ever is cut in the end.
    let app = gemini_only();
    app.http.stream_at(GEMINI, [ok(&vec![gemini("a"); 500])]);
    app.clock.ticks(400);
    let failure = collect(&app).unwrap().outcome.unwrap_err();
    assert_eq!(
        (failure.kind, failure.reason.as_str()),
        (FailureKind::Cut, "the answer takes too long")
    );
}

#[test]
fn an_answer_that_nobody_wants_any_more_is_aborted() {
    let app = gemini_only();
    app.http.stream_at(GEMINI, [hello()]);
    let mut begun = begin(&app).unwrap();
    assert_eq!(block_on(begun.answering.next()), Some(Ok(Piece::Text("Hello".to_owned()))));
    drop(begun);
    assert_eq!(app.http.aborted(), 1);
    assert_eq!(outcomes(&app), ["gemini dropped"]);
}

#[test]
fn each_attempt_is_one_line_without_keys_and_words() {
    let app = both();
    let echo = r#"{"error":{"message":"Incorrect API key AIza-platform for my secret question","status":"my secret question"}}"#;
    app.http.stream_at(GEMINI, [Streamed::of(500, &[echo])]);
    app.http.stream_at(OPENAI, [hello_openai()]);
    collect(&app).unwrap();
    let lines = app.lines.of("model_attempt");
    assert_eq!(lines.len(), 3);
    let last = &lines[2];
    for (name, value) in [
        ("provider", json!("openai")),
        ("model", json!("gpt-4.1-mini")),
        ("outcome", json!("stop")),
        ("promptTokens", json!(9)),
        ("completionTokens", json!(4)),
        ("characters", json!(11)),
    ] {
        assert_eq!(last[name], value, "{name}");
    }
    assert!(last["ms"].is_u64() && last["firstTextMs"].is_u64());
    let text = app.lines.text();
    for secret in ["AIza", "sk-platform", "secret question", "Hello", "Be kind"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(
        app.http
            .sent()
            .iter()
            .all(|request| !request.url.contains("AIza") && !request.url.contains("sk-"))
    );
}

#[test]
fn models_of_the_platform_answer_by_their_binding() {
    let with = || TestApp::with(&[("WORKERS_AI_MODEL", LLAMA)]);
    let app = with();
    assert!(defaults(&app.job()).is_empty(), "without the binding there is no such model");

    let own_form = [
        "data: {\"response\":\"Hello\",\"p\":\"abc\"}\n\n",
        "data: {\"response\":\" there\"}\n\n",
        "data: {\"response\":\"\",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13}}\n\n",
        "data: [DONE]\n\n",
    ];
    for stream in [Streamed::of(200, &own_form), hello_openai()] {
        let app = with();
        app.ai.stream_with(LLAMA, stream);
        let collected = collect(&app).unwrap();
        assert_eq!((collected.provider, collected.model.as_str()), ("workers-ai", LLAMA));
        assert_eq!(
            (collected.text.as_str(), collected.outcome, collected.usage),
            ("Hello there", Ok(Finish::Stop), Some(usage(9, 4)))
        );
        let asked = &app.ai.asked()[0];
        assert_eq!(
            asked.input["messages"][1],
            json!({"role": "user", "content": "my secret question"})
        );
        assert_eq!(
            (&asked.input["stream"], &asked.input["max_tokens"]),
            (&json!(true), &json!(300))
        );
    }
    let app = with();
    app.ai.answer_with(LLAMA, json!({"response": "Hello"}));
    assert_eq!(collect(&app).unwrap_err().0[0].reason, "the model does not answer in pieces");
    for (code, lines) in [(3040, 3), (5007, 1), (3036, 1)] {
        let app = with();
        app.ai.fail_with(LLAMA, AiFailure::Code(code));
        assert!(collect(&app).is_err());
        assert_eq!(outcomes(&app).len(), lines, "{code}");
    }
}

// Settings.

/// The keys of a site as they are stored.
fn keys(app: &TestApp, google: Option<&str>, openai: Option<&str>) -> SiteKeys {
    let (vault, _) = Vault::parse(VAULT);
    let seal = |column, key: Option<&str>| {
        key.map(|key| {
            vault.seal(Place { table: "portal_sites", column, row: "site_a1" }, key).unwrap()
        })
    };
    let (google, openai) = (seal("google_api_key", google), seal("openai_api_key", openai));
    SiteKeys::open(&app.job(), "site_a1", google.as_deref(), openai.as_deref())
}

fn names(candidates: &[Candidate]) -> Vec<String> {
    let name = |candidate: &Candidate| {
        format!("{} {}", candidate.model.provider(), candidate.model.name())
    };
    candidates.iter().map(name).collect()
}

#[test]
fn without_a_setting_the_configured_models_are_asked_in_order() {
    let app = TestApp::with(&[
        ("GEMINI_API_KEY", "AIza"),
        ("OPENAI_API_KEY", "sk"),
        ("WORKERS_AI_MODEL", LLAMA),
    ]);
    app.ai.stream_with(LLAMA, hello_openai());
    let op = app.job();
    assert_eq!(
        names(&defaults(&op)),
        ["gemini gemini-2.5-flash", "openai gpt-4.1-mini", &format!("workers-ai {LLAMA}")]
    );
    assert_eq!(names(&candidates(&op, &Value::Null, &SiteKeys::default())).len(), 3);
    assert!(defaults(&TestApp::new().job()).is_empty());
    // A site's own key makes its provider available, whatever the platform has.
    let bare = TestApp::new();
    let own = setting::candidates(
        &bare.job(),
        &serde_json::Map::new(),
        &keys(&bare, Some("AIza-own"), None),
        None,
    );
    assert_eq!((names(&own), own[0].is_own), (vec!["gemini gemini-2.5-flash".to_owned()], true));
}

#[test]
fn a_setting_says_who_is_asked_and_leaves_out_what_cannot_be() {
    let app = both();
    let op = app.job();
    let none = SiteKeys::default();
    let asked = |models: Value| names(&candidates(&op, &models, &none));
    assert_eq!(
        asked(json!([{"provider": "openai", "model": "gpt-4o"}, {"provider": "gemini"}])),
        ["openai gpt-4o", "gemini gemini-2.5-flash"]
    );
    assert_eq!(
        asked(json!([{"provider": "gemini"}, {"provider": "builtin"}, {"provider": "openai"}])),
        ["gemini gemini-2.5-flash"]
    );
    for nobody in [
        json!([]),
        json!([{"provider": "builtin"}]),
        json!("gemini"),
        json!({"provider": "gemini"}),
    ] {
        assert_eq!(asked(nobody.clone()), Vec::<String>::new(), "{nobody}");
    }
    let odd = json!([
        7, {"provider": "anthropic"}, {"provider": "gemini", "model": "../x"},
        {"provider": "gemini", "model": "gemini-9-ultra"}, {"provider": "openai"},
    ]);
    assert_eq!(asked(odd), ["openai gpt-4.1-mini"]);
    assert_eq!(app.lines.of("model_left_out").len(), 4);
    let unbound = json!([{"provider": "workers-ai", "model": LLAMA}, {"provider": "gemini"}]);
    assert_eq!(asked(unbound), ["gemini gemini-2.5-flash"]);
}

#[test]
fn the_platform_pays_for_models_of_the_plan_alone() {
    let app = both();
    let op = app.job();
    let plan = ["gpt-4o".to_owned(), "gpt-4.1-mini".to_owned()];
    let with = |models: Value, keys: &SiteKeys| {
        let config = json!({ "models": models });
        names(&setting::candidates(&op, config.as_object().unwrap(), keys, Some(&plan)))
    };
    let none = SiteKeys::default();
    assert_eq!(with(Value::Null, &none), ["openai gpt-4.1-mini"]);
    let set = json!([{"provider": "gemini"}, {"provider": "openai", "model": "gpt-4.1"}, {"provider": "openai", "model": "gpt-4o"}]);
    assert_eq!(with(set.clone(), &none), ["openai gpt-4o"]);
    let left_out = app.lines.of("model_left_out");
    assert_eq!(left_out.len(), 2);
    assert!(left_out[0]["reason"].as_str().unwrap().contains("plan"), "{left_out:?}");
    // What the customer pays for is the customer's choice.
    let own = keys(&app, Some("AIza-own"), Some("sk-own"));
    assert_eq!(with(set, &own).len(), 3);
    let server =
        json!([{"provider": "openai", "model": "m", "baseUrl": "https://llm.customer.example/v1"}]);
    assert_eq!(with(server, &none), ["openai m"]);
    assert_eq!(
        names(&setting::candidates(&op, &serde_json::Map::new(), &none, Some(&[]))),
        Vec::<String>::new()
    );
}

#[test]
fn the_platforms_key_goes_nowhere_else() {
    let app = TestApp::with(&[
        ("OPENAI_API_KEY", "sk-platform"),
        ("OPENAI_BASE_URL", "https://api.groq.com/openai/v1"),
        ("OPENAI_MODEL", "openai/gpt-oss-20b"),
    ]);
    let op = app.job();
    let run = |models: Value, keys: &SiteKeys, url: &str| {
        app.http.stream_at(url, [hello_openai()]);
        let (candidates, bill) = (candidates(&op, &models, keys), bill());
        let begun = block_on(chain::answer(&op, &candidates, &prompt(), deadline(20), &bill));
        let collected = read(begun.unwrap());
        let sent = app.http.sent().pop().unwrap();
        assert_eq!(sent.url, url);
        let key =
            sent.headers.iter().find(|(name, _)| matches!(*name, "authorization" | "api-key"));
        (key.map(|(name, value)| format!("{name}: {value}")), collected.is_own, collected.price)
    };
    let own = keys(&app, None, Some("sk-own"));
    let none = SiteKeys::default();
    let server = json!([{"provider": "openai", "model": "m", "baseUrl": "https://llm.customer.example/v1", "inputMicrousdPerMillion": 0}]);
    let url = "https://llm.customer.example/v1/chat/completions";
    let price = Price { input: 0, ..UNKNOWN };
    assert_eq!(run(server.clone(), &none, url), (None, true, price));
    assert_eq!(
        run(server, &own, url),
        (Some("authorization: Bearer sk-own".to_owned()), true, price)
    );
    let azure = json!([{"provider": "openai", "model": "gpt-4o", "baseUrl": "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21"}]);
    let url =
        "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21";
    assert_eq!(run(azure, &own, url).0.as_deref(), Some("api-key: sk-own"));
    // A key of the site's own is one of OpenAI, whoever the platform asks.
    assert_eq!(
        run(json!([{"provider": "openai", "model": "gpt-4o"}]), &own, OPENAI).0.as_deref(),
        Some("authorization: Bearer sk-own")
    );
    // What the platform pays for costs what the list says, whatever the site says.
    let free = json!([{"provider": "openai", "inputMicrousdPerMillion": 0, "outputMicrousdPerMillion": 0}]);
    let paid = run(free, &none, "https://api.groq.com/openai/v1/chat/completions");
    assert_eq!(
        paid,
        (
            Some("authorization: Bearer sk-platform".to_owned()),
            false,
            Price { input: 75_000, output: 300_000 }
        )
    );
}

#[test]
fn a_key_that_cannot_be_read_is_not_replaced_by_the_platforms() {
    let app = both();
    let op = app.job();
    let elsewhere = SiteKeys::open(&op, "site_a1", Some("enc:v1:other:AAAA"), Some("sk own"));
    assert!(setting::candidates(&op, &serde_json::Map::new(), &elsewhere, None).is_empty());
    assert_eq!(app.lines.of("site_key_unreadable").len(), 2);
    // What was stored before there was encryption is read as it is.
    let plain = SiteKeys::open(&op, "site_a1", Some("AIza-plain"), Some(""));
    let found = setting::candidates(&op, &serde_json::Map::new(), &plain, None);
    assert_eq!(found.iter().map(|candidate| candidate.is_own).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_setting_is_judged_when_it_is_stored() {
    let app = TestApp::new();
    let create = |models: Value| {
        let body = json!({"name": "x", "config": {"models": models}}).to_string();
        app.send_as("user_admin_a", "POST", "/portal/sites", Some(&body))
    };
    let private = create(
        json!([{"provider": "openai", "model": "m", "baseUrl": "https://169.254.169.254/v1"}]),
    );
    assert!(
        private.json()["detail"].as_str().unwrap().starts_with("\"config.models[0].baseUrl\" must"),
        "{}",
        private.text
    );
    for (models, detail) in [
        (json!({}), "\"config.models\" must be an array."),
        (
            json!(vec![json!({"provider": "gemini"}); 6]),
            "\"config.models\" must have at most 5 entries.",
        ),
        (json!([7]), "\"config.models[0]\" must be an object."),
        (
            json!([{}]),
            "\"config.models[0].provider\" must be one of gemini, openai, workers-ai, builtin.",
        ),
        (
            json!([{"provider": "gemini"}, {"provider": "x"}]),
            "\"config.models[1].provider\" must be one of gemini, openai, workers-ai, builtin.",
        ),
        (
            json!([{"provider": "gemini", "model": "a/../b"}]),
            "\"config.models[0].model\" must be the name of a model of gemini.",
        ),
        (
            json!([{"provider": "gemini", "model": "a".repeat(129)}]),
            "\"config.models[0].model\" must be the name of a model of gemini.",
        ),
        (json!([{"provider": "gemini", "model": 7}]), "\"config.models[0].model\" must be a text."),
        (
            json!([{"provider": "workers-ai", "model": "llama"}]),
            "\"config.models[0].model\" must be the name of a model of workers-ai.",
        ),
        (
            json!([{"provider": "openai", "baseUrl": "https://llm.customer.example"}]),
            "\"config.models[0].model\" is required with a \"baseUrl\".",
        ),
        (
            json!([{"provider": "workers-ai", "model": LLAMA, "baseUrl": "https://a.example"}]),
            "\"config.models[0].baseUrl\" is not for workers-ai.",
        ),
        (
            json!([{"provider": "openai", "model": "m", "baseUrl": "https://llm.customer.example/v1?key=1"}]),
            "\"config.models[0].baseUrl\" must be an address without a query, but for Azure's \"api-version\".",
        ),
        (
            json!([{"provider": "gemini", "outputMicrousdPerMillion": -1}]),
            "\"config.models[0].outputMicrousdPerMillion\" must be a whole number from 0 to 1000000000.",
        ),
        (
            json!([{"provider": "gemini", "baseURL": "https://a.example"}]),
            "\"config.models[0]\" has the unknown member \"baseURL\".",
        ),
        (
            json!([{"provider": "builtin"}, {"provider": "gemini"}]),
            "\"config.models[0].provider\" must stand alone and come last when it is builtin.",
        ),
        (
            json!([{"provider": "builtin", "model": "x"}]),
            "\"config.models[0].model\" must be the name of a model of builtin.",
        ),
    ] {
        let answer = create(models.clone());
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{models}");
        assert_eq!(answer.json()["detail"], detail);
    }
    let good = json!([
        {"provider": "gemini", "model": "gemini-2.5-flash"},
        {"provider": "openai", "model": "gpt-4o", "baseUrl": "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21", "inputMicrousdPerMillion": 1},
        {"provider": "workers-ai", "model": LLAMA},
        {"provider": "builtin"},
    ]);
    let created = create(good.clone());
    assert_eq!((created.status, &created.json()["site"]["config"]["models"]), (201, &good));
    let patch = json!({"config": {"models": [{"provider": "x"}]}}).to_string();
    assert_eq!(
        app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a1", Some(&patch)).status,
        400
    );
    assert_eq!(
        app.send_as(
            "user_admin_a",
            "PATCH",
            "/portal/sites/site_a1",
            Some(r#"{"config":{"models":[]}}"#)
        )
        .status,
        200
    );
}

#[test]
fn what_the_platform_is_told_is_checked() {
    let problems = |entries: &[(&str, &str)]| {
        let app = TestApp::with(entries);
        let ready = app.get("/health/ready").text;
        (names(&defaults(&app.job())), ready)
    };
    let (asked, ready) = problems(&[
        ("GEMINI_API_KEY", "AIza"),
        ("GEMINI_BASE_URL", "http://gemini.example"),
        ("OPENAI_API_KEY", "s k"),
    ]);
    assert_eq!(asked, Vec::<String>::new());
    assert!(
        ready.contains("GEMINI_BASE_URL must be") && ready.contains("OPENAI_API_KEY cannot"),
        "{ready}"
    );
    let (asked, ready) = problems(&[
        ("GEMINI_API_KEY", "AIza"),
        ("GEMINI_MODEL", "../x"),
        ("WORKERS_AI_MODEL", "llama"),
    ]);
    assert_eq!(asked, ["gemini gemini-2.5-flash"]);
    assert!(
        ready.contains("GEMINI_MODEL is not") && ready.contains("WORKERS_AI_MODEL is not"),
        "{ready}"
    );
    // A server of one's own may need no key, and in development no https.
    let (asked, _) = problems(&[
        ("ENVIRONMENT", "development"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"),
        ("OPENAI_MODEL", "llama3.1:8b"),
    ]);
    assert_eq!(asked, ["openai llama3.1:8b"]);
    let (asked, _) = problems(&[
        ("GEMINI_API_KEY", "AIza"),
        ("GEMINI_BASE_URL", "https://gateway.example/google"),
        ("GEMINI_MODEL", "gemini-2.5-pro"),
    ]);
    assert_eq!(asked, ["gemini gemini-2.5-pro"]);
}

#[test]
fn the_openai_key_of_a_site_is_stored_encrypted_and_never_answered() {
    let app = TestApp::new();
    let patch =
        |body: &str| app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a3", Some(body));
    let set = patch(r#"{"openaiApiKey":" sk-fresh-secret "}"#);
    assert_eq!((set.status, &set.json()["site"]["hasOpenaiKey"]), (200, &json!(true)));
    assert!(!set.text.contains("sk-fresh"));
    let stored = || app.db.value("SELECT openai_api_key FROM portal_sites WHERE id = 'site_a3'");
    let sealed = stored();
    assert!(sealed.as_str().unwrap().starts_with("enc:v1:test:"));
    let place = Place { table: "portal_sites", column: "openai_api_key", row: "site_a3" };
    assert_eq!(
        Vault::parse(VAULT).0.open(place, sealed.as_str().unwrap()).unwrap().expose(),
        "sk-fresh-secret"
    );
    assert_eq!(patch(r#"{"name":"Other"}"#).json()["site"]["hasOpenaiKey"], true);
    assert_eq!(stored(), sealed);
    assert_eq!(patch(r#"{"openaiApiKey":"schlüssel"}"#).status, 400);
    assert_eq!(patch(r#"{"openaiApiKey":null}"#).json()["site"]["hasOpenaiKey"], false);
    assert_eq!(stored(), Value::Null);
    let traces =
        r#"SELECT count(*) FROM audit_logs WHERE metadata = '{"fields":["openaiApiKey"]}'"#;
    assert_eq!(app.db.value(traces), 2);
}

/// `cargo test --release --test app -- --ignored --nocapture a_piece_costs`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn a_piece_costs_little() {
    const PIECES: u32 = 1_500;
    let gemini = (GEMINI, "GEMINI_API_KEY", gemini(" some words of it"), gemini_end("STOP"));
    let openai = (OPENAI, "OPENAI_API_KEY", openai(" some words of it"), openai_end("stop"));
    for (url, key, piece, end) in [gemini, openai] {
        let app = TestApp::with(&[(key, "key")]);
        let mut chunks = vec![piece; PIECES as usize];
        chunks.push(end);
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            app.http.stream_at(url, [ok(&chunks)]);
            let mut begun = begin(&app).unwrap();
            let (started, mut pieces) = (std::time::Instant::now(), 0);
            while let Some(piece) = block_on(begun.answering.next()) {
                pieces += u32::from(piece.is_ok());
            }
            assert!(pieces > PIECES);
            fastest = fastest.min(started.elapsed());
        }
        println!("{url}: {:?} a piece", fastest / PIECES);
    }
}
