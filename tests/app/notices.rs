//! What owners are told of how their org stands with its subscriptions: once, in the portal always, and by e-mail and text
//! message where these are configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use futures_executor::block_on;
use koby_portal::http::client::{HttpFailure, HttpRequest};
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::stripe::{deliver, event};
use crate::support::ports::Streamed;
use crate::support::sqlite::Sqlite;
use crate::support::{Answer, NOON, TestApp};

const DAY: i64 = 86_400;
const SID: &str = "AC0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const RESEND: &str = "https://api.resend.com/emails";
const TWILIO: &str =
    "https://api.twilio.com/2010-04-01/Accounts/AC0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/Messages.json";
const NUMBER: &str = "+14155550100";

fn subscription(id: &str, status: &str) -> Value {
    json!({"id": id, "object": "subscription", "customer": "cus_a", "status": status, "metadata": {},
        "items": {"data": [{"id": format!("si_{id}"), "quantity": 1, "price": {"id": "p", "nickname": "bundle"}}]}})
}

fn tell(app: &TestApp, created: i64, status: &str) -> Answer {
    let id = format!("evt_{created}_{status}");
    let event =
        event(&id, "customer.subscription.updated", created, &subscription("sub_1", status));
    deliver(app, &event)
}

/// Stripe says three days before that a trial ends.
fn tell_of_trial(app: &TestApp, id: &str, created: i64, trial_end: i64) {
    let mut trial = subscription("sub_1", "trialing");
    trial["trial_end"] = json!(trial_end);
    let told = event(id, "customer.subscription.trial_will_end", created, &trial);
    assert_eq!(deliver(app, &told).status, 200);
}

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn kinds(app: &TestApp) -> Vec<String> {
    let rows = app.db.rows("SELECT kind FROM notices ORDER BY created_at, kind");
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

fn deliveries(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT channel, recipient, status, attempts, reason, provider_id FROM notice_deliveries ORDER BY channel, recipient",
    )
}

fn seen(app: &TestApp, user: &str, query: &str) -> Vec<Value> {
    let answer = app.get_as(user, &format!("/portal/notices{query}"));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    answer.json()["notices"].as_array().unwrap().clone()
}

/// With a key of Resend and an account of Twilio, and a number of the org.
fn sending() -> TestApp {
    let app = TestApp::with(&[
        ("RESEND_API_KEY", "re_s3cret"),
        ("NOTICE_FROM", "Koby <notices@koby.example>"),
        ("TWILIO_ACCOUNT_SID", SID),
        ("TWILIO_AUTH_TOKEN", "t0ken"),
        ("TWILIO_FROM", "+14155550199"),
        ("PORTAL_URL", "https://app.example.com"),
    ]);
    app.http.answer_at(RESEND, 200, r#"{"id": "mail-1"}"#);
    app.http.answer_at(TWILIO, 201, r#"{"sid": "SM1"}"#);
    app
}

fn with_number(app: &TestApp) {
    let body = format!(r#"{{"smsPhone":"{NUMBER}"}}"#);
    let answer = app.send_as("user_admin_a", "PATCH", "/portal/notices/settings", Some(&body));
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
}

fn sent_to(app: &TestApp, url: &str) -> Vec<HttpRequest> {
    app.http.sent().into_iter().filter(|request| request.url == url).collect()
}

fn header(request: &HttpRequest, name: &str) -> String {
    request.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

fn mail(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body.as_ref().unwrap()).unwrap()
}

#[test]
fn each_change_of_standing_is_told_once() {
    let app = TestApp::new();
    assert_eq!(tell(&app, NOON, "active").status, 200);
    assert_eq!(kinds(&app).len(), 0, "a first subscription is no news");
    app.clock.advance(1);
    for created in [NOON + 1, NOON + 2, NOON + 2] {
        assert_eq!(tell(&app, created, "past_due").db_trips, 1, "told in the same trip");
    }
    let row = &app.db.rows("SELECT * FROM notices")[0];
    for (column, value) in [
        ("org_id", json!("org_a")),
        ("kind", json!("billing.past_due")),
        ("subject", Value::Null),
        ("details", json!(r#"{"graceEndsAt":"2026-03-22T12:00:01.000Z"}"#)),
        ("created_at", json!("2026-03-15T12:00:01.000Z")),
        ("read_at", Value::Null),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    app.clock.advance(7 * DAY + 60);
    tick(&app);
    tick(&app);
    app.clock.advance(60);
    tell(&app, NOON + 8 * DAY, "active");
    // What was before comes late, and says nothing any more.
    tell(&app, NOON + 3, "past_due");
    app.clock.advance(60);
    tell(&app, NOON + 9 * DAY, "unpaid");
    tell(&app, NOON + 9 * DAY + 1, "paused");
    app.clock.advance(60);
    tell(&app, NOON + 10 * DAY, "active");
    assert_eq!(
        kinds(&app),
        [
            "billing.past_due",
            "billing.read_only",
            "billing.recovered",
            "billing.ended",
            "billing.recovered"
        ]
    );
}

#[test]
fn events_out_of_order_tell_nothing_of_what_is_over() {
    let app = TestApp::new();
    tell(&app, NOON + 5, "active");
    tell(&app, NOON + 1, "past_due");
    tell(&app, NOON + 2, "unpaid");
    assert_eq!(kinds(&app), Vec::<String>::new());
    assert_eq!(app.db.value("SELECT count(*) FROM stripe_events WHERE status = 'processed'"), 3);
}

#[test]
fn a_failed_batch_tells_nothing() {
    let app = TestApp::new();
    tell(&app, NOON, "active");
    app.db.run_script(
        "CREATE TRIGGER broken BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    assert_eq!(tell(&app, NOON + 1, "past_due").status, 503);
    assert_eq!(app.db.value("SELECT count(*) FROM notices"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM notice_deliveries"), 0);
    app.db.run_script("DROP TRIGGER broken");
    assert_eq!(tell(&app, NOON + 1, "past_due").status, 200);
    assert_eq!(kinds(&app), ["billing.past_due"]);
}

#[test]
fn the_end_of_a_trial_is_told_once_and_only_while_it_is_to_come() {
    let app = TestApp::new();
    let end = NOON + 3 * DAY;
    tell_of_trial(&app, "evt_1", NOON, end);
    tell_of_trial(&app, "evt_1", NOON, end);
    tell_of_trial(&app, "evt_2", NOON + 1, end);
    let told = seen(&app, "user_viewer_a", "");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["kind"], &told[0]["subject"], &told[0]["details"]),
        (
            &json!("billing.trial_ending"),
            &json!("sub_1"),
            &json!({"trialEndsAt": "2026-03-18T12:00:00.000Z"})
        )
    );
    tell_of_trial(&app, "evt_3", NOON + 2, end + DAY);
    assert_eq!(kinds(&app).len(), 2, "another end is told again");
    tell_of_trial(&app, "evt_4", NOON + 3, NOON - 1);
    assert_eq!(kinds(&app).len(), 2, "a trial that is over is not told");

    let app = TestApp::new();
    tell(&app, NOON + 5, "active");
    tell_of_trial(&app, "evt_1", NOON, end);
    assert_eq!(kinds(&app).len(), 0, "it was over when it was said to end");
    let mut longer = subscription("sub_1", "trialing");
    longer["trial_end"] = json!(NOON + 30 * DAY);
    deliver(&app, &event("evt_l", "customer.subscription.updated", NOON + 6, &longer));
    tell_of_trial(&app, "evt_2", NOON + 1, end);
    assert_eq!(kinds(&app).len(), 0, "it was made longer meanwhile");
}

#[test]
fn a_thin_event_tells_of_a_trial_as_well() {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_1")]);
    let mut trial = subscription("sub_1", "trialing");
    trial["trial_end"] = json!(NOON + 2 * DAY);
    app.http.answer_at("https://api.stripe.com/v1/subscriptions/sub_1", 200, &trial.to_string());
    let thin = json!({"id": "evt_t", "object": "v2.core.event", "type": "v1.customer.subscription.trial_will_end",
        "created": "2026-03-15T12:00:00.000Z", "livemode": false,
        "related_object": {"id": "sub_1", "type": "subscription"}});
    assert_eq!(deliver(&app, &thin).status, 200);
    assert_eq!(kinds(&app), ["billing.trial_ending"]);
}

#[test]
fn members_read_what_their_org_is_told_and_nobody_else_does() {
    let app = TestApp::new();
    tell(&app, NOON, "past_due");
    app.clock.advance(8 * DAY);
    tick(&app);
    let told = seen(&app, "user_viewer_a", "");
    assert_eq!(told.len(), 2, "newest first");
    assert_eq!(
        (&told[0]["kind"], &told[1]["kind"]),
        (&json!("billing.read_only"), &json!("billing.past_due"))
    );
    assert_eq!(seen(&app, "user_owner_b", "").len(), 0);
    assert_eq!(seen(&app, "user_staff", "").len(), 2, "staff see all orgs");
    assert_eq!(app.get_as("user_owner_b", "/portal/notices?orgId=org_a").status, 403);
    let page = app.get_as("user_viewer_a", "/portal/notices?limit=1").json();
    let cursor = page["nextCursor"].as_str().unwrap();
    assert_eq!(seen(&app, "user_viewer_a", &format!("?limit=1&cursor={cursor}"))[0], told[1]);

    // The org is read-only: that it was read may still be said.
    let path = format!("/portal/notices/{}/read", told[0]["id"].as_str().unwrap());
    assert_eq!(app.send_as("user_viewer_a", "POST", &path, None).status, 403);
    let foreign = app.send_as("user_owner_b", "POST", &path, None);
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "notice_not_found"));
    let read = app.send_as("user_member_a", "POST", &path, None);
    assert_eq!((read.status, read.db_trips), (200, 2), "{}", read.text);
    assert_eq!(read.json()["notice"]["readBy"], "u_member_a");
    let again = app.send_as("user_owner_a", "POST", &path, None);
    assert_eq!(again.json()["notice"], read.json()["notice"], "who was first stays");
    let entries = app.db.rows("SELECT actor_id FROM audit_logs WHERE event_type = 'notice.read'");
    assert_eq!(entries, [json!({"actor_id": "u_member_a"})]);
    for unread in ["?unread=1", "?unread=true"] {
        assert_eq!(seen(&app, "user_viewer_a", unread), [told[1].clone()]);
    }
}

#[test]
fn active_owners_get_an_e_mail_and_the_number_a_text_message() {
    let app = sending();
    with_number(&app);
    tell(&app, NOON, "past_due");
    tick(&app);
    // Once, however often the job runs.
    for _ in 0..3 {
        app.clock.advance(180);
        tick(&app);
    }
    let mails = sent_to(&app, RESEND);
    assert_eq!(mails.len(), 1, "the owner who is suspended gets none");
    let notice = app.db.value("SELECT id FROM notices");
    let key = format!("notice-{}-u_owner_a", notice.as_str().unwrap());
    assert_eq!(header(&mails[0], "idempotency-key"), key);
    assert_eq!(header(&mails[0], "authorization"), "Bearer re_s3cret");
    assert!(header(&mails[0], "user-agent").starts_with("koby-portal/"));
    let body = mail(&mails[0]);
    assert_eq!(body["from"], "Koby <notices@koby.example>");
    assert_eq!(body["to"], json!(["owner@alpha.example"]));
    assert_eq!(body["subject"], "A payment for “Alpha Dental” failed");
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("2026-03-22, 12:00 UTC") && text.contains("https://app.example.com"));

    let texts = sent_to(&app, TWILIO);
    assert_eq!(texts.len(), 1);
    let form = String::from_utf8(texts[0].body.clone().unwrap()).unwrap();
    assert!(
        form.starts_with("To=%2B14155550100&From=%2B14155550199&Body=A+payment+for+"),
        "{form}"
    );
    assert!(header(&texts[0], "authorization").starts_with("Basic "));

    let sent = |channel: &str, recipient: &str, id: &str| json!({"channel": channel, "recipient": recipient, "status": "sent", "attempts": 1, "reason": null, "provider_id": id});
    assert_eq!(
        deliveries(&app),
        [sent("email", "u_owner_a", "mail-1"), sent("sms", "org_a", "SM1")]
    );
    let log = app.lines.text();
    assert_eq!(app.lines.of("notice_delivery").len(), 2);
    for private in ["owner@alpha.example", NUMBER, "4155550100", "s3cret", "t0ken"] {
        assert!(!log.contains(private), "{private}");
    }
}

#[test]
fn nobody_of_another_org_is_sent_anything() {
    let app = sending();
    app.db.run_script("UPDATE users SET email = id || '@x.example'");
    app.db.run_script(
        "INSERT INTO notice_settings (org_id, sms_phone, updated_at) VALUES ('org_b', '+14155550111', '')",
    );
    tell(&app, NOON, "past_due");
    tick(&app);
    let to: Vec<Value> =
        sent_to(&app, RESEND).iter().map(|sent| mail(sent)["to"].clone()).collect();
    assert_eq!(to, [json!(["u_owner_a@x.example"])]);
    assert_eq!(sent_to(&app, TWILIO).len(), 0);
}

#[test]
fn without_keys_nothing_is_sent_and_nothing_fails() {
    let app = TestApp::new();
    with_number(&app);
    tell(&app, NOON, "past_due");
    tick(&app);
    for delivery in deliveries(&app) {
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("skipped"), &json!(0)));
        assert_eq!(delivery["reason"], "not_configured");
    }
    assert_eq!(app.http.sent().len(), 0);
    assert_eq!(seen(&app, "user_viewer_a", "").len(), 1, "the portal tells it");
}

#[test]
fn who_is_gone_and_what_is_over_is_left_out() {
    for (change, reason) in [
        ("UPDATE users SET email = NULL WHERE id = 'u_owner_a'", "no_address"),
        (
            "UPDATE users SET email = 'a@x.example, b@x.example' WHERE id = 'u_owner_a'",
            "no_address",
        ),
        ("UPDATE users SET status = 'suspended' WHERE id = 'u_owner_a'", "no_address"),
        ("UPDATE user_memberships SET role = 'admin' WHERE id = 'm_owner_a'", "no_address"),
        ("UPDATE orgs SET status = 'churned' WHERE id = 'org_a'", "no_address"),
        ("UPDATE orgs SET billing_standing = 'unbilled' WHERE id = 'org_a'", "outdated"),
    ] {
        let app = sending();
        tell(&app, NOON, "past_due");
        app.db.run_script(change);
        tick(&app);
        assert_eq!(deliveries(&app)[0]["reason"], reason, "{change}");
        assert_eq!(deliveries(&app)[0]["status"], "skipped", "{change}");
        assert_eq!(app.http.sent().len(), 0, "{change}");
    }
    let app = sending();
    tell_of_trial(&app, "evt_1", NOON, NOON + 3 * DAY);
    tell(&app, NOON + 5, "active");
    tick(&app);
    assert_eq!(deliveries(&app)[0]["reason"], "outdated");
}

/// Answers with a status, and lets what is written after that be lost.
fn answers_and_dies(app: &TestApp, url: &str, body: &'static str) {
    let db: Arc<Sqlite> = app.db.clone();
    app.http.serve(url, move |_| {
        db.fail_after(0, "D1_ERROR: Network connection lost.");
        Ok(Streamed::of(200, &[body]))
    });
}

#[test]
fn a_run_that_is_cut_off_sends_an_e_mail_under_the_same_key_and_no_text_message_twice() {
    let app = sending();
    tell(&app, NOON, "past_due");
    answers_and_dies(&app, RESEND, r#"{"id": "mail-1"}"#);
    tick(&app);
    assert_eq!(deliveries(&app)[0]["status"], "sending");
    app.http.serve(RESEND, |_| Ok(Streamed::of(200, &[r#"{"id": "mail-1"}"#])));
    app.clock.advance(60);
    tick(&app);
    assert_eq!(sent_to(&app, RESEND).len(), 1, "it is held");
    app.clock.advance(61);
    tick(&app);
    let keys: Vec<String> =
        sent_to(&app, RESEND).iter().map(|sent| header(sent, "idempotency-key")).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(mail(&sent_to(&app, RESEND)[0]), mail(&sent_to(&app, RESEND)[1]));
    assert_eq!(
        (&deliveries(&app)[0]["status"], &deliveries(&app)[0]["attempts"]),
        (&json!("sent"), &json!(2))
    );

    let app = sending();
    app.db.run_script("UPDATE users SET status = 'inactive' WHERE id = 'u_owner_a'");
    with_number(&app);
    tell(&app, NOON, "past_due");
    answers_and_dies(&app, TWILIO, r#"{"sid": "SM1"}"#);
    for _ in 0..4 {
        tick(&app);
        app.clock.advance(121);
    }
    assert_eq!(sent_to(&app, TWILIO).len(), 1);
    let delivery = &deliveries(&app)[0];
    assert_eq!(
        (&delivery["status"], &delivery["reason"]),
        (&json!("failed"), &json!("outcome_unknown"))
    );
}

#[test]
fn a_run_that_is_cut_off_before_it_sends_sends_later() {
    for skip in 0..40 {
        let app = sending();
        with_number(&app);
        tell(&app, NOON, "past_due");
        app.db.fail_after(skip, "D1_ERROR: Network connection lost.");
        for _ in 0..4 {
            tick(&app);
            app.clock.advance(121);
        }
        let keys: std::collections::BTreeSet<String> =
            sent_to(&app, RESEND).iter().map(|sent| header(sent, "idempotency-key")).collect();
        assert_eq!(keys.len(), 1, "{skip}");
        assert!(sent_to(&app, TWILIO).len() <= 1, "{skip}");
        let ended = deliveries(&app);
        assert_eq!(ended[0]["status"], "sent", "{skip}");
        assert!(
            ended[1]["status"] == "sent" || ended[1]["reason"] == "outcome_unknown",
            "{skip}: {ended:?}"
        );
    }
}

#[test]
fn what_fails_is_tried_five_times_within_a_day() {
    let app = sending();
    tell(&app, NOON, "past_due");
    app.http.answer_at(RESEND, 500, r#"{"name": "application_error"}"#);
    for (tries, minutes) in [(1, 8), (2, 38), (3, 190), (4, 940), (5, 3_000)] {
        tick(&app);
        assert_eq!(sent_to(&app, RESEND).len(), tries);
        app.clock.advance(60);
        tick(&app);
        assert_eq!(sent_to(&app, RESEND).len(), tries, "it waits");
        app.clock.advance(minutes * 60);
    }
    tick(&app);
    assert_eq!(sent_to(&app, RESEND).len(), 5);
    let delivery = &deliveries(&app)[0];
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("failed"), &json!(5)));
    assert_eq!(delivery["reason"], "Resend answered 500 application_error");
    assert_eq!(app.lines.of("notice_delivery").last().unwrap()["level"], "error");
}

#[test]
fn a_key_that_the_provider_has_forgotten_is_not_used_again() {
    let app = sending();
    tell(&app, NOON, "past_due");
    app.http.go_down_at(RESEND);
    tick(&app);
    app.clock.advance(DAY);
    app.http.answer_at(RESEND, 200, "{}");
    tick(&app);
    assert_eq!(sent_to(&app, RESEND).len(), 1);
    assert_eq!(deliveries(&app)[0]["reason"], "given_up");
}

#[test]
fn refusals_end_at_once_and_a_busy_provider_is_waited_for() {
    let status = Arc::new(AtomicU16::new(0));
    for (answer, expected) in [
        (400, "failed"),
        (401, "failed"),
        (403, "failed"),
        (422, "failed"),
        (408, "waiting"),
        (409, "waiting"),
        (429, "waiting"),
        (503, "waiting"),
    ] {
        let app = sending();
        tell(&app, NOON, "past_due");
        status.store(answer, Ordering::Relaxed);
        let said = status.clone();
        app.http.serve(RESEND, move |_| {
            let status = said.load(Ordering::Relaxed);
            Ok(Streamed::of(status, &["{}"]).header("retry-after", "3600"))
        });
        tick(&app);
        assert_eq!(deliveries(&app)[0]["status"], expected, "{answer}");
        app.clock.advance(3_540);
        tick(&app);
        assert_eq!(sent_to(&app, RESEND).len(), 1, "{answer}: not before it was asked for");
        status.store(200, Ordering::Relaxed);
        app.clock.advance(120);
        tick(&app);
        let again = if expected == "waiting" { "sent" } else { "failed" };
        assert_eq!(deliveries(&app)[0]["status"], again, "{answer}");
    }
}

#[test]
fn a_text_message_is_sent_again_only_where_it_certainly_was_not_sent() {
    let twilio = |answer: fn() -> Result<Streamed, HttpFailure>| {
        let app = sending();
        app.db.run_script("UPDATE users SET status = 'inactive' WHERE id = 'u_owner_a'");
        with_number(&app);
        tell(&app, NOON, "past_due");
        app.http.serve(TWILIO, move |_| answer());
        tick(&app);
        deliveries(&app)[0]["status"].clone()
    };
    assert_eq!(twilio(|| Ok(Streamed::of(429, &["{}"]))), "waiting");
    assert_eq!(twilio(|| Ok(Streamed::of(400, &[r#"{"code": 21610}"#]))), "failed");
    assert_eq!(twilio(|| Ok(Streamed::of(500, &["{}"]))), "failed");
    assert_eq!(twilio(|| Err(HttpFailure("timed out".to_owned()))), "failed");
}

#[test]
fn orgs_take_turns_and_a_run_leaves_the_rest_to_the_next() {
    let app = sending();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
         INSERT INTO users (id, clerk_user_id, email, status) SELECT 'o' || i, 'c' || i, 'o' || i || '@a.example', 'active' FROM n;
         INSERT INTO user_memberships (id, clerk_user_id, org_id, role)
         SELECT 'm' || id, clerk_user_id, 'org_a', 'owner' FROM users WHERE clerk_user_id LIKE 'c%'",
    );
    tell(&app, NOON, "past_due");
    assert_eq!(app.db.value("SELECT count(*) FROM notice_deliveries"), 20, "no more than that");
    app.db.run_script(
        "UPDATE users SET email = 'oscar@beta.example' WHERE id = 'u_owner_b';
         UPDATE orgs SET billing_standing = 'read_only', updated_at = '2026-03-15T12:00:00.000Z' WHERE id = 'org_b'",
    );
    app.clock.ticks(100);
    tick(&app);
    app.clock.ticks(0);
    let first = sent_to(&app, RESEND).len();
    assert!((2..20).contains(&first), "{first}");
    let to: Vec<Value> =
        sent_to(&app, RESEND).iter().take(2).map(|sent| mail(sent)["to"][0].clone()).collect();
    assert!(to.contains(&json!("oscar@beta.example")), "orgs take turns: {to:?}");
    for _ in 0..3 {
        app.clock.advance(121);
        tick(&app);
    }
    assert_eq!(sent_to(&app, RESEND).len(), 21);
    assert_eq!(app.db.value("SELECT count(*) FROM notice_deliveries WHERE status <> 'sent'"), 0);
}

#[test]
fn names_of_orgs_are_words_and_nothing_else() {
    let app = sending();
    app.db.run_script(
        "UPDATE orgs SET name = '<img src=x>' || char(13) || char(10) || 'Bcc: all@x.example' WHERE id = 'org_a'",
    );
    tell(&app, NOON, "past_due");
    tick(&app);
    let body = mail(&sent_to(&app, RESEND)[0]);
    assert_eq!(body["subject"], "A payment for “<img src=x> Bcc: all@x.example” failed");
    assert!(body["html"].as_str().unwrap().contains("&lt;img src=x&gt;"), "{body}");
    assert!(body.get("bcc").is_none());
}

#[test]
fn admins_say_which_number_is_texted() {
    let app = sending();
    let path = "/portal/notices/settings";
    let before = json!({"orgId": "org_a", "smsPhone": null, "sendsEmail": true, "sendsSms": true});
    let read = app.get_as("user_admin_a", path);
    assert_eq!((read.json(), read.db_trips), (before.clone(), 1));
    assert_eq!(app.get_as("user_staff", path).code(), "org_required");
    let set = |body: &str| app.send_as("user_owner_a", "PATCH", path, Some(body));
    assert_eq!(set(r#"{"smsPhone": "+1 (415) 555-0100"}"#).json()["smsPhone"], NUMBER);
    set(&format!(r#"{{"smsPhone": "{NUMBER}"}}"#));
    assert_eq!(app.get_as("user_admin_a", path).json()["smsPhone"], NUMBER);
    for odd in [r#"{"smsPhone": "4155550100"}"#, r#"{"smsPhone": 1}"#, "{}"] {
        assert_eq!(set(odd).status, 400, "{odd}");
    }
    assert_eq!(set(r#"{"smsPhone": null}"#).json(), before);
    let entries = app.db.rows(
        "SELECT metadata FROM audit_logs WHERE event_type = 'notice.settings_updated' ORDER BY rowid",
    );
    let told: Vec<&str> = entries.iter().map(|row| row["metadata"].as_str().unwrap()).collect();
    assert_eq!(told, [r#"{"smsPhone":"set"}"#, r#"{"smsPhone":"cleared"}"#]);
    app.db.run_script("UPDATE orgs SET billing_standing = 'read_only' WHERE id = 'org_a'");
    assert_eq!(
        set(&format!(r#"{{"smsPhone": "{NUMBER}"}}"#)).status,
        200,
        "to be told what to pay"
    );
}

#[test]
fn old_notices_are_forgotten_with_their_deliveries() {
    let app = TestApp::new();
    tell(&app, NOON, "past_due");
    app.clock.advance(399 * DAY);
    tick(&app);
    assert_eq!(kinds(&app), ["billing.past_due", "billing.read_only"]);
    app.clock.advance(2 * DAY);
    tick(&app);
    assert_eq!(kinds(&app), ["billing.read_only"]);
    assert_eq!(app.db.value("SELECT count(DISTINCT notice_id) FROM notice_deliveries"), 1);
}
