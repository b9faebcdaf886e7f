//! Who belongs where, who says so, and who is signed out.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// `(status, code)`.
fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn traces(app: &TestApp) -> Vec<Value> {
    let rows = app.db.rows(
        "SELECT org_id, actor_id, event_type, target_type, target_id, metadata FROM audit_logs ORDER BY rowid",
    );
    rows.into_iter()
        .map(|mut row| {
            row["metadata"] = serde_json::from_str(row["metadata"].as_str().unwrap()).unwrap();
            row
        })
        .collect()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn the_team_is_the_orgs_members() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at)
         VALUES ('m_new', 'user_not_yet', 'org_a', 'member', '2026-01-01T00:00:00.000Z')",
    );
    let team = app.get_as("user_viewer_a", "/portal/team");
    assert_eq!((team.status, team.db_trips), (200, 1));
    insta::assert_json_snapshot!("team", team.json());
    let members = app.get_as("user_viewer_a", "/portal/orgs/org_a/members");
    assert_eq!((members.status, members.db_trips), (200, 1));
    insta::assert_json_snapshot!("members", members.json());

    let nobody = app.get_as("user_staff", "/portal/team").json();
    assert_eq!(nobody["team"], json!([]));
    assert!(nobody["message"].is_string() && team.json().get("message").is_none());
    let chosen = app.get_as("user_staff", "/portal/team?orgId=org_b").json();
    assert_eq!(ids(&chosen["team"]), ["m_owner_b", "m_both_b"]);
}

#[test]
fn members_are_paged_oldest_first() {
    let app = TestApp::new();
    let (mut seen, mut path) = (Vec::new(), "/portal/orgs/org_a/members?limit=2".to_owned());
    loop {
        let body = app.get_as("user_owner_a", &path).json();
        seen.extend(ids(&body["members"]).into_iter().map(str::to_owned));
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/portal/orgs/org_a/members?limit=2&cursor={cursor}");
    }
    assert_eq!(
        seen,
        [
            "m_owner_a",
            "m_admin_a",
            "m_member_a",
            "m_viewer_a",
            "m_staff_a",
            "m_suspended",
            "m_both_a"
        ]
    );
    for query in ["limit=0", "limit=201", "cursor=x"] {
        let path = format!("/portal/orgs/org_a/members?{query}");
        assert_eq!(app.get_as("user_owner_a", &path).status, 400, "{query}");
    }
    let foreign = app.get_as("user_owner_b", "/portal/orgs/org_a/members");
    assert_eq!(outcome(&foreign), refused(404, "org_not_found"));
    let named = app.get_as("user_owner_b", "/portal/orgs/org_a/members?orgId=org_b");
    assert_eq!(named.status, 404, "the query chooses no other path");
    assert_eq!(app.get_as("user_staff", "/portal/orgs/org_a/members?limit=1").status, 200);
}

fn add(app: &TestApp, by: &str, org: &str, user: &str, role: &str) -> Answer {
    let body = json!({"clerkUserId": user, "orgId": org, "role": role}).to_string();
    app.send_as(by, "POST", "/portal/memberships", Some(&body))
}

#[test]
fn an_admin_adds_a_member() {
    let app = TestApp::new();
    let body = json!({"clerkUserId": "user_2new", "orgId": "org_a"}).to_string();
    let answer = app.send_as("user_admin_a", "POST", "/portal/memberships", Some(&body));
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    let membership = &answer.json()["membership"];
    insta::assert_json_snapshot!("membership_created", membership, {".id" => "[id]"});
    assert_eq!(
        traces(&app),
        [json!({
            "org_id": "org_a", "actor_id": "u_admin_a", "event_type": "membership.created",
            "target_type": "membership", "target_id": membership["id"],
            "metadata": {"clerkUserId": "user_2new", "role": "member"},
        })]
    );
    assert_eq!(app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'"), 8);
    let again = add(&app, "user_admin_a", "org_a", "user_2new", "viewer");
    assert_eq!(outcome(&again), refused(409, "already_member"));
    assert_eq!(again.error(), "User is already a member of this organization");
    assert_eq!(traces(&app).len(), 1, "a refusal leaves no trace");
    assert_eq!(app.get_as("user_2new", "/portal/me").json()["currentOrgId"], "org_a");
    assert_eq!(app.db.value("SELECT org_count FROM users WHERE clerk_user_id = 'user_2new'"), 1);
}

#[test]
fn a_membership_needs_a_person_and_an_org() {
    let app = TestApp::new();
    for body in [
        json!({}),
        json!({"clerkUserId": "user_1"}),
        json!({"orgId": "org_a", "clerkUserId": ""}),
        json!({"orgId": null, "clerkUserId": "user_1"}),
    ] {
        let body = body.to_string();
        let answer = app.send_as("user_admin_a", "POST", "/portal/memberships", Some(&body));
        let expected = (400, "clerkUserId and orgId are required".to_owned());
        assert_eq!((answer.status, answer.error()), expected, "{body}");
    }
    for (user, role) in
        [("u_1", "member"), ("user_", "member"), ("user_1", "boss"), ("user_a/b", "member")]
    {
        assert_eq!(add(&app, "user_admin_a", "org_a", user, role).status, 400, "{user} {role}");
    }
    let number = r#"{"clerkUserId":7,"orgId":"org_a"}"#;
    let answer = app.send_as("user_admin_a", "POST", "/portal/memberships", Some(number));
    assert!(answer.text.contains("clerkUserId"), "{}", answer.text);
    let both = json!({"clerkUserId": "user_1", "orgId": "org_a"}).to_string();
    let path = "/portal/memberships?orgId=org_b";
    let foreign = app.send_as("user_admin_a", "POST", path, Some(&both));
    assert_eq!(outcome(&foreign), refused(403, "org_forbidden"));
    assert!(foreign.text.contains("?orgId="), "{}", foreign.text);
    assert!(traces(&app).is_empty());
    let staff = app.send_as("user_staff", "POST", path, Some(&both));
    assert_eq!((staff.status, &staff.json()["membership"]["orgId"]), (201, &json!("org_a")));
}

#[test]
fn only_admins_of_the_org_in_the_body_add_members() {
    let app = TestApp::new();
    let foreign = add(&app, "user_owner_a", "org_b", "user_x", "member");
    assert_eq!(foreign.error(), "Admin access required");
    assert!(!foreign.text.contains("?orgId="), "{}", foreign.text);
    let outcome = |by, org| outcome(&add(&app, by, org, "user_x", "member"));
    assert_eq!(outcome("user_owner_a", "org_b"), refused(403, "org_forbidden"));
    assert_eq!(outcome("user_owner_a", "org_nowhere"), refused(403, "org_forbidden"));
    assert_eq!(outcome("user_both", "org_b"), refused(403, "role_too_low"));
    assert_eq!(outcome("user_staff", "org_nowhere"), refused(404, "org_not_found"));
    assert_eq!(add(&app, "user_staff", "org_b", "user_x", "owner").status, 201);
}

#[test]
fn nobody_gives_a_role_above_their_own() {
    let app = TestApp::new();
    assert_eq!(
        outcome(&add(&app, "user_admin_a", "org_a", "user_1", "owner")),
        refused(403, "role_too_low")
    );
    assert_eq!(add(&app, "user_admin_a", "org_a", "user_1", "admin").status, 201);
    assert_eq!(add(&app, "user_owner_a", "org_a", "user_2", "owner").status, 201);
    let role = |by: &str, id: &str, role: &str| {
        let body = json!({ "role": role }).to_string();
        app.send_as(by, "PATCH", &format!("/portal/memberships/{id}"), Some(&body))
    };
    assert_eq!(outcome(&role("user_admin_a", "m_member_a", "owner")), refused(403, "role_too_low"));
    assert_eq!(outcome(&role("user_admin_a", "m_owner_a", "admin")), refused(403, "role_too_low"));
    let raised = role("user_owner_a", "m_member_a", "owner");
    assert_eq!((raised.status, raised.db_trips), (200, 2));
    insta::assert_json_snapshot!("membership_updated", raised.json());
    assert_eq!(
        traces(&app).last().unwrap()["metadata"],
        json!({"clerkUserId": "user_member_a", "role": "owner", "previousRole": "member"})
    );
    let removed = app.send_as("user_admin_a", "DELETE", "/portal/memberships/m_owner_a", None);
    assert_eq!(outcome(&removed), refused(403, "role_too_low"));
}

#[test]
fn the_last_owner_stays_owner() {
    let app = TestApp::new();
    // The other owner of org_a is suspended, and counts for nothing.
    let demote = |app: &TestApp, by: &str, id: &str| {
        app.send_as(by, "PATCH", &format!("/portal/memberships/{id}"), Some(r#"{"role":"admin"}"#))
    };
    for by in ["user_owner_a", "user_staff"] {
        assert_eq!(outcome(&demote(&app, by, "m_owner_a")), refused(409, "last_owner"), "{by}");
        let delete = app.send_as(by, "DELETE", "/portal/memberships/m_owner_a", None);
        assert_eq!(outcome(&delete), refused(409, "last_owner"), "{by}");
    }
    assert!(traces(&app).is_empty());
    app.db.run_script("UPDATE users SET status = 'active' WHERE id = 'u_suspended'");
    assert_eq!(demote(&app, "user_owner_a", "m_owner_a").status, 200);
    assert_eq!(outcome(&demote(&app, "user_staff", "m_suspended")), refused(409, "last_owner"));
}

#[test]
fn members_leave_and_admins_remove() {
    let app = TestApp::new();
    let delete =
        |by: &str, id: &str| app.send_as(by, "DELETE", &format!("/portal/memberships/{id}"), None);
    assert_eq!(outcome(&delete("user_member_a", "m_viewer_a")), refused(403, "role_too_low"));
    let left = delete("user_viewer_a", "m_viewer_a");
    assert_eq!((left.status, left.json()), (200, json!({"deleted": true})));
    assert_eq!(delete("user_admin_a", "m_member_a").status, 200);
    let gone = delete("user_admin_a", "m_member_a");
    assert_eq!((gone.status, gone.error().as_str()), (404, "Membership not found"));
    let metadata: Vec<Value> = traces(&app).iter().map(|trace| trace["metadata"].clone()).collect();
    assert_eq!(
        metadata,
        [
            json!({"clerkUserId": "user_viewer_a", "role": "viewer", "left": true}),
            json!({"clerkUserId": "user_member_a", "role": "member", "left": false}),
        ]
    );
    assert_eq!(app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'"), 5);
}

#[test]
fn a_membership_is_found_in_each_org_of_the_caller_and_no_other() {
    let app = TestApp::new();
    let delete = |by: &str, path: &str| app.send_as(by, "DELETE", path, None);
    for (by, path) in [
        ("user_owner_a", "/portal/memberships/m_owner_b"),
        ("user_owner_a", "/portal/memberships/nothing"),
        ("user_both", "/portal/memberships/m_both_b?orgId=org_a"),
        ("user_staff", "/portal/memberships/m_both_b?orgId=org_a"),
        ("user_both", "/portal/memberships/m_both_closed"),
    ] {
        assert_eq!(outcome(&delete(by, path)), refused(404, "membership_not_found"), "{path}");
    }
    // The caller's default org is org_a.
    assert_eq!(delete("user_both", "/portal/memberships/m_both_b").status, 200);
    assert_eq!(traces(&app)[0]["org_id"], "org_b");
    app.db.run_script(
        "INSERT INTO user_memberships (id, clerk_user_id, org_id, role) VALUES ('m_again', 'user_both', 'org_b', 'member');
         UPDATE orgs SET sessions_revoked_at = '2026-03-15T12:00:30.000Z' WHERE id = 'org_b'",
    );
    let stale = delete("user_both", "/portal/memberships/m_again");
    assert_eq!(
        outcome(&stale),
        refused(401, "session_revoked"),
        "ended in the org that it is about"
    );
}

#[test]
fn the_cap_binds_all_but_staff() {
    let app = TestApp::new();
    // Seven members, and an open invitation.
    app.db.run_script("UPDATE orgs SET max_members = 9 WHERE id = 'org_a'");
    assert_eq!(add(&app, "user_admin_a", "org_a", "user_1", "member").status, 201);
    let full = add(&app, "user_admin_a", "org_a", "user_2", "member");
    assert_eq!(outcome(&full), refused(409, "cap_reached"));
    let known = add(&app, "user_admin_a", "org_a", "user_1", "member");
    assert_eq!(outcome(&known), refused(409, "already_member"));
    assert_eq!(traces(&app).len(), 1);
    assert_eq!(add(&app, "user_staff", "org_a", "user_2", "member").status, 201);
    app.db
        .run_script("UPDATE invitations SET status = 'revoked'; UPDATE orgs SET max_members = 10");
    assert_eq!(add(&app, "user_admin_a", "org_a", "user_3", "member").status, 201);
}

#[test]
fn what_is_done_in_anothers_name_names_both() {
    let app = TestApp::new();
    let token = app.token("user_owner_a").claim("act", json!({"sub": "user_support"}));
    let body = json!({"clerkUserId": "user_1", "orgId": "org_a"}).to_string();
    let answer = app.send_with(Some(&token), "POST", "/portal/memberships", Some(&body));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let trace = &app.db.rows("SELECT actor_id, impersonator_id FROM audit_logs")[0];
    assert_eq!(*trace, json!({"actor_id": "u_owner_a", "impersonator_id": "user_support"}));
    let read = app.get_as("user_owner_a", "/portal/audit-logs").json();
    assert_eq!(read["logs"][0]["impersonatorId"], "user_support");
}

#[test]
fn staff_list_everybody() {
    let app = TestApp::new();
    let answer = app.get_as("user_staff", "/portal/users?limit=2");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("users", answer.json(), {".nextCursor" => "[cursor]"});
    let all = app.get_as("user_staff", "/portal/users").json();
    assert_eq!((all["users"].as_array().unwrap().len(), &all["total"]), (12, &json!(12)));
    assert!(all.get("nextCursor").is_none());
    let (mut seen, mut path) = (Vec::new(), "/portal/users?limit=5".to_owned());
    loop {
        let body = app.get_as("user_staff", &path).json();
        seen.extend(ids(&body["users"]).into_iter().map(str::to_owned));
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/portal/users?limit=5&cursor={cursor}");
    }
    assert_eq!(seen, ids(&all["users"]));
    let skipped = app.get_as("user_staff", "/portal/users?limit=3&offset=4").json();
    assert_eq!(ids(&skipped["users"]), seen[4..7]);
    for query in ["limit=101", "limit=-1", "offset=-1", "offset=x", "offset=10001"] {
        let answer = app.get_as("user_staff", &format!("/portal/users?{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
    let counts = app.db.rows("SELECT id FROM users u WHERE org_count <> (SELECT count(*) FROM user_memberships m WHERE m.clerk_user_id = u.clerk_user_id)");
    assert_eq!(counts, Vec::<Value>::new());
}

#[test]
fn people_are_found_by_the_beginning_of_their_address() {
    let app = TestApp::new();
    app.db.run_script(
        "UPDATE users SET email = 'Ann@x.example' WHERE id = 'u_both';
         UPDATE users SET email = 'anna@x.example' WHERE id = 'u_none';
         UPDATE users SET email = 'an@x.example' WHERE id = 'u_owner_b';
         UPDATE users SET email = 'bo@x.example' WHERE id = 'u_closed'",
    );
    let body = app.get_as("user_staff", "/portal/users?q=ANN&limit=1").json();
    assert_eq!((ids(&body["users"]), body.get("total")), (vec!["u_both"], None));
    let cursor = body["nextCursor"].as_str().unwrap();
    let body =
        app.get_as("user_staff", &format!("/portal/users?q=ANN&limit=1&cursor={cursor}")).json();
    assert_eq!((ids(&body["users"]), body.get("nextCursor")), (vec!["u_none"], None));
    let none = app.get_as("user_staff", "/portal/users?q=%25").json();
    assert_eq!(none["users"], json!([]), "no wildcard");
}

fn patch_user(app: &TestApp, by: &str, id: &str, body: &Value) -> Answer {
    app.send_as(by, "PATCH", &format!("/portal/users/{id}"), Some(&body.to_string()))
}

#[test]
fn staff_change_accounts() {
    let app = TestApp::new();
    let change = json!({"isKobyStaff": true, "status": "inactive", "name": null, "email": " New@Alpha.example "});
    let answer = patch_user(&app, "user_staff", "u_owner_a", &change);
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    insta::assert_json_snapshot!("user_updated", answer.json());
    assert_eq!(
        traces(&app),
        [json!({
            "org_id": null, "actor_id": "u_staff", "event_type": "user.updated", "target_type": "user",
            "target_id": "u_owner_a",
            "metadata": {"changes": {
                "isKobyStaff": {"from": false, "to": true},
                "status": {"from": "active", "to": "inactive"},
                "name": {"changed": true},
                "email": {"changed": true},
            }},
        })]
    );
    let empty = patch_user(&app, "user_staff", "u_owner_a", &json!({"other": 1}));
    assert_eq!((empty.status, empty.error().as_str()), (400, "No fields to update"));
    let unknown = patch_user(&app, "user_staff", "nobody", &json!({"name": "N"}));
    assert_eq!(outcome(&unknown), refused(404, "user_not_found"));
    for bad in [
        json!({"status": "gone"}),
        json!({"isKobyStaff": 1}),
        json!({"email": "x"}),
        json!({"name": ""}),
        json!({"name": {}}),
    ] {
        assert_eq!(patch_user(&app, "user_staff", "u_owner_a", &bad).status, 400, "{bad}");
    }
}

#[test]
fn an_active_member_of_staff_remains() {
    let app = TestApp::new();
    assert_eq!(
        patch_user(&app, "user_staff", "u_staff_a", &json!({"isKobyStaff": false})).status,
        200
    );
    for change in [json!({"isKobyStaff": false}), json!({"status": "suspended"})] {
        let answer = patch_user(&app, "user_staff", "u_staff", &change);
        assert_eq!(outcome(&answer), refused(409, "last_staff"), "{change}");
    }
    assert_eq!(traces(&app).len(), 1);
    // Staff who are switched off are not the last ones.
    assert_eq!(
        patch_user(&app, "user_staff", "u_staff_off", &json!({"isKobyStaff": false})).status,
        200
    );
    assert_eq!(patch_user(&app, "user_staff", "u_staff", &json!({"name": "Stella"})).status, 200);
    assert_eq!(
        patch_user(&app, "user_staff", "u_staff", &json!({"isKobyStaff": true})).status,
        200
    );
}

#[test]
fn a_person_is_signed_out_everywhere() {
    let app = TestApp::new();
    app.db.run_script("UPDATE users SET status = 'active' WHERE id = 'u_suspended'");
    let token = app.token("user_member_a");
    assert_eq!(app.get_with(&token, "/portal/overview").status, 200);
    app.clock.advance(5);
    let answer =
        app.send_as("user_admin_a", "POST", "/portal/users/u_member_a/revoke-sessions", None);
    let expected = json!({"revoked": true, "revokedAt": "2026-03-15T12:00:05.000Z", "clerkSessions": "not_configured"});
    assert_eq!((answer.status, answer.json(), answer.db_trips), (200, expected, 2));
    for path in ["/portal/overview", "/portal/me", "/portal/orgs", "/portal/team"] {
        assert_eq!(outcome(&app.get_with(&token, path)), refused(401, "session_revoked"), "{path}");
    }
    app.clock.advance(1);
    assert_eq!(app.get_as("user_member_a", "/portal/overview").status, 200, "a new sign-in");
    let trace = &traces(&app)[0];
    assert_eq!(
        (&trace["event_type"], &trace["org_id"], &trace["target_id"]),
        (&json!("user.sessions_revoked"), &json!("org_a"), &json!("u_member_a"))
    );
}

#[test]
fn only_those_who_answer_for_a_person_sign_them_out() {
    let app = TestApp::new();
    let revoke = |by: &str, id: &str| {
        outcome(&app.send_as(by, "POST", &format!("/portal/users/{id}/revoke-sessions"), None))
    };
    assert_eq!(revoke("user_owner_b", "u_member_a"), refused(404, "user_not_found"));
    assert_eq!(revoke("user_owner_a", "nobody"), refused(404, "user_not_found"));
    assert_eq!(revoke("user_member_a", "u_viewer_a"), refused(403, "role_too_low"));
    // They belong to another org as well, or are staff.
    assert_eq!(revoke("user_owner_a", "u_both"), refused(403, "user_elsewhere"));
    assert_eq!(revoke("user_owner_a", "u_staff_a"), refused(403, "user_elsewhere"));
    assert!(traces(&app).is_empty());
    assert_eq!(revoke("user_staff", "u_both").0, 200);
    assert_eq!(traces(&app)[0]["org_id"], Value::Null);
}

#[test]
fn the_sessions_at_clerk_are_ended_too() {
    let app = TestApp::with(&[("CLERK_SECRET_KEY", "sk_test_x")]);
    let list = "https://api.clerk.com/v1/sessions?user_id=user_member_a&status=active&limit=20";
    app.http.answer_at(list, 200, r#"[{"id":"sess_1"},{"id":"sess_2"}]"#);
    app.http.answer_at("https://api.clerk.com/v1/sessions/sess_1/revoke", 500, "{}");
    app.http.answer_at("https://api.clerk.com/v1/sessions/sess_2/revoke", 200, "{}");
    let path = "/portal/users/u_member_a/revoke-sessions";
    let answer = app.send_as("user_admin_a", "POST", path, None);
    assert_eq!((answer.status, &answer.json()["clerkSessions"]), (200, &json!("ending")));
    let sent = app.http.sent();
    let sent: Vec<(&str, &str)> = sent.iter().map(|one| (one.method, one.url.as_str())).collect();
    assert_eq!(sent[0], ("GET", list));
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert_eq!(app.lines.of("clerk_failed").len(), 1);
    assert!(!app.lines.text().contains("sk_test_x"));
}

#[test]
fn an_orgs_sessions_are_ended() {
    let app = TestApp::new();
    let token = app.token("user_member_a");
    let both = app.token("user_both");
    app.clock.advance(2);
    let path = "/portal/orgs/org_a/revoke-sessions";
    let answer = app.send_as("user_admin_a", "POST", path, None);
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    assert!(answer.json().get("clerkSessions").is_none());
    assert_eq!(app.get_with(&token, "/portal/overview").status, 401);
    assert_eq!(app.get_with(&both, "/portal/overview?orgId=org_b").status, 200);
    app.clock.advance(1);
    assert_eq!(app.get_as("user_member_a", "/portal/overview").status, 200);
    assert_eq!(traces(&app)[0]["event_type"], "org.sessions_revoked");
    assert_eq!(app.send_as("user_owner_b", "POST", path, None).status, 404);
}

#[test]
fn a_right_from_another_org_ends_with_the_sessions_of_that_org() {
    let app = TestApp::new();
    app.db.run_script(
        "UPDATE user_memberships SET role = 'admin' WHERE id = 'm_both_b';
         INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at) VALUES
          ('m_none_b', 'user_none', 'org_b', 'viewer', '2025-03-01T00:00:00.000Z', '2025-03-01T00:00:00.000Z')",
    );
    let token = app.token("user_both");
    app.clock.advance(10);
    app.db.run_script(
        "UPDATE orgs SET sessions_revoked_at = '2026-03-15T12:00:05.000Z' WHERE id = 'org_b'",
    );
    let path = "/portal/users/u_none/revoke-sessions";
    assert_eq!(app.get_with(&token, "/portal/overview").status, 200, "the active org is another");
    let old = app.send_with(Some(&token), "POST", path, None);
    assert_eq!((old.status, old.code().as_str()), (401, "session_revoked"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
    assert_eq!(app.send_as("user_both", "POST", path, None).status, 200, "a new sign-in");
}

#[test]
fn what_changes_nothing_leaves_no_trace() {
    let app = TestApp::new();
    let of = |sql: &str| app.db.rows(sql);
    let rows = || (of("SELECT * FROM users"), of("SELECT * FROM user_memberships"));
    let before = rows();
    let body = json!({"name": "Olga Alpha", "status": "active", "isKobyStaff": false, "email": "OWNER@alpha.example"});
    let user = patch_user(&app, "user_staff", "u_owner_a", &body);
    assert_eq!((user.status, user.db_trips), (200, 1), "{}", user.text);
    assert_eq!(user.json()["user"]["updatedAt"], "2025-01-01T00:00:00.000Z");
    let path = "/portal/memberships/m_admin_a";
    let member = app.send_as("user_owner_a", "PATCH", path, Some(r#"{"role":"admin"}"#));
    assert_eq!((member.status, member.db_trips), (200, 1));
    assert_eq!(member.json()["membership"]["role"], "admin");
    assert!(traces(&app).is_empty() && rows() == before);
    // Of several, only what differs is told.
    patch_user(&app, "user_staff", "u_owner_a", &json!({"name": "O", "status": "active"}));
    assert_eq!(traces(&app)[0]["metadata"], json!({"changes": {"name": {"changed": true}}}));
}

#[test]
fn the_moment_that_is_answered_is_the_one_that_counts() {
    let app = TestApp::new();
    app.clock.ticks(7);
    for (path, stored) in [
        (
            "/portal/orgs/org_a/revoke-sessions",
            "SELECT sessions_revoked_at FROM orgs WHERE id = 'org_a'",
        ),
        (
            "/portal/users/u_member_a/revoke-sessions",
            "SELECT sessions_revoked_at FROM users WHERE id = 'u_member_a'",
        ),
    ] {
        let answer = app.send_as("user_staff", "POST", path, None);
        assert_eq!(answer.json()["revokedAt"], app.db.value(stored), "{path}");
    }
}

#[test]
fn an_owner_who_never_signed_in_is_no_owner_to_stay() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at)
         VALUES ('m_phantom', 'user_phantom', 'org_b', 'owner', '2026-01-01T00:00:00.000Z')",
    );
    let delete = |id: &str| {
        outcome(&app.send_as("user_staff", "DELETE", &format!("/portal/memberships/{id}"), None))
    };
    assert_eq!(delete("m_owner_b"), refused(409, "last_owner"));
    let body = Some(r#"{"role":"admin"}"#);
    let demoted = app.send_as("user_staff", "PATCH", "/portal/memberships/m_owner_b", body);
    assert_eq!(outcome(&demoted), refused(409, "last_owner"));
    // The one owner on record may be a mistyped person: that locks nothing up.
    app.db.run_script("DELETE FROM user_memberships WHERE id = 'm_owner_b'");
    assert_eq!(delete("m_phantom").0, 200);
}
