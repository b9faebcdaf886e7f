//! What runs by the clock: once when it is due, not twice, and again where it was lost.

use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::json;

use crate::support::TestApp;

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
    assert_eq!(runs(&app, "housekeeping"), 1);
}

#[test]
fn a_failed_run_is_recorded_and_begun_again() {
    let app = TestApp::new();
    // The claim and the feed's look at the queue go well; the deletion does not.
    app.db.fail_after(3, "D1_ERROR: no such table");
    tick(&app);
    let row = &app.db.rows("SELECT * FROM job_runs WHERE job = 'housekeeping'")[0];
    assert_eq!(row["outcome"], "failed");
    assert!(row["reason"].as_str().unwrap().contains("no such table"), "{row}");
    app.clock.advance(3_600);
    tick(&app);
    assert_eq!(runs(&app, "housekeeping"), 2);
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
