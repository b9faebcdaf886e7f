//! The widget: what pages are told, who is refused, and how it is administered.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const SHOP: &str = "https://shop.alpha.example";

fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(format!("https://api.example{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::empty()).unwrap())
}

fn config(app: &TestApp, key: &str, origin: &str) -> Answer {
    get(app, &format!("/widget/config/{key}"), &[("origin", origin)])
}

fn check(app: &TestApp, key: &str, origin: &str) -> Value {
    let answer = get(app, &format!("/widget/check?key={key}&origin={origin}"), &[]);
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    answer.json()
}

fn tell(app: &TestApp, key: &str, origin: &str, events: &Value) -> Answer {
    let body = json!({"deployKey": key, "events": events}).to_string();
    app.post("/widget/events", &[("origin", origin)], body)
}

fn send(app: &TestApp, method: &str, path: &str, body: &Value) -> Answer {
    let body = (!body.is_null()).then(|| body.to_string());
    app.send_as("user_admin_a", method, &format!("/portal/widget{path}"), body.as_deref())
}

fn as_staff(app: &TestApp, method: &str, path: &str, body: &Value) -> Answer {
    let body = (!body.is_null()).then(|| body.to_string());
    app.send_as("user_staff", method, &format!("/portal/widget{path}"), body.as_deref())
}

fn traces(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT event_type, target_type, target_id, org_id, metadata FROM audit_logs ORDER BY id",
    )
}

fn events(app: &TestApp) -> Vec<String> {
    let text = |trace: &Value| trace["event_type"].as_str().unwrap().to_owned();
    traces(app).iter().map(text).collect()
}

#[test]
fn a_listed_page_is_told_how_the_widget_looks_and_where_to_talk() {
    let app = TestApp::new();
    let answer = config(&app, "dk_a", SHOP);
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    insta::assert_json_snapshot!("widget_config", answer.json());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("ratelimit-policy"), Some("\"widget\";q=100;w=60"));
    assert_eq!(answer.header("ratelimit"), Some("\"widget\";r=99;t=60"));
}

#[test]
fn both_spellings_say_the_same() {
    let app = TestApp::new();
    let body = config(&app, "dk_a", SHOP).json();
    let config = body["config"].as_object().unwrap();
    let mut pairs = 0;
    for (name, value) in config.iter().filter(|(name, _)| name.contains('_')) {
        let mut words = name.split('_');
        let first = words.next().unwrap().to_owned();
        let camel = words.fold(first, |camel, word| camel + &word[..1].to_uppercase() + &word[1..]);
        assert_eq!(&config[&camel], value, "{name}");
        pairs += 1;
    }
    assert_eq!(pairs, 10);
    for name in ["deployKey", "orgSlug", "siteName", "widgetVersion"] {
        assert!(config[name].is_string(), "{name}");
    }
}

#[test]
fn nothing_private_is_told() {
    let app = TestApp::new();
    app.db.run_script(
        r#"UPDATE portal_sites SET config = '{"contact_line":"hidden-line","starter_prompts":["Prices?"],
             "lead_capture":{"enabled":true,"consent_text":"Yes.","fields":["email"],"notify":"hidden@alpha.example"},
             "office_hours":{"timezone":"UTC","days":{},"pager":"hidden"},"pager":"hidden-pager"}'
            WHERE id = 'site_a1'"#,
    );
    for (key, origin) in [("dk_a", SHOP), ("sk_a1", "https://alpha.example")] {
        let answer = config(&app, key, origin);
        assert_eq!(answer.json()["config"]["starterPrompts"], json!(["Prices?"]));
        assert_eq!(answer.json()["config"]["leadForm"]["fields"], json!(["email"]));
        let private = [
            "hidden",
            "Be kind",
            "secret",
            "org_a",
            "site_a1",
            "dep_a",
            "rate",
            "system_prompt",
            "quote_asked",
            "customEvents",
            "shop.alpha",
        ];
        for word in private {
            assert!(!answer.text.contains(word), "{word}: {}", answer.text);
        }
    }
}

#[test]
fn the_form_of_the_widget_is_what_the_chat_captures_leads_with() {
    let app = TestApp::new();
    let configure = |config: &Value| {
        let body = json!({ "config": config }).to_string();
        app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a1", Some(&body))
    };
    let capture = json!({"enabled": true, "title": "Call me back", "text": "Today.", "consent_text": "You may\ncontact me.",
                         "fields": ["phone", "email"], "required": ["phone"]});
    assert_eq!(configure(&json!({ "lead_capture": capture })).status, 200);
    let told = config(&app, "dk_a", SHOP).json()["config"].clone();
    let form = &told["leadForm"];
    assert_eq!(
        form,
        &json!({"enabled": true, "title": "Call me back", "text": "Today.", "consentText": "You may\ncontact me.",
                "fields": ["email", "phone"], "required": ["phone"]})
    );
    let page = [("origin", SHOP), ("x-site-key", "dk_a")];
    let body = json!({"message": "Hello", "visitor_id": "v1"}).to_string();
    let session = app.post("/chat", &page, body).json()["session_id"].clone();
    let base = told["endpoints"]["session"].as_str().unwrap().strip_prefix("https://api.example");
    let path = format!("{}/{}/lead", base.unwrap(), session.as_str().unwrap());
    let filled = json!({"phone": "+1 555 010 4471", "consent": true, "consent_text": form["consentText"], "visitor_id": "v1"});
    let answer = app.post(&path, &page, filled.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    let leads = app.db.rows(&format!(
        "SELECT phone, consent_text, source FROM leads WHERE session_id = {}",
        session.to_string().replace('"', "'")
    ));
    assert_eq!(
        leads,
        [
            json!({"phone": "+1 555 010 4471", "consent_text": "You may\ncontact me.", "source": "form"})
        ]
    );
    // Where none are captured there is no form.
    assert_eq!(configure(&json!({"lead_capture": {"enabled": false}})).status, 200);
    assert_eq!(config(&app, "dk_a", SHOP).json()["config"]["leadForm"], Value::Null);
    assert_eq!(app.post(&path, &page, filled.to_string()).code(), "lead_capture_off");
}

#[test]
fn the_widget_says_what_the_chat_says() {
    let app = TestApp::new();
    let long = "x".repeat(600);
    app.db.run_script(&format!(
        r#"UPDATE portal_sites SET config = '{{"greeting":"{long}","away_text":"Top.","starter_prompts":["1","2","3","4","5","6","7"],
             "office_hours":{{"timezone":"Europe/Madrid","days":{{"mon":[["09:00","17:00"]]}},"away_text":"Back on Monday."}}}}'
            WHERE id = 'site_a1'"#
    ));
    let told =
        || config(&app, "dk_a_staging", "https://staging.alpha.example").json()["config"].clone();
    app.db.run_script("UPDATE site_deployments SET status = 'active'");
    let first = told();
    assert_eq!(first["awayText"], "Back on Monday.");
    assert_eq!(first["starterPrompts"].as_array().unwrap().len(), 6);
    assert_eq!(
        first["officeHours"],
        json!({"timezone": "Europe/Madrid", "days": {"mon": [["09:00", "17:00"]]}})
    );
    // The site greets, unless the look has a greeting of its own.
    assert_eq!(first["locale"]["greeting"].as_str().unwrap().len(), 500);
    let profile = json!({"locale": {"greeting": "Welcome!"}});
    assert_eq!(send(&app, "PATCH", "/profiles/prof_a", &profile).status, 200);
    assert_eq!(config(&app, "dk_a", SHOP).json()["config"]["locale"]["greeting"], "Welcome!");
    app.db.run_script("UPDATE portal_sites SET config = replace(config, 'Madrid', 'Nowhere')");
    assert_eq!(told()["officeHours"], Value::Null, "what the chat cannot read is not shown either");
}

#[test]
fn a_page_is_told_which_challenge_to_solve() {
    let key = ("TURNSTILE_SITE_KEY", "0x4AAA");
    let app = TestApp::with(&[key, ("TURNSTILE_SECRET_KEY", "s")]);
    let told = |app: &TestApp| config(app, "dk_a", SHOP).json()["config"]["turnstile"].clone();
    assert_eq!(told(&app), Value::Null);
    let ask = r#"UPDATE portal_sites SET config = '{"turnstile":true}' WHERE id = 'site_a1'"#;
    app.db.run_script(ask);
    assert_eq!(told(&app), json!({"siteKey": "0x4AAA"}));
    let without = TestApp::new();
    without.db.run_script(ask);
    assert_eq!(told(&without), Value::Null);
    for half in [key, ("TURNSTILE_SECRET_KEY", "s"), ("TURNSTILE_SITE_KEY", "<script>")] {
        let problems = TestApp::with(&[half]).get("/health/ready").text;
        assert!(problems.contains("TURNSTILE_SITE_KEY"), "{half:?}: {problems}");
    }
}

#[test]
fn a_check_says_which_build_the_page_loads() {
    let app = TestApp::new();
    let entry = |app: &TestApp, key: &str| {
        let checks = check(app, key, SHOP)["checks"].clone();
        let find = |entry: &&Value| entry["check"] == "build_offered";
        checks.as_array().unwrap().iter().find(find).cloned()
    };
    assert_eq!(entry(&app, "dk_a").unwrap()["ok"], true);
    app.db.run_script("DELETE FROM deployment_version_pins; DELETE FROM widget_versions");
    let checked = check(&app, "dk_a", SHOP);
    assert_eq!((&checked["ok"], &checked["code"]), (&json!(false), &json!("widget_build_missing")));
    // A key that is too long is one that nobody knows.
    assert_eq!(check(&app, &"k".repeat(200), SHOP)["code"], "deploy_key_unknown");
}

#[test]
fn a_configuration_that_did_not_change_is_not_sent_again() {
    let app = TestApp::new();
    let first = config(&app, "dk_a", SHOP);
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    let again =
        |tags: &str| get(&app, "/widget/config/dk_a", &[("origin", SHOP), ("if-none-match", tags)]);
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = again(&tags);
        assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{tags}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
        assert_eq!(answer.header("content-type"), None);
    }
    assert_eq!(again("\"x\"").status, 200);
    assert_eq!(again(tag.trim_matches('"')).status, 200);
    send(&app, "PATCH", "/profiles/prof_a", &json!({"theme": {"primaryColor": "#000000"}}));
    let changed = again(&tag);
    assert_eq!(
        (changed.status, &changed.json()["config"]["theme"]["primaryColor"]),
        (200, &json!("#000000"))
    );
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    // Another page of the same deployment has the same configuration.
    assert_eq!(
        config(&app, "dk_a", "https://x.shop.alpha.example").header("etag"),
        changed.header("etag")
    );
}

#[test]
fn pages_are_those_that_the_deployment_lists_and_the_sites_own() {
    let app = TestApp::new();
    for origin in [
        SHOP,
        "https://SHOP.alpha.example:443",
        "https://x.shop.alpha.example",
        "https://a.b.shop.alpha.example",
        "https://alpha.example",
        "https://www.alpha.example",
    ] {
        assert_eq!(config(&app, "dk_a", origin).status, 200, "{origin}");
    }
    for origin in [
        "http://shop.alpha.example",
        "https://shop.alpha.example:8443",
        "https://evil-shop.alpha.example",
        "https://shop.alpha.example.evil.example",
        // The site lists it for its own key; a deployment has a list of its own.
        "https://other.alpha.example",
        "https://beta.example",
        "null",
        "https://shop.alpha.example/path",
        "file://",
        "",
    ] {
        let answer = config(&app, "dk_a", origin);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "origin_not_allowed"),
            "{origin}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{origin}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{origin}");
    }
}

#[test]
fn a_refused_page_is_named() {
    let app = TestApp::new();
    let answer = config(&app, "dk_a", "https://evil.example");
    let body = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        (&body["error"], &body["code"]),
        (&json!("origin_not_allowed"), &json!("origin_not_allowed"))
    );
    let message = body["message"].as_str().unwrap();
    assert!(
        message.contains("Add https://evil.example to the allowed origins of the deployment."),
        "{message}"
    );
    assert_eq!(body["detail"], body["message"]);
    assert!(answer.header("ratelimit").is_some());
    // The site's own key: the site's own list.
    assert!(
        config(&app, "sk_a1", "https://evil.example").json()["message"]
            .as_str()
            .unwrap()
            .ends_with("of the site.")
    );
    // What is no origin is not repeated.
    let odd = config(&app, "dk_a", "javascript:alert(1)").json();
    assert!(!odd["message"].as_str().unwrap().contains("alert"), "{odd}");
}

#[test]
fn an_empty_list_is_nobodys_but_the_sites_own() {
    let app = TestApp::new();
    assert_eq!(config(&app, "dk_b", "https://beta.example").status, 200);
    assert_eq!(config(&app, "dk_b", "https://any.example").status, 403);
    app.db.run_script("UPDATE portal_sites SET domain = NULL WHERE id = 'site_b1'");
    assert_eq!(config(&app, "dk_b", "https://beta.example").status, 403);
    let development = TestApp::with(&[("ENVIRONMENT", "development")]);
    assert_eq!(config(&development, "dk_b", "https://any.example").status, 200);
    assert_eq!(config(&development, "dk_a", "https://any.example").status, 403, "it has a list");
}

#[test]
fn a_page_without_an_origin_is_named_by_its_referer() {
    let app = TestApp::new();
    let ask = |headers: &[(&str, &str)]| get(&app, "/widget/config/dk_a", headers);
    let answer = ask(&[("referer", "https://shop.alpha.example/cart?x=1")]);
    // A shared cache could not tell such pages apart.
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, Some("private, max-age=300"))
    );
    for headers in [
        &[][..],
        &[("referer", "https://evil.example/?https://shop.alpha.example")],
        &[("referer", "about:blank")],
        &[("origin", "null"), ("referer", "https://shop.alpha.example/")],
        &[("origin", "https://evil.example"), ("referer", "https://shop.alpha.example/")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        let answer = ask(headers);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "origin_not_allowed"),
            "{headers:?}"
        );
    }
    // Pages that this Worker serves itself send neither.
    send(&app, "PATCH", "/deployments/dep_a", &json!({"allowedOrigins": ["https://api.example"]}));
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")]).status, 200);
    assert_eq!(ask(&[("sec-fetch-site", "cross-site")]).status, 403);
}

#[test]
fn whatever_stands_against_an_embed_is_said() {
    let app = TestApp::new();
    for (script, status, code) in [
        ("UPDATE site_deployments SET status = 'paused'", 403, "deployment_paused"),
        ("UPDATE site_deployments SET status = 'disabled'", 403, "deployment_disabled"),
        ("UPDATE orgs SET status = 'inactive'", 403, "org_not_active"),
        ("UPDATE portal_sites SET status = 'paused'", 403, "site_not_active"),
        ("UPDATE portal_sites SET type = 'voice'", 403, "site_not_for_chat"),
        ("UPDATE site_keys SET expires_at = '2026-03-15T12:00:00.000Z'", 404, "deploy_key_expired"),
        ("DELETE FROM site_keys", 404, "deploy_key_unknown"),
    ] {
        assert_eq!(config(&app, "dk_a", SHOP).status != 200, code != "deployment_paused", "{code}");
        app.db.run_script(script);
        let answer = config(&app, "dk_a", SHOP);
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.error(), code);
        assert!(answer.json()["message"].is_string());
        // The page is listed, so that it may read why it is refused; unknown keys have no list.
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP), "{code}");
        let told = tell(&app, "dk_a", SHOP, &json!([{"name": "widget_opened"}]));
        assert_eq!((told.status, told.code().as_str()), (status, code));
        let checked = check(&app, "dk_a", SHOP);
        assert_eq!((&checked["ok"], &checked["code"]), (&json!(false), &json!(code)));
    }
    assert_eq!(app.db.value("SELECT count(*) FROM widget_event_counts"), 0);
    // A page that is not listed learns nothing else.
    app.db.run_script("INSERT INTO site_keys (key, site_id, org_id, deployment_id, created_at) VALUES ('dk_a', 'site_a1', 'org_a', 'dep_a', '')");
    assert_eq!(config(&app, "dk_a", "https://evil.example").code(), "origin_not_allowed");
    let long = "k".repeat(200);
    assert_eq!(config(&app, &long, SHOP).code(), "deploy_key_unknown");
}

#[test]
fn a_sites_own_key_goes_on_working() {
    let app = TestApp::new();
    let answer = config(&app, "sk_a1", "https://alpha.example");
    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(body["config"]["theme"]["primaryColor"], "#f97316");
    assert_eq!(body["config"]["environment"], Value::Null);
    assert_eq!(body["config"]["widgetVersion"], "1.0.0");
    // A deployment without a look has the defaults too.
    app.db.run_script("UPDATE site_deployments SET status = 'active'");
    let plain = config(&app, "dk_a_staging", "https://staging.alpha.example").json();
    assert_eq!(plain["config"]["theme"], body["config"]["theme"]);
}

#[test]
fn what_is_stored_and_does_not_fit_is_the_default() {
    let app = TestApp::new();
    app.db.run_script(
        r#"UPDATE widget_profiles SET theme = '{"borderRadius":"1px;} body{}","headerText":"</script>"}', behavior = 'not json',
             locale = '[1]', analytics = '{"trackEvents":"no"}' WHERE id = 'prof_a'"#,
    );
    let body = config(&app, "dk_a", SHOP).json();
    let config = &body["config"];
    assert_eq!(
        (&config["theme"]["borderRadius"], &config["theme"]["headerText"]),
        (&json!("16px"), &json!("Chat with us"))
    );
    assert_eq!(config["behavior"]["autoOpenDelay"], 5000);
    assert_eq!(
        (&config["locale"]["sendLabel"], &config["analytics"]["trackEvents"]),
        (&json!("Send"), &json!(true))
    );
    // It can still be changed.
    let changed = send(&app, "PATCH", "/profiles/prof_a", &json!({"behavior": {"autoOpen": true}}));
    assert_eq!(
        (changed.status, &changed.json()["profile"]["behavior"]["autoOpen"]),
        (200, &json!(true)),
        "{}",
        changed.text
    );
}

#[test]
fn a_check_lists_every_question_with_its_answer() {
    let app = TestApp::new();
    let works = check(&app, "dk_a", "https://x.shop.alpha.example/");
    insta::assert_json_snapshot!("widget_check", works);
    // Any page may read it, also one that is refused: that is what it is for.
    let path = "/widget/check?key=dk_a";
    let refused = get(&app, path, &[("origin", "https://evil.example")]);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://evil.example"));
    assert_eq!(refused.json()["code"], "origin_not_allowed");
    let unknown = check(&app, "dk_nowhere", SHOP);
    assert_eq!(
        (&unknown["code"], unknown["checks"].as_array().unwrap().len()),
        (&json!("deploy_key_unknown"), 1)
    );
    assert_eq!(check(&app, "dk_a", "nonsense")["code"], "origin_not_allowed");
    assert_eq!(get(&app, "/widget/check", &[]).code(), "invalid_query");
    let nobody = get(&app, path, &[]).json();
    assert!(nobody["message"].as_str().unwrap().contains("names no page"), "{nobody}");
}

#[test]
fn a_check_says_that_a_budget_is_used_up_and_not_how_large_it_is() {
    let app = TestApp::new();
    let spend = |scope: &str, org: &str, period: &str, messages: i64, microusd: i64| {
        app.db.run_script(&format!(
            "DELETE FROM budget_counters;
             INSERT INTO budget_counters (scope_id, period, org_id, messages, microusd)
             VALUES ('{scope}', '{period}', '{org}', {messages}, {microusd})"
        ));
    };
    let code = |key: &str| check(&app, key, "https://beta.example")["code"].clone();
    assert_eq!(code("dk_b"), Value::Null);
    for (scope, org, period, messages, microusd) in [
        ("deployment:dep_b", "org_b", "2026-03-15", 1_000, 0),
        ("org_b", "org_b", "2026-03-15", 1_000, 0),
        ("org_b", "org_b", "2026-03-01", 100_000, 0),
        ("org_b", "org_b", "2026-03-15", 0, 100_000_000),
    ] {
        spend(scope, org, period, messages, microusd);
        assert_eq!(code("dk_b"), "budget_used_up", "{scope} {period}");
        assert_eq!(config(&app, "dk_b", "https://beta.example").status, 200, "the widget is shown");
    }
    for (scope, org, period, messages) in [
        ("deployment:dep_b", "org_b", "2026-03-14", 1_000),
        ("deployment:dep_a", "org_a", "2026-03-15", 1_000_000),
        ("org_a", "org_a", "2026-03-15", 1_000_000),
        ("org_b", "org_b", "2026-02-28", 1_000_000),
        ("site_b1", "org_b", "2026-03-15", 1_000_000),
    ] {
        spend(scope, org, period, messages, 0);
        assert_eq!(code("dk_b"), Value::Null, "{scope} {period}");
    }
    app.db.run_script("INSERT INTO budgets (scope_id, org_id, site_id, messages_per_day, updated_at) VALUES ('site_b1', 'org_b', 'site_b1', 7, '')");
    spend("site_b1", "org_b", "2026-03-15", 7, 0);
    let used_up = check(&app, "dk_b", "https://beta.example");
    assert_eq!(used_up["code"], "budget_used_up");
    assert!(!used_up["message"].as_str().unwrap().contains('7'), "{used_up}");
}

#[test]
fn events_are_counted_by_day_and_nothing_else_is_kept() {
    let app = TestApp::new();
    let batch = json!([
        {"name": "widget_opened", "properties": {"page": "person@visitor.example"}},
        {"name": "widget_opened"}, {"name": "quote_asked"},
    ]);
    let answer = tell(&app, "dk_a", SHOP, &batch);
    assert_eq!((answer.status, answer.db_trips), (202, 2), "{}", answer.text);
    assert_eq!(answer.json(), json!({"accepted": 3, "sampled": false}));
    app.clock.advance(60);
    tell(&app, "dk_a", SHOP, &json!([{"name": "widget_opened"}]));
    tell(&app, "sk_a1", "https://alpha.example", &json!([{"name": "widget_opened"}]));
    app.clock.advance(24 * 3_600);
    tell(&app, "dk_a", SHOP, &json!([{"name": "conversion"}]));
    let listed = app.get_as("user_viewer_a", "/portal/widget/events?siteId=site_a1");
    insta::assert_json_snapshot!("widget_events", listed.json());
    let dump = app.db.rows("SELECT * FROM widget_event_counts");
    assert!(!json!(dump).to_string().contains("visitor.example"));
    assert!(!app.lines.text().contains("visitor.example"));
    let day =
        app.get_as("user_viewer_a", "/portal/widget/events?siteId=site_a1&to=2026-03-15").json();
    assert_eq!(day["events"].as_array().unwrap().len(), 3);
    let page = app
        .get_as("user_viewer_a", "/portal/widget/events?siteId=site_a1&limit=1&from=2026-03-16")
        .json();
    assert_eq!((page["events"].as_array().unwrap().len(), &page["nextCursor"]), (1, &Value::Null));
}

#[test]
fn pages_of_events_join_without_gap_or_repeat() {
    let app = TestApp::new();
    let names =
        json!([{"name": "widget_loaded"}, {"name": "widget_opened"}, {"name": "widget_closed"}]);
    tell(&app, "dk_a", SHOP, &names);
    tell(&app, "sk_a1", "https://alpha.example", &names);
    let (mut seen, mut path) =
        (Vec::new(), "/portal/widget/events?siteId=site_a1&limit=1".to_owned());
    loop {
        let body = app.get_as("user_staff", &path).json();
        seen.push(body["events"][0].clone());
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/portal/widget/events?siteId=site_a1&limit=1&cursor={cursor}");
    }
    let whole = app.get_as("user_staff", "/portal/widget/events?siteId=site_a1").json();
    assert_eq!((seen.len(), &json!(seen)), (6, &whole["events"]));
}

#[test]
fn a_batch_that_does_not_fit_counts_nothing() {
    let app = TestApp::new();
    let event = json!({"name": "widget_opened"});
    for (events, code) in [
        (json!([]), "invalid_body"),
        (json!(vec![event.clone(); 21]), "invalid_body"),
        (json!([event, {"name": "quote asked"}]), "unknown_event"),
        (json!([{"name": "page_viewed"}]), "unknown_event"),
        (json!([{"name": "widget_opened", "properties": {"a": [1]}}]), "invalid_body"),
        (json!({"name": "widget_opened"}), "invalid_body"),
    ] {
        let answer = tell(&app, "dk_a", SHOP, &events);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{events}");
    }
    // The events of one profile are not another's.
    let other = tell(&app, "dk_b", "https://beta.example", &json!([{"name": "quote_asked"}]));
    assert_eq!(other.code(), "unknown_event");
    assert_eq!(
        tell(&app, "dk_a", "https://evil.example", &json!([event])).code(),
        "origin_not_allowed"
    );
    assert_eq!(
        app.post("/widget/events", &[("origin", SHOP)], json!({"events": [event]}).to_string())
            .status,
        400
    );
    let huge = tell(&app, "dk_a", SHOP, &json!(["x".repeat(40_000)]));
    assert_eq!(huge.status, 413);
    assert_eq!(app.db.value("SELECT count(*) FROM widget_event_counts"), 0);
    // The key may be in the header, as of the chat.
    let headers = [("origin", SHOP), ("x-site-key", "dk_a")];
    assert_eq!(
        app.post("/widget/events", &headers, json!({"events": [event]}).to_string()).status,
        202
    );
}

#[test]
fn a_profile_that_tracks_nothing_counts_nothing() {
    let app = TestApp::new();
    let batch = json!([{"name": "widget_opened"}, {"name": "lead_submitted"}]);
    send(&app, "PATCH", "/profiles/prof_a", &json!({"analytics": {"trackConversions": false}}));
    assert_eq!(tell(&app, "dk_a", SHOP, &batch).json()["accepted"], 1);
    send(&app, "PATCH", "/profiles/prof_a", &json!({"analytics": {"trackEvents": false}}));
    let answer = tell(&app, "dk_a", SHOP, &batch);
    assert_eq!((answer.status, &answer.json()["accepted"], answer.db_trips), (202, &json!(0), 1));
    assert_eq!(app.db.value("SELECT sum(count) FROM widget_event_counts"), 1);
}

#[test]
fn a_busy_deployment_is_counted_in_samples() {
    let app = TestApp::with(&[("WIDGET_RATE_LIMIT_MAX", "100000")]);
    let event = json!([{"name": "widget_loaded"}]);
    let answers: Vec<Answer> = (0..400).map(|_| tell(&app, "dk_a", SHOP, &event)).collect();
    assert!(answers.iter().all(|answer| answer.status == 202));
    let written = answers.iter().filter(|answer| answer.db_trips == 2).count();
    assert!((30..130).contains(&written), "{written} of 400 were written");
    assert!(answers[..30].iter().all(|answer| answer.json()["sampled"] == false));
    assert!(answers[30..].iter().all(|answer| answer.json()["sampled"] == true));
    let counted = app.db.value("SELECT count FROM widget_event_counts").as_i64().unwrap();
    assert_eq!(counted, 30 + 10 * i64::try_from(written - 30).unwrap());
    // Another deployment is not the less exact for it.
    assert_eq!(tell(&app, "dk_b", "https://beta.example", &event).json()["sampled"], false);
}

#[test]
fn addresses_have_a_quota_of_their_own_for_the_widget() {
    let app = TestApp::with(&[("WIDGET_RATE_LIMIT_MAX", "2")]);
    assert_eq!(config(&app, "dk_a", SHOP).status, 200);
    assert_eq!(get(&app, "/widget/check?key=x", &[]).status, 200);
    let refused = config(&app, "dk_a", SHOP);
    assert_eq!(
        (refused.status, refused.code().as_str(), refused.db_trips),
        (429, "rate_limit_exceeded", 0)
    );
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("ratelimit"), Some("\"widget\";r=0;t=60"));
    assert_eq!(
        (refused.header("vary"), refused.header("access-control-allow-origin")),
        (Some("Origin"), Some(SHOP))
    );
    assert_eq!(app.get_as("user_viewer_a", "/portal/me").status, 200);
}

#[test]
fn preflights_cost_nothing() {
    let app = TestApp::new();
    let request = Request::options("/widget/events").header("origin", SHOP);
    let request =
        request.header("access-control-request-method", "POST").body(Body::empty()).unwrap();
    let answer = app.send(request);
    assert_eq!((answer.status, answer.db_trips), (204, 0));
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
}

#[test]
fn profiles_are_listed_made_changed_and_deleted() {
    let app = TestApp::new();
    let body = json!({"name": " Green ", "description": "For spring", "theme": {"primaryColor": "#00ff00", "darkMode": null}, "orgId": "org_b"});
    let made = send(&app, "POST", "/profiles", &body);
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    let profile = &made.json()["profile"];
    insta::assert_json_snapshot!("widget_profile_created", profile, {".id" => "[id]"});
    let id = profile["id"].as_str().unwrap();
    let listed = app.get_as("user_viewer_a", "/portal/widget/profiles").json();
    assert_eq!((&listed["profiles"][0], &listed["profiles"][1]["id"]), (profile, &json!("prof_a")));
    assert_eq!(
        app.get_as("user_viewer_a", &format!("/portal/widget/profiles/{id}")).json()["profile"],
        *profile
    );

    let path = format!("/profiles/{id}");
    let changed = send(&app, "PATCH", &path, &json!({"description": null, "theme": {"primaryColor": null, "position": "top-left"}, "locale": {"sendLabel": "Go"}})).json();
    let changed = &changed["profile"];
    assert_eq!(
        (&changed["theme"]["primaryColor"], &changed["theme"]["position"]),
        (&json!("#f97316"), &json!("top-left"))
    );
    assert_eq!(
        (&changed["locale"]["sendLabel"], &changed["description"], &changed["name"]),
        (&json!("Go"), &Value::Null, &json!("Green"))
    );
    let stored = app.db.value(&format!("SELECT theme FROM widget_profiles WHERE id = '{id}'"));
    assert_eq!(stored, json!(r#"{"position":"top-left"}"#));
    let whole = send(&app, "PATCH", &path, &json!({"theme": null})).json();
    assert_eq!(whole["profile"]["theme"]["position"], "bottom-right");

    assert_eq!(send(&app, "DELETE", &path, &Value::Null).json(), json!({"deleted": true}));
    assert_eq!(send(&app, "DELETE", &path, &Value::Null).status, 404);
    let names =
        ["created", "updated", "updated", "deleted"].map(|what| format!("widget_profile.{what}"));
    let mut seen = events(&app);
    seen.sort();
    let mut names = names.to_vec();
    names.sort();
    assert_eq!(seen, names);
    let fields =
        r#"{"fields":["description","theme.position","theme.primaryColor","locale.sendLabel"]}"#;
    assert!(traces(&app).iter().any(|trace| trace["metadata"] == fields), "{:?}", traces(&app));
}

#[test]
fn a_profile_that_is_sent_as_it_was_leaves_no_trace() {
    let app = TestApp::new();
    let before = app.get_as("user_admin_a", "/portal/widget/profiles/prof_a").json();
    for body in [
        json!({}),
        json!({"name": "Orange", "description": "", "theme": {"primaryColor": "#123abc", "position": null}}),
        json!({"locale": null, "analytics": {"customEvents": ["quote_asked"]}}),
    ] {
        let answer = send(&app, "PATCH", "/profiles/prof_a", &body);
        assert_eq!((answer.status, &answer.json()), (200, &before), "{body}");
    }
    assert!(traces(&app).is_empty());
}

#[test]
fn a_deployment_outlives_its_profile() {
    let app = TestApp::new();
    assert_eq!(send(&app, "DELETE", "/profiles/prof_a", &Value::Null).status, 200);
    let deployment = app.get_as("user_viewer_a", "/portal/widget/deployments/dep_a").json();
    assert_eq!(deployment["deployment"]["widgetProfileId"], Value::Null);
    assert_eq!(config(&app, "dk_a", SHOP).json()["config"]["theme"]["primaryColor"], "#f97316");
}

#[test]
fn a_profile_that_does_not_fit_is_refused_by_its_field() {
    let app = TestApp::new();
    for (body, named) in [
        (json!({}), "\"name\" is required."),
        (json!({"name": ""}), "\"name\" must have 1 to 100 characters."),
        (json!({"name": "x", "theme": []}), "\"theme\" must be an object."),
        (
            json!({"name": "x", "theme": {"primaryColor": "red"}}),
            "\"theme.primaryColor\" must be # and six hexadecimal digits.",
        ),
        (
            json!({"name": "x", "theme": {"borderRadius": "16px;"}}),
            "\"theme.borderRadius\" must be pixels from 0px to 64px.",
        ),
        (
            json!({"name": "x", "theme": {"position": "middle"}}),
            "\"theme.position\" must be one of bottom-right, bottom-left, top-right, top-left.",
        ),
        (
            json!({"name": "x", "behavior": {"maxMessageLength": 0}}),
            "\"behavior.maxMessageLength\" must be a whole number from 1 to 5000.",
        ),
        (
            json!({"name": "x", "locale": {"greeting": "<script>"}}),
            "\"locale.greeting\" must be one line without < > \" ` \\ and control characters.",
        ),
    ] {
        let answer = send(&app, "POST", "/profiles", &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
        assert_eq!(answer.json()["detail"], named);
    }
    let unknown = send(&app, "PATCH", "/profiles/prof_a", &json!({"theme": {"css": "body{}"}}));
    assert!(
        unknown.json()["detail"]
            .as_str()
            .unwrap()
            .starts_with("\"theme\" has a field that it does not know"),
        "{}",
        unknown.text
    );
    assert_eq!(app.db.value("SELECT count(*) FROM widget_profiles"), 2);
    assert!(traces(&app).is_empty());
}

#[test]
fn two_changes_of_different_fields_do_not_undo_each_other() {
    let app = TestApp::new();
    // What another request does between our look and our change.
    app.db.before_batch(
        2,
        r#"UPDATE widget_profiles SET theme = json_patch(theme, '{"borderRadius":"4px"}') WHERE id = 'prof_a'"#,
    );
    let answer =
        send(&app, "PATCH", "/profiles/prof_a", &json!({"theme": {"primaryColor": "#aaaaaa"}}))
            .json();
    let theme = &answer["profile"]["theme"];
    assert_eq!(
        (&theme["primaryColor"], &theme["borderRadius"]),
        (&json!("#aaaaaa"), &json!("4px"))
    );
}

#[test]
fn a_deployment_is_made_with_a_key_that_opens_its_site() {
    let app = TestApp::new();
    let body = json!({"siteId": "site_a1", "environment": "development", "widgetProfileId": "prof_a", "deployKey": "dk_mine",
                      "allowedOrigins": ["http://localhost:3000"], "rateLimitRpm": 10, "rateLimitDaily": 100});
    let made = send(&app, "POST", "/deployments", &body);
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    let made = made.json();
    let deployment = &made["deployment"];
    insta::assert_json_snapshot!("widget_deployment_created", deployment, {".id" => "[id]", ".deployKey" => "[key]"});
    let key = deployment["deployKey"].as_str().unwrap();
    assert!(key.starts_with("dk_alpha_dev_") && key.len() == 13 + 22, "{key}");
    assert_eq!(
        config(&app, key, "http://localhost:3000").json()["config"]["environment"],
        "development"
    );
    let trace = &traces(&app)[0];
    assert_eq!(
        (&trace["event_type"], &trace["target_id"]),
        (&json!("widget_deployment.created"), &deployment["id"])
    );
    assert!(!trace.to_string().contains(key));

    let again = send(&app, "POST", "/deployments", &body);
    assert_eq!((again.status, again.code().as_str()), (409, "widget_deployment_exists"));
    assert_eq!(app.db.value("SELECT count(*) FROM site_keys"), 4);
    assert_eq!(traces(&app).len(), 1);
}

#[test]
fn a_deployment_needs_a_site_and_a_look_of_its_own_org() {
    let app = TestApp::new();
    for (body, status, code) in [
        (json!({}), 400, "invalid_body"),
        (json!({"siteId": "site_b1"}), 404, "site_not_found"),
        (json!({"siteId": "nowhere"}), 404, "site_not_found"),
        (
            json!({"siteId": "site_a3", "widgetProfileId": "prof_b"}),
            404,
            "widget_profile_not_found",
        ),
        (json!({"siteId": "site_a3", "environment": "moon"}), 400, "invalid_body"),
        (json!({"siteId": "site_a3", "allowedOrigins": ["https://*.com"]}), 400, "invalid_body"),
        (json!({"siteId": "site_a3", "rateLimitRpm": 0}), 400, "invalid_body"),
    ] {
        let answer = send(&app, "POST", "/deployments", &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    // Staff see both orgs; a deployment still has a look of its own.
    for body in [
        json!({"siteId": "site_a3", "widgetProfileId": "prof_b"}),
        json!({"siteId": "site_b1", "environment": "staging", "widgetProfileId": "prof_a"}),
    ] {
        assert_eq!(
            as_staff(&app, "POST", "/deployments", &body).code(),
            "widget_profile_not_found"
        );
    }
    assert_eq!(
        as_staff(&app, "PATCH", "/deployments/dep_b", &json!({"widgetProfileId": "prof_a"})).code(),
        "widget_profile_not_found"
    );
    assert_eq!(
        send(&app, "PATCH", "/deployments/dep_a", &json!({"widgetProfileId": "prof_b"})).status,
        404
    );
    assert!(traces(&app).is_empty());
    let made = as_staff(
        &app,
        "POST",
        "/deployments",
        &json!({"siteId": "site_b1", "environment": "staging", "widgetProfileId": "prof_b"}),
    );
    assert_eq!((made.status, &made.json()["deployment"]["orgId"]), (201, &json!("org_b")));
    assert_eq!(traces(&app)[0]["org_id"], "org_b");
}

#[test]
fn a_patch_of_a_deployment_changes_what_it_holds() {
    let app = TestApp::new();
    let body = json!({"allowedOrigins": ["https://new.alpha.example"], "rateLimitDaily": 5, "widgetProfileId": null, "status": "disabled", "environment": "staging", "siteId": "site_a2"});
    let answer = send(&app, "PATCH", "/deployments/dep_a", &body);
    assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
    let deployment = &answer.json()["deployment"];
    assert_eq!(
        (&deployment["environment"], &deployment["siteId"]),
        (&json!("production"), &json!("site_a1"))
    );
    assert_eq!(
        (&deployment["status"], &deployment["rateLimitDaily"], &deployment["rateLimitRpm"]),
        (&json!("disabled"), &json!(5), &json!(60))
    );
    assert_eq!(
        traces(&app)[0]["metadata"],
        r#"{"fields":["widgetProfileId","allowedOrigins","rateLimitDaily","status"],"status":"disabled"}"#
    );
    assert_eq!(send(&app, "PATCH", "/deployments/dep_a", &body).status, 200);
    assert_eq!(traces(&app).len(), 1, "nothing changed");
    // A page that is taken away is refused at once.
    send(&app, "PATCH", "/deployments/dep_a", &json!({"status": "active"}));
    assert_eq!(config(&app, "dk_a", SHOP).status, 403);
    assert_eq!(config(&app, "dk_a", "https://new.alpha.example").status, 200);
}

#[test]
fn a_deployment_is_paused_and_activated_by_one_request_each() {
    let app = TestApp::new();
    for _ in 0..2 {
        assert_eq!(
            send(&app, "POST", "/deployments/dep_a/pause", &Value::Null).json()["deployment"]["status"],
            "paused"
        );
    }
    assert_eq!(config(&app, "dk_a", SHOP).code(), "deployment_paused");
    for _ in 0..2 {
        let active = send(&app, "POST", "/deployments/dep_a/activate", &Value::Null).json();
        assert_eq!(
            (&active["deployment"]["status"], &active["deployment"]["deployedAt"]),
            (&json!("active"), &json!("2026-03-15T12:00:00.000Z"))
        );
    }
    assert_eq!(config(&app, "dk_a", SHOP).status, 200);
    let mut seen = events(&app);
    seen.sort();
    assert_eq!(seen, ["widget_deployment.activated", "widget_deployment.paused"]);
}

#[test]
fn every_replaced_key_goes_on_until_its_own_end() {
    let app = TestApp::new();
    let rotate = || {
        let answer = send(&app, "POST", "/deployments/dep_a/rotate-key", &Value::Null);
        assert_eq!((answer.status, answer.db_trips), (200, 2), "{}", answer.text);
        answer.json()
    };
    let opens = |key: &str| config(&app, key, SHOP).status;
    let first = rotate();
    assert_eq!(
        (&first["previousKey"], &first["expiresAt"]),
        (&json!("dk_a"), &json!("2026-03-16T12:00:00.000Z"))
    );
    let second_key = first["deployment"]["deployKey"].as_str().unwrap().to_owned();
    assert!(second_key.starts_with("dk_alpha_live_"), "{second_key}");
    assert_eq!(first["deployment"]["previousKey"], "dk_a");
    assert_eq!(first["deployment"]["keyExpiresAt"], first["expiresAt"]);
    app.clock.advance(12 * 3_600);
    let second = rotate();
    assert_eq!(second["previousKey"], json!(second_key));
    let third_key = second["deployment"]["deployKey"].as_str().unwrap().to_owned();
    assert_eq!([opens("dk_a"), opens(&second_key), opens(&third_key)], [200, 200, 200]);
    assert_eq!(
        config(&app, "dk_a", SHOP).json()["config"]["deployKey"],
        "dk_a",
        "the new one is not told"
    );
    app.clock.advance(12 * 3_600 - 1);
    assert_eq!([opens("dk_a"), opens(&second_key)], [200, 200]);
    app.clock.advance(1);
    assert_eq!([opens("dk_a"), opens(&second_key), opens(&third_key)], [404, 200, 200]);
    assert_eq!(check(&app, "dk_a", SHOP)["code"], "deploy_key_expired");
    assert!(
        check(&app, &second_key, SHOP)["checks"][1]["message"]
            .as_str()
            .unwrap()
            .contains("2026-03-17T00:00:00.000Z")
    );
    app.clock.advance(12 * 3_600);
    assert_eq!([opens("dk_a"), opens(&second_key), opens(&third_key)], [404, 404, 200]);
    let traces = traces(&app);
    assert_eq!(traces.len(), 2);
    for key in ["dk_a", &second_key, &third_key] {
        assert!(!json!(traces).to_string().contains(&format!("\"{key}\"")), "{key}");
    }
    // Keys are never given again: those that are over stay, and stay over.
    assert_eq!(app.db.value("SELECT count(*) FROM site_keys WHERE deployment_id = 'dep_a'"), 3);
}

#[test]
fn a_key_in_wrong_hands_ends_at_once_with_all_before_it() {
    let app = TestApp::new();
    let rotate = |body: &Value| send(&app, "POST", "/deployments/dep_a/rotate-key", body).json();
    let first = rotate(&json!({"overlapHours": 72}));
    assert_eq!(first["expiresAt"], "2026-03-18T12:00:00.000Z");
    let second_key = first["deployment"]["deployKey"].as_str().unwrap().to_owned();
    let last = rotate(&json!({"overlapHours": 0}));
    let opens = |key: &str| config(&app, key, SHOP).status;
    assert_eq!([opens("dk_a"), opens(&second_key)], [404, 404]);
    assert_eq!(opens(last["deployment"]["deployKey"].as_str().unwrap()), 200);
    for hours in [json!(73), json!(-1), json!("0"), json!(1.5)] {
        let answer =
            send(&app, "POST", "/deployments/dep_a/rotate-key", &json!({"overlapHours": hours}));
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{hours}");
    }
}

#[test]
fn a_sites_own_key_goes_on_for_a_day_after_it_is_replaced() {
    let app = TestApp::new();
    let rotate = |body: Option<&str>| {
        app.send_as("user_admin_a", "POST", "/portal/sites/site_a1/rotate-key", body).json()
    };
    let opens = |key: &str| config(&app, key, "https://alpha.example").status;
    let first = rotate(None);
    assert_eq!(
        (&first["previousKey"], &first["expiresAt"]),
        (&json!("sk_a1"), &json!("2026-03-16T12:00:00.000Z"))
    );
    let second = rotate(Some(r#"{"overlapHours":1}"#));
    assert_eq!(second["previousKey"], first["site"]["siteKey"]);
    let second_key = second["previousKey"].as_str().unwrap();
    assert_eq!(
        [opens("sk_a1"), opens(second_key), opens(second["site"]["siteKey"].as_str().unwrap())],
        [200, 200, 200]
    );
    app.clock.advance(3_600);
    assert_eq!([opens("sk_a1"), opens(second_key)], [200, 404]);
    let third = rotate(Some(r#"{"overlapHours":0}"#));
    assert_eq!([opens("sk_a1"), opens(third["previousKey"].as_str().unwrap())], [404, 404]);
    assert_eq!(opens(third["site"]["siteKey"].as_str().unwrap()), 200);
    // Those of its deployments are others.
    assert_eq!(config(&app, "dk_a", SHOP).status, 200);
    let text = app.send_with(
        Some(&app.token("user_admin_a")),
        "POST",
        "/portal/sites/site_a1/rotate-key",
        Some("[1]"),
    );
    assert_eq!(text.status, 400);
}

#[test]
fn a_pin_chooses_the_build_and_taking_it_away_rolls_back() {
    let app = TestApp::new();
    let version = |query: &str| {
        let answer = get(&app, &format!("/widget/config/dk_a{query}"), &[("origin", SHOP)]);
        let body = answer.json();
        (body["config"]["widgetVersion"].clone(), body["config"]["widgetIntegrity"].clone())
    };
    let pin = |body: &Value| send(&app, "PUT", "/deployments/dep_a/pin", body);
    assert_eq!(version(""), (json!("1.0.0"), Value::Null));
    let pinned = pin(&json!({"pinType": "channel", "channel": "beta"}));
    assert_eq!(pinned.status, 200, "{}", pinned.text);
    insta::assert_json_snapshot!("widget_pin", pinned.json()["deployment"]["versionPin"]);
    let beta = json!("2.0.0-beta.1");
    assert_eq!(version("").0, beta);
    assert!(version("").1.as_str().unwrap().starts_with("sha256-"));

    pin(&json!({"widgetVersionId": "wv_2_0_0_beta", "rolloutPercentage": 50}));
    assert_eq!(version("").0, "1.0.0", "without an id");
    let drawn: Vec<bool> =
        (0..40).map(|visitor| version(&format!("?vid=v{visitor}")).0 == beta).collect();
    assert!(drawn.contains(&true) && drawn.contains(&false));
    let again: Vec<bool> =
        (0..40).map(|visitor| version(&format!("?vid=v{visitor}")).0 == beta).collect();
    assert_eq!(drawn, again);
    pin(&json!({"widgetVersionId": "wv_1_0_0"}));
    assert_eq!(version("?vid=v1").0, "1.0.0");
    pin(&json!({"pinType": "channel", "channel": "canary"}));
    assert_eq!(
        send(&app, "DELETE", "/deployments/dep_a/pin", &Value::Null).json()["deployment"]["versionPin"],
        Value::Null
    );
    assert_eq!(version("").0, "1.0.0");
    let trail = send(&app, "GET", "/deployments/dep_a/history", &Value::Null).json();
    let trail = trail["history"].as_array().unwrap();
    assert_eq!(trail.len(), 5);
    assert!(trail.iter().any(|entry| entry["metadata"] == json!({"pinType": "specific", "widgetVersionId": "wv_2_0_0_beta", "channel": null, "rolloutPercentage": 50})));
}

#[test]
fn a_pin_that_does_not_fit_is_refused() {
    let app = TestApp::new();
    app.db.run_script("INSERT INTO widget_versions (id, version, script_url, status, released_at) VALUES ('wv_old', '0.9.0', 'https://widget.koby.ai/v0/embed.js', 'deprecated', '2025-01-01T00:00:00.000Z')");
    for (body, status, code) in [
        (json!({}), 400, "invalid_body"),
        (json!({"pinType": "channel"}), 400, "invalid_body"),
        (json!({"pinType": "channel", "channel": "nightly"}), 400, "invalid_body"),
        (
            json!({"pinType": "channel", "channel": "beta", "widgetVersionId": "wv_1_0_0"}),
            400,
            "invalid_body",
        ),
        (json!({"widgetVersionId": "wv_1_0_0", "channel": "beta"}), 400, "invalid_body"),
        (json!({"widgetVersionId": "wv_1_0_0", "rolloutPercentage": 101}), 400, "invalid_body"),
        (json!({"widgetVersionId": "wv_nowhere"}), 404, "widget_version_not_found"),
        (json!({"widgetVersionId": "wv_old"}), 409, "widget_version_deprecated"),
    ] {
        let answer = send(&app, "PUT", "/deployments/dep_a/pin", &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    assert!(traces(&app).is_empty());
    // Who has it keeps it, and may change for how many.
    app.db.run_script("INSERT INTO deployment_version_pins (id, deployment_id, org_id, widget_version_id, created_at, updated_at) VALUES ('p', 'dep_a', 'org_a', 'wv_old', '', '')");
    assert_eq!(config(&app, "dk_a", SHOP).json()["config"]["widgetVersion"], "0.9.0");
    let kept = send(
        &app,
        "PUT",
        "/deployments/dep_a/pin",
        &json!({"widgetVersionId": "wv_old", "rolloutPercentage": 10}),
    );
    assert_eq!(kept.status, 200, "{}", kept.text);
    // A build that is deprecated between the look and the pin is not given either.
    app.db.before_batch(
        2,
        "UPDATE widget_versions SET status = 'deprecated' WHERE id = 'wv_2_0_0_beta'",
    );
    let raced =
        send(&app, "PUT", "/deployments/dep_a/pin", &json!({"widgetVersionId": "wv_2_0_0_beta"}));
    assert_eq!(raced.code(), "widget_version_deprecated");
}

#[test]
fn staff_release_promote_and_deprecate_builds() {
    let app = TestApp::new();
    let hash = format!("sha384-{}", "A".repeat(64));
    let body = json!({"version": "2.0.0", "scriptUrl": "https://widget.koby.ai/v2.0.0/embed.js", "integrityHash": hash, "changelog": "New.\nFaster."});
    let made = as_staff(&app, "POST", "/versions", &body);
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    insta::assert_json_snapshot!("widget_version_created", made.json()["version"], {".id" => "[id]"});
    let path = format!("/versions/{}", made.json()["version"]["id"].as_str().unwrap());
    assert_eq!(as_staff(&app, "POST", "/versions", &body).code(), "widget_version_exists");
    let seen = || config(&app, "dk_a", SHOP).json()["config"]["widgetVersion"].clone();
    assert_eq!(seen(), "1.0.0");
    assert_eq!(as_staff(&app, "PATCH", &path, &json!({"status": "stable"})).status, 200);
    assert_eq!(seen(), "2.0.0");
    assert_eq!(
        as_staff(&app, "PATCH", &path, &json!({"status": "stable"})).status,
        200,
        "as it was"
    );
    let old = as_staff(&app, "PATCH", &path, &json!({"status": "deprecated"})).json();
    assert_eq!(old["version"]["deprecatedAt"], "2026-03-15T12:00:00.000Z");
    assert_eq!(seen(), "1.0.0");
    assert_eq!(
        as_staff(&app, "PATCH", &path, &json!({"status": "stable"})).code(),
        "widget_version_deprecated"
    );
    for status in ["deprecated", "beta"] {
        let last = as_staff(&app, "PATCH", "/versions/wv_1_0_0", &json!({"status": status}));
        assert_eq!((last.status, last.code().as_str()), (409, "last_stable_version"));
    }
    assert_eq!(
        as_staff(&app, "PATCH", "/versions/nowhere", &json!({"status": "beta"})).status,
        404
    );
    let mut seen = events(&app);
    seen.sort();
    assert_eq!(
        seen,
        ["widget_version.created", "widget_version.deprecated", "widget_version.updated"]
    );
    let listed = app.get_as("user_viewer_a", "/portal/widget/versions").json();
    let numbers: Vec<&Value> =
        listed["versions"].as_array().unwrap().iter().map(|version| &version["version"]).collect();
    assert_eq!(numbers, ["2.0.0", "2.0.0-beta.1", "1.0.0"]);
    let stable = app.get_as("user_viewer_a", "/portal/widget/versions?status=stable").json();
    assert_eq!(stable["versions"].as_array().unwrap().len(), 1);
    assert_eq!(app.get_as("user_viewer_a", "/portal/widget/versions?status=x").status, 400);
}

#[test]
fn a_build_that_does_not_fit_is_refused() {
    let app = TestApp::new();
    let good = json!({"version": "3.0.0", "scriptUrl": "https://widget.koby.ai/v3/embed.js"});
    for (name, value) in [
        ("version", json!("3.0")),
        ("version", json!("v3.0.0")),
        ("scriptUrl", json!("http://widget.koby.ai/x.js")),
        ("scriptUrl", json!("https://widget.koby.ai/x.js\" onload=\"alert(1)")),
        ("scriptUrl", json!("https://user@widget.koby.ai/x.js")),
        ("stylesUrl", json!("data:text/css,x")),
        ("integrityHash", json!("md5-x")),
        ("integrityHash", json!("sha256-short")),
        ("minProfileVersion", json!(0)),
        ("status", json!("gone")),
    ] {
        let mut body = good.clone();
        body[name] = value.clone();
        let answer = as_staff(&app, "POST", "/versions", &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_body"),
            "{name}: {value}"
        );
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.text);
    }
    assert!(traces(&app).is_empty());
}

#[test]
fn lists_show_an_org_its_own_and_staff_all() {
    let app = TestApp::new();
    let ids = |user: &str, path: &str| -> Vec<String> {
        let body = app.get_as(user, &format!("/portal/widget{path}")).json();
        let rows = body.get("deployments").or_else(|| body.get("profiles")).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("user_viewer_a", "/deployments"), ["dep_a_staging", "dep_a"]);
    assert_eq!(ids("user_viewer_a", "/deployments?siteId=site_a1"), ["dep_a_staging", "dep_a"]);
    assert!(ids("user_viewer_a", "/deployments?siteId=site_b1").is_empty());
    assert_eq!(ids("user_staff", "/deployments"), ["dep_b", "dep_a_staging", "dep_a"]);
    assert_eq!(ids("user_staff", "/deployments?siteId=site_b1"), ["dep_b"]);
    assert_eq!(ids("user_viewer_a", "/profiles"), ["prof_a"]);
    assert_eq!(ids("user_staff", "/profiles"), ["prof_b", "prof_a"]);
    let first = app.get_as("user_staff", "/portal/widget/deployments?limit=1").json();
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(
        ids("user_staff", &format!("/deployments?limit=1&cursor={cursor}")),
        ["dep_a_staging"]
    );
    insta::assert_json_snapshot!(
        "widget_deployments",
        app.get_as("user_viewer_a", "/portal/widget/deployments").json()
    );
}

#[test]
fn a_history_is_that_of_one_deployment() {
    let app = TestApp::new();
    send(&app, "POST", "/deployments/dep_a/pause", &Value::Null);
    as_staff(&app, "POST", "/deployments/dep_b/pause", &Value::Null);
    send(&app, "POST", "/deployments/dep_a_staging/activate", &Value::Null);
    let history = |user: &str, id: &str| {
        app.get_as(user, &format!("/portal/widget/deployments/{id}/history"))
    };
    let own = history("user_admin_a", "dep_a").json();
    assert_eq!(own["history"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&own["history"][0]["eventType"], &own["history"][0]["actorId"]),
        (&json!("widget_deployment.paused"), &json!("u_admin_a"))
    );
    assert_eq!(history("user_admin_a", "dep_b").status, 404);
    assert_eq!(history("user_staff", "dep_b").json()["history"].as_array().unwrap().len(), 1);
}
