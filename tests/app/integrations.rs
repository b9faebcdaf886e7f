//! Connections as they are read.

use serde_json::Value;

use crate::support::TestApp;
use crate::support::paging::{ids, walk};

fn app() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO integration_connections (id, org_id, connector, status, credentials, last_refreshed_at, expires_at, health_status, health_detail, created_at, updated_at) VALUES
          ('i1', 'org_a', 'google_calendar', 'connected', '{\"token\":\"sesame\"}', '2026-03-14 08:00:00', '2026-04-01T00:00:00.000Z', 'warning', 'Slow', '2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z'),
          ('i2', 'org_a', 'open_dental', NULL, '{\"token\":\"sesame\"}', NULL, NULL, NULL, NULL, '2026-03-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z'),
          ('i3', 'org_a', 'twilio', 'error', 'sesame', NULL, NULL, 'error', NULL, '2026-03-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z'),
          ('i_b', 'org_b', 'stripe', 'connected', '{\"token\":\"sesame\"}', NULL, NULL, 'healthy', NULL, '2026-03-01T08:00:00.000Z', '2026-03-04T08:00:00.000Z')",
    );
    app
}

#[test]
fn integrations_serve_both_kinds_of_clients() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/portal/integrations");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("integrations", answer.json());
    assert_eq!(app.get_as("user_viewer_a", "/integrations").json(), answer.json());
}

#[test]
fn integrations_are_paged() {
    let app = app();
    let seen = walk(&app, "/integrations?limit=1", "integrations", "cursor", "nextCursor");
    assert_eq!(seen, ["i3", "i2", "i1"]);
    let staff = app.get_as("user_staff", "/integrations").json();
    assert_eq!(ids(&staff, "integrations"), ["i_b", "i3", "i2", "i1"]);
    assert_eq!(app.get_as("user_owner_a", "/integrations?limit=501").status, 400);
}

#[test]
fn credentials_are_never_told() {
    let app = app();
    for user in ["user_owner_a", "user_staff"] {
        let answer = app.get_as(user, "/integrations");
        assert!(!answer.text.contains("sesame"), "{}", answer.text);
        for row in answer.json()["integrations"].as_array().unwrap() {
            assert_eq!(row.get("credentials"), None::<&Value>);
        }
    }
}
