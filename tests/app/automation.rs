//! Flows and actions as they are read.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::paging::{ids, walk};

/// Flows of both orgs; `flow_a` of the fixture is the oldest.
fn app() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO flows (id, org_id, name, description, status, \"trigger\", entry_step_id, last_published_at, version, created_at, updated_at) VALUES
          ('f_odd', 'org_a', 'Odd', NULL, NULL, 'not json', NULL, NULL, NULL, '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('f_same', 'org_a', 'Same moment', NULL, 'draft', 'null', NULL, NULL, 1, '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('f_full', 'org_a', 'Recall', 'Reminds', 'active', '{\"type\":\"chat\",\"config\":{\"intent\":\"x\"}}', 's1', '2026-03-01 08:00:00', 2, '2026-03-01 08:00:00', '2026-03-03T08:00:00.000Z'),
          ('f_b', 'org_b', 'Foreign', NULL, 'active', '{\"type\":\"api\"}', NULL, NULL, 1, '2026-03-04T08:00:00.000Z', '2026-03-04T08:00:00.000Z');
         INSERT INTO flow_steps (id, flow_id, kind, name, config, next_step_id, created_at, updated_at) VALUES
          ('s2', 'f_full', 'end', 'End', '[1]', NULL, '2026-03-01T08:02:00.000Z', '2026-03-01T08:02:00.000Z'),
          ('s1', 'f_full', 'collector', 'Start', 'broken', 's2', '2026-03-01T08:01:00.000Z', '2026-03-01T08:01:00.000Z'),
          ('s_b', 'f_b', 'end', 'Foreign', '{}', NULL, '2026-03-01T08:01:00.000Z', '2026-03-01T08:01:00.000Z');
         INSERT INTO flow_rules (id, flow_id, step_id, condition, action, target_step_id, created_at, updated_at) VALUES
          ('r1', 'f_full', 's1', 'a is empty', 'goto', 's1', '2026-03-01 08:01:00', '2026-03-01 08:01:00');
         INSERT INTO flow_tests (id, flow_id, name, input, expected_outcome, last_run_at, last_result) VALUES
          ('t2', 'f_full', 'Second by id', NULL, NULL, NULL, NULL),
          ('t1', 'f_full', 'First by id', '{\"phone\":\"1\"}', 'success', '2026-03-01 09:00:00', 'passed'),
          ('t_odd', 'f_odd', 'Of another', '7', 'handoff', NULL, NULL),
          ('t_b', 'f_b', 'Foreign', '{}', NULL, NULL, NULL);
         INSERT INTO flow_runs (id, flow_id, org_id, started_at, duration_ms, outcome, triggered_policy_ids) VALUES
          ('run1', 'f_full', 'org_a', '2026-03-05T08:00:00.000Z', 900, 'success', '[\"p1\"]'),
          ('run2', 'f_full', 'org_a', '2026-03-06T08:00:00.000Z', NULL, 'handoff', 'broken'),
          ('run3', 'f_odd', 'org_a', '2026-03-07 08:00:00', NULL, NULL, NULL),
          ('run_b', 'f_b', 'org_b', '2026-03-08T08:00:00.000Z', 1, 'failed', '[]');
         INSERT INTO knowledge_policies (id, org_id, name, rules, created_at, updated_at) VALUES
          ('p1', 'org_a', 'No prices', '[{\"id\":\"r\"}]', '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z'),
          ('p_b', 'org_b', 'Foreign', '[]', '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z')",
    );
    app
}

#[test]
fn workflows_tell_their_newest_run() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/workflows");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    assert_eq!(
        answer.json(),
        json!({"workflows": [
            {"id": "f_full", "name": "Recall", "lastRun": "2026-03-06T08:00:00.000Z", "outcome": "handoff"},
            {"id": "f_same", "name": "Same moment", "lastRun": "N/A", "outcome": "Not run"},
            {"id": "f_odd", "name": "Odd", "lastRun": "2026-03-07T08:00:00.000Z", "outcome": "Not run"},
            {"id": "flow_a", "name": "Booking", "lastRun": "N/A", "outcome": "Not run"},
        ]})
    );
    let none = app.get_as("user_staff", "/portal/workflows?orgId=org_closed").json();
    assert_eq!(none, json!({"workflows": [], "message": "No flows found"}));
}

#[test]
fn flows_come_with_their_tests_and_the_newest_runs() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/flows");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("flows", answer.json());
}

#[test]
fn a_page_of_flows_brings_its_own_tests_alone() {
    let app = app();
    let page = app.get_as("user_viewer_a", "/portal/flows?limit=2").json();
    assert_eq!(ids(&page, "flows"), ["f_full", "f_same"]);
    assert_eq!(ids(&page, "tests"), ["t2", "t1"], "as they were added; none of the next page");
    let cursor = page["nextCursor"].as_str().unwrap();
    let next =
        app.get_as("user_viewer_a", &format!("/portal/flows?limit=2&cursor={cursor}")).json();
    assert_eq!(ids(&next, "flows"), ["f_odd", "flow_a"]);
    assert_eq!(ids(&next, "tests"), ["t_odd"]);
    assert_eq!(next["nextCursor"], Value::Null);
    for path in ["/portal/flows", "/portal/workflows"] {
        let list = path.strip_prefix("/portal/").unwrap();
        let seen = walk(&app, &format!("{path}?limit=1"), list, "cursor", "nextCursor");
        assert_eq!(seen, ["f_full", "f_same", "f_odd", "flow_a"], "{path}");
        for query in ["limit=0", "limit=501", "cursor=x"] {
            assert_eq!(app.get_as("user_viewer_a", &format!("{path}?{query}")).status, 400);
        }
    }
}

#[test]
fn the_newest_runs_are_fifty_at_most() {
    let app = app();
    app.db.run_script(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 80)
         INSERT INTO flow_runs (id, flow_id, org_id, started_at, outcome)
         SELECT 'many' || n, 'flow_a', 'org_a', printf('2026-03-09T08:%02d:%02d.000Z', n / 60, n % 60), 'success' FROM n",
    );
    let insights = app.get_as("user_viewer_a", "/portal/flows").json()["insights"].clone();
    let insights = insights.as_array().unwrap();
    assert_eq!((insights.len(), &insights[0]["run_id"]), (50, &json!("many80")));
}

#[test]
fn staff_see_the_flows_of_all_orgs() {
    let app = app();
    let answer = app.get_as("user_staff", "/portal/flows");
    let body = answer.json();
    assert_eq!(ids(&body, "flows"), ["f_b", "f_full", "f_same", "f_odd", "flow_a"]);
    assert_eq!(body["insights"][0]["run_id"], "run_b");
    assert_eq!(ids(&body, "tests"), ["t_b", "t2", "t1", "t_odd"]);
    let one = app.get_as("user_staff", "/portal/flows?orgId=org_b").json();
    assert_eq!((ids(&one, "flows"), ids(&one, "tests")), (vec!["f_b".into()], vec!["t_b".into()]));
}

#[test]
fn a_flow_is_shown_whole() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/flows/f_full");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("flow", answer.json());
}

#[test]
fn a_foreign_flow_does_not_exist() {
    let app = app();
    for (user, path) in [
        ("user_owner_a", "/portal/flows/f_b"),
        ("user_owner_a", "/portal/flows/nowhere"),
        ("user_staff", "/portal/flows/f_b?orgId=org_a"),
    ] {
        let answer = app.get_as(user, path);
        assert_eq!((answer.status, answer.error().as_str()), (404, "Flow not found"), "{path}");
    }
    assert_eq!(app.get_as("user_owner_a", "/portal/flows/f_b?orgId=org_b").status, 403);
    assert_eq!(app.get_as("user_none", "/portal/flows/f_b").status, 400);
    let staff = app.get_as("user_staff", "/portal/flows/f_b").json();
    assert_eq!(ids(&staff["preview"], "policies"), ["p_b"]);
}

/// Actions of both orgs and what became of their runs.
fn with_runs() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO action_definitions (id, org_id, key, name, description, version, handler_url, timeout_ms, retry_policy, max_retries, metadata, created_by, created_at, updated_at) VALUES
          ('a1', 'org_a', 'book', 'Book', 'Writes', 'v1', 'https://x.example/h', 15000, 'exponential', 5, '{\"a\":1}', 'u_admin_a', '2026-03-01T08:00:00.000Z', '2026-03-01T08:00:00.000Z'),
          ('a2', 'org_a', 'text', 'Text', NULL, NULL, NULL, NULL, NULL, NULL, 'broken', NULL, '2026-03-02T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('a_b', 'org_b', 'book', 'Foreign', NULL, 'v1', NULL, 1, 'none', 0, '{}', NULL, '2026-03-03T08:00:00.000Z', '2026-03-03T08:00:00.000Z');
         INSERT INTO flow_runs (id, flow_id, org_id) VALUES ('fr1', 'flow_a', 'org_a');
         INSERT INTO action_runs (id, action_id, org_id, status, attempt, max_retries, retry_policy, trigger_source, idempotency_key, flow_id, flow_run_id, input, output, error, started_at, completed_at, last_error_at, next_retry_at, metadata, created_at) VALUES
          ('r1', 'a1', 'org_a', 'succeeded', 2, 5, 'exponential', 'flow', 'key1', 'flow_a', 'fr1', '{\"name\":\"Dana\"}', '[1]', NULL, '2026-03-05T08:00:01.000Z', '2026-03-05T08:00:03.000Z', '2026-03-05 08:00:02', NULL, '{\"stepId\":\"s\"}', '2026-03-05T08:00:00.000Z'),
          ('r2', 'a1', 'org_a', 'failed', 1, 5, 'exponential', 'api', NULL, NULL, NULL, 'broken', 'broken', 'The handler answered 503', NULL, NULL, NULL, '2026-03-06T09:00:00.000Z', 'broken', '2026-03-06T08:00:00.000Z'),
          ('r3', 'a2', 'org_a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-03-06T08:00:00.000Z'),
          ('r4', 'a2', 'org_a', 'failed', 1, 3, 'fixed', NULL, NULL, NULL, NULL, '{}', NULL, 'x', NULL, NULL, NULL, NULL, '{}', '2026-03-07T08:00:00.000Z'),
          ('r_b', 'a_b', 'org_b', 'failed', 1, 3, 'fixed', NULL, NULL, NULL, NULL, '{}', NULL, 'x', NULL, NULL, NULL, NULL, '{}', '2026-03-08T08:00:00.000Z')",
    );
    app
}

#[test]
fn actions_of_an_org() {
    let app = with_runs();
    let answer = app.get_as("user_viewer_a", "/actions");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("actions", answer.json());
    assert_eq!(walk(&app, "/actions?limit=1", "actions", "cursor", "nextCursor"), ["a2", "a1"]);
    assert_eq!(ids(&app.get_as("user_staff", "/actions").json(), "actions"), ["a_b", "a2", "a1"]);
}

#[test]
fn action_runs_of_an_org() {
    let app = with_runs();
    let answer = app.get_as("user_viewer_a", "/actions/runs");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("action_runs", answer.json());
    let pages = walk(&app, "/actions/runs?limit=1", "runs", "cursor", "nextCursor");
    assert_eq!(pages, ["r4", "r3", "r2", "r1"]);
}

#[test]
fn action_runs_are_filtered() {
    let app = with_runs();
    for (user, query, expected) in [
        ("user_owner_a", "status=failed", vec!["r4", "r2"]),
        ("user_owner_a", "status=running", vec![]),
        ("user_owner_a", "actionId=a1", vec!["r2", "r1"]),
        ("user_owner_a", "actionId=a1&status=succeeded", vec!["r1"]),
        ("user_owner_a", "actionId=a_b", vec![]),
        ("user_owner_a", "actionId=nowhere", vec![]),
        ("user_staff", "", vec!["r_b", "r4", "r3", "r2", "r1"]),
        ("user_staff", "status=failed", vec!["r_b", "r4", "r2"]),
        ("user_staff", "actionId=a_b", vec!["r_b"]),
        ("user_staff", "actionId=a_b&orgId=org_a", vec![]),
    ] {
        let answer = app.get_as(user, &format!("/actions/runs?{query}"));
        assert_eq!((answer.status, answer.db_trips), (200, 1));
        assert_eq!(ids(&answer.json(), "runs"), expected, "{query} as {user}");
    }
    let failed = walk(&app, "/actions/runs?status=failed&limit=1", "runs", "cursor", "nextCursor");
    assert_eq!(failed, ["r4", "r2"]);
    for query in ["status=done", "limit=201", "limit=-1", "cursor=e30"] {
        assert_eq!(app.get_as("user_owner_a", &format!("/actions/runs?{query}")).status, 400);
    }
}
