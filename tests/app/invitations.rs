//! Invitations: made, sent, accepted once.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const CLERK_INVITATIONS: &str = "https://api.clerk.com/v1/invitations";
const WITH_CLERK: (&str, &str) = ("CLERK_SECRET_KEY", "sk_test_x");
const PORTAL: (&str, &str) = ("PORTAL_URL", "https://app.example.com");

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn invite(app: &TestApp, by: &str, body: &Value) -> Answer {
    app.send_as(by, "POST", "/portal/invitations", Some(&body.to_string()))
}

fn accept(app: &TestApp, by: &str, token: &str) -> Answer {
    let body = json!({ "token": token }).to_string();
    app.send_as(by, "POST", "/portal/invitations/accept", Some(&body))
}

fn events(app: &TestApp) -> Vec<Value> {
    let rows =
        app.db.rows("SELECT event_type, org_id, actor_id, metadata FROM audit_logs ORDER BY rowid");
    let parsed =
        |row: &Value| serde_json::from_str::<Value>(row["metadata"].as_str().unwrap()).unwrap();
    rows.iter()
        .map(|row| json!([row["event_type"], row["org_id"], row["actor_id"], parsed(row)]))
        .collect()
}

fn ids(body: &Value) -> Vec<&str> {
    let list = body["invitations"].as_array().unwrap();
    list.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn an_address_is_invited_and_its_link_opens_once() {
    let app = TestApp::with(&[PORTAL]);
    let answer = invite(&app, "user_admin_a", &json!({"email": " Neu@Alpha.example "}));
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    let body = answer.json();
    insta::assert_json_snapshot!("invitation_created", body, {".invitation.id" => "[id]", ".link" => "[link]"});
    let link = body["link"].as_str().unwrap();
    let token =
        link.strip_prefix("https://app.example.com/portal/accept-invitation?token=").unwrap();
    assert_eq!(token.len(), 43);
    let stored = serde_json::to_string(&app.db.rows("SELECT * FROM invitations")).unwrap();
    assert!(!stored.contains(token), "only its hash is kept");
    let list = app.get_as("user_admin_a", "/portal/invitations").text;
    assert!(!list.contains(token) && !list.contains("hash"), "{list}");

    let accepted = accept(&app, "user_none", token);
    assert_eq!((accepted.status, accepted.db_trips), (200, 2), "{}", accepted.text);
    insta::assert_json_snapshot!("invitation_accepted", accepted.json(), {".membership.id" => "[id]"});
    assert_eq!(outcome(&accept(&app, "user_closed", token)), refused(409, "invitation_used"));
    assert_eq!(app.get_as("user_none", "/portal/me").json()["currentOrgId"], "org_a");
    assert_eq!(
        events(&app),
        [
            json!(["invitation.created", "org_a", "u_admin_a", {"role": "member"}]),
            json!(["invitation.accepted", "org_a", "u_none",
                {"clerkUserId": "user_none", "role": "member", "via": "link", "invitedBy": "u_admin_a"}]),
        ]
    );
    let accepted = app.get_as("user_admin_a", "/portal/invitations?status=accepted").json();
    assert_eq!(accepted["invitations"][0]["acceptedAt"], "2026-03-15T12:00:00.000Z");
}

#[test]
fn without_an_address_of_the_portal_the_token_is_shown() {
    let app = TestApp::new();
    let body = invite(&app, "user_admin_a", &json!({"email": "new@alpha.example"})).json();
    assert!(body["token"].is_string() && body.get("link").is_none());
}

#[test]
fn an_e_mail_that_leads_nowhere_does_not_keep_the_token() {
    let app = TestApp::with(&[WITH_CLERK]);
    app.http.answer_at(CLERK_INVITATIONS, 200, "{}");
    let body = invite(&app, "user_admin_a", &json!({"email": "new@alpha.example"})).json();
    let token = body["token"].as_str().expect("the token");
    assert!(body.get("link").is_none());
    assert_eq!(accept(&app, "user_none", token).status, 200);
}

#[test]
fn guesses_are_404_and_old_links_409() {
    let app = TestApp::new();
    for token in ["x", "a-token-of-the-fixtur", "hash_a"] {
        assert_eq!(
            outcome(&accept(&app, "user_none", token)),
            refused(404, "invitation_not_found")
        );
    }
    let token = "a-token-of-the-fixture";
    let one = |sql: &str, by: &str, expected: (u16, String)| {
        let app = TestApp::new();
        app.db.run_script(sql);
        assert_eq!(outcome(&accept(&app, by, token)), expected, "{sql}");
        assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0, "{sql}");
    };
    one(
        "UPDATE invitations SET expires_at = '2026-03-15T12:00:00.000Z'",
        "user_none",
        refused(409, "invitation_expired"),
    );
    one(
        "UPDATE invitations SET status = 'revoked'",
        "user_none",
        refused(409, "invitation_revoked"),
    );
    one("UPDATE orgs SET status = 'churned'", "user_none", refused(403, "org_not_active"));
    one(
        "UPDATE orgs SET max_members = 2 WHERE id = 'org_b'",
        "user_none",
        refused(409, "cap_reached"),
    );
    one("SELECT 1", "user_owner_b", refused(409, "already_member"));
    one("SELECT 1", "user_suspended", refused(403, "user_not_active"));
    let beyond =
        "UPDATE orgs SET max_members = 2 WHERE id = 'org_b'; UPDATE invitations SET beyond_cap = 1";
    let app = TestApp::new();
    app.db.run_script(beyond);
    assert_eq!(accept(&app, "user_none", token).status, 200, "staff invited beyond the cap");
    let missing = app.send_as("user_none", "POST", "/portal/invitations/accept", Some("{}"));
    assert_eq!(outcome(&missing), refused(400, "invalid_body"));
}

/// What takes the right to invite from who made both invitations of the fixture, and gives it to others.
const WITHOUT_RIGHT: [&str; 5] = [
    "DELETE FROM user_memberships WHERE id IN ('m_owner_b', 'm_admin_a')",
    "UPDATE user_memberships SET role = 'member' WHERE id IN ('m_owner_b', 'm_admin_a')",
    "UPDATE users SET status = 'suspended' WHERE id IN ('u_owner_b', 'u_admin_a')",
    "UPDATE user_memberships SET role = 'admin' WHERE id IN ('m_owner_b', 'm_admin_a'); UPDATE invitations SET role = 'owner'",
    "UPDATE invitations SET invited_by = 'u_staff_off'",
];

#[test]
fn an_invitation_is_worth_the_right_of_who_made_it() {
    let token = "a-token-of-the-fixture";
    for sql in WITHOUT_RIGHT {
        let app = TestApp::with(&[WITH_CLERK]);
        app.db.run_script(sql);
        let answer = accept(&app, "user_none", token);
        assert_eq!(outcome(&answer), refused(409, "invitation_withdrawn"), "{sql}");
        clerk_user(&app, "user_ines", "verified");
        let me = app.get_as("user_ines", "/portal/me").json();
        assert_eq!(me["memberships"], json!([]), "{sql}");
        assert_eq!(app.db.value("SELECT count(*) FROM invitations WHERE status = 'open'"), 2);
    }
    for sql in [
        "UPDATE invitations SET invited_by = 'u_staff'",
        "UPDATE user_memberships SET role = 'admin' WHERE id = 'm_owner_b'",
    ] {
        let app = TestApp::new();
        app.db.run_script(sql);
        assert_eq!(accept(&app, "user_none", token).status, 200, "{sql}");
    }
}

#[test]
fn an_inviter_who_loses_the_right_in_that_moment_makes_nobody_a_member() {
    let app = TestApp::new();
    // Between this request's read and its write.
    app.db.run_script(
        "CREATE TRIGGER loses AFTER INSERT ON users WHEN new.clerk_user_id = 'user_fresh'
         BEGIN UPDATE user_memberships SET role = 'viewer' WHERE id = 'm_owner_b'; END",
    );
    let answer = accept(&app, "user_fresh", "a-token-of-the-fixture");
    assert_eq!(outcome(&answer), refused(409, "conflict"));
    assert_eq!(app.db.value("SELECT status FROM invitations WHERE id = 'inv_b'"), "open");
}

#[test]
fn of_two_who_bring_one_link_at_once_one_becomes_a_member() {
    let app = TestApp::new();
    // The other one is faster, between this one's read and write.
    app.db.run_script(
        "CREATE TRIGGER other_wins BEFORE INSERT ON user_memberships WHEN new.clerk_user_id = 'user_none'
         BEGIN SELECT RAISE(IGNORE); END",
    );
    let answer = accept(&app, "user_none", "a-token-of-the-fixture");
    assert_eq!(outcome(&answer), refused(409, "conflict"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
    assert_eq!(app.db.value("SELECT status FROM invitations WHERE id = 'inv_b'"), "open");
}

#[test]
fn a_person_who_never_signed_in_gets_a_row_by_accepting() {
    let app = TestApp::new();
    let answer = accept(&app, "user_fresh", "a-token-of-the-fixture");
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    let me = app.get_as("user_fresh", "/portal/me");
    assert_eq!((&me.json()["currentOrgId"], me.db_trips), (&json!("org_b"), 1));
    let row = &app.db.rows("SELECT id, org_count FROM users WHERE clerk_user_id = 'user_fresh'")[0];
    assert_eq!((&events(&app)[0][2], &row["org_count"]), (&row["id"], &json!(1)));
}

#[test]
fn invitations_are_bounded_and_not_doubled() {
    let app = TestApp::new();
    let again = invite(&app, "user_admin_a", &json!({"email": "INES@alpha.example"}));
    assert_eq!(outcome(&again), refused(409, "already_invited"));
    let member = invite(&app, "user_admin_a", &json!({"email": "owner@alpha.example"}));
    assert_eq!(outcome(&member), refused(409, "already_member"));
    let above = invite(&app, "user_admin_a", &json!({"email": "x@alpha.example", "role": "owner"}));
    assert_eq!(outcome(&above), refused(403, "role_too_low"));
    for bad in [
        json!({}),
        json!({"email": "x"}),
        json!({"email": 7}),
        json!({"email": "x@y.example", "role": "boss"}),
    ] {
        assert_eq!(
            outcome(&invite(&app, "user_admin_a", &bad)),
            refused(400, "invalid_body"),
            "{bad}"
        );
    }
    // Seven members and an open invitation of ten.
    for email in ["a@alpha.example", "b@alpha.example"] {
        assert_eq!(invite(&app, "user_admin_a", &json!({ "email": email })).status, 201);
    }
    let full = invite(&app, "user_admin_a", &json!({"email": "c@alpha.example"}));
    assert_eq!(outcome(&full), refused(409, "cap_reached"));
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 2);
    app.clock.advance(7 * 86_400);
    assert_eq!(
        invite(&app, "user_admin_a", &json!({"email": "ines@alpha.example"})).status,
        201,
        "the old ones expired"
    );
}

#[test]
fn invitations_are_no_flood() {
    let app = TestApp::new();
    let with = |sql: &str| {
        let app = TestApp::new();
        app.db.run_script(sql);
        app
    };
    let limit = refused(429, "invitation_limit");
    let body = json!({"email": "ruth@alpha.example"});
    let made = |count: u32, email: &str, at: &str| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO invitations (id, org_id, email, role, status, token_hash, invited_by, created_at, expires_at)
             SELECT 'f' || i, 'org_a', {email}, 'viewer', 'revoked', 'f' || i, 'u_admin_a', '{at}', '2026-03-22T00:00:00.000Z' FROM n"
        )
    };
    // Each is revoked, so that neither an open one nor the cap stands against another.
    for round in 0..5 {
        let answer = invite(&app, "user_admin_a", &body);
        assert_eq!(answer.status, 201, "{round}");
        let path =
            format!("/portal/invitations/{}", answer.json()["invitation"]["id"].as_str().unwrap());
        assert_eq!(app.send_as("user_admin_a", "DELETE", &path, None).status, 200);
    }
    let traces = events(&app).len();
    let answer = invite(&app, "user_admin_a", &body);
    assert_eq!((outcome(&answer), answer.header("retry-after")), (limit.clone(), Some("3600")));
    assert_eq!(events(&app).len(), traces);
    let other = json!({"email": "other@alpha.example"});
    assert_eq!(invite(&app, "user_admin_a", &other).status, 201, "another address");
    let elsewhere = invite(&app, "user_owner_b", &body);
    assert_eq!(elsewhere.status, 201, "another org");
    app.clock.advance(86_400);
    assert_eq!(invite(&app, "user_admin_a", &body).status, 201, "a day later");

    let mail = "'x' || i || '@alpha.example'";
    for (count, at, expected) in [
        (99, "2026-03-14T12:00:01.000Z", (201, String::new())),
        (100, "2026-03-14T12:00:01.000Z", limit),
        (100, "2026-03-14T12:00:00.000Z", (201, String::new())),
    ] {
        for by in ["user_admin_a", "user_staff_a"] {
            let app = with(&format!("DELETE FROM invitations; {}", made(count, mail, at)));
            let answer = invite(&app, by, &body);
            let code = if answer.status == 201 { String::new() } else { answer.code() };
            assert_eq!((answer.status, code), expected, "{by}: {count} {at}");
        }
    }
}

#[test]
fn invitations_are_listed_by_what_became_of_them() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO invitations (id, org_id, email, role, status, token_hash, invited_by, created_at, expires_at) VALUES
          ('inv_old', 'org_a', 'old@alpha.example', 'viewer', 'open', 'h1', 'u_admin_a', '2026-03-08T12:00:00.000Z', '2026-03-15T12:00:00.000Z'),
          ('inv_new', 'org_a', 'new@alpha.example', 'viewer', 'open', 'h2', 'u_admin_a', '2026-03-08T12:00:00.001Z', '2026-03-15T12:00:00.001Z'),
          ('inv_gone', 'org_a', 'gone@alpha.example', 'viewer', 'revoked', 'h3', 'u_admin_a', '2026-03-10T12:00:00.000Z', '2026-03-17T12:00:00.000Z')",
    );
    let list = |query: &str| app.get_as("user_admin_a", &format!("/portal/invitations{query}"));
    let all = list("");
    assert_eq!(all.db_trips, 1);
    insta::assert_json_snapshot!("invitations", all.json());
    for (query, expected) in [
        ("?status=open", vec!["inv_a", "inv_new"]),
        ("?status=expired", vec!["inv_old"]),
        ("?status=revoked", vec!["inv_gone"]),
        ("?status=accepted", vec![]),
    ] {
        assert_eq!(ids(&list(query).json()), expected, "{query}");
    }
    assert_eq!(list("?status=lost").status, 400);
    let first = list("?status=open&limit=1").json();
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(ids(&list(&format!("?status=open&limit=1&cursor={cursor}")).json()), ["inv_new"]);
    let staff = app.get_as("user_staff", "/portal/invitations?status=open").json();
    assert_eq!(ids(&staff), ["inv_b", "inv_a", "inv_new"]);
}

#[test]
fn an_invitation_is_taken_back_once() {
    let app = TestApp::new();
    let revoke = |by: &str, path: &str| app.send_as(by, "DELETE", path, None);
    assert_eq!(revoke("user_owner_b", "/portal/invitations/inv_a").status, 404);
    assert_eq!(revoke("user_staff", "/portal/invitations/inv_a?orgId=org_b").status, 404);
    let answer = revoke("user_admin_a", "/portal/invitations/inv_a");
    assert_eq!((answer.status, answer.json(), answer.db_trips), (200, json!({"revoked": true}), 2));
    let again = revoke("user_admin_a", "/portal/invitations/inv_a");
    assert_eq!(outcome(&again), refused(409, "invitation_closed"));
    assert_eq!(
        events(&app),
        [json!(["invitation.revoked", "org_a", "u_admin_a", {"role": "member"}])]
    );
}

#[test]
fn an_admin_takes_back_no_invitation_of_an_owner() {
    let app = TestApp::new();
    app.db.run_script("UPDATE invitations SET role = 'owner', invited_by = 'u_owner_a'");
    let revoke = |by: &str| app.send_as(by, "DELETE", "/portal/invitations/inv_a", None);
    assert_eq!(outcome(&revoke("user_admin_a")), refused(403, "role_too_low"));
    assert_eq!(app.db.value("SELECT status FROM invitations WHERE id = 'inv_a'"), "open");
    assert!(events(&app).is_empty());
    assert_eq!(revoke("user_owner_a").status, 200);
}

#[test]
fn clerk_sends_the_e_mail() {
    let app = TestApp::with(&[WITH_CLERK, PORTAL]);
    app.http.answer_at(CLERK_INVITATIONS, 200, r#"{"object":"invitation","id":"inv_clerk_1"}"#);
    let answer =
        invite(&app, "user_admin_a", &json!({"email": "new@alpha.example", "role": "admin"}));
    let body = answer.json();
    assert_eq!((answer.status, answer.db_trips), (201, 2));
    assert!(body.get("link").is_none() && body.get("token").is_none(), "{body}");
    let sent = app.http.sent();
    let request: Value = serde_json::from_slice(sent[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(
        (&request["email_address"], &request["notify"], &request["expires_in_days"]),
        (&json!("new@alpha.example"), &json!(true), &json!(7))
    );
    assert_eq!(request["public_metadata"], json!({"invitationId": body["invitation"]["id"]}));
    let url = request["redirect_url"].as_str().unwrap();
    assert!(url.starts_with("https://app.example.com/portal/accept-invitation?token="), "{url}");
    assert!(sent[0].headers.contains(&("authorization", "Bearer sk_test_x".to_owned())));
    assert!(
        !app.lines.text().contains("new@alpha.example") && !app.lines.text().contains("sk_test_x")
    );

    let id = body["invitation"]["id"].as_str().unwrap();
    app.http.answer_at("https://api.clerk.com/v1/invitations/inv_clerk_1/revoke", 200, "{}");
    assert_eq!(
        app.send_as("user_admin_a", "DELETE", &format!("/portal/invitations/{id}"), None).status,
        200
    );
    assert_eq!(
        app.http.sent().last().unwrap().url,
        "https://api.clerk.com/v1/invitations/inv_clerk_1/revoke"
    );
}

#[test]
fn what_clerk_does_not_send_invites_nobody() {
    let app = TestApp::with(&[WITH_CLERK]);
    app.http.answer_at(
        CLERK_INVITATIONS,
        422,
        r#"{"errors":[{"code":"form_param_format_invalid"}]}"#,
    );
    let body = json!({"email": "new@alpha.example"});
    assert_eq!(outcome(&invite(&app, "user_admin_a", &body)), refused(502, "invitation_not_sent"));
    app.http.go_down_at(CLERK_INVITATIONS);
    assert_eq!(outcome(&invite(&app, "user_admin_a", &body)), refused(502, "invitation_not_sent"));
    let kinds: Vec<Value> = events(&app).iter().map(|event| event[0].clone()).collect();
    assert_eq!(
        kinds,
        ["invitation.created", "invitation.revoked", "invitation.created", "invitation.revoked"]
    );
    app.http.answer_at(CLERK_INVITATIONS, 200, "{}");
    assert_eq!(invite(&app, "user_admin_a", &body).status, 201, "it can be tried again");
}

fn clerk_user(app: &TestApp, user: &str, status: &str) {
    let body = json!({"id": user, "primary_email_address_id": "idn_1", "email_addresses": [
        {"id": "idn_1", "email_address": "Ines@Alpha.example", "verification": {"status": status}},
    ]});
    app.http.answer_at(&format!("https://api.clerk.com/v1/users/{user}"), 200, &body.to_string());
}

#[test]
fn a_first_login_with_a_verified_address_accepts() {
    let app = TestApp::with(&[WITH_CLERK]);
    clerk_user(&app, "user_ines", "verified");
    let me = app.get_as("user_ines", "/portal/me");
    assert_eq!((me.status, me.db_trips, &me.json()["currentOrgId"]), (200, 2, &json!("org_a")));
    assert_eq!(me.json()["user"]["email"], "ines@alpha.example");
    let row = app.db.value("SELECT id FROM users WHERE clerk_user_id = 'user_ines'");
    assert_eq!(
        events(&app),
        [
            json!(["user.created", null, row, {"clerkUserId": "user_ines"}]),
            json!(["invitation.accepted", "org_a", row,
                {"clerkUserId": "user_ines", "role": "member", "via": "verified_email", "invitedBy": "u_admin_a"}]),
        ]
    );
    let again = app.get_as("user_ines", "/portal/me");
    assert_eq!((again.db_trips, app.http.sent().len()), (1, 1), "later logins cost nothing");
}

#[test]
fn what_a_token_claims_of_an_address_is_not_enough() {
    for (config, status) in [(vec![], "verified"), (vec![WITH_CLERK], "unverified")] {
        let app = TestApp::with(&config);
        clerk_user(&app, "user_mallory", status);
        let token = app
            .token("user_mallory")
            .claim("email", "ines@alpha.example")
            .claim("email_verified", true);
        let me = app.get_with(&token, "/portal/me");
        assert_eq!((me.status, &me.json()["memberships"]), (200, &json!([])));
        assert_eq!(app.db.value("SELECT status FROM invitations WHERE id = 'inv_a'"), "open");
    }
}

#[test]
fn a_first_login_does_not_wait_for_clerk_to_work() {
    let app = TestApp::with(&[WITH_CLERK]);
    app.http.go_down_at("https://api.clerk.com/v1/users/user_ines");
    let me = app.get_as("user_ines", "/portal/me");
    assert_eq!((me.status, &me.json()["memberships"]), (200, &json!([])));
    assert_eq!(app.lines.of("clerk_failed").len(), 1);
    // Within the hour nobody asks again; then it is made up for beside the response.
    clerk_user(&app, "user_ines", "verified");
    app.get_as("user_ines", "/portal/me");
    assert_eq!(app.http.sent().len(), 1);
    app.clock.advance(3_601);
    let me = app.get_as("user_ines", "/portal/me");
    assert_eq!((me.db_trips, &me.json()["memberships"]), (1, &json!([])));
    let me = app.get_as("user_ines", "/portal/me");
    assert_eq!((me.db_trips, &me.json()["currentOrgId"]), (1, &json!("org_a")));
}

#[test]
fn a_full_org_takes_nobody_by_address_either() {
    let app = TestApp::with(&[WITH_CLERK]);
    app.db.run_script("UPDATE orgs SET max_members = 7 WHERE id = 'org_a'");
    clerk_user(&app, "user_ines", "verified");
    assert_eq!(app.get_as("user_ines", "/portal/me").json()["memberships"], json!([]));
    assert_eq!(app.db.value("SELECT status FROM invitations WHERE id = 'inv_a'"), "open");
    let kinds: Vec<Value> = events(&app).iter().map(|event| event[0].clone()).collect();
    assert_eq!(kinds, ["user.created"]);
}

#[test]
fn nobody_accepts_in_the_name_of_another() {
    let app = TestApp::with(&[WITH_CLERK]);
    let token = app.token("user_ines").claim("act", json!({"sub": "user_support"}));
    let body = json!({"token": "a-token-of-the-fixture"}).to_string();
    let answer = app.send_with(Some(&token), "POST", "/portal/invitations/accept", Some(&body));
    assert_eq!(outcome(&answer), refused(403, "impersonation_forbidden"));
    assert_eq!(app.get_with(&token, "/portal/me").status, 200);
    assert_eq!(app.http.sent().len(), 0);
}
