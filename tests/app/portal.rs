//! What the portal's pages read, and who may read it.

use serde_json::{Value, json};

use crate::support::TestApp;

#[test]
fn overview_of_an_org() {
    let app = TestApp::new();
    let answer = app.get_as("user_viewer_a", "/portal/overview");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("overview", answer.json());
}

#[test]
fn provider_keys_never_leave() {
    let app = TestApp::new();
    for user in ["user_owner_a", "user_viewer_a", "user_staff"] {
        for path in ["/portal/overview", "/portal/engines", "/portal/me"] {
            let text = app.get_as(user, path).text;
            assert!(
                !text.contains("provider-secret") && !text.contains("api_key"),
                "{path}: {text}"
            );
        }
    }
    assert_eq!(
        app.get_as("user_owner_a", "/portal/overview").json()["sites"][0]["hasGoogleKey"],
        true
    );
}

#[test]
fn overview_of_all_orgs_is_for_staff() {
    let app = TestApp::new();
    let answer = app.get_as("user_staff", "/portal/overview");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    let body = answer.json();
    assert_eq!(body["org"], Value::Null);
    let orgs: Vec<&Value> =
        body["sites"].as_array().unwrap().iter().map(|site| &site["org_id"]).collect();
    assert_eq!(orgs, ["org_closed", "org_a", "org_a", "org_b"]);
    assert_eq!(body["stats"]["totalSessions"], 5);
    assert_eq!(body["stats"]["activeSessions"], 2);
}

#[test]
fn engines_of_an_org() {
    let app = TestApp::new();
    let answer = app.get_as("user_member_a", "/portal/engines");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("engines", answer.json());
}

#[test]
fn engines_of_all_orgs_name_their_org() {
    let app = TestApp::new();
    let body = app.get_as("user_staff", "/portal/engines").json();
    let engines = body["engines"].as_array().unwrap();
    assert_eq!(engines.len(), 5);
    assert_eq!(engines[0]["id"], "site_b1");
    assert_eq!(engines[0]["orgName"], "Beta Health");
}

#[test]
fn me_of_a_member() {
    let app = TestApp::new();
    let answer = app.get_as("user_owner_a", "/portal/me");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("me", answer.json());
}

#[test]
fn the_oldest_active_membership_is_the_default() {
    let app = TestApp::new();
    let me = app.get_as("user_both", "/portal/me").json();
    assert_eq!(me["currentOrgId"], "org_a");
    assert_eq!(me["currentOrgRole"], "viewer");
    let orgs: Vec<&Value> =
        me["memberships"].as_array().unwrap().iter().map(|one| &one["orgId"]).collect();
    assert_eq!(orgs, ["org_closed", "org_a", "org_b"]);
    let chosen = app.get_as("user_both", "/portal/me?orgId=org_b").json();
    assert_eq!(
        (&chosen["currentOrgId"], &chosen["currentOrgRole"]),
        (&json!("org_b"), &json!("member"))
    );
}

#[test]
fn an_org_is_chosen_by_its_id() {
    let app = TestApp::new();
    let body = app.get_as("user_both", "/portal/overview?orgId=org_b").json();
    assert_eq!(body["org"]["name"], "Beta Health");
    assert_eq!(body["org"]["created_at"], "2025-02-01T00:00:00.000Z", "one format on the wire");
    let empty = app.get_as("user_both", "/portal/overview?orgId=").json();
    assert_eq!(empty["org"]["id"], "org_a", "an empty orgId is none");
}

#[test]
fn foreign_and_unknown_orgs_look_alike_to_members() {
    let app = TestApp::new();
    for path in ["/portal/me", "/portal/overview", "/portal/engines"] {
        let foreign = app.get_as("user_owner_a", &format!("{path}?orgId=org_b"));
        let unknown = app.get_as("user_owner_a", &format!("{path}?orgId=org_nowhere"));
        for answer in [&foreign, &unknown] {
            assert_eq!((answer.status, answer.code().as_str()), (403, "org_forbidden"), "{path}");
        }
        assert_eq!(foreign.json()["detail"], unknown.json()["detail"]);
    }
}

#[test]
fn staff_open_any_org_and_unknown_ones_are_404() {
    let app = TestApp::new();
    for org in ["org_a", "org_b", "org_closed"] {
        let body = app.get_as("user_staff", &format!("/portal/overview?orgId={org}")).json();
        assert_eq!(body["org"]["id"], org);
    }
    let me = app.get_as("user_staff", "/portal/me?orgId=org_b").json();
    assert_eq!((&me["currentOrgId"], &me["currentOrgRole"]), (&json!("org_b"), &json!("admin")));
    let unknown = app.get_as("user_staff", "/portal/overview?orgId=org_nowhere");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "org_not_found"));
}

#[test]
fn staff_with_a_membership_reach_all_orgs_by_asking() {
    let app = TestApp::new();
    let own = app.get_as("user_staff_a", "/portal/overview").json();
    assert_eq!(own["org"]["id"], "org_a");
    let all = app.get_as("user_staff_a", "/portal/overview?scope=all").json();
    assert_eq!((&all["org"], &all["stats"]["totalSessions"]), (&Value::Null, &json!(5)));
    let refused = app.get_as("user_owner_a", "/portal/overview?scope=all");
    assert_eq!((refused.status, refused.code().as_str()), (403, "org_forbidden"));
}

#[test]
fn people_without_an_org_are_told() {
    let app = TestApp::new();
    for path in ["/portal/overview", "/portal/engines"] {
        let answer = app.get_as("user_none", path);
        assert_eq!((answer.status, answer.error().as_str()), (400, "Organization required"));
    }
    assert_eq!(app.get_as("user_none", "/portal/me").status, 200);
}

#[test]
fn a_database_that_stays_away_is_503() {
    let app = TestApp::new();
    for attempt in 0..3 {
        app.db.fail_after(attempt, "D1 DB is overloaded. Requests queued for too long.");
    }
    let answer = app.get_as("user_owner_a", "/portal/overview");
    assert_eq!((answer.status, answer.code().as_str()), (503, "database_unavailable"));
    assert_eq!(answer.db_trips, 3);
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn a_failure_of_ours_says_nothing_and_is_logged_once() {
    let app = TestApp::new();
    app.db.fail_after(0, "D1_ERROR: no such table: portal_sites");
    let answer = app.get_as("user_owner_a", "/portal/overview");
    assert_eq!((answer.status, answer.error().as_str()), (500, "Internal server error"));
    assert!(!answer.text.contains("portal_sites"));
    let logged = app.lines.of("internal_error");
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0]["requestId"].as_str(), answer.header("x-request-id"));
    assert!(logged[0]["reason"].as_str().unwrap().contains("no such table: portal_sites"));
}
