//! Clerk's events: verified, applied once, in the order in which they happened.

use serde_json::{Value, json};

use crate::support::crypto::{CLERK_SECRET, svix_signature};
use crate::support::{Answer, NOON, TestApp};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// An event as Clerk sends it; `happened` is in milliseconds before noon, when negative.
fn event(kind: &str, happened: i64, data: &Value) -> Value {
    json!({"object": "event", "type": kind, "timestamp": NOON * 1000 + happened, "instance_id": "ins_1",
        "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "x"}}, "data": data})
}

fn deliver(app: &TestApp, id: &str, event: &Value) -> Answer {
    deliver_text(app, id, &event.to_string())
}

fn deliver_text(app: &TestApp, id: &str, body: &str) -> Answer {
    let now = app.clock.seconds();
    let signature = svix_signature(id, body.as_bytes(), CLERK_SECRET, now);
    let headers =
        [("svix-id", id), ("svix-timestamp", &now.to_string()), ("svix-signature", &signature)];
    app.post("/webhooks/clerk", &headers, body.to_owned())
}

/// Delivers what must be taken, in one round trip.
fn take(app: &TestApp, id: &str, event: &Value) {
    let answer = deliver(app, id, event);
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{id}: {}", answer.text);
}

fn receipt(app: &TestApp, id: &str) -> Value {
    app.db
        .rows(&format!("SELECT * FROM clerk_events WHERE svix_id = '{id}'"))
        .pop()
        .unwrap_or_default()
}

/// Status and reason of a receipt.
fn outcome(app: &TestApp, id: &str) -> (String, String) {
    let receipt = receipt(app, id);
    let text = |column: &str| receipt[column].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

fn told(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

fn person(app: &TestApp, clerk_user_id: &str) -> Value {
    let sql = format!("SELECT * FROM users WHERE clerk_user_id = '{clerk_user_id}'");
    app.db.rows(&sql).pop().unwrap_or_default()
}

/// The role of a person in an org, or null.
fn role(app: &TestApp, clerk_user_id: &str, org: &str) -> Value {
    app.db.value(&format!(
        "SELECT role FROM user_memberships WHERE clerk_user_id = '{clerk_user_id}' AND org_id = '{org}'"
    ))
}

fn audit(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT org_id, event_type, target_type, target_id, metadata
           FROM audit_logs WHERE actor_type = 'integration' AND actor_id = 'clerk' ORDER BY rowid",
    )
}

fn audited(app: &TestApp) -> Vec<String> {
    audit(app).iter().map(|row| row["event_type"].as_str().unwrap().to_owned()).collect()
}

/// A user of Clerk's, changed this many milliseconds after noon.
fn user(id: &str, first_name: &str, updated: i64) -> Value {
    json!({"id": id, "object": "user", "first_name": first_name, "last_name": "Lovelace", "username": null,
        "image_url": "https://img.clerk.com/x", "banned": false, "locked": false,
        "primary_email_address_id": "idn_1",
        "email_addresses": [{"id": "idn_1", "email_address": format!("{first_name}@Alpha.example"),
            "verification": {"status": "verified", "strategy": "email_code"}}],
        "created_at": NOON * 1000, "updated_at": NOON * 1000 + updated})
}

fn deleted(id: &str, object: &str) -> Value {
    json!({"id": id, "object": object, "deleted": true})
}

/// A membership of Clerk's.
fn membership(id: &str, org: &str, user: &str, role: &str, updated: i64) -> Value {
    json!({"id": id, "object": "organization_membership", "role": role,
        "organization": {"id": org, "object": "organization", "name": "Alpha Dental", "slug": "alpha"},
        "public_user_data": {"user_id": user, "first_name": "Ada", "identifier": "ada@alpha.example"},
        "created_at": NOON * 1000, "updated_at": NOON * 1000 + updated})
}

fn organization(name: &str, slug: &str, updated: i64) -> Value {
    json!({"id": "org_clerk_a", "object": "organization", "name": name, "slug": slug, "members_count": 3,
        "created_at": NOON * 1000, "updated_at": NOON * 1000 + updated})
}

fn session(id: &str) -> Value {
    json!({"id": id, "object": "session", "user_id": "user_owner_a", "client_id": "client_1", "status": "revoked",
        "created_at": NOON * 1000, "updated_at": NOON * 1000})
}

/// All orders of some things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for at in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(at, count - 1);
            all.push(order);
        }
    }
    all
}

/// Delivers events in each order, each of them twice, sends again what was refused, and asks for one and the same state.
fn any_order_gives_one_state(
    given: &str,
    events: &[Value],
    state: impl Fn(&TestApp) -> Value,
) -> Value {
    let mut seen: Option<Value> = None;
    for order in orders(events.len()) {
        let app = TestApp::new();
        app.db.run_script(given);
        for round in 0..3 {
            for at in &order {
                let answer = deliver(&app, &format!("msg_{at}"), &events[*at]);
                assert!([200, 503].contains(&answer.status), "{order:?}: {}", answer.text);
                assert!(round < 2 || answer.status == 200, "{order:?}: {}", answer.text);
            }
            app.clock.advance(1);
        }
        let state = state(&app);
        assert_eq!(seen.get_or_insert_with(|| state.clone()), &state, "{order:?}");
    }
    seen.unwrap()
}

#[test]
fn a_new_person_is_taken_over_with_receipt_and_trace_in_one_trip() {
    let app = TestApp::new();
    take(&app, "msg_1", &event("user.created", 0, &user("user_new", "Ada", 0)));
    let row = person(&app, "user_new");
    for (column, value) in [
        ("email", json!("ada@alpha.example")),
        ("name", json!("Ada Lovelace")),
        ("avatar_url", json!("https://img.clerk.com/x")),
        ("status", json!("active")),
        ("is_koby_staff", json!(0)),
        ("last_login_at", Value::Null),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    let receipt = receipt(&app, "msg_1");
    for (column, value) in [
        ("status", json!("processed")),
        ("event_type", json!("user.created")),
        ("object_type", json!("user")),
        ("object_id", json!("user_new")),
        ("org_id", Value::Null),
        ("attempts", json!(1)),
        ("reason", Value::Null),
        ("happened_at", json!("2026-03-15T12:00:00.000Z")),
    ] {
        assert_eq!(receipt[column], value, "{column}");
    }
    let kept = receipt["payload"].as_str().unwrap();
    assert!(
        !kept.contains("Ada") && !kept.contains("alpha.example") && !kept.contains("192.0.2.1"),
        "{kept}"
    );
    let trace = audit(&app).remove(0);
    assert_eq!((&trace["org_id"], &trace["target_id"]), (&Value::Null, &row["id"]));
    assert_eq!(trace["event_type"], "user.synchronized");
    assert_eq!(app.lines.of("clerk_webhook_received")[0]["eventType"], "user.created");
    let lines = format!("{:?}", app.lines.of("clerk_webhook_received"));
    assert!(!lines.contains("alpha.example"));
}

#[test]
fn a_known_person_follows_and_staff_stay_staff() {
    let app = TestApp::new();
    take(&app, "msg_1", &event("user.updated", 0, &user("user_staff", "Grace", 0)));
    let row = person(&app, "user_staff");
    assert_eq!((&row["name"], &row["is_koby_staff"]), (&json!("Grace Lovelace"), &json!(1)));
    let mut unverified = user("user_owner_a", "Olga", 0);
    unverified["email_addresses"][0]["verification"]["status"] = json!("unverified");
    unverified["public_metadata"] = json!({"is_koby_staff": true, "kobyRole": "staff"});
    take(&app, "msg_2", &event("user.updated", 0, &unverified));
    let row = person(&app, "user_owner_a");
    assert_eq!((&row["email"], &row["is_koby_staff"]), (&Value::Null, &json!(0)));
}

#[test]
fn a_duplicate_and_what_changes_nothing_leave_no_trace() {
    let app = TestApp::new();
    let first = event("user.updated", 0, &user("user_none", "Nina", 0));
    take(&app, "msg_1", &first);
    let again = deliver(&app, "msg_1", &event("user.updated", 5, &user("user_none", "Eve", 5)));
    assert_eq!(again.json(), json!({"received": true, "duplicate": true}));
    take(&app, "msg_2", &event("user.updated", 9, &user("user_none", "Nina", 9)));
    assert_eq!(person(&app, "user_none")["name"], "Nina Lovelace");
    assert_eq!(outcome(&app, "msg_2"), told("processed", ""));
    assert_eq!(audited(&app), ["user.synchronized"]);
}

#[test]
fn whatever_the_order_the_newest_state_of_a_person_counts() {
    let events = [
        event("user.created", 0, &user("user_new", "First", 0)),
        event("user.updated", 10, &user("user_new", "Second", 10)),
        // A change that Clerk dates alike: the later event counts.
        event("user.updated", 11, &user("user_new", "Third", 10)),
        event("user.updated", 30, &user("user_new", "Fourth", 30)),
    ];
    let state = any_order_gives_one_state("", &events, |app| {
        let row = person(app, "user_new");
        json!([row["name"], row["email"], row["status"]])
    });
    assert_eq!(state, json!(["Fourth Lovelace", "fourth@alpha.example", "active"]));
    let state =
        any_order_gives_one_state("", &events[..3], |app| person(app, "user_new")["name"].clone());
    assert_eq!(state, "Third Lovelace");
}

#[test]
fn whatever_the_order_a_deletion_is_final() {
    let events = [
        event("user.created", 0, &user("user_new", "Ada", 0)),
        event("user.updated", 10, &user("user_new", "Ada", 10)),
        event("user.deleted", 5, &deleted("user_new", "user")),
        event(
            "organizationMembership.created",
            1,
            &membership("orgmem_1", "org_clerk_a", "user_new", "org:admin", 1),
        ),
    ];
    let state = any_order_gives_one_state("", &events, |app| {
        let row = person(app, "user_new");
        json!([
            row["name"],
            row["email"],
            row["avatar_url"],
            row["status"],
            row["org_count"],
            role(app, "user_new", "org_a"),
            app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'")
        ])
    });
    assert_eq!(state, json!([null, null, null, "inactive", 0, null, 7]));
}

#[test]
fn a_ban_suspends_and_its_end_restores_what_clerk_suspended() {
    let app = TestApp::new();
    let with = |id: &str, member: &str, is: bool, updated: i64| {
        let mut user = user(id, "Ada", updated);
        user[member] = json!(is);
        event("user.updated", updated, &user)
    };
    let status = |user: &str| person(&app, user)["status"].clone();
    take(&app, "msg_1", &with("user_member_a", "banned", true, 1));
    assert_eq!(status("user_member_a"), "suspended");
    assert_eq!(app.get_as("user_member_a", "/portal/overview").status, 403);
    take(&app, "msg_2", &with("user_member_a", "banned", false, 2));
    assert_eq!(status("user_member_a"), "active");
    assert_eq!(app.get_as("user_member_a", "/portal/overview").status, 200);
    take(&app, "msg_3", &with("user_member_a", "locked", true, 3));
    assert_eq!(status("user_member_a"), "suspended");

    // Whom somebody here suspended or switched off stays that.
    take(&app, "msg_4", &with("user_suspended", "banned", true, 1));
    take(&app, "msg_5", &with("user_suspended", "banned", false, 2));
    assert_eq!(status("user_suspended"), "suspended");
    take(&app, "msg_6", &with("user_staff_off", "banned", true, 1));
    take(&app, "msg_7", &with("user_staff_off", "banned", false, 2));
    assert_eq!(status("user_staff_off"), "inactive");

    // What staff say of someone whom Clerk suspended is theirs from then on.
    let patch = |status: &str| {
        let body = format!(r#"{{"status":"{status}"}}"#);
        let answer = app.send_as("user_staff", "PATCH", "/portal/users/u_member_a", Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    patch("active");
    patch("suspended");
    take(&app, "msg_8", &with("user_member_a", "banned", false, 4));
    assert_eq!(status("user_member_a"), "suspended");
}

#[test]
fn a_new_person_who_is_banned_is_suspended_from_the_start() {
    let app = TestApp::new();
    let mut banned = user("user_new", "Ada", 0);
    banned["banned"] = json!(true);
    take(&app, "msg_1", &event("user.created", 0, &banned));
    assert_eq!(person(&app, "user_new")["status"], "suspended");
    take(&app, "msg_2", &event("user.updated", 1, &user("user_new", "Ada", 1)));
    assert_eq!(person(&app, "user_new")["status"], "active");
}

/// What names `user_admin_a` in the tables of other domains.
const TRACES_OF_AN_ADMIN: &str = "
    DELETE FROM invitations;
    UPDATE users SET email = 'Adam@Alpha.example', avatar_url = 'https://img.clerk.com/a' WHERE id = 'u_admin_a';
    INSERT INTO invitations (id, org_id, email, role, status, token_hash, invited_by, accepted_by, created_at, expires_at) VALUES
      ('i_to', 'org_b', 'adam@alpha.example', 'member', 'open', 'h1', 'u_owner_b', NULL, '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z'),
      ('i_by', 'org_a', 'friend@example.com', 'member', 'open', 'h2', 'u_admin_a', NULL, '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z'),
      ('i_was', 'org_a', 'old@alpha.example', 'admin', 'accepted', 'h3', 'u_owner_a', 'user_admin_a', '2025-01-01T00:00:00.000Z', '2025-01-08T00:00:00.000Z'),
      ('i_other', 'org_a', 'other@example.com', 'member', 'open', 'h4', 'u_owner_a', NULL, '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z');
    UPDATE chat_sessions SET handoff = 'accepted', handoff_user_id = 'u_admin_a', handoff_name = 'Adam Alpha' WHERE id = 's_active';
    INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at, author_user_id, author_name) VALUES
      ('w_1', 's_active', 'site_a1', 'org_a', 'assistant', 'Hello', '2026-03-15T11:56:00.000Z', 'u_admin_a', 'Adam Alpha'),
      ('w_2', 's_active', 'site_a1', 'org_a', 'assistant', 'Hi', '2026-03-15T11:57:00.000Z', 'u_owner_a', 'Olga Alpha');";

#[test]
fn a_deleted_person_is_forgotten_and_locked_out_at_once() {
    let app = TestApp::new();
    app.db.run_script(TRACES_OF_AN_ADMIN);
    let token = app.token("user_admin_a");
    assert_eq!(app.get_with(&token, "/portal/overview").status, 200);
    app.clock.advance(1);
    let members = app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'");
    take(&app, "msg_1", &event("user.deleted", 0, &deleted("user_admin_a", "user")));

    // The token that this isolate has verified and remembers.
    for path in ["/portal/overview", "/portal/me", "/portal/invitations"] {
        let refused = app.get_with(&token, path);
        assert_eq!((refused.status, refused.code().as_str()), (401, "session_revoked"), "{path}");
    }
    // Nor does a later one revive them.
    app.clock.advance(5);
    assert_eq!(app.get_as("user_admin_a", "/portal/overview").status, 403);
    app.get_as("user_admin_a", "/portal/me");
    let row = person(&app, "user_admin_a");
    for (column, value) in [
        ("id", json!("u_admin_a")),
        ("email", Value::Null),
        ("name", Value::Null),
        ("avatar_url", Value::Null),
        ("status", json!("inactive")),
        ("org_count", json!(0)),
        ("sessions_revoked_at", json!("2026-03-15T12:00:01.000Z")),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(role(&app, "user_admin_a", "org_a"), Value::Null);
    let left = app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'");
    assert_eq!(left.as_i64().unwrap(), members.as_i64().unwrap() - 1);

    let invitations = app.db.rows("SELECT id, email, status FROM invitations ORDER BY id");
    assert_eq!(
        invitations,
        [
            json!({"id": "i_by", "email": "friend@example.com", "status": "revoked"}),
            json!({"id": "i_other", "email": "other@example.com", "status": "open"}),
            json!({"id": "i_to", "email": "deleted@user.invalid", "status": "revoked"}),
            json!({"id": "i_was", "email": "deleted@user.invalid", "status": "accepted"}),
        ]
    );
    assert_eq!(app.db.value("SELECT author_name FROM chat_messages WHERE id = 'w_1'"), Value::Null);
    assert_eq!(
        app.db.value("SELECT author_name FROM chat_messages WHERE id = 'w_2'"),
        "Olga Alpha"
    );
    assert_eq!(
        app.db.value("SELECT handoff_name FROM chat_sessions WHERE id = 's_active'"),
        Value::Null
    );

    let mut traces: Vec<(Value, Value, Value)> = audit(&app)
        .into_iter()
        .map(|row| (row["org_id"].clone(), row["event_type"].clone(), row["target_id"].clone()))
        .collect();
    traces.sort_by_key(|(_, event, target)| format!("{event}{target}"));
    assert_eq!(
        traces,
        [
            (json!("org_a"), json!("invitation.revoked"), json!("i_by")),
            (json!("org_b"), json!("invitation.revoked"), json!("i_to")),
            (json!("org_a"), json!("membership.deleted"), json!("m_admin_a")),
            (Value::Null, json!("user.deleted"), json!("u_admin_a")),
        ]
    );
    let everything = format!("{:?}{:?}", audit(&app), receipt(&app, "msg_1"));
    assert!(!everything.to_lowercase().contains("adam"), "{everything}");
}

#[test]
fn a_deleted_last_owner_leaves_an_org_to_staff() {
    let app = TestApp::new();
    take(&app, "msg_1", &event("user.deleted", 0, &deleted("user_owner_b", "user")));
    assert_eq!(role(&app, "user_owner_b", "org_b"), Value::Null);
    assert_eq!(app.db.value("SELECT status FROM orgs WHERE id = 'org_b'"), "at_risk");
    assert_eq!(app.get_as("user_both", "/portal/overview?orgId=org_b").status, 200);
    let body = r#"{"clerkUserId":"user_both","orgId":"org_b","role":"owner"}"#;
    let known = app.send_as("user_staff", "POST", "/portal/memberships", Some(body));
    assert_eq!(known.status, 409, "{}", known.text);
    let path = "/portal/memberships/m_both_b";
    let owner = app.send_as("user_staff", "PATCH", path, Some(r#"{"role":"owner"}"#));
    assert_eq!(owner.status, 200, "{}", owner.text);
}

#[test]
fn who_is_deleted_before_they_are_known_never_gets_an_account() {
    let app = TestApp::new();
    let token = app.token("user_new");
    app.clock.advance(1);
    take(&app, "msg_1", &event("user.deleted", 0, &deleted("user_new", "user")));
    assert_eq!(app.get_with(&token, "/portal/me").status, 401);
    app.clock.advance(1);
    app.get_as("user_new", "/portal/me");
    assert_eq!(person(&app, "user_new")["status"], "inactive");
    let late = event("user.updated", DAY_MS, &user("user_new", "Ada", DAY_MS));
    take(&app, "msg_2", &late);
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "superseded"));
    assert_eq!(person(&app, "user_new")["name"], Value::Null);
}

#[test]
fn the_tokens_of_a_session_that_ended_are_refused_and_no_others() {
    for kind in ["session.ended", "session.removed", "session.revoked"] {
        let app = TestApp::new();
        let ended = app.token("user_owner_a").claim("sid", "sess_gone");
        let other = app.token("user_owner_a").claim("sid", "sess_other");
        let without = app.token("user_owner_a").without_claim("sid");
        assert_eq!(app.get_with(&ended, "/portal/overview").status, 200);
        take(&app, "msg_1", &event(kind, 0, &session("sess_gone")));
        let refused = app.get_with(&ended, "/portal/overview");
        assert_eq!((refused.status, refused.code().as_str()), (401, "session_revoked"), "{kind}");
        assert_eq!(refused.db_trips, 1);
        let write = app.send_with(
            Some(&ended),
            "POST",
            "/portal/memberships",
            Some(r#"{"clerkUserId":"user_2new","orgId":"org_a"}"#),
        );
        assert_eq!(write.status, 401);
        assert_eq!(app.get_with(&other, "/portal/overview").status, 200);
        assert_eq!(app.get_with(&without, "/portal/overview").status, 200);
        assert_eq!(audited(&app), Vec::<String>::new());
        let later = app.token("user_owner_a").claim("sid", "sess_gone");
        assert_eq!(app.get_with(&later, "/portal/me").status, 401);
    }
}

#[test]
fn a_session_that_ended_makes_no_account() {
    let app = TestApp::new();
    take(&app, "msg_1", &event("session.revoked", 0, &session("sess_1")));
    assert_eq!(app.get_as("user_new", "/portal/me").status, 401);
    assert_eq!(person(&app, "user_new"), Value::Null);
}

#[test]
fn a_session_that_began_is_recorded_and_no_more() {
    let app = TestApp::new();
    for (at, kind) in [
        "session.created",
        "invitation.created",
        "email.created",
        "organizationInvitation.accepted",
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("msg_{at}");
        take(&app, &id, &event(kind, 0, &session("sess_1")));
        assert_eq!(outcome(&app, &id), told("skipped", "only_recorded"), "{kind}");
    }
    assert_eq!(app.get_as("user_owner_a", "/portal/overview").status, 200);
}

#[test]
fn an_organization_follows_its_name_and_slug() {
    let app = TestApp::new();
    take(
        &app,
        "msg_2",
        &event("organization.updated", 2, &organization("Alpha Smile", "alpha-smile", 2)),
    );
    take(
        &app,
        "msg_1",
        &event("organization.updated", 1, &organization("Alpha Old", "alpha-old", 1)),
    );
    let org = || app.db.rows("SELECT name, slug FROM orgs WHERE id = 'org_a'").remove(0);
    assert_eq!(org(), json!({"name": "Alpha Smile", "slug": "alpha-smile"}));
    assert_eq!(outcome(&app, "msg_1"), told("skipped", "superseded"));
    // A slug of another org is left to it, and what is no slug is not taken.
    take(&app, "msg_3", &event("organization.updated", 3, &organization("Alpha Three", "beta", 3)));
    assert_eq!(org(), json!({"name": "Alpha Three", "slug": "alpha-smile"}));
    take(
        &app,
        "msg_4",
        &event("organization.updated", 4, &organization("Alpha Four", "Not a slug", 4)),
    );
    assert_eq!(org(), json!({"name": "Alpha Four", "slug": "alpha-smile"}));
    assert_eq!(app.db.value("SELECT slug FROM orgs WHERE id = 'org_b'"), "beta");
    // Of a long name the beginning is taken.
    take(
        &app,
        "msg_5",
        &event("organization.updated", 5, &organization(&"x".repeat(200), "alpha", 5)),
    );
    assert_eq!(org()["name"], "x".repeat(120));
    assert_eq!(audited(&app), ["org.updated"; 4]);
    assert!(audit(&app).iter().all(|row| row["org_id"] == "org_a"));
    assert_eq!(receipt(&app, "msg_3")["org_id"], "org_a");
}

#[test]
fn an_organization_that_is_not_linked_is_none_of_ours() {
    let app = TestApp::new();
    for (at, kind) in ["organization.created", "organization.updated", "organization.deleted"]
        .into_iter()
        .enumerate()
    {
        let mut strange = organization("Strange", "strange", 0);
        strange["id"] = json!("org_clerk_strange");
        strange["public_metadata"] = json!({"org_id": "org_b"});
        let id = format!("msg_{at}");
        take(&app, &id, &event(kind, 0, &strange));
        assert_eq!(outcome(&app, &id), told("skipped", "org_not_linked"));
    }
    assert_eq!(app.db.value("SELECT count(*) FROM orgs"), 3);
    assert_eq!(app.db.value("SELECT name FROM orgs WHERE id = 'org_b'"), "Beta Health");
    assert_eq!(audited(&app), Vec::<String>::new());
}

#[test]
fn whatever_the_order_a_deleted_organization_is_switched_off_and_kept() {
    let events = [
        event("organization.created", 0, &organization("Alpha One", "alpha-one", 0)),
        event("organization.deleted", 9, &deleted("org_clerk_a", "organization")),
        event(
            "organizationMembership.created",
            1,
            &membership("orgmem_1", "org_clerk_a", "user_none", "org:member", 1),
        ),
    ];
    any_order_gives_one_state("", &events, |app| {
        app.db.value("SELECT status FROM orgs WHERE id = 'org_a'")
    });
    let app = TestApp::new();
    assert_eq!(app.get_as("user_owner_a", "/portal/overview").status, 200);
    take(&app, "msg_1", &events[1]);
    assert_eq!(app.db.value("SELECT status FROM orgs WHERE id = 'org_a'"), "inactive");
    let refused = app.get_as("user_owner_a", "/portal/overview");
    assert_eq!((refused.status, refused.code().as_str()), (403, "org_not_active"));
    assert_eq!(app.get_as("user_owner_b", "/portal/overview").status, 200);
    assert_eq!(role(&app, "user_owner_a", "org_a"), "owner");
    assert_eq!(app.db.value("SELECT count(*) FROM portal_sites WHERE org_id = 'org_a'"), 3);
    assert_eq!(audited(&app), ["org.updated"]);
    take(&app, "msg_2", &events[2]);
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "org_deleted"));
}

#[test]
fn a_membership_is_made_changed_and_ended() {
    let app = TestApp::new();
    let at = |kind: &str, role: &str, updated: i64| {
        let membership = membership("orgmem_1", "org_clerk_a", "user_none", role, updated);
        event(&format!("organizationMembership.{kind}"), updated, &membership)
    };
    take(&app, "msg_1", &at("created", "org:member", 1));
    assert_eq!(role(&app, "user_none", "org_a"), "member");
    assert_eq!(app.get_as("user_none", "/portal/overview").status, 200);
    take(&app, "msg_2", &at("updated", "org:admin", 2));
    assert_eq!(role(&app, "user_none", "org_a"), "admin");
    take(&app, "msg_late", &at("updated", "org:member", 1));
    assert_eq!(role(&app, "user_none", "org_a"), "admin");
    take(&app, "msg_3", &at("updated", "org:something", 3));
    assert_eq!(role(&app, "user_none", "org_a"), "viewer");
    take(&app, "msg_4", &at("deleted", "org:something", 4));
    assert_eq!(role(&app, "user_none", "org_a"), Value::Null);
    take(&app, "msg_5", &at("updated", "org:admin", 5));
    assert_eq!(role(&app, "user_none", "org_a"), Value::Null);
    assert_eq!(
        audited(&app),
        ["membership.created", "membership.updated", "membership.updated", "membership.deleted"]
    );
    assert!(
        audit(&app)
            .iter()
            .all(|row| row["org_id"] == "org_a" && row["target_type"] == "membership")
    );
    let metadata: Value =
        serde_json::from_str(audit(&app)[1]["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&metadata["clerkUserId"], &metadata["role"]),
        (&json!("user_none"), &json!("admin"))
    );
    assert_eq!(app.db.value("SELECT org_count FROM users WHERE clerk_user_id = 'user_none'"), 0);
}

#[test]
fn whatever_the_order_a_membership_that_was_made_anew_stays() {
    let old = |kind: &str, at: i64| {
        event(
            &format!("organizationMembership.{kind}"),
            at,
            &membership("orgmem_old", "org_clerk_a", "user_none", "org:member", at),
        )
    };
    let new = event(
        "organizationMembership.created",
        9,
        &membership("orgmem_new", "org_clerk_a", "user_none", "org:admin", 9),
    );
    let events = [old("created", 1), old("updated", 2), old("deleted", 5), new];
    let state = any_order_gives_one_state("", &events, |app| {
        let rows = app.db.rows("SELECT role, clerk_membership_id FROM user_memberships WHERE clerk_user_id = 'user_none'");
        let count = app.db.value("SELECT member_count FROM orgs WHERE id = 'org_a'");
        json!([rows, count])
    });
    assert_eq!(state, json!([[{"role": "admin", "clerk_membership_id": "orgmem_new"}], 8]));
}

#[test]
fn an_owner_is_never_touched_and_the_last_one_stays() {
    let app = TestApp::new();
    let at = |kind: &str, user: &str, updated: i64| {
        event(
            &format!("organizationMembership.{kind}"),
            updated,
            &membership(&format!("orgmem_{user}"), "org_clerk_a", user, "org:member", updated),
        )
    };
    take(&app, "msg_1", &at("updated", "user_owner_a", 1));
    assert_eq!(outcome(&app, "msg_1"), told("skipped", "owner_untouched"));
    assert_eq!(role(&app, "user_owner_a", "org_a"), "owner");
    // The other owner is suspended.
    take(&app, "msg_2", &at("deleted", "user_owner_a", 2));
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "last_owner"));
    assert_eq!(role(&app, "user_owner_a", "org_a"), "owner");
    assert_eq!(audited(&app), ["membership.refused"]);
    assert!(audit(&app)[0]["metadata"].as_str().unwrap().contains("last_owner"));
    take(&app, "msg_3", &at("deleted", "user_suspended", 3));
    assert_eq!(role(&app, "user_suspended", "org_a"), Value::Null);
}

#[test]
fn the_cap_holds_and_says_so() {
    let app = TestApp::new();
    app.db.run_script("UPDATE orgs SET max_members = 7 WHERE id = 'org_a'");
    let joined = |id: &str, user: &str, at: i64| {
        event(
            "organizationMembership.created",
            at,
            &membership(id, "org_clerk_a", user, "org:member", at),
        )
    };
    take(&app, "msg_1", &joined("orgmem_1", "user_none", 1));
    assert_eq!(outcome(&app, "msg_1"), told("skipped", "cap_reached"));
    assert_eq!(role(&app, "user_none", "org_a"), Value::Null);
    assert_eq!(audited(&app), ["membership.refused"]);
    assert_eq!(audit(&app)[0]["org_id"], "org_a");
    // An open invitation holds a seat as well; who is a member already needs none.
    app.db.run_script(
        "UPDATE orgs SET max_members = 8 WHERE id = 'org_a';
         INSERT INTO invitations (id, org_id, email, role, token_hash, invited_by, created_at, expires_at) VALUES
           ('i_1', 'org_a', 'x@example.com', 'member', 'h', 'u_owner_a', '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z')",
    );
    take(&app, "msg_2", &joined("orgmem_1", "user_none", 2));
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "cap_reached"));
    take(&app, "msg_3", &joined("orgmem_2", "user_viewer_a", 3));
    assert_eq!(role(&app, "user_viewer_a", "org_a"), "member");
    app.db.run_script("UPDATE invitations SET status = 'revoked'");
    take(&app, "msg_4", &joined("orgmem_1", "user_none", 4));
    assert_eq!(role(&app, "user_none", "org_a"), "member");
}

#[test]
fn who_was_removed_here_is_not_brought_back_by_a_change_at_clerk() {
    let app = TestApp::new();
    let at = |kind: &str, id: &str, at: i64| {
        event(
            &format!("organizationMembership.{kind}"),
            at,
            &membership(id, "org_clerk_a", "user_none", "org:member", at),
        )
    };
    take(&app, "msg_1", &at("created", "orgmem_1", 1));
    let id = app.db.value("SELECT id FROM user_memberships WHERE clerk_user_id = 'user_none'");
    let path = format!("/portal/memberships/{}", id.as_str().unwrap());
    assert_eq!(app.send_as("user_owner_a", "DELETE", &path, None).status, 200);
    take(&app, "msg_2", &at("updated", "orgmem_1", 2));
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "removed_here"));
    assert_eq!(role(&app, "user_none", "org_a"), Value::Null);
    take(&app, "msg_3", &at("created", "orgmem_2", 3));
    assert_eq!(role(&app, "user_none", "org_a"), "member");
}

#[test]
fn a_membership_before_its_person_or_org_is_asked_for_again() {
    let app = TestApp::new();
    let early = event(
        "organizationMembership.created",
        0,
        &membership("orgmem_1", "org_clerk_a", "user_new", "org:member", 0),
    );
    let answer = deliver(&app, "msg_1", &early);
    assert_eq!((answer.status, answer.code().as_str()), (503, "event_not_applied"));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(outcome(&app, "msg_1"), told("failed", "user_unknown"));
    assert_eq!(app.lines.of("clerk_webhook_failed")[0]["reason"], "user_unknown");
    app.clock.advance(60);
    take(&app, "msg_2", &event("user.created", 0, &user("user_new", "Ada", 0)));
    take(&app, "msg_1", &early);
    let row = receipt(&app, "msg_1");
    assert_eq!((&row["status"], &row["attempts"]), (&json!("processed"), &json!(2)));
    assert_eq!(role(&app, "user_new", "org_a"), "member");

    let elsewhere = |at: i64| {
        event(
            "organizationMembership.created",
            at,
            &membership("orgmem_2", "org_clerk_b", "user_new", "org:member", at),
        )
    };
    assert_eq!(deliver(&app, "msg_3", &elsewhere(0)).status, 503);
    assert_eq!(outcome(&app, "msg_3"), told("failed", "org_unknown"));
    app.db.run_script("UPDATE orgs SET clerk_org_id = 'org_clerk_b' WHERE id = 'org_b'");
    take(&app, "msg_3", &elsewhere(0));
    assert_eq!(role(&app, "user_new", "org_b"), "member");
}

#[test]
fn what_refers_to_nothing_is_not_asked_for_for_ever() {
    let app = TestApp::new();
    let joined = |at: i64| {
        event(
            "organizationMembership.created",
            at,
            &membership("orgmem_1", "org_clerk_x", "user_none", "org:member", at),
        )
    };
    take(&app, "msg_1", &joined(-DAY_MS));
    assert_eq!(outcome(&app, "msg_1"), told("skipped", "org_unknown"));
    // One that does not say when it happened is as old as its receipt.
    let mut undated = joined(0);
    undated["timestamp"] = Value::Null;
    assert_eq!(deliver(&app, "msg_2", &undated).status, 503);
    app.clock.advance(86_400);
    take(&app, "msg_2", &undated);
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "org_unknown"));
    assert_eq!(deliver(&app, "msg_2", &undated).json()["duplicate"], true);
}

#[test]
fn what_came_before_its_organization_was_linked_is_applied_by_the_runbook() {
    let app = TestApp::new();
    let joined = |id: &str, org: &str| {
        let membership = membership(id, org, "user_viewer_a", "org:member", 0);
        event("organizationMembership.created", -DAY_MS, &membership)
    };
    take(&app, "msg_1", &joined("orgmem_1", "org_clerk_b"));
    take(&app, "msg_2", &joined("orgmem_2", "org_clerk_other"));
    assert_eq!(outcome(&app, "msg_1"), told("skipped", "org_unknown"));
    let runbook = include_str!("../../docs/OPERATIONS.md");
    let (_, statements) = runbook.split_once("Linking an organization").unwrap();
    let (_, statements) = statements.split_once("```sql").unwrap();
    let (statements, _) = statements.split_once("```").unwrap();
    app.db.run_script(&statements.replace("org_…", "org_clerk_b").replace("<org id>", "org_b"));
    take(&app, "msg_1", &joined("orgmem_1", "org_clerk_b"));
    assert_eq!(outcome(&app, "msg_1").0, "processed");
    assert_eq!(role(&app, "user_viewer_a", "org_b"), "member");
    assert_eq!(outcome(&app, "msg_2").0, "skipped", "another organization's");
}

#[test]
fn events_of_one_org_never_touch_another() {
    let app = TestApp::new();
    app.db.run_script(
        "UPDATE orgs SET clerk_org_id = 'org_clerk_b' WHERE id = 'org_b';
         INSERT INTO invitations (id, org_id, email, role, token_hash, invited_by, clerk_invitation_id, created_at, expires_at) VALUES
           ('i_b', 'org_b', 'x@example.com', 'member', 'h', 'u_owner_b', 'inv_b', '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z')",
    );
    let before = |table: &str| {
        app.db.rows(&format!("SELECT * FROM {table} WHERE org_id = 'org_b' ORDER BY 1"))
    };
    let (members, invitations) = (before("user_memberships"), before("invitations"));
    for (id, event) in [
        (
            "msg_1",
            event(
                "organizationMembership.deleted",
                1,
                &membership("orgmem_1", "org_clerk_a", "user_both", "org:member", 1),
            ),
        ),
        (
            "msg_2",
            event(
                "organizationMembership.created",
                2,
                &membership("orgmem_2", "org_clerk_a", "user_owner_b", "org:admin", 2),
            ),
        ),
        (
            "msg_3",
            event(
                "organizationMembership.deleted",
                3,
                &membership("orgmem_2", "org_clerk_a", "user_owner_b", "org:admin", 3),
            ),
        ),
        (
            "msg_4",
            event(
                "organizationInvitation.revoked",
                4,
                &json!({"id": "inv_b", "organization_id": "org_clerk_a"}),
            ),
        ),
        ("msg_5", event("organization.deleted", 5, &deleted("org_clerk_a", "organization"))),
        // Ids of ours mean nothing to Clerk.
        ("msg_6", event("organization.deleted", 6, &deleted("org_b", "organization"))),
    ] {
        take(&app, id, &event);
    }
    assert_eq!(outcome(&app, "msg_4"), told("skipped", "other_org"));
    assert_eq!(receipt(&app, "msg_4")["org_id"], Value::Null);
    assert_eq!(before("user_memberships"), members);
    assert_eq!(before("invitations"), invitations);
    assert_eq!(app.db.value("SELECT status FROM orgs WHERE id = 'org_b'"), "at_risk");
    assert!(audit(&app).iter().all(|row| row["org_id"] == "org_a"));
    assert_eq!(role(&app, "user_both", "org_a"), Value::Null);
}

#[test]
fn an_invitation_that_clerk_revoked_is_closed() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO invitations (id, org_id, email, role, token_hash, invited_by, clerk_invitation_id, created_at, expires_at) VALUES
           ('i_1', 'org_a', 'x@example.com', 'member', 'h', 'u_owner_a', 'inv_1', '2026-03-14T00:00:00.000Z', '2026-03-21T00:00:00.000Z')",
    );
    let status = || app.db.value("SELECT status FROM invitations WHERE id = 'i_1'");
    let invitation = |id: &str| json!({"id": id, "object": "invitation", "email_address": "x@example.com", "status": "accepted"});
    take(&app, "msg_1", &event("invitation.accepted", 0, &invitation("inv_1")));
    assert_eq!((status(), audited(&app).len()), (json!("open"), 0));
    take(&app, "msg_2", &event("invitation.revoked", 0, &invitation("inv_unknown")));
    assert_eq!(outcome(&app, "msg_2"), told("skipped", "invitation_unknown"));
    take(&app, "msg_3", &event("invitation.revoked", 0, &invitation("inv_1")));
    assert_eq!(status(), "revoked");
    assert_eq!(receipt(&app, "msg_3")["org_id"], "org_a");
    let trace = audit(&app).remove(0);
    assert_eq!(
        (&trace["event_type"], &trace["target_id"]),
        (&json!("invitation.revoked"), &json!("i_1"))
    );
    take(&app, "msg_4", &event("invitation.revoked", 1, &invitation("inv_1")));
    assert_eq!(outcome(&app, "msg_4"), told("skipped", "invitation_closed"));
}

#[test]
fn a_failure_to_apply_is_5xx_visible_and_made_up_for() {
    let app = TestApp::new();
    let change = event("user.updated", 0, &user("user_none", "Nina", 0));
    app.db.fail_after(0, "D1_ERROR: CHECK constraint failed: status");
    let answer = deliver(&app, "msg_1", &change);
    assert_eq!((answer.status, answer.db_trips), (503, 2));
    assert_eq!(outcome(&app, "msg_1"), told("failed", "internal_error"));
    assert_eq!(person(&app, "user_none")["name"], "Nina None");
    assert_eq!(app.lines.of("clerk_webhook_failed")[0]["level"], "error");
    take(&app, "msg_1", &change);
    assert_eq!(outcome(&app, "msg_1"), told("processed", ""));
    assert_eq!(person(&app, "user_none")["name"], "Nina Lovelace");
    assert_eq!(audited(&app).len(), 1);
    assert_eq!(deliver(&app, "msg_1", &change).json()["duplicate"], true);
}

#[test]
fn a_crash_before_or_behind_the_batch_loses_and_doubles_nothing() {
    let app = TestApp::new();
    app.db.run_script(TRACES_OF_AN_ADMIN);
    let gone = event("user.deleted", 0, &deleted("user_admin_a", "user"));
    // Neither the batch nor the note of its failure came to be.
    app.db.fail_after(0, "D1_ERROR: Network connection lost");
    app.db.fail_after(1, "D1_ERROR: Network connection lost");
    assert!(deliver(&app, "msg_1", &gone).status >= 500);
    assert_eq!(receipt(&app, "msg_1"), Value::Null);
    assert_eq!(person(&app, "user_admin_a")["status"], "active");
    // The batch came to be, and its answer was lost: the event is sent again.
    take(&app, "msg_1", &gone);
    let state = app.db.rows("SELECT * FROM users ORDER BY id");
    let traces = audit(&app);
    app.clock.advance(60);
    assert_eq!(deliver(&app, "msg_1", &gone).json()["duplicate"], true);
    assert_eq!((app.db.rows("SELECT * FROM users ORDER BY id"), audit(&app)), (state, traces));
}

#[test]
fn nothing_hostile_gets_through() {
    let app = TestApp::new();
    let huge = "x".repeat(1_000_000);
    let state = || app.db.rows("SELECT * FROM users, user_memberships, orgs ORDER BY 1, 2, 3");
    let before = state();
    for (at, (kind, data)) in [
        ("user.updated", json!({})),
        ("user.updated", json!({"id": 7, "first_name": "Eve"})),
        ("user.updated", json!({"id": huge.as_str()})),
        ("user.deleted", json!({"deleted": true})),
        ("user.deleted", json!([])),
        ("user.deleted", json!("user_owner_a")),
        ("session.revoked", json!({"id": null})),
        ("session.revoked", json!({"id": "sess 1"})),
        ("organization.updated", json!({"id": "org_clerk_a"})),
        ("organization.updated", json!({"id": "org_clerk_a", "name": {"a": 1}})),
        ("organizationMembership.created", json!({"id": "orgmem_1", "role": "org:admin"})),
        ("organizationMembership.created", json!({"id": "orgmem_1", "role": "org:admin",
            "organization": "org_clerk_a", "public_user_data": "user_none"})),
        ("organizationMembership.deleted", json!({"id": "orgmem_1", "role": 1,
            "organization": {"id": "org_clerk_a"}, "public_user_data": {"user_id": "user_member_a"}})),
        ("organizationInvitation.revoked", json!({"id": "inv_1", "organization_id": ["org_clerk_a"]})),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("msg_{at}");
        let answer = deliver(&app, &id, &event(kind, 0, &data));
        assert_eq!(answer.status, 503, "{kind}: {}", answer.text);
        assert_eq!(outcome(&app, &id), told("failed", "invalid_event"), "{kind}");
        assert!(receipt(&app, &id)["payload"].as_str().unwrap().len() < 1_000);
    }
    assert_eq!(state(), before);

    let mut long = user("user_none", &huge, 0);
    long["image_url"] = json!(format!("https://{huge}"));
    long["updated_at"] = json!(1e300);
    take(&app, "msg_long", &event("user.updated", 0, &long));
    let row = person(&app, "user_none");
    assert_eq!(row["name"].as_str().unwrap().len(), 200);
    assert_eq!((&row["avatar_url"], &row["email"]), (&Value::Null, &Value::Null));
    let script = user("user_none", "'; DROP TABLE users; --", 1);
    take(&app, "msg_sql", &event("user.updated", 1, &script));
    assert_eq!(person(&app, "user_none")["name"], "'; DROP TABLE users; -- Lovelace");

    for body in ["", "{", "[]", "null", r#"{"type":1,"data":{}}"#, &format!("\"{huge}\"")] {
        let answer = deliver_text(&app, "msg_odd", body);
        assert_eq!(
            (answer.status, answer.code().as_str(), answer.db_trips),
            (400, "invalid_event", 0)
        );
    }
    let too_large =
        deliver_text(&app, "msg_large", &format!("\"{}\"", "x".repeat(6 * 1024 * 1024)));
    assert_eq!((too_large.status, too_large.db_trips), (413, 0));
}

#[test]
fn signatures_are_judged_before_the_body_and_before_the_database() {
    let app = TestApp::new();
    let body = event("session.created", 0, &session("sess_1")).to_string();
    let other = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let at = NOON.to_string();
    let late = (NOON - 301).to_string();
    let good = svix_signature("msg_1", body.as_bytes(), CLERK_SECRET, NOON);
    for (name, headers, sent) in [
        ("no headers", vec![], &*body),
        (
            "another secret",
            vec![
                ("svix-id", "msg_1"),
                ("svix-timestamp", &*at),
                ("svix-signature", &*svix_signature("msg_1", body.as_bytes(), other, NOON)),
            ],
            &*body,
        ),
        (
            "another body",
            vec![("svix-id", "msg_1"), ("svix-timestamp", &*at), ("svix-signature", &*good)],
            "{}",
        ),
        (
            "another id",
            vec![("svix-id", "msg_2"), ("svix-timestamp", &*at), ("svix-signature", &*good)],
            &*body,
        ),
        (
            "too old",
            vec![
                ("svix-id", "msg_1"),
                ("svix-timestamp", &*late),
                (
                    "svix-signature",
                    &*svix_signature("msg_1", body.as_bytes(), CLERK_SECRET, NOON - 301),
                ),
            ],
            &*body,
        ),
        (
            "a part of a family",
            vec![("svix-id", "msg_1"), ("webhook-timestamp", &*at), ("svix-signature", &*good)],
            &*body,
        ),
        (
            "not even JSON",
            vec![("svix-id", "msg_1"), ("svix-timestamp", &*at), ("svix-signature", "v1,AA==")],
            "{",
        ),
    ] {
        let answer = app.post("/webhooks/clerk", &headers, sent.to_owned());
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_signature"), "{name}");
        assert_eq!(answer.db_trips, 0, "{name}");
        assert!(!answer.text.contains("v1,"), "{name}");
    }
    let standard =
        [("webhook-id", "msg_1"), ("webhook-timestamp", &*at), ("webhook-signature", &*good)];
    assert_eq!(app.post("/webhooks/clerk", &standard, body).status, 200);
}

#[test]
fn the_former_secret_counts_while_it_is_rolled() {
    let old = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let app = TestApp::with(&[("CLERK_WEBHOOK_SECRET_PREVIOUS", old)]);
    let body = event("session.created", 0, &session("sess_1")).to_string();
    let signature = svix_signature("msg_1", body.as_bytes(), old, NOON);
    let headers = [
        ("svix-id", "msg_1"),
        ("svix-timestamp", &*NOON.to_string()),
        ("svix-signature", &*signature),
    ];
    assert_eq!(app.post("/webhooks/clerk", &headers, body).status, 200);
}

#[test]
fn without_a_usable_secret_nothing_is_taken() {
    for secret in ["", "whsec_c2hvcnQ="] {
        let app = TestApp::with(&[("CLERK_WEBHOOK_SECRET", secret)]);
        let answer = deliver(&app, "msg_1", &event("session.created", 0, &session("sess_1")));
        assert_eq!((answer.status, answer.code().as_str()), (503, "webhook_not_configured"));
        assert_eq!(answer.db_trips, 0);
    }
}

#[test]
fn old_receipts_and_sessions_whose_tokens_ended_are_forgotten() {
    let app = TestApp::new();
    take(&app, "msg_1", &event("session.ended", 0, &session("sess_1")));
    assert_eq!(app.db.value("SELECT expires_at FROM ended_sessions"), "2026-03-17T12:00:00.000Z");
    app.clock.advance(49 * 3_600);
    futures_executor::block_on(koby_portal::jobs::run_due(&app.job()));
    assert_eq!(app.db.value("SELECT count(*) FROM ended_sessions"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM clerk_events"), 1);
    app.clock.advance(90 * 86_400);
    futures_executor::block_on(koby_portal::jobs::run_due(&app.job()));
    assert_eq!(app.db.value("SELECT count(*) FROM clerk_events"), 0);
}
