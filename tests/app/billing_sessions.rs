//! Stripe's own pages: who is sent there, and back to where.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const PORTAL: &str = "https://api.stripe.com/v1/billing_portal/sessions";
const BACK: &str = "https://app.example.com/portal?tab=billing";

fn app() -> TestApp {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_secret")]);
    let session = json!({"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.stripe.com/p/1"});
    app.http.answer_at(PORTAL, 200, &session.to_string());
    app
}

fn open(app: &TestApp, user: &str, query: &str, body: &Value) -> Answer {
    app.send_as(user, "POST", &format!("/billing/portal-session{query}"), Some(&body.to_string()))
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

#[test]
fn an_admin_is_sent_to_the_billing_portal() {
    let app = app();
    let answer = open(&app, "user_admin_a", "", &json!({"returnUrl": BACK}));
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    assert_eq!(answer.json(), json!({"url": "https://billing.stripe.com/p/1"}));
    let sent = app.http.sent();
    let header = |name: &str| {
        let found = sent[0].headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(header("authorization"), "Bearer sk_test_secret");
    assert_eq!(header("stripe-version"), "2026-10-28.endive");
    assert!(header("idempotency-key").starts_with("portal-session-"));
    assert_eq!(
        String::from_utf8(sent[0].body.clone().unwrap()).unwrap(),
        "customer=cus_a&return_url=https%3A%2F%2Fapp.example.com%2Fportal%3Ftab%3Dbilling"
    );
    let row = &app.db.rows("SELECT * FROM billing_portal_sessions")[0];
    for (column, value) in [
        ("org_id", "org_a"),
        ("billing_customer_id", "bc_a"),
        ("stripe_session_id", "bps_1"),
        ("stripe_session_url", ""),
        ("return_url", BACK),
    ] {
        assert_eq!(row[column], value, "{column}: the link is a key, and not kept");
    }
    assert_eq!(
        app.db.value("SELECT target_id FROM audit_logs WHERE event_type = 'billing.portal_opened'"),
        "bc_a"
    );
    assert!(!app.lines.text().contains("sk_test_secret"));
}

#[test]
fn the_org_is_the_one_that_is_named() {
    let app = app();
    app.db.run_script(
        "INSERT INTO billing_customers (id, org_id, stripe_customer_id) VALUES ('bc_b', 'org_b', 'cus_b')",
    );
    let of_url = format!("{BACK}&orgId=org_b");
    for (user, query, body, expected) in [
        ("user_owner_b", "", json!({"returnUrl": BACK}), (201, "cus_b")),
        (
            "user_staff",
            "?orgId=org_a",
            json!({"returnUrl": of_url, "orgId": "org_b"}),
            (201, "cus_a"),
        ),
        ("user_staff", "", json!({"returnUrl": of_url, "orgId": "org_a"}), (201, "cus_a")),
        ("user_staff", "", json!({"returnUrl": of_url}), (201, "cus_b")),
        ("user_staff", "", json!({"returnUrl": BACK}), (400, "org_required")),
        ("user_admin_a", "", json!({"returnUrl": of_url}), (403, "org_forbidden")),
        ("user_admin_a", "", json!({"returnUrl": BACK, "orgId": "org_b"}), (403, "org_forbidden")),
        ("user_member_a", "", json!({"returnUrl": BACK}), (403, "role_too_low")),
    ] {
        let before = app.http.sent().len();
        let answer = open(&app, user, query, &body);
        let sent = app.http.sent();
        let told = match sent.get(before) {
            Some(request) => {
                let form = String::from_utf8(request.body.clone().unwrap()).unwrap();
                form.split(['=', '&']).nth(1).unwrap().to_owned()
            }
            None => answer.code(),
        };
        assert_eq!((answer.status, told.as_str()), expected, "{user} {query} {body}");
    }
}

#[test]
fn nobody_is_led_elsewhere() {
    let app = app();
    for url in [
        "https://evil.example/portal",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com\\@evil.example/",
        "http://app.example.com/portal",
        "javascript:alert(1)",
        "//app.example.com/portal",
        "/portal",
        "https://app.example.com/ portal",
    ] {
        let answer = open(&app, "user_admin_a", "", &json!({"returnUrl": url}));
        assert_eq!(code(&answer), (400, "url_not_allowed".to_owned()), "{url}");
    }
    for body in [json!({}), json!({"returnUrl": ""}), json!({"returnUrl": null})] {
        let answer = open(&app, "user_admin_a", "", &body);
        assert_eq!(code(&answer), (400, "return_url_required".to_owned()), "{body}");
        assert_eq!(answer.json()["error"], "returnUrl is required");
    }
    let preview = "https://one.preview.example.com/portal";
    assert_eq!(open(&app, "user_admin_a", "", &json!({"returnUrl": preview})).status, 201);
    assert_eq!(app.http.sent().len(), 1, "what is refused asks nobody");
}

#[test]
fn without_a_customer_or_a_key_there_is_no_portal() {
    let body = json!({"returnUrl": BACK});
    let answer = open(&app(), "user_owner_b", "", &body);
    assert_eq!(code(&answer), (404, "billing_customer_not_found".to_owned()));
    let answer = open(&TestApp::new(), "user_admin_a", "", &body);
    assert_eq!(code(&answer), (503, "stripe_not_configured".to_owned()));
    assert_eq!(answer.json()["error"], "Stripe not configured");
}

#[test]
fn a_failing_stripe_is_asked_again_with_the_same_key() {
    let app = app();
    let asked = |app: &TestApp| {
        let keys = app.http.sent().into_iter().map(|sent| {
            sent.headers.into_iter().find(|(name, _)| *name == "idempotency-key").unwrap().1
        });
        keys.collect::<Vec<String>>()
    };
    let body = json!({"returnUrl": BACK});
    let error = r#"{"error": {"type": "api_error", "message": "sk_live is broken"}}"#;
    for (status, headers, attempts, expected) in [
        (500, vec![], 3, "stripe_unavailable"),
        (429, vec![("retry-after", "1")], 3, "stripe_unavailable"),
        (429, vec![("retry-after", "60")], 1, "stripe_unavailable"),
        (503, vec![("stripe-should-retry", "false")], 1, "stripe_unavailable"),
        (400, vec![], 1, "stripe_refused"),
        (400, vec![("stripe-should-retry", "true")], 3, "stripe_refused"),
        (401, vec![], 1, "stripe_refused"),
        (404, vec![], 1, "stripe_refused"),
    ] {
        app.http.answer_bytes_at(PORTAL, status, &headers, error.as_bytes());
        let before = app.http.sent().len();
        let answer = open(&app, "user_admin_a", "", &body);
        assert_eq!(code(&answer), (502, expected.to_owned()), "{status} {headers:?}");
        assert!(!answer.text.contains("sk_live"), "what Stripe says is for the log");
        let keys = asked(&app).split_off(before);
        assert_eq!(keys.len(), attempts, "{status} {headers:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }
    assert!(!app.lines.text().contains("is broken"), "a sentence of Stripe's may name a person");
    app.http.go_down_at(PORTAL);
    assert_eq!(
        code(&open(&app, "user_admin_a", "", &body)),
        (502, "stripe_unavailable".to_owned())
    );
    app.http.answer_at(PORTAL, 200, "[]");
    assert_eq!(open(&app, "user_admin_a", "", &body).status, 502);
    app.http.answer_at(PORTAL, 200, "{}");
    assert_eq!(code(&open(&app, "user_admin_a", "", &body)), (502, "stripe_failed".to_owned()));
    assert_eq!(app.db.value("SELECT count(*) FROM billing_portal_sessions"), 0);
}
