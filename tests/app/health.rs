//! Liveness and readiness.

use axum::body::Body;
use http::Request;

use crate::support::TestApp;

#[test]
fn health_answers_without_touching_anything() {
    let app = TestApp::new();
    let answer = app.get("/health");
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["timestamp"], "2026-03-15T12:00:00.000Z");
    assert_eq!(body["environment"], "staging");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(body["requestId"].as_str(), answer.header("x-request-id"));
    assert_eq!((answer.db_trips, answer.search_trips), (0, 0));
}

#[test]
fn head_is_get_without_a_body() {
    let app = TestApp::new();
    for path in ["/health", "/health/ready"] {
        let answer = app.send(Request::head(path).body(Body::empty()).unwrap());
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{path}");
    }
}

#[test]
fn readiness_has_three_paths_and_one_shape() {
    let app = TestApp::new();
    for path in ["/health/ready", "/v1/health", "/api/health"] {
        let answer = app.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let services = &answer.json()["services"];
        assert_eq!(services["database"]["status"], "healthy", "{path}");
        assert!(services["database"]["latencyMs"].is_number(), "{path}");
        assert_eq!(services["search"]["status"], "healthy", "{path}");
        assert_eq!(services["configuration"]["status"], "healthy", "{path}");
        assert_eq!((answer.db_trips, answer.search_trips), (1, 1));
    }
}

#[test]
fn missing_migrations_are_named() {
    let app = TestApp::new();
    app.db.run_script("DELETE FROM d1_migrations WHERE name LIKE '0002%'");
    let answer = app.get("/health/ready");
    assert_eq!(answer.status, 503);
    let body = answer.json();
    assert_eq!(body["status"], "unavailable");
    assert_eq!(
        body["services"]["database"]["missingMigrations"][0],
        "0002_add_rollups_and_guards.sql"
    );
    assert_eq!(body["services"]["search"]["status"], "healthy");
}

#[test]
fn an_unreachable_database_is_not_ready_and_leaks_no_reason() {
    let app = TestApp::new();
    app.search.run_script("DROP TABLE d1_migrations");
    let answer = app.get("/api/health");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["services"]["search"]["status"], "unhealthy");
    assert!(!answer.text.contains("no such table"), "{}", answer.text);
}

#[test]
fn refused_configuration_is_shown() {
    let app = TestApp::with(&[("ENVIRONMENT", "production"), ("CORS_ALLOW_ALL", "true")]);
    let answer = app.get("/health/ready");
    assert_eq!(answer.status, 503);
    let problems = &answer.json()["services"]["configuration"]["problems"];
    assert!(problems[0].as_str().unwrap().starts_with("CORS_ALLOW_ALL"), "{problems}");
    assert_eq!(app.get("/health").status, 200);
}

#[test]
fn a_passing_failure_of_d1_is_tried_again() {
    let app = TestApp::new();
    app.db.fail_after(0, "D1_ERROR: Network connection lost.");
    let answer = app.get("/health/ready");
    assert_eq!((answer.status, answer.db_trips), (200, 2));
}
