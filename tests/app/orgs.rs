//! Organizations and their seats.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn ids(body: &Value) -> Vec<&str> {
    body["orgs"].as_array().unwrap().iter().map(|org| org["id"].as_str().unwrap()).collect()
}

fn metadata(app: &TestApp) -> Vec<Value> {
    let rows = app.db.rows("SELECT event_type, org_id, metadata FROM audit_logs ORDER BY rowid");
    let parsed =
        |row: &Value| serde_json::from_str::<Value>(row["metadata"].as_str().unwrap()).unwrap();
    rows.iter().map(|row| json!([row["event_type"], row["org_id"], parsed(row)])).collect()
}

#[test]
fn people_see_their_orgs_and_staff_all() {
    let app = TestApp::new();
    let own = app.get_as("user_both", "/portal/orgs");
    assert_eq!((own.status, own.db_trips), (200, 1));
    insta::assert_json_snapshot!("orgs", own.json());
    let all = app.get_as("user_staff", "/portal/orgs");
    assert_eq!((ids(&all.json()), all.db_trips), (vec!["org_b", "org_a", "org_closed"], 1));
    assert_eq!(app.get_as("user_staff_a", "/portal/orgs").json(), all.json(), "members too");
    for user in ["user_none", "user_stranger"] {
        let none = app.get_as(user, "/portal/orgs");
        assert_eq!((none.status, none.json()), (200, json!({"orgs": []})), "{user}");
    }
    assert_eq!(app.get_as("user_stranger", "/portal/orgs?orgId=org_a").status, 403);
    assert_eq!(ids(&app.get_as("user_staff", "/portal/orgs?orgId=org_a").json()), ["org_a"]);
    assert_eq!(app.get_as("user_staff", "/portal/orgs?orgId=org_nowhere").status, 404);
}

#[test]
fn orgs_are_paged() {
    let app = TestApp::new();
    for (user, expected) in [
        ("user_both", ["org_b", "org_a", "org_closed"]),
        ("user_staff", ["org_b", "org_a", "org_closed"]),
    ] {
        let (mut seen, mut path) = (Vec::new(), "/portal/orgs?limit=1".to_owned());
        loop {
            let body = app.get_as(user, &path).json();
            seen.extend(ids(&body).into_iter().map(str::to_owned));
            let Some(cursor) = body["nextCursor"].as_str() else { break };
            path = format!("/portal/orgs?limit=1&cursor={cursor}");
        }
        assert_eq!(seen, expected);
    }
    assert_eq!(app.get_as("user_staff", "/portal/orgs?limit=501").status, 400);
}

#[test]
fn counts_follow_the_rows() {
    let app = TestApp::new();
    let wrong = || {
        app.db.rows(
            "SELECT id FROM orgs o
              WHERE member_count <> (SELECT count(*) FROM user_memberships m WHERE m.org_id = o.id)
                 OR site_count <> (SELECT count(*) FROM portal_sites s WHERE s.org_id = o.id)",
        )
    };
    assert_eq!(wrong(), Vec::<Value>::new());
    app.db.run_script(
        "UPDATE portal_sites SET org_id = 'org_b' WHERE id = 'site_a3';
         DELETE FROM portal_sites WHERE id = 'site_closed';
         UPDATE user_memberships SET org_id = 'org_b' WHERE id = 'm_viewer_a';
         UPDATE user_memberships SET clerk_user_id = 'user_none' WHERE id = 'm_member_a';
         DELETE FROM user_memberships WHERE org_id = 'org_closed';
         DELETE FROM users WHERE id = 'u_closed'",
    );
    assert_eq!(wrong(), Vec::<Value>::new());
    assert_eq!(app.db.value("SELECT sum(site_count) FROM orgs"), 4);
    let wrong = app.db.rows("SELECT id FROM users u WHERE org_count <> (SELECT count(*) FROM user_memberships m WHERE m.clerk_user_id = u.clerk_user_id)");
    assert_eq!(wrong, Vec::<Value>::new());
    assert_eq!(app.db.value("SELECT total FROM row_counts WHERE name = 'users'"), 11);
}

fn create(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_staff", "POST", "/portal/orgs", Some(&body.to_string()))
}

#[test]
fn staff_make_orgs() {
    let app = TestApp::new();
    let answer = create(&app, &json!({"name": " Gamma Care "}));
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    let org = answer.json()["org"].clone();
    insta::assert_json_snapshot!("org_created", org, {".id" => "[id]"});
    let id = org["id"].as_str().unwrap();
    assert!(id.len() == 36 && id.starts_with("org_"), "{id}");
    assert_eq!(
        metadata(&app),
        [json!(["org.created", id, {"name": "Gamma Care", "status": "active", "plan": "chatbot"}])]
    );
    assert_eq!(ids(&app.get_as("user_staff", "/portal/orgs").json())[0], id);
    let given = create(
        &app,
        &json!({"name": "D", "slug": "Delta-1", "plan": "phone", "status": "at_risk"}),
    );
    assert_eq!(given.json()["org"]["slug"], "delta-1");
    for name in [json!({}), json!({"name": ""}), json!({"name": null}), json!({"name": "  "})] {
        let answer = create(&app, &name);
        assert_eq!((answer.status, answer.error().as_str()), (400, "name is required"), "{name}");
    }
    for bad in [
        json!({"name": 7}),
        json!({"name": "N", "slug": "a b"}),
        json!({"name": "N", "plan": "gold"}),
        json!({"name": "N", "status": "open"}),
    ] {
        assert_eq!(outcome(&create(&app, &bad)), refused(400, "invalid_body"), "{bad}");
    }
}

#[test]
fn slugs_are_unique() {
    let app = TestApp::new();
    let slug = |name: &str| create(&app, &json!({ "name": name })).json()["org"]["slug"].clone();
    assert_eq!(slug("株式会社"), "org");
    for empty in [json!({"name": "Empty", "slug": ""}), json!({"name": "Empty 2", "slug": " "})] {
        let made = create(&app, &empty).json()["org"]["slug"].clone();
        assert!(made.as_str().is_some_and(|slug| slug.starts_with("empty")), "{made}");
    }
    let patched = patch(&app, "user_staff", &json!({"slug": ""}));
    assert_eq!(outcome(&patched), refused(400, "invalid_body"));
    let second = slug("デンタル").as_str().unwrap().to_owned();
    assert!(second.starts_with("org-") && second.len() == 12, "{second}");
    assert_ne!(slug("歯科"), second);
    let taken = create(&app, &json!({"name": "Other", "slug": "alpha"}));
    assert_eq!(outcome(&taken), refused(409, "slug_taken"));
    let count = app.db.value("SELECT count(*) FROM audit_logs");
    assert_eq!(count, 5, "a refusal leaves no trace");
}

fn patch(app: &TestApp, by: &str, body: &Value) -> Answer {
    app.send_as(by, "PATCH", "/portal/orgs/org_a", Some(&body.to_string()))
}

#[test]
fn admins_name_their_org_and_staff_say_the_rest() {
    let app = TestApp::new();
    let named = patch(&app, "user_admin_a", &json!({"name": "Alpha 2", "slug": "alpha-2"}));
    assert_eq!((named.status, named.db_trips), (200, 2), "{}", named.text);
    insta::assert_json_snapshot!("org_updated", named.json());
    for body in [json!({"status": "active"}), json!({"name": "X", "plan": "phone"})] {
        let answer = patch(&app, "user_owner_a", &body);
        assert_eq!(outcome(&answer), refused(403, "staff_only"), "{body}");
    }
    assert_eq!(
        patch(&app, "user_staff", &json!({"status": "inactive", "plan": "phone"})).status,
        200
    );
    assert_eq!(
        metadata(&app),
        [
            json!(["org.updated", "org_a", {"changes": {
                "name": {"from": "Alpha Dental", "to": "Alpha 2"}, "slug": {"from": "alpha", "to": "alpha-2"},
            }}]),
            json!(["org.updated", "org_a", {"changes": {
                "status": {"from": "active", "to": "inactive"}, "plan": {"from": "bundle", "to": "phone"},
            }}]),
        ]
    );
    assert_eq!(app.get_as("user_owner_a", "/portal/overview").status, 403, "switched off");
    let empty = patch(&app, "user_staff", &json!({}));
    assert_eq!((empty.status, empty.error().as_str()), (400, "No fields to update"));
    let taken = patch(&app, "user_staff", &json!({"slug": "beta"}));
    assert_eq!(outcome(&taken), refused(409, "slug_taken"));
    let foreign =
        app.send_as("user_owner_b", "PATCH", "/portal/orgs/org_a", Some(r#"{"name":"X"}"#));
    assert_eq!(outcome(&foreign), refused(404, "org_not_found"));
}

#[test]
fn owners_close_their_org() {
    let app = TestApp::new();
    for (by, status) in [("user_staff", 403), ("user_staff_a", 403), ("user_owner_b", 404)] {
        assert_eq!(app.send_as(by, "DELETE", "/portal/orgs/org_a", None).status, status, "{by}");
    }
    let closed = app.send_as("user_owner_a", "DELETE", "/portal/orgs/org_a", None);
    assert_eq!((closed.status, closed.json()), (200, json!({"closed": true})));
    assert_eq!(app.db.value("SELECT status FROM orgs WHERE id = 'org_a'"), "churned");
    assert_eq!(app.db.value("SELECT count(*) FROM portal_sites WHERE org_id = 'org_a'"), 3);
    assert_eq!(metadata(&app), [json!(["org.closed", "org_a", {}])]);
    assert_eq!(app.get_as("user_owner_a", "/portal/overview").status, 403);
}

#[test]
fn caps_tell_how_seats_are_taken() {
    let app = TestApp::new();
    let caps = app.get_as("user_viewer_a", "/portal/membership-caps");
    assert_eq!((caps.status, caps.db_trips), (200, 1));
    insta::assert_json_snapshot!("membership_caps", caps.json());
    let none = app.get_as("user_staff", "/portal/membership-caps");
    assert_eq!((none.status, none.error().as_str()), (404, "Organization not found"));
    app.db.run_script("UPDATE orgs SET max_members = NULL WHERE id = 'org_b'");
    let default = app.get_as("user_owner_b", "/portal/membership-caps").json();
    assert_eq!(default["maxMembers"], 10);
}

#[test]
fn staff_set_caps() {
    let app = TestApp::new();
    let set = |query: &str, body: &Value| {
        let path = format!("/portal/membership-caps{query}");
        app.send_as("user_staff", "PATCH", &path, Some(&body.to_string()))
    };
    let answer = set("?orgId=org_a", &json!({"maxMembers": 25}));
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    insta::assert_json_snapshot!("membership_caps_updated", answer.json());
    set("?orgId=org_a", &json!({"maxMembers": 5}));
    assert_eq!(
        metadata(&app),
        [
            json!(["org.membership_cap_updated", "org_a", {"maxMembers": 25, "previousValue": 10}]),
            json!(["org.membership_cap_updated", "org_a", {"maxMembers": 5, "previousValue": 25}]),
        ]
    );
    let none = set("", &json!({"maxMembers": 25}));
    assert_eq!(
        (none.status, none.error()),
        (400, "Organization required. Use ?orgId= parameter.".into())
    );
    for bad in [
        json!({}),
        json!({"maxMembers": 0}),
        json!({"maxMembers": 1001}),
        json!({"maxMembers": 2.5}),
        json!({"maxMembers": "5"}),
        json!({"maxMembers": null}),
    ] {
        let answer = set("?orgId=org_a", &bad);
        let expected = (400, "maxMembers must be a number between 1 and 1000".to_owned());
        assert_eq!((answer.status, answer.error()), expected, "{bad}");
    }
    assert_eq!(set("?orgId=org_nowhere", &json!({"maxMembers": 5})).status, 404);
}

#[test]
fn the_server_counts_before_an_invitation() {
    let app = TestApp::new();
    let check = |app: &TestApp, by: &str, query: &str| {
        let path = format!("/portal/check-invite-allowed{query}");
        app.send_as(by, "POST", &path, Some(r#"{"currentMemberCount":0}"#))
    };
    let answer = check(&app, "user_admin_a", "");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("invite_allowed", answer.json());
    app.db.run_script("UPDATE orgs SET max_members = 9 WHERE id = 'org_a'");
    assert_eq!(
        check(&app, "user_admin_a", "").json()["message"],
        "You can invite up to 1 more member."
    );
    app.db.run_script("UPDATE orgs SET max_members = 5 WHERE id = 'org_a'");
    insta::assert_json_snapshot!("invite_refused", check(&app, "user_owner_a", "").json());
    insta::assert_json_snapshot!("invite_staff", check(&app, "user_staff", "?orgId=org_a").json());
    assert_eq!(check(&app, "user_staff", "").error(), "Organization required");
    let bare = app.send_as("user_admin_a", "POST", "/portal/check-invite-allowed", None);
    assert_eq!(bare.status, 200, "a body is not needed");
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn what_changes_nothing_leaves_no_trace() {
    let app = TestApp::new();
    let before = app.db.rows("SELECT * FROM orgs");
    let same =
        json!({"name": "Alpha Dental", "slug": "alpha", "status": "active", "plan": "bundle"});
    let answer = patch(&app, "user_staff", &same);
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    assert_eq!(answer.json()["org"]["name"], "Alpha Dental");
    let path = "/portal/membership-caps?orgId=org_a";
    let cap = app.send_as("user_staff", "PATCH", path, Some(r#"{"maxMembers":10}"#));
    assert_eq!((cap.status, cap.db_trips), (200, 1));
    assert_eq!(cap.json()["updated"], true);
    assert!(metadata(&app).is_empty() && app.db.rows("SELECT * FROM orgs") == before);
    patch(&app, "user_staff", &json!({"name": "Alpha 2", "plan": "bundle"}));
    let changes = json!({"changes": {"name": {"from": "Alpha Dental", "to": "Alpha 2"}}});
    assert_eq!(metadata(&app), [json!(["org.updated", "org_a", changes])]);
}
