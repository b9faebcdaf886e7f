//! What runs by the clock: once when it is due, not twice, and again where it was lost.

use std::future::Future as _;
use std::task::{Context, Waker};

use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::ports::Streamed;

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn runs(app: &TestApp, job: &str) -> i64 {
    app.db.value(&format!("SELECT count(*) FROM job_runs WHERE job = '{job}'")).as_i64().unwrap()
}

#[test]
fn each_run_leaves_one_row_and_one_line() {
    let app = TestApp::new();
    tick(&app);
    let row = &app.db.rows("SELECT * FROM job_runs WHERE job = 'housekeeping'")[0];
    assert_eq!(
        (&row["outcome"], &row["items"], &row["reason"]),
        (&json!("done"), &json!(0), &json!(null))
    );
    let lines = app.lines.of("job");
    assert_eq!(lines.iter().filter(|line| line["job"] == "housekeeping").count(), 1);
}

#[test]
fn a_job_runs_when_it_is_due_and_not_before() {
    let app = TestApp::new();
    tick(&app);
    tick(&app);
    assert_eq!((runs(&app, "housekeeping"), runs(&app, "search_feed")), (1, 2));
    app.clock.advance(3_600);
    tick(&app);
    assert_eq!(runs(&app, "housekeeping"), 2);
}

#[test]
fn a_job_that_is_held_is_left_alone_until_its_lease_ends() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO jobs (name, due_at, lease_id, lease_until)
         VALUES ('housekeeping', '2026-03-15T11:59:00.000Z', 'other', '2026-03-15T12:01:00.000Z')",
    );
    tick(&app);
    assert_eq!(runs(&app, "housekeeping"), 0);
    app.clock.advance(61);
    tick(&app);
    let outcomes = app.db.rows(
        "SELECT outcome FROM job_runs WHERE job = 'housekeeping' ORDER BY ended_at, outcome DESC",
    );
    assert_eq!(
        outcomes,
        [json!({"outcome": "failed"}), json!({"outcome": "done"})],
        "the one that was lost, and this one"
    );
}

#[test]
fn a_failed_run_is_recorded_and_begun_again() {
    let app = TestApp::new();
    // What is due, the three trips of the job before and the claim go well; the deletion does not.
    app.db.fail_after(5, "D1_ERROR: no such table");
    tick(&app);
    let row = &app.db.rows("SELECT * FROM job_runs WHERE job = 'housekeeping'")[0];
    assert_eq!(row["outcome"], "failed");
    assert!(row["reason"].as_str().unwrap().contains("no such table"), "{row}");
    app.clock.advance(3_600);
    tick(&app);
    assert_eq!(runs(&app, "housekeeping"), 2);
}

#[test]
fn a_slow_job_leaves_the_others_their_time() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO chat_sessions (id, org_id, site_id, status, started_at, last_message_at)
         VALUES ('quiet', 'org_a', 'site_a1', 'active', '2026-03-15T10:00:00.000Z', '2026-03-15T10:00:00.000Z');
         INSERT INTO knowledge_reindexes (org_id, requested_at) VALUES ('org_a', '2026-03-15T10:00:00.000Z')",
    );
    // Whatever is done takes seconds.
    app.clock.ticks(1_000);
    tick(&app);
    app.clock.ticks(0);
    assert_eq!(app.db.value("SELECT status FROM chat_sessions WHERE id = 'quiet'"), "abandoned");
    let worked = app.db.rows("SELECT job FROM job_runs WHERE outcome = 'more' AND items = 0");
    assert_eq!(worked, Vec::<Value>::new(), "nobody says that they worked and had no time");
    let marked = "SELECT count(*) FROM knowledge_documents WHERE org_id = 'org_a' AND index_due_at IS NOT NULL";
    assert_ne!(app.db.value(marked), 0, "also those that come last have theirs");
}

#[test]
fn a_run_that_dies_holds_only_its_own_job_and_leaves_a_row() {
    let app = TestApp::new();
    app.http.serve("https://www.site.example", |_| Ok(Streamed::of(404, &[])));
    app.db.run_script(
        r#"UPDATE knowledge_sources SET config = '{"start_url":"https://www.site.example/"}' WHERE id = 'ksrc_a';
           INSERT INTO knowledge_crawls (source_id, org_id, host, due_at)
           VALUES ('ksrc_a', 'org_a', 'www.site.example', '2026-03-15T11:00:00.000Z')"#,
    );
    app.clock.hold();
    let op = app.job();
    let mut run = Box::pin(jobs::run_due(&op));
    let mut context = Context::from_waker(Waker::noop());
    assert!(run.as_mut().poll(&mut context).is_pending(), "it waits between two requests");
    drop(run);
    let held = app.db.rows("SELECT name FROM jobs WHERE lease_id IS NOT NULL");
    assert_eq!(held, [json!({"name": "knowledge_crawl"})]);
    app.clock.advance(60);
    app.db.run_script("DELETE FROM knowledge_crawls");
    tick(&app);
    assert_eq!((runs(&app, "idle_close"), runs(&app, "knowledge_crawl")), (2, 0));
    app.clock.advance(61);
    tick(&app);
    let rows = app.db.rows(
        "SELECT started_at, outcome, reason FROM job_runs WHERE job = 'knowledge_crawl' ORDER BY started_at",
    );
    assert_eq!(rows.len(), 2, "the one that was lost, and this one: {rows:?}");
    assert_eq!(
        rows[0],
        json!({"started_at": "2026-03-15T12:00:00.000Z", "outcome": "failed",
               "reason": "the run was lost: it did not end before its lease did"})
    );
    assert_eq!(rows[1]["outcome"], "done");
}

#[test]
fn orgs_take_turns_with_their_documents() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO knowledge_sources (id, org_id, name, type) VALUES ('ksrc_b', 'org_b', 'B', 'file');
         INSERT INTO knowledge_ingestion_jobs (id, org_id, type, created_at, updated_at)
         SELECT 'many_' || value, 'org_a', 'ingest_document', '2026-03-15T10:00:00.000Z', '2026-03-15T10:00:00.000Z'
           FROM json_each('[10,11,12,13,14,15,16,17,18,19,20,21]');
         INSERT INTO knowledge_ingestion_jobs (id, org_id, type, next_attempt_at, created_at, updated_at)
         VALUES ('one', 'org_b', 'ingest_document', '2026-03-15T11:00:00.000Z', '2026-03-15T11:00:00.000Z', '2026-03-15T11:00:00.000Z')",
    );
    app.clock.ticks(1);
    tick(&app);
    let before = "SELECT count(*) FROM knowledge_ingestion_jobs WHERE org_id = 'org_a' AND status = 'failed'
                   AND updated_at < (SELECT updated_at FROM knowledge_ingestion_jobs WHERE id = 'one')";
    let before = app.db.value(before).as_i64().unwrap();
    assert!(before <= 3, "{before} of the other org came first");
    let waiting =
        "SELECT count(*) FROM knowledge_ingestion_jobs WHERE status <> 'failed' AND id <> 'job_a'";
    assert_eq!(app.db.value(waiting), 0);
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let app = TestApp::new();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO budget_counters (scope_id, period, org_id)
         SELECT 'visitor:' || i, '2026-03-15T09:00', 'org_a' FROM n;
         INSERT INTO budget_counters (scope_id, period, org_id)
         VALUES ('org_a', '2026-03-15T11:59', 'org_a'), ('org_a', '2025-01-01', 'org_a'), ('org_a', '2025-01', 'org_a');
         INSERT INTO job_runs (id, job, started_at, ended_at, outcome)
         VALUES ('old', 'x', '2026-02-28T12:00:00.000Z', '2026-02-28T12:00:00.000Z', 'done'),
                ('new', 'x', '2026-03-14T12:00:00.000Z', '2026-03-14T12:00:00.000Z', 'done')",
    );
    app.db.run_script(
        "INSERT INTO chat_turns (id, org_id, site_id, session_id, admitted_at)
         VALUES ('019cc000-0000-7000-8000-000000000000', 'org_a', 'site_a1', 's', '2026-03-06T00:00:00.000Z'),
                ('019cf000-0000-7000-8000-000000000000', 'org_a', 'site_a1', 's', '2026-03-15T00:00:00.000Z')",
    );
    app.db.run_script(
        "INSERT INTO widget_event_counts (site_id, date, scope_id, event, org_id, count, first_at, last_at)
         VALUES ('site_a1', '2024-03-01', 'dep_a', 'widget_opened', 'org_a', 1, '', ''),
                ('site_a1', '2024-04-01', 'dep_a', 'widget_opened', 'org_a', 1, '', '')",
    );
    tick(&app);
    assert_eq!(app.db.rows("SELECT date FROM widget_event_counts")[0]["date"], "2024-04-01");
    assert_eq!(app.db.rows("SELECT id FROM chat_turns").len(), 1);
    assert_eq!(app.db.value("SELECT count(*) FROM budget_counters"), 3);
    assert_eq!(app.db.value("SELECT count(*) FROM job_runs WHERE job = 'x'"), 1);
    assert_eq!(app.db.value("SELECT items FROM job_runs WHERE job = 'housekeeping'"), 2_503);
}
