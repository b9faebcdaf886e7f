//! Gateway tokens: who makes, rotates and revokes them, and which bots they open.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The tokens of the fixture.
pub fn token_a() -> String {
    format!("kgw_{}", "a".repeat(43))
}

pub fn token_b() -> String {
    format!("kgw_{}", "b".repeat(43))
}

pub fn get(app: &TestApp, path: &str, token: &str) -> Answer {
    let request = http::Request::get(path).header("authorization", format!("Bearer {token}"));
    app.send(request.body(axum::body::Body::empty()).unwrap())
}

pub fn create(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "POST", "/portal/gateway-tokens", Some(&body.to_string()))
}

/// Id and secret of a new token of `org_a`.
pub fn issued(app: &TestApp, body: &Value) -> (String, String) {
    let answer = create(app, body);
    assert_eq!(answer.status, 201, "{}", answer.text);
    id_and_secret(&answer)
}

fn id_and_secret(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&body["token"]["id"]), text(&body["secret"]))
}

pub fn rotate(app: &TestApp, id: &str, body: Option<&str>) -> Answer {
    app.send_as("user_admin_a", "POST", &format!("/portal/gateway-tokens/{id}/rotate"), body)
}

fn opens(app: &TestApp, secret: &str) -> bool {
    let answer = get(app, "/bots", secret);
    match answer.status {
        200 => true,
        401 => {
            assert_eq!(answer.code(), "gateway_token_invalid");
            false
        }
        status => panic!("{status}: {}", answer.text),
    }
}

#[test]
fn a_secret_is_shown_once_and_only_its_digest_is_kept() {
    let app = TestApp::new();
    let answer = create(
        &app,
        &json!({"name": " Shop ", "siteIds": ["site_a3", "site_a1", "site_a1"], "expiresAt": "2026-04-01T00:00:00Z"}),
    );
    assert_eq!((answer.status, answer.db_trips), (201, 2));
    let (id, secret) = id_and_secret(&answer);
    assert!(secret.starts_with("kgw_") && secret.len() == 47, "{secret}");
    insta::assert_json_snapshot!("gateway_token_created", answer.json(), {
        ".token.id" => "[id]", ".token.hint" => "[hint]", ".secret" => "[secret]",
    });
    assert_eq!(answer.json()["token"]["hint"], secret[..10]);
    let list = app.get_as("user_admin_a", "/portal/gateway-tokens");
    assert_eq!(list.json()["tokens"][0], answer.json()["token"]);
    assert!(!list.text.contains(&secret));
    for table in ["gateway_tokens", "gateway_secrets", "audit_logs"] {
        let rows = format!("{:?}", app.db.rows(&format!("SELECT * FROM {table}")));
        assert!(!rows.contains(&secret), "{table}");
    }
    let lines = format!("{:?}", app.lines.all());
    assert!(!lines.contains(&secret));
    let trace = &app.db.rows("SELECT event_type, target_id, org_id, metadata FROM audit_logs")[0];
    assert_eq!(trace["event_type"], "gateway_token.created");
    assert_eq!((&trace["target_id"], &trace["org_id"]), (&json!(id), &json!("org_a")));
    assert_eq!(
        trace["metadata"],
        r#"{"expiresAt":"2026-04-01T00:00:00.000Z","name":"Shop","siteIds":["site_a1","site_a3"]}"#
    );
}

#[test]
fn a_body_that_does_not_fit_is_named() {
    let app = TestApp::new();
    for (body, told) in [
        (json!({}), "\"name\" is required."),
        (json!({"name": ""}), "\"name\" must have 1 to 100 characters."),
        (json!({"name": "x", "siteIds": []}), "\"siteIds\" must have 1 to 100 entries"),
        (json!({"name": "x", "siteIds": ["site_b1"]}), "\"site_b1\", which is no site of yours"),
        (json!({"name": "x", "siteIds": ["nowhere"]}), "\"nowhere\", which is no site of yours"),
        (json!({"name": "x", "siteIds": "site_a1"}), "\"siteIds\" must be an array."),
        (json!({"name": "x", "expiresAt": "tomorrow"}), "\"expiresAt\" must be a moment"),
        (
            json!({"name": "x", "expiresAt": "2026-02-30T00:00:00Z"}),
            "\"expiresAt\" must be a moment",
        ),
        (json!({"name": "x", "expiresAt": "2026-03-15T12:00:00Z"}), "must be in the future"),
    ] {
        let answer = create(&app, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(told), "{body}: {detail}");
    }
    for body in [r#"{"overlapHours":73}"#, r#"{"overlapHours":-1}"#, r#"{"overlapHours":"1"}"#] {
        assert_eq!(rotate(&app, "gt_a", Some(body)).code(), "invalid_body", "{body}");
    }
    assert_eq!(app.db.value("SELECT count(*) FROM gateway_tokens"), 2);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn old_secrets_overlap_and_survive_a_second_rotation() {
    let app = TestApp::new();
    let (id, first) = issued(&app, &json!({"name": "Shop"}));
    let rotated = rotate(&app, &id, None);
    assert_eq!((rotated.status, rotated.db_trips), (200, 2));
    let (_, second) = id_and_secret(&rotated);
    assert_eq!(rotated.json()["token"]["hint"], second[..10]);
    app.clock.advance(3_600);
    let (_, third) = id_and_secret(&rotate(&app, &id, Some(r#"{"overlapHours":24}"#)));
    let open = || [&first, &second, &third].map(|secret| opens(&app, secret));
    assert_eq!(open(), [true, true, true]);
    app.clock.advance(23 * 3_600);
    assert_eq!(open(), [false, true, true], "a day after its own rotation");
    app.clock.advance(3_600);
    assert_eq!(open(), [false, false, true]);
    // A leak: nothing old goes on.
    let (_, fourth) = id_and_secret(&rotate(&app, &id, Some(r#"{"overlapHours":72}"#)));
    let (_, fifth) = id_and_secret(&rotate(&app, &id, Some(r#"{"overlapHours":0}"#)));
    assert_eq!([&third, &fourth, &fifth].map(|secret| opens(&app, secret)), [false, false, true]);
    assert_eq!(
        app.db.value(&format!("SELECT count(*) FROM gateway_secrets WHERE token_id = '{id}'")),
        1,
        "what is not valid any more is forgotten"
    );
    let traces =
        app.db.rows("SELECT metadata FROM audit_logs WHERE event_type = 'gateway_token.rotated'");
    assert_eq!(traces.len(), 4);
    assert_eq!(traces[0]["metadata"], r#"{"overlapHours":24}"#);
}

#[test]
fn a_token_has_few_secrets_and_an_org_few_tokens() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000")]);
    for _ in 0..9 {
        assert_eq!(rotate(&app, "gt_a", None).status, 200);
    }
    assert_eq!(rotate(&app, "gt_a", None).code(), "gateway_secret_limit");
    assert_eq!(rotate(&app, "gt_a", Some(r#"{"overlapHours":0}"#)).status, 200);
    for _ in 0..99 {
        issued(&app, &json!({"name": "More"}));
    }
    let refused = create(&app, &json!({"name": "Too many"}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "gateway_token_limit"));
    assert_eq!(app.db.value("SELECT count(*) FROM gateway_secrets WHERE org_id = 'org_a'"), 100);
    assert_eq!(
        app.send_as("user_admin_a", "DELETE", "/portal/gateway-tokens/gt_a", None).status,
        200
    );
    assert_eq!(create(&app, &json!({"name": "Room again"})).status, 201);
}

#[test]
fn a_revoked_or_expired_token_opens_nothing() {
    let app = TestApp::new();
    let (id, secret) = issued(&app, &json!({"name": "x", "expiresAt": "2026-03-15T13:00:00.000Z"}));
    let (_, rotated) = id_and_secret(&rotate(&app, &id, None));
    assert!(opens(&app, &secret) && opens(&app, &rotated));
    app.clock.advance(3_600);
    assert!(!opens(&app, &secret) && !opens(&app, &rotated));
    assert_eq!(rotate(&app, &id, None).code(), "gateway_token_closed");

    assert!(opens(&app, &token_a()));
    let revoke = || app.send_as("user_admin_a", "DELETE", "/portal/gateway-tokens/gt_a", None);
    assert_eq!(revoke().json(), json!({"revoked": true}));
    assert!(!opens(&app, &token_a()));
    assert_eq!((revoke().status, rotate(&app, "gt_a", None).status), (200, 409));
    let traces = "SELECT count(*) FROM audit_logs WHERE event_type = 'gateway_token.revoked'";
    assert_eq!(app.db.value(traces), 1, "the second time changes nothing");
    assert!(opens(&app, &token_b()), "another org's token is not touched");
}

#[test]
fn tokens_are_listed_newest_first_page_by_page() {
    let app = TestApp::new();
    for name in ["one", "two", "three"] {
        app.clock.advance(1);
        issued(&app, &json!({"name": name}));
    }
    let names = |user: &str, query: &str| {
        let (mut seen, mut path) = (Vec::new(), format!("/portal/gateway-tokens?limit=2{query}"));
        loop {
            let answer = app.get_as(user, &path);
            assert_eq!((answer.status, answer.db_trips), (200, 1));
            let body = answer.json();
            let tokens = body["tokens"].as_array().unwrap();
            seen.extend(tokens.iter().map(|token| token["name"].as_str().unwrap().to_owned()));
            let Some(cursor) = body["nextCursor"].as_str() else { return seen };
            path = format!("/portal/gateway-tokens?limit=2{query}&cursor={cursor}");
        }
    };
    assert_eq!(names("user_admin_a", ""), ["three", "two", "one", "Shop"]);
    assert_eq!(names("user_staff", ""), ["three", "two", "one", "Beta shop", "Shop"]);
    assert_eq!(names("user_staff", "&orgId=org_b"), ["Beta shop"]);
}

#[test]
fn staff_change_any_token_in_the_name_of_its_org() {
    let app = TestApp::new();
    let rotated = app.send_as("user_staff", "POST", "/portal/gateway-tokens/gt_b/rotate", None);
    assert_eq!(rotated.status, 200);
    assert_eq!(app.db.value("SELECT org_id FROM audit_logs"), "org_b");
    let create =
        app.send_as("user_staff", "POST", "/portal/gateway-tokens", Some(r#"{"name":"x"}"#));
    assert_eq!((create.status, create.code().as_str()), (400, "org_required"));
}

#[test]
fn bots_are_the_active_chatbots_that_a_token_opens() {
    let app = TestApp::new();
    app.db.run_script(
        r#"UPDATE portal_sites SET config = '{"greeting":" Hello! ","starter_prompts":["Prices?",7," "],"starterPrompts":["No"],
             "models":[{"provider":"openai","model":"gpt-x","baseUrl":"https://secret.example"},{"provider":"builtin"}]}'
            WHERE id = 'site_a1';
           INSERT INTO portal_sites (id, org_id, site_key, name, type, config, status, created_at) VALUES
             ('site_a4', 'org_a', 'sk_a4', 'Alpha two', 'chatbot', 'not json', 'active', '2026-01-01 00:00:00')"#,
    );
    let answer = get(&app, "/bots", &token_a());
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    assert_eq!(
        answer.json(),
        json!({"bots": [
            {"id": "site_a1", "name": "Alpha web", "greeting": "Hello!", "model": "gpt-x", "starterPrompts": ["Prices?"]},
            {"id": "site_a4", "name": "Alpha two", "greeting": null, "model": "builtin"},
        ]})
    );
    assert_eq!(
        get(&app, "/v1/models", &token_b()).json(),
        json!({"object": "list", "data": [
            {"id": "site_b1", "object": "model", "created": 1_738_368_000, "owned_by": "beta"},
        ]})
    );
    let (_, listed) =
        issued(&app, &json!({"name": "x", "siteIds": ["site_a2", "site_a3", "site_a4"]}));
    let bots = get(&app, "/bots", &listed).json();
    assert_eq!(bots["bots"].as_array().unwrap().len(), 1, "{bots}");
    assert_eq!(bots["bots"][0]["id"], "site_a4");
    let one = get(&app, "/v1/models/site_a4", &listed);
    assert_eq!((one.status, one.db_trips, &one.json()["id"]), (200, 1, &json!("site_a4")));
    for (id, token) in [("site_a1", &listed), ("site_b1", &token_a()), ("site_a2", &token_a())] {
        let answer = get(&app, &format!("/v1/models/{id}"), token);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (404, &json!("model_not_found"))
        );
    }
    let (_, none) = issued(&app, &json!({"name": "x", "siteIds": ["site_a2"]}));
    assert_eq!(get(&app, "/bots", &none).json(), json!({"bots": []}));
    // A closed org's token is known, and opens nothing.
    app.db.run_script("UPDATE orgs SET status = 'churned' WHERE id = 'org_b'");
    let closed = get(&app, "/bots", &token_b());
    assert_eq!((closed.status, closed.code().as_str()), (403, "org_not_active"));
}

#[test]
fn a_bot_shows_the_model_that_answers() {
    let app = TestApp::with(&[
        ("GEMINI_API_KEY", "key-of-the-platform"),
        ("GEMINI_MODEL", "gemini-2.5-flash"),
    ]);
    let model = |config: &str, openai_key: &str| {
        app.db.run_script(&format!(
            "UPDATE portal_sites SET config = '{config}', openai_api_key = {openai_key} WHERE id = 'site_a1'"
        ));
        get(&app, "/bots", &token_a()).json()["bots"][0]["model"].as_str().unwrap().to_owned()
    };
    assert_eq!(model("{}", "NULL"), "gemini-2.5-flash");
    assert_eq!(model(r#"{"models":null}"#, "NULL"), "gemini-2.5-flash");
    assert_eq!(model(r#"{"models":[{"provider":"builtin"}]}"#, "NULL"), "builtin");
    assert_eq!(model(r#"{"models":[]}"#, "NULL"), "builtin");
    let own = r#"{"models":[{"provider":"openai","model":"my-own"},{"provider":"gemini"}]}"#;
    assert_eq!(model(own, "NULL"), "gemini-2.5-flash", "nobody has a key for the first");
    assert_eq!(model(own, "'sealed'"), "my-own");
    app.db.run_script(
        r#"UPDATE plan_limits SET models = '["gemini-2.5-pro"]';
           UPDATE portal_sites SET google_api_key = NULL"#,
    );
    assert_eq!(model(own, "NULL"), "builtin", "the plan does not include the platform's");
    assert_eq!(model(own, "'sealed'"), "my-own");
}

#[test]
fn what_is_no_gateway_token_opens_nothing() {
    let app = TestApp::new();
    for (authorization, code) in [
        (None, "gateway_token_missing"),
        (Some("Bearer ".to_owned()), "gateway_token_missing"),
        (Some("Bearer sk_a1".to_owned()), "gateway_token_invalid"),
        (Some(format!("Bearer kgw_{}", "c".repeat(43))), "gateway_token_invalid"),
        (Some(format!("Bearer {}", app.token("user_owner_a").sign())), "gateway_token_invalid"),
        (Some(format!("Basic {}", token_a())), "gateway_token_missing"),
    ] {
        let mut request = http::Request::get("/bots");
        if let Some(authorization) = &authorization {
            request = request.header("authorization", authorization);
        }
        let answer = app.send(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!((answer.status, answer.code().as_str()), (401, code), "{authorization:?}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        let is_unknown = authorization.as_ref().is_some_and(|text| text.starts_with("Bearer kgw_"));
        assert_eq!(
            answer.db_trips,
            usize::from(is_unknown),
            "only what looks like one is looked up"
        );
    }
    // A token is no session of the portal, and a key opens no site by itself.
    assert_eq!(get(&app, "/portal/me", &token_a()).status, 401);
    assert_eq!(app.post("/chat", &[("x-site-key", &token_a())], r#"{"message":"hi"}"#).status, 401);
}

#[test]
fn use_is_noted_beside_the_answer_once_a_minute() {
    let app = TestApp::new();
    let noted = || app.db.value("SELECT last_used_at FROM gateway_tokens WHERE id = 'gt_a'");
    let trips = |app: &TestApp| {
        let before = app.db.round_trips();
        let answer = get(app, "/bots", &token_a());
        assert_eq!(answer.db_trips, 1);
        app.db.round_trips() - before - 1
    };
    assert_eq!(noted(), Value::Null);
    assert_eq!((trips(&app), noted()), (1, json!("2026-03-15T12:00:00.000Z")));
    app.clock.advance(59);
    assert_eq!((trips(&app), noted()), (0, json!("2026-03-15T12:00:00.000Z")));
    app.clock.advance(2);
    assert_eq!((trips(&app), noted()), (1, json!("2026-03-15T12:01:01.000Z")));
    assert_eq!(
        app.db.value("SELECT last_used_at FROM gateway_tokens WHERE id = 'gt_b'"),
        Value::Null
    );
}

#[test]
fn requests_are_counted_per_token_and_invented_tokens_per_address() {
    let app = TestApp::with(&[("GATEWAY_RATE_LIMIT_MAX", "20")]);
    let status = |token: &str| get(&app, "/bots", token).status;
    let first = get(&app, "/bots", &token_a());
    assert_eq!(first.header("ratelimit"), Some("\"gateway\";r=19;t=60"));
    let invented = |n: usize| format!("kgw_{n:043}");
    // A tenth of the quota is for tokens that nobody knows.
    assert_eq!([0, 1, 2].map(|n| status(&invented(n))), [401, 401, 429]);
    let refused = get(&app, "/bots", &invented(3));
    assert_eq!(
        (refused.status, refused.db_trips, refused.header("retry-after")),
        (429, 0, Some("60"))
    );
    assert_eq!(status(&token_a()), 200, "a token that is known does not suffer for them");
    for _ in 0..18 {
        assert_eq!(status(&token_a()), 200);
    }
    let over = get(&app, "/v1/models", &token_a());
    assert_eq!((over.status, over.header("ratelimit")), (429, Some("\"gateway\";r=0;t=60")));
    assert_eq!(over.json()["error"]["code"], "rate_limit_exceeded");
    app.clock.advance(60);
    assert_eq!([status(&invented(3)), status(&token_b())], [401, 200]);
}

#[test]
fn what_is_answered_before_a_token_was_looked_for_says_nothing_of_it() {
    let app = TestApp::with(&[("GATEWAY_RATE_LIMIT_MAX", "20")]);
    let send = |n: usize, body: &str| {
        let authorization = format!("Bearer kgw_{n:043}");
        app.post("/v1/chat/completions", &[("authorization", &authorization)], body.to_owned())
    };
    let call = r#"{"model":"site_a1","messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!([0, 1, 2, 3].map(|n| send(n, "{}").status), [400; 4]);
    let answers = [0, 1, 2, 3].map(|n| send(n, call));
    assert_eq!(answers.each_ref().map(|answer| answer.status), [401, 401, 429, 429]);
    // Once an address has sent one, its tokens are read before anything is written for them.
    assert_eq!(answers.map(|answer| answer.db_trips), [2, 1, 0, 0]);
}
