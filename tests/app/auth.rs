//! Which tokens are accepted, and what becomes of their owners.

use serde_json::json;

use crate::support::TestApp;
use crate::support::crypto::{SigningKey, Token};

const ME: &str = "/portal/me";

fn status(app: &TestApp, token: &Token) -> u16 {
    app.get_with(token, ME).status
}

fn good(app: &TestApp) -> Token {
    app.token("user_owner_a")
}

#[test]
fn clerks_token_is_accepted() {
    let app = TestApp::new();
    assert_eq!(status(&app, &good(&app)), 200);
}

#[test]
fn no_token_is_401_with_a_challenge() {
    let app = TestApp::new();
    let answer = app.get(ME);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.error(), "Unauthorized");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.db_trips, 0);
}

#[test]
fn every_refusal_reads_the_same() {
    let app = TestApp::new();
    let now = app.clock.seconds();
    let token = good(&app);
    let refused = [
        ("another key under Clerk's id", token.clone().by(SigningKey::stranger())),
        ("an id that is not published", token.clone().by(SigningKey::stranger().named("ins_x"))),
        ("no key id", token.clone().without_header("kid")),
        ("another algorithm", token.clone().header("alg", "RS512")),
        ("no algorithm", token.clone().header("alg", "none")),
        ("symmetric", token.clone().header("alg", "HS256")),
        ("another type", token.clone().header("typ", "at+jwt")),
        ("critical extensions", token.clone().header("crit", json!(["exp"]))),
        ("critical extensions that are null", token.clone().header("crit", json!(null))),
        ("machine token", token.clone().header("cat", "cl_B7d4PD333AAA")),
        ("template token", token.clone().header("cat", "cl_B7d4PD222AAA")),
        ("another issuer", token.clone().claim("iss", "https://clerk.evil.example")),
        ("no issuer", token.clone().without_claim("iss")),
        ("no subject", token.clone().without_claim("sub")),
        ("an empty subject", token.clone().claim("sub", "")),
        ("a subject that is no text", token.clone().claim("sub", 7)),
        ("no expiry", token.clone().without_claim("exp")),
        ("an expiry that is no number", token.clone().claim("exp", "soon")),
        ("expired", token.clone().claim("exp", now - 5)),
        ("not yet valid", token.clone().claim("nbf", now + 6)),
        ("issued in the future", token.clone().claim("iat", now + 6)),
        ("a start that is no number", token.clone().claim("nbf", "now")),
        ("no party", token.clone().without_claim("azp")),
        ("another party", token.clone().claim("azp", "https://evil.example")),
        ("a party that only looks alike", token.clone().claim("azp", "https://APP.example.com")),
        ("pending session", token.clone().claim("sts", "pending")),
    ];
    let first = app.get_with(&refused[0].1, ME);
    for (name, token) in refused {
        let answer = app.get_with(&token, ME);
        assert_eq!(answer.status, 401, "{name}: {}", answer.text);
        assert_eq!(answer.error(), "Unauthorized", "{name}");
        assert_eq!(answer.json()["detail"], first.json()["detail"], "{name}");
        assert_eq!(answer.db_trips, 0, "{name}");
    }
}

#[test]
fn the_edges_of_time_are_five_seconds_wide() {
    let app = TestApp::new();
    let now = app.clock.seconds();
    assert_eq!(status(&app, &good(&app).claim("exp", now - 4)), 200);
    assert_eq!(status(&app, &good(&app).claim("nbf", now + 5)), 200);
    assert_eq!(status(&app, &good(&app).claim("iat", now + 5)), 200);
}

#[test]
fn lesser_known_but_good_tokens_pass() {
    let app = TestApp::new();
    for token in [
        good(&app).without_header("typ"),
        good(&app).without_header("cat"),
        good(&app).header("cat", "cl_I7d4PD111III"),
        good(&app).header("oiat", 1),
        good(&app).without_claim("nbf"),
        good(&app).without_claim("iat"),
        good(&app).claim("sts", "active"),
        good(&app).claim("azp", "https://pr-7.preview.example.com"),
        good(&app).claim("act", json!({"sub": "user_support"})),
    ] {
        assert_eq!(status(&app, &token), 200);
    }
}

#[test]
fn a_token_without_party_passes_while_no_list_is_set() {
    let app = TestApp::with(&[("ALLOWED_ORIGINS", "")]);
    assert_eq!(status(&app, &good(&app).without_claim("azp")), 200);
}

#[test]
fn garbage_is_401_not_500() {
    let app = TestApp::new();
    let long = format!("Bearer {}", "a".repeat(9000));
    for value in
        ["Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer a.b", "Bearer ...", &long]
    {
        let request = http::Request::get(ME).header("authorization", value);
        let answer = app.send(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!(answer.status, 401, "{value:.20}");
    }
    assert_eq!(app.http.calls(), 0, "no key is fetched for garbage");
}

#[test]
fn the_key_set_is_fetched_once_and_kept_for_ten_minutes() {
    let app = TestApp::new();
    for _ in 0..3 {
        assert_eq!(status(&app, &good(&app)), 200);
        app.clock.advance(10);
    }
    assert_eq!(app.http.calls(), 1);
    app.clock.advance(600);
    assert_eq!(status(&app, &good(&app)), 200);
    assert_eq!(app.http.calls(), 2);
}

#[test]
fn an_unknown_key_is_looked_for_again_after_a_cool_down() {
    let app = TestApp::new();
    assert_eq!(status(&app, &good(&app)), 200);
    app.http.answer_with_keys(&[SigningKey::clerk(), SigningKey::rotated()]);
    for _ in 0..5 {
        assert_eq!(status(&app, &good(&app).by(SigningKey::rotated())), 401);
    }
    assert_eq!(app.http.calls(), 1, "unknown keys cannot force fetches");
    app.clock.advance(31);
    assert_eq!(status(&app, &good(&app).by(SigningKey::rotated())), 200);
    assert_eq!(app.http.calls(), 2);
}

#[test]
fn keys_that_cannot_be_had_are_503_after_one_retry() {
    let app = TestApp::new();
    app.http.go_down();
    let answer = app.get_with(&good(&app), ME);
    assert_eq!((answer.status, answer.code().as_str()), (503, "keys_unavailable"));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(app.http.calls(), 2);

    let app = TestApp::new();
    app.http.fail_first(1);
    assert_eq!(status(&app, &good(&app)), 200);

    for (code, body) in [(500, ""), (200, "<html>"), (200, r#"{"keys":[{"kty":"oct","k":"x"}]}"#)] {
        let app = TestApp::new();
        app.http.answer_with(code, body);
        assert_eq!(status(&app, &good(&app)), 503, "{body}");
    }
}

#[test]
fn known_keys_go_on_serving_while_clerk_is_down() {
    let app = TestApp::new();
    assert_eq!(status(&app, &good(&app)), 200);
    app.http.go_down();
    app.clock.advance(300);
    assert_eq!(status(&app, &good(&app)), 200);
}

#[test]
fn a_pem_makes_it_networkless() {
    let pem = SigningKey::clerk().public_pem();
    let app = TestApp::with(&[("CLERK_JWT_KEY", &pem)]);
    assert_eq!(status(&app, &good(&app)), 200);
    assert_eq!(status(&app, &good(&app).by(SigningKey::stranger())), 401);
    assert_eq!(app.http.calls(), 0);
}

#[test]
fn the_local_key_serves_development_and_never_production() {
    let pem = SigningKey::rotated().public_pem();
    let local = |app: &TestApp| {
        good(app)
            .by(SigningKey::rotated().named("local_dev"))
            .claim("iss", "https://clerk.koby-portal.localhost")
    };
    let development = [("ENVIRONMENT", "development"), ("LOCAL_JWT_KEY", pem.as_str())];
    let app = TestApp::with(&development);
    assert_eq!(status(&app, &local(&app)), 200);
    assert_eq!(status(&app, &good(&app)), 200, "Clerk's own tokens pass beside it");

    let app = TestApp::with(&[("ENVIRONMENT", "production"), ("LOCAL_JWT_KEY", &pem)]);
    assert_eq!(status(&app, &local(&app)), 401);

    // Even if someone configures the local key as Clerk's.
    let app = TestApp::with(&[("ENVIRONMENT", "production"), ("CLERK_JWT_KEY", &pem)]);
    assert_eq!(status(&app, &local(&app)), 401);
}

#[test]
fn a_verified_token_is_remembered_until_it_expires() {
    let app = TestApp::new();
    let token = good(&app);
    assert_eq!(status(&app, &token), 200);
    app.clock.advance(64);
    assert_eq!(status(&app, &token), 200);
    app.clock.advance(1);
    assert_eq!(status(&app, &token), 401);
}

#[test]
fn suspended_people_are_refused_everywhere() {
    let app = TestApp::new();
    for user in ["user_suspended", "user_staff_off"] {
        for path in [ME, "/portal/overview", "/portal/engines", "/portal/overview?orgId=org_a"] {
            let answer = app.get_as(user, path);
            assert_eq!((answer.status, answer.code().as_str()), (403, "user_not_active"), "{path}");
        }
    }
    let logins = app.db.value("SELECT count(last_login_at) FROM users WHERE status <> 'active'");
    assert_eq!(logins, 0, "a refusal is no login");
}

#[test]
fn members_of_inactive_orgs_see_who_they_are_and_no_more() {
    let app = TestApp::new();
    let me = app.get_as("user_closed", ME);
    assert_eq!((me.status, &me.json()["currentOrgId"]), (200, &json!(null)));
    assert_eq!(me.json()["memberships"][0]["orgStatus"], "churned");
    for path in ["/portal/overview", "/portal/overview?orgId=org_closed"] {
        let answer = app.get_as("user_closed", path);
        assert_eq!((answer.status, answer.code().as_str()), (403, "org_not_active"), "{path}");
    }
}

#[test]
fn a_first_login_makes_one_row_however_often_it_is_tried() {
    let app = TestApp::new();
    let token = app
        .token("user_new")
        .claim("first_name", "Zoë")
        .claim("last_name", "Ñandú")
        .claim("email", "zoe@example.com");
    for trips in [2, 1] {
        let answer = app.get_with(&token, ME);
        assert_eq!((answer.status, answer.db_trips), (200, trips), "{}", answer.text);
        assert_eq!(answer.json()["user"]["name"], "Zoë Ñandú");
        assert_eq!(answer.json()["memberships"], json!([]));
        assert_eq!(answer.json()["currentOrgId"], json!(null));
    }
    let rows = app.db.rows("SELECT is_koby_staff FROM users WHERE clerk_user_id = 'user_new'");
    assert_eq!(rows, [json!({"is_koby_staff": 0})]);

    let answer = app.get_with(&token, "/portal/overview");
    assert_eq!((answer.status, answer.error().as_str()), (400, "Organization required"));
}

#[test]
fn two_first_logins_at_once_make_one_row() {
    let app = TestApp::new();
    // The other request wins between this one's read and its insert.
    let token = app.token("user_race");
    app.db.run_script(
        "CREATE TRIGGER other_wins BEFORE INSERT ON users WHEN new.clerk_user_id = 'user_race' AND new.id <> 'other'
         BEGIN INSERT OR IGNORE INTO users (id, clerk_user_id) VALUES ('other', 'user_race'); END",
    );
    let answer = app.get_with(&token, ME);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["user"]["id"], "other");
    assert_eq!(app.db.value("SELECT count(*) FROM users WHERE clerk_user_id = 'user_race'"), 1);
}

#[test]
fn only_me_makes_rows() {
    let app = TestApp::new();
    assert_eq!(app.get_as("user_stranger", "/portal/overview").status, 400);
    assert_eq!(app.db.value("SELECT count(*) FROM users WHERE clerk_user_id = 'user_stranger'"), 0);
}

#[test]
fn logins_are_noted_hourly_beside_the_response() {
    let app = TestApp::new();
    let noted =
        || app.db.value("SELECT last_login_at FROM users WHERE clerk_user_id = 'user_owner_a'");
    let answer = app.get_as("user_owner_a", ME);
    assert_eq!((answer.db_trips, noted()), (1, json!("2026-03-15T11:30:00.000Z")));
    app.clock.advance(1801);
    let answer = app.get_as("user_owner_a", "/portal/engines");
    assert_eq!((answer.db_trips, noted()), (1, json!("2026-03-15T12:30:01.000Z")));
}

#[test]
fn a_membership_beyond_those_that_are_listed_gives_no_role() {
    let app = TestApp::new();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO orgs (id, name, slug, status, plan, created_at)
         SELECT 'org_many_' || i, 'Many', 'many-' || i, 'active', 'chatbot', '2020-01-01T00:00:00.000Z' FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at)
         SELECT 'm_many_' || i, 'user_viewer_a', 'org_many_' || i, 'viewer', '2020-01-01T00:00:00.000Z' FROM n",
    );
    let answer = app.get_as("user_viewer_a", "/portal/audit-logs?orgId=org_a");
    assert_eq!((answer.status, answer.code().as_str()), (403, "org_forbidden"));
    assert_eq!(app.get_as("user_viewer_a", "/portal/overview?orgId=org_many_1").status, 200);
}

#[test]
fn the_row_of_a_new_person_has_a_trace_and_one() {
    let app = TestApp::new();
    let token = app.token("user_fresh").claim("act", json!({"sub": "user_support"}));
    let me = app.get_with(&token, ME);
    assert_eq!((me.status, me.db_trips), (200, 2));
    let traces = "SELECT event_type, org_id, actor_type, actor_id, impersonator_id, target_type, target_id, metadata FROM audit_logs";
    let id = app.db.value("SELECT id FROM users WHERE clerk_user_id = 'user_fresh'");
    let expected = json!([{
        "event_type": "user.created", "org_id": null, "actor_type": "user", "actor_id": id,
        "impersonator_id": "user_support", "target_type": "user", "target_id": id,
        "metadata": r#"{"clerkUserId":"user_fresh"}"#,
    }]);
    assert_eq!(json!(app.db.rows(traces)), expected);
    app.get_with(&token, ME);
    assert_eq!(json!(app.db.rows(traces)), expected, "a second request makes nothing");
}

#[test]
fn two_first_requests_at_once_leave_one_row_and_one_trace() {
    let app = TestApp::new();
    app.db.before_batch(
        2,
        "INSERT INTO users (id, clerk_user_id, status, created_at)
         VALUES ('u_fresh', 'user_fresh', 'active', '2026-03-15T12:00:00.000Z')",
    );
    let me = app.get_as("user_fresh", ME);
    assert_eq!(me.json()["user"]["id"], "u_fresh", "{}", me.text);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn a_request_in_anothers_name_is_no_login() {
    let app = TestApp::new();
    app.db.run_script("UPDATE users SET last_login_at = NULL WHERE id = 'u_owner_a'");
    let noted = || app.db.value("SELECT last_login_at FROM users WHERE id = 'u_owner_a'");
    let token = app.token("user_owner_a").claim("act", json!({"sub": "user_support"}));
    for path in [ME, "/portal/orgs", "/portal/overview"] {
        assert_eq!(app.get_with(&token, path).status, 200, "{path}");
        assert_eq!(noted(), json!(null), "{path}");
    }
    app.get_as("user_owner_a", "/portal/overview");
    assert_eq!(noted(), "2026-03-15T12:00:00.000Z");
}
