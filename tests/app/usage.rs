//! What is counted as usage, once and on its day, and what Stripe's meters are told of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use koby_portal::http::client::{HttpFailure, HttpRequest};
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::support::ports::Streamed;
use crate::support::{Answer, TestApp};

const METER_EVENTS: &str = "https://api.stripe.com/v1/billing/meter_events";
/// From noon to a quarter past midnight.
const PAST_MIDNIGHT: i64 = 12 * 3_600 + 900;

fn ask_as(app: &TestApp, key: &str, body: &Value) -> Answer {
    app.post("/chat", &[("x-site-key", key)], body.to_string())
}

fn ask(app: &TestApp) -> Answer {
    ask_as(app, "sk_a1", &json!({"message": "What are your opening hours?"}))
}

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

/// Id, quantity, cents and status of an org's records of a kind.
fn records(app: &TestApp, org: &str, kind: &str) -> Vec<(String, i64, i64, String)> {
    let sql = format!(
        "SELECT id, quantity, amount_cents, status FROM billing_records
          WHERE org_id = '{org}' AND usage_type = '{kind}' ORDER BY period_start, id"
    );
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
    let rows = app.db.rows(&sql);
    rows.iter()
        .map(|row| {
            (
                text(row, "id"),
                number(row, "quantity"),
                number(row, "amount_cents"),
                text(row, "status"),
            )
        })
        .collect()
}

fn counted(app: &TestApp, org: &str, kind: &str) -> i64 {
    records(app, org, kind).iter().map(|(_, quantity, _, _)| quantity).sum()
}

/// What staff see of all orgs is the sum of what there is.
fn sums_hold(app: &TestApp) {
    let sums = "SELECT period_start, usage_type, status, records, quantity, amount_cents FROM usage_of_all_orgs
                 WHERE records > 0 ORDER BY 1, 2, 3";
    let rows =
        "SELECT period_start, usage_type, status, count(*) AS records, sum(quantity) AS quantity,
                       sum(amount_cents) AS amount_cents
                  FROM billing_records GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    assert_eq!(app.db.rows(sums), app.db.rows(rows));
}

/// A turn that is let in at a moment.
fn let_in(app: &TestApp, id: &str, at: &str) {
    app.db.run_script(&format!(
        "INSERT INTO chat_turns (id, org_id, site_id, session_id, admitted_at)
         VALUES ('{id}', 'org_a', 'site_a1', 's', '{at}')"
    ));
}

fn end(app: &TestApp, id: &str, status: &str) {
    app.db.run_script(&format!(
        "UPDATE chat_turns SET status = '{status}', ended_at = '2026-03-15T12:00:01.000Z' WHERE id = '{id}'"
    ));
}

fn say(app: &TestApp, day: &str, ms: i64) {
    app.db.run_script(&format!(
        "INSERT INTO budget_counters (scope_id, period, org_id, voice_ms) VALUES ('org_a', '{day}', 'org_a', {ms})
         ON CONFLICT (scope_id, period) DO UPDATE SET voice_ms = voice_ms + excluded.voice_ms"
    ));
}

#[test]
fn an_answered_message_counts_once_on_the_record_of_its_day() {
    let app = TestApp::new();
    let sent =
        json!({"message": "What are your opening hours?", "message_id": "m-1", "visitor_id": "v9"});
    let answers = [ask_as(&app, "sk_a1", &sent), ask_as(&app, "sk_a1", &sent)];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200]);
    assert_eq!(ask_as(&app, "sk_b1", &json!({"message": "Hello"})).status, 200);
    let id = "usage_2026-03-15_chat_messages_org_a_0".to_owned();
    assert_eq!(
        records(&app, "org_a", "chat_messages"),
        [(id.clone(), 1, 1, "pending".to_owned())],
        "sent again, it is not answered again"
    );
    assert_eq!((ask(&app).status, counted(&app, "org_a", "chat_messages")), (200, 2));
    assert_eq!(counted(&app, "org_b", "chat_messages"), 1);
    let body = app.get_as("user_viewer_a", "/billing/usage").json();
    assert_eq!(body["records"].as_array().unwrap().len(), 1, "{body}");
    let record = &body["records"][0];
    assert_eq!(
        (&record["id"], &record["quantity"], &record["unitPriceCents"], &record["amountCents"]),
        (&json!(id), &json!(2), &json!(1), &json!(2))
    );
    assert_eq!(
        (&record["periodStart"], &record["periodEnd"]),
        (&json!("2026-03-15T00:00:00.000Z"), &json!("2026-03-16T00:00:00.000Z"))
    );
    assert_eq!(body["totals"]["amountCents"], 2);
    let all = app.get_as("user_staff", "/billing/usage").json();
    assert_eq!(
        (&all["totals"]["amountCents"], &all["totals"]["byType"][0]["count"]),
        (&json!(3), &json!(2))
    );
    sums_hold(&app);
}

#[test]
fn counting_an_answer_changes_two_rows_and_asks_nobody() {
    let changes = |script: &str| {
        let app = TestApp::new();
        app.db.run_script(script);
        assert_eq!(ask(&app).status, 200);
        let total = || app.db.value("SELECT total_changes()").as_i64().unwrap();
        let before = total();
        let answer = ask(&app);
        assert_eq!((answer.status, answer.db_trips), (200, 2));
        total() - before
    };
    let counted = changes("");
    let uncounted = changes("DROP TRIGGER chat_turns_are_counted");
    assert_eq!(counted - uncounted, 2, "of {counted}: its record, and the sum of all orgs");
}

#[test]
fn what_is_refused_fails_or_is_lost_does_not_count() {
    let app = TestApp::new();
    app.db.fail_after(1, "D1_ERROR: disk full");
    assert_eq!(ask(&app).status, 500);
    assert_eq!(app.db.value("SELECT status FROM chat_turns"), "failed");
    let_in(&app, "lost", "2026-03-15T11:00:00.000Z");
    tick(&app);
    assert_eq!(app.db.value("SELECT status FROM chat_turns WHERE id = 'lost'"), "failed");
    end(&app, "lost", "answered");
    app.db.run_script(
        "INSERT INTO budgets (scope_id, org_id, messages_per_day, updated_at) VALUES ('org_a', 'org_a', 0, '')",
    );
    assert_eq!(ask(&app).status, 429);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_records"), 0);
}

#[test]
fn a_part_of_an_answer_counts_and_a_turn_ends_once() {
    let app = TestApp::new();
    let_in(&app, "turn", "2026-03-15T11:59:59.999Z");
    end(&app, "turn", "partial");
    end(&app, "turn", "answered");
    app.db.run_script("UPDATE chat_turns SET visitor_id = NULL");
    assert_eq!(counted(&app, "org_a", "chat_messages"), 1);
}

#[test]
fn what_is_not_pending_or_is_closed_is_not_counted_on() {
    let app = TestApp::new();
    let kind = "chat_messages";
    assert_eq!(ask(&app).status, 200);
    app.db
        .run_script("UPDATE billing_records SET status = 'invoiced', external_invoice_id = 'in_1'");
    assert_eq!([ask(&app).status, ask(&app).status], [200, 200]);
    let ids = ["usage_2026-03-15_chat_messages_org_a_0", "usage_2026-03-15_chat_messages_org_a_1"];
    let [first, second] = ids.map(str::to_owned);
    let held = |status: &str| (first.clone(), 1, 1, status.to_owned());
    assert_eq!(
        records(&app, "org_a", kind),
        [held("invoiced"), (second.clone(), 2, 2, "pending".to_owned())]
    );
    // One that was let in before midnight ends long after.
    app.clock.advance(PAST_MIDNIGHT);
    tick(&app);
    let_in(&app, "late", "2026-03-15T23:59:59.000Z");
    assert_eq!(app.db.value("SELECT count(*) FROM billing_records WHERE counting = 'open'"), 0);
    end(&app, "late", "answered");
    let late = "usage_2026-03-15_chat_messages_org_a_2".to_owned();
    let all = records(&app, "org_a", kind);
    assert_eq!(all[..2], [held("invoiced"), (second, 2, 2, "pending".to_owned())]);
    assert_eq!(all[2..], [(late, 1, 1, "pending".to_owned())]);
    app.db.run_script("UPDATE billing_records SET status = 'paid' WHERE status = 'invoiced'");
    sums_hold(&app);
}

#[test]
fn begun_minutes_of_speech_are_those_of_the_month_and_not_of_each_clip() {
    let app = TestApp::new();
    let minutes = |app: &TestApp| -> Vec<i64> {
        records(app, "org_a", "voice_minutes").iter().map(|(_, minutes, _, _)| *minutes).collect()
    };
    say(&app, "2026-03-13", 90_000);
    say(&app, "2026-03-13", -75_000);
    assert_eq!(minutes(&app), [1], "what was set aside was given back");
    for _ in 0..4 {
        say(&app, "2026-03-14", 5_000);
    }
    assert_eq!(minutes(&app), [1, 0], "35 seconds of the month so far");
    say(&app, "2026-03-15", 25_000);
    assert_eq!(minutes(&app), [1, 0, 0], "a minute, exactly");
    say(&app, "2026-03-15", 1);
    assert_eq!(minutes(&app), [1, 0, 1]);
    assert_eq!(app.db.value("SELECT sum(voice_ms) FROM billing_records"), 60_001);
    assert_eq!(app.db.value("SELECT sum(amount_cents) FROM billing_records"), 30);
    // What comes on a day that is closed, also less than there was.
    app.db.run_script("UPDATE billing_records SET counting = 'closed'");
    say(&app, "2026-03-15", -1);
    say(&app, "2026-03-15", 60_000);
    assert_eq!(minutes(&app), [1, 0, 1, 0], "two minutes, exactly");
    say(&app, "2026-03-15", 1);
    assert_eq!(minutes(&app), [1, 0, 1, 1]);
    assert_eq!(app.db.value("SELECT sum(voice_ms) FROM billing_records"), 120_001);
    say(&app, "2026-04-01", 1);
    assert_eq!(minutes(&app), [1, 0, 1, 1, 1], "the next month begins anew");
    app.db.run_script(
        "INSERT INTO budget_counters (scope_id, period, org_id, voice_ms)
         VALUES ('site_a1', '2026-03-15', 'org_a', 600000), ('minute:site_a1', '2026-03-15T12:00', 'org_a', 600000)",
    );
    assert_eq!(minutes(&app).len(), 5, "other counters are of the same speech");
    sums_hold(&app);
}

#[test]
fn a_run_counts_when_it_succeeds_and_then_no_more() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO action_definitions (id, org_id, key, name) VALUES ('act', 'org_a', 'act', 'Act');
         INSERT INTO action_runs (id, action_id, org_id, status)
         VALUES ('run_1', 'act', 'org_a', 'pending'), ('run_2', 'act', 'org_a', 'pending'), ('old', 'act', 'org_b', 'succeeded');
         UPDATE action_runs SET status = 'running' WHERE org_id = 'org_a';
         UPDATE action_runs SET status = 'failed' WHERE org_id = 'org_a';
         UPDATE action_runs SET status = 'canceled' WHERE org_id = 'org_a'",
    );
    assert_eq!(counted(&app, "org_a", "action_runs"), 0);
    for status in ["succeeded", "succeeded", "running", "succeeded"] {
        app.db.run_script(&format!(
            "UPDATE action_runs SET status = '{status}', completed_at = '2026-03-15T11:00:00.000Z' WHERE org_id = 'org_a'"
        ));
    }
    let id = "usage_2026-03-15_action_runs_org_a_0".to_owned();
    let expected = [(id, 2, 20, "pending".to_owned())];
    assert_eq!(records(&app, "org_a", "action_runs"), expected);
    assert_eq!(app.db.value("SELECT count(*) FROM billing_records WHERE org_id <> 'org_a'"), 0);
}

#[test]
fn a_new_price_is_that_of_the_next_day() {
    let app = TestApp::new();
    ask(&app);
    app.db.run_script(
        "UPDATE usage_prices SET unit_price_cents = 3 WHERE usage_type = 'chat_messages'",
    );
    ask(&app);
    app.clock.advance(86_400);
    ask(&app);
    let cents: Vec<i64> =
        records(&app, "org_a", "chat_messages").iter().map(|(_, _, cents, _)| *cents).collect();
    assert_eq!(cents, [2, 3]);
}

type Taken = Arc<Mutex<BTreeMap<String, String>>>;

/// Stripe, which takes each identifier once. `answer` may give another answer, before or after the event is taken.
fn stripe(
    app: &TestApp,
    answer: impl Fn(&str, &dyn Fn()) -> Option<Result<Streamed, HttpFailure>> + Send + Sync + 'static,
) -> Taken {
    let taken = Taken::default();
    let events = taken.clone();
    app.http.serve(METER_EVENTS, move |request| {
        let form = String::from_utf8(request.body.clone().unwrap()).unwrap();
        let mut sent: BTreeMap<String, String> =
            form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let identifier = sent.remove("identifier").unwrap();
        let is_new = !events.lock().unwrap().contains_key(&identifier);
        let take = || {
            events.lock().unwrap().entry(identifier.clone()).or_insert_with(|| form.clone());
        };
        if let Some(answer) = answer(&form, &take) {
            return answer;
        }
        if is_new {
            take();
            return Ok(Streamed::of(200, &["{}"]));
        }
        let refused = r#"{"error":{"type":"invalid_request_error","message":"An event already exists with identifier x."}}"#;
        Ok(Streamed::of(400, &[refused]))
    });
    taken
}

fn app_with_meters() -> TestApp {
    let app = TestApp::with(&[
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_METERS", "chat_messages=koby_chat_messages,voice_minutes=koby_voice_minutes"),
    ]);
    app.db.run_script(
        "DELETE FROM billing_customers;
         INSERT INTO billing_customers (id, org_id, stripe_customer_id) VALUES ('bc_a', 'org_a', 'cus_a'), ('bc_b', 'org_b', 'cus_b');
         -- The nightly comparison with Stripe is another test's.
         INSERT INTO jobs (name, due_at) VALUES ('billing_reconcile', '9999-01-01T00:00:00.000Z')",
    );
    app
}

/// Requests to the meters.
fn sent(app: &TestApp) -> Vec<HttpRequest> {
    app.http.sent().into_iter().filter(|request| request.url == METER_EVENTS).collect()
}

fn events(app: &TestApp) -> Vec<Value> {
    app.db.rows("SELECT org_id, status, value, attempts FROM usage_meter_events ORDER BY org_id")
}

#[test]
fn a_closed_day_is_told_to_its_meter_once() {
    let app = app_with_meters();
    let taken = stripe(&app, |_, _| None);
    ask(&app);
    ask(&app);
    ask_as(&app, "sk_b1", &json!({"message": "Hello"}));
    app.db.run_script(
        "INSERT INTO action_definitions (id, org_id, key, name) VALUES ('act', 'org_a', 'act', 'Act');
         INSERT INTO action_runs (id, action_id, org_id, status) VALUES ('run', 'act', 'org_a', 'running');
         UPDATE action_runs SET status = 'succeeded', completed_at = '2026-03-15T11:00:00.000Z'",
    );
    tick(&app);
    assert_eq!(events(&app), Vec::<Value>::new(), "the day is not over");
    app.clock.advance(PAST_MIDNIGHT);
    tick(&app);
    for _ in 0..3 {
        app.clock.advance(3_600);
        tick(&app);
    }
    let told = taken.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "no meter counts runs: {told:?}");
    assert_eq!(
        told["usage_2026-03-15_chat_messages_org_a_0"],
        "event_name=koby_chat_messages&identifier=usage_2026-03-15_chat_messages_org_a_0&timestamp=1773619199\
         &payload%5Bstripe_customer_id%5D=cus_a&payload%5Bvalue%5D=2"
    );
    assert_eq!(sent(&app).len(), 2);
    let row = |org: &str, value: i64| json!({"org_id": org, "status": "sent", "value": value, "attempts": 1});
    assert_eq!(events(&app), [row("org_a", 2), row("org_b", 1)]);
    assert_eq!(records(&app, "org_a", "chat_messages")[0].3, "pending", "nobody was invoiced");
}

#[test]
fn orgs_without_a_customer_or_a_meter_are_told_nothing_later_either() {
    let app = app_with_meters();
    app.db.run_script(
        "DELETE FROM billing_customers WHERE org_id = 'org_b';
         UPDATE billing_customers SET deleted_at = '2026-03-01T00:00:00.000Z'",
    );
    ask(&app);
    ask_as(&app, "sk_b1", &json!({"message": "Hello"}));
    app.clock.advance(PAST_MIDNIGHT);
    tick(&app);
    app.db.run_script("UPDATE billing_customers SET deleted_at = NULL");
    app.clock.advance(3_600);
    tick(&app);
    assert_eq!((events(&app), sent(&app).len()), (Vec::new(), 0));
    assert_eq!(app.db.value("SELECT count(*) FROM billing_records WHERE counting = 'closed'"), 2);
    // What somebody invoiced by hand is not told either.
    ask(&app);
    app.db.run_script("UPDATE billing_records SET status = 'invoiced' WHERE counting = 'open'");
    app.clock.advance(86_400);
    tick(&app);
    assert_eq!(events(&app), Vec::<Value>::new());
}

#[test]
fn wherever_a_run_is_cut_off_the_meter_counts_once() {
    // The batches of a tick, and where Stripe's answer is lost after it took the event.
    for at in 0..40 {
        let app = app_with_meters();
        let losses = Mutex::new(usize::from(at % 2 == 0) * 3);
        let taken = stripe(&app, move |_, take| {
            let mut losses = losses.lock().unwrap();
            *losses = losses.checked_sub(1)?;
            take();
            Some(Err(HttpFailure("connection reset".to_owned())))
        });
        ask(&app);
        ask(&app);
        app.clock.advance(PAST_MIDNIGHT);
        app.db.fail_after(at, "D1_ERROR: storage timed out");
        for _ in 0..4 {
            tick(&app);
            app.clock.advance(600);
        }
        let told = taken.lock().unwrap().clone();
        assert_eq!(told.len(), 1, "cut at {at}");
        assert!(told.values().all(|form| form.ends_with("%5Bvalue%5D=2")), "{told:?}");
        let event = events(&app).remove(0);
        assert_eq!((&event["status"], &event["value"]), (&json!("sent"), &json!(2)), "cut at {at}");
    }
}

#[test]
fn what_stripe_refuses_is_kept_with_its_reason_and_stops_nobody() {
    let app = app_with_meters();
    let taken = stripe(&app, |form, _| {
        let refused =
            r#"{"error":{"code":"resource_missing","message":"No such customer: cus_a"}}"#;
        form.contains("cus_a").then(|| Ok(Streamed::of(400, &[refused])))
    });
    ask(&app);
    ask_as(&app, "sk_b1", &json!({"message": "Hello"}));
    app.clock.advance(PAST_MIDNIGHT);
    tick(&app);
    app.clock.advance(3_600);
    tick(&app);
    assert_eq!((taken.lock().unwrap().len(), sent(&app).len()), (1, 2));
    let row = |org: &str, status: &str| json!({"org_id": org, "status": status, "value": 1, "attempts": 1});
    assert_eq!(events(&app), [row("org_a", "refused"), row("org_b", "sent")]);
    let reason = app.db.value("SELECT reason FROM usage_meter_events WHERE org_id = 'org_a'");
    assert_eq!(reason, "Stripe answered 400 resource_missing (no request id)");
    let lines = app.lines.of("usage_refused");
    assert_eq!(
        (lines.len(), &lines[0]["org"], &lines[0]["level"]),
        (1, &json!("org_a"), &json!("error"))
    );
}

/// The statement of the runbook that has events sent again.
fn sent_again(record: &str) -> String {
    let runbook = include_str!("../../docs/OPERATIONS.md");
    let mut lines = runbook.lines().map(str::trim);
    let statement = lines.find(|line| line.starts_with("UPDATE usage_meter_events")).unwrap();
    statement.replace('…', record)
}

#[test]
fn what_was_refused_or_is_uncertain_is_sent_again_by_the_runbook() {
    for status in ["refused", "unknown"] {
        let app = app_with_meters();
        // As Stripe does: one key has one answer, also after what was wrong is put right.
        let keys = Mutex::new(BTreeMap::new());
        app.http.serve(METER_EVENTS, move |request| {
            let mut keys = keys.lock().unwrap();
            let is_first = keys.is_empty();
            let answer =
                keys.entry(idempotency_key(request)).or_insert(if is_first { 400 } else { 200 });
            Ok(Streamed::of(*answer, &["{}"]))
        });
        ask(&app);
        app.clock.advance(PAST_MIDNIGHT);
        tick(&app);
        assert_eq!(events(&app)[0]["status"], "refused");
        app.db.run_script(&format!("UPDATE usage_meter_events SET status = '{status}'"));
        app.clock.advance(3_600);
        app.db.run_script(&sent_again("usage_2026-03-15_chat_messages_org_a_0"));
        tick(&app);
        let event = events(&app).remove(0);
        assert_eq!((&event["status"], &event["attempts"]), (&json!("sent"), &json!(1)), "{status}");
        assert_eq!(sent(&app).len(), 2);
    }
}

fn idempotency_key(request: &HttpRequest) -> String {
    let key = request.headers.iter().find(|(name, _)| *name == "idempotency-key").unwrap();
    key.1.clone()
}

#[test]
fn what_is_down_is_asked_again_as_long_as_it_knows_the_event_again() {
    let app = app_with_meters();
    stripe(&app, |_, _| Some(Ok(Streamed::of(500, &["{}"]))));
    ask(&app);
    app.clock.advance(PAST_MIDNIGHT);
    for _ in 0..30 {
        tick(&app);
        app.clock.advance(3_600);
    }
    let event = events(&app).remove(0);
    assert_eq!(event["status"], "unknown", "{event}");
    let attempts = usize::try_from(event["attempts"].as_i64().unwrap()).unwrap();
    assert!((2..=11).contains(&attempts), "{attempts}");
    let sent = sent(&app);
    let of = |request: &HttpRequest| (request.body.clone().unwrap(), idempotency_key(request));
    let mut told: Vec<_> = sent.iter().map(of).collect();
    told.dedup();
    let keys = told.len();
    told.dedup_by_key(|(form, _)| form.clone());
    assert_eq!(told.len(), 1, "one event, whatever the attempt");
    assert!(keys >= attempts - 1, "each attempt has a key of its own: {keys} of {attempts}");
    assert_eq!(app.lines.of("usage_uncertain").len(), 1);
    assert!(!app.lines.of("usage_delayed").is_empty());
}

#[test]
fn a_key_that_is_not_taken_fails_the_job_and_no_event() {
    let app = app_with_meters();
    stripe(&app, |_, _| Some(Ok(Streamed::of(401, &["{}"]))));
    ask(&app);
    ask_as(&app, "sk_b1", &json!({"message": "Hello"}));
    app.clock.advance(PAST_MIDNIGHT);
    tick(&app);
    assert_eq!(sent(&app).len(), 1, "the next would fare no better");
    let run =
        app.db.rows("SELECT outcome, reason FROM job_runs WHERE job = 'usage_meters'").remove(0);
    assert_eq!(run["outcome"], "failed");
    assert!(run["reason"].as_str().unwrap().contains("Stripe answered 401"), "{run}");
    let taken = stripe(&app, |_, _| None);
    app.clock.advance(30 * 3_600);
    tick(&app);
    assert_eq!(taken.lock().unwrap().len(), 2, "however long the key was wrong");
    assert!(events(&app).iter().all(|event| event["attempts"] == 1));
}

#[test]
fn many_records_are_closed_and_told_some_at_a_time() {
    let app = app_with_meters();
    let taken = stripe(&app, |_, _| None);
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 449)
         INSERT INTO billing_records (id, org_id, usage_type, quantity, period_start, period_end, counting)
         SELECT 'r' || i, 'org_a', 'chat_messages', i % 10, '2026-03-14T00:00:00.000Z', '2026-03-15T00:00:00.000Z', 'open' FROM n",
    );
    tick(&app);
    assert_eq!(app.db.value("SELECT items FROM job_runs WHERE job = 'usage_close'"), 450);
    assert_eq!(taken.lock().unwrap().len(), 405, "what counts nothing is not told");
    assert_eq!(app.db.value("SELECT items FROM job_runs WHERE job = 'usage_meters'"), 405);
}
