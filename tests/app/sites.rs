//! Sites: who sees and changes them, and what never leaves.

use koby_portal::vault::{Place, Vault};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const KEY: &str = "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn patch(app: &TestApp, user: &str, site: &str, body: &Value) -> Answer {
    app.send_as(user, "PATCH", &format!("/portal/sites/{site}"), Some(&body.to_string()))
}

fn create(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_admin_a", "POST", "/portal/sites", Some(&body.to_string()))
}

/// Staff alone say whose page an origin is.
fn create_as_staff(app: &TestApp, body: &Value) -> Answer {
    app.send_as("user_staff", "POST", "/portal/sites?orgId=org_a", Some(&body.to_string()))
}

fn post(app: &TestApp, path: &str) -> Answer {
    app.send_as("user_admin_a", "POST", path, None)
}

fn traces(app: &TestApp) -> Vec<Value> {
    app.db.rows(
        "SELECT event_type, target_type, target_id, org_id, metadata FROM audit_logs ORDER BY id",
    )
}

fn stored(app: &TestApp, site: &str, column: &str) -> Value {
    app.db.value(&format!("SELECT {column} FROM portal_sites WHERE id = '{site}'"))
}

#[test]
fn an_org_sees_its_sites_newest_first() {
    let app = TestApp::new();
    let answer = app.get_as("user_viewer_a", "/portal/sites");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("sites", answer.json());
    assert!(!answer.text.contains("provider-secret"));
    let one = app.get_as("user_viewer_a", "/portal/sites/site_a2").json();
    assert_eq!(one["site"], answer.json()["sites"][1]);
}

#[test]
fn lists_of_sites_join_without_gap_or_repeat() {
    let app = TestApp::new();
    // The same moment twice, and the former format.
    app.db.run_script("UPDATE portal_sites SET created_at = '2025-01-02 00:00:00' WHERE id IN ('site_a1', 'site_a2')");
    for (list, member) in [("/portal/sites", "sites"), ("/portal/engines", "engines")] {
        for (user, expected) in [
            ("user_owner_a", vec!["site_a3", "site_a2", "site_a1"]),
            ("user_staff", vec!["site_b1", "site_a3", "site_a2", "site_a1", "site_closed"]),
        ] {
            let (mut seen, mut path) = (Vec::new(), format!("{list}?limit=1"));
            loop {
                let body = app.get_as(user, &path).json();
                let rows = body[member].as_array().unwrap();
                seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
                let Some(cursor) = body["nextCursor"].as_str() else { break };
                path = format!("{list}?limit=1&cursor={cursor}");
            }
            assert_eq!(seen, expected, "{list} as {user}");
        }
        for query in ["limit=0", "limit=501", "limit=x", "cursor=x"] {
            assert_eq!(
                app.get_as("user_owner_a", &format!("{list}?{query}")).status,
                400,
                "{query}"
            );
        }
    }
    assert!(app.get_as("user_owner_a", "/portal/engines").json().get("nextCursor").is_none());
}

#[test]
fn the_overview_shows_the_oldest_500_active_sites_in_order() {
    let app = TestApp::new();
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
         INSERT INTO portal_sites (id, org_id, site_key, name, status, created_at)
         SELECT 'many_' || printf('%03d', 700 - i), 'org_a', 'sk_many_' || i, 'n', iif(i % 6 = 0, 'inactive', 'active'),
                '2026-01-01T00:00:00.000Z' FROM n",
    );
    let ids = |user: &str| -> Vec<String> {
        let body = app.get_as(user, "/portal/overview").json();
        let sites = body["sites"].as_array().unwrap();
        sites.iter().map(|site| site["id"].as_str().unwrap().to_owned()).collect()
    };
    let (own, all) = (ids("user_owner_a"), ids("user_staff"));
    assert_eq!((own.len(), all.len()), (500, 500));
    assert_eq!(own[..4], ["site_a1", "site_a3", "many_101", "many_102"]);
    assert_eq!(all[..5], ["site_closed", "site_a1", "site_a3", "site_b1", "many_101"]);
    assert!(own[2..].is_sorted() && all[4..].is_sorted());
}

#[test]
fn a_foreign_site_does_not_exist() {
    let app = TestApp::new();
    for site in ["site_b1", "nowhere"] {
        for (method, path, body) in [
            ("GET", "", None),
            ("PATCH", "", Some(r#"{"name":"x"}"#)),
            ("POST", "/pause", None),
            ("POST", "/resume", None),
            ("POST", "/rotate-key", None),
        ] {
            let path = format!("/portal/sites/{site}{path}");
            let answer = app.send_as("user_owner_a", method, &path, body);
            assert_eq!((answer.status, answer.code().as_str()), (404, "site_not_found"), "{path}");
        }
    }
    assert_eq!(stored(&app, "site_b1", "name"), "Beta web");
    assert_eq!(stored(&app, "site_b1", "site_key"), "sk_b1");
    assert!(traces(&app).is_empty());
}

#[test]
fn staff_change_any_site_in_the_name_of_its_org() {
    let app = TestApp::new();
    assert_eq!(patch(&app, "user_staff", "site_b1", &json!({"name": "Beta"})).status, 200);
    assert_eq!(traces(&app)[0]["org_id"], "org_b");
    // Without an org there is none that a new site could belong to.
    let refused = app.send_as("user_staff", "POST", "/portal/sites", Some(r#"{"name":"x"}"#));
    assert_eq!((refused.status, refused.error().as_str()), (400, "Organization required"));
}

#[test]
fn a_site_is_made_with_a_key_of_its_own() {
    let app = TestApp::new();
    let answer = create_as_staff(
        &app,
        &json!({
            "name": " Alpha new ", "type": "voice", "domain": "NEW.alpha.example", "systemPrompt": "Be brief.",
            "allowedOrigins": ["https://new.alpha.example", "*.alpha.example"], "keylessOrigin": "https://New.alpha.example:443/",
            "config": {"contact_line": "Call."}, "googleApiKey": "AIza-new-secret", "siteKey": "sk_mine", "orgId": "org_b",
        }),
    );
    assert_eq!((answer.status, answer.db_trips), (201, 2));
    let site = &answer.json()["site"];
    let key = site["siteKey"].as_str().unwrap();
    assert!(key.starts_with("sk_alpha_stg_") && key.len() == 13 + 22, "{key}");
    insta::assert_json_snapshot!("site_created", site, {".id" => "[id]", ".siteKey" => "[key]"});
    assert_eq!(
        app.get_as("user_viewer_a", &format!("/portal/sites/{}", site["id"].as_str().unwrap()))
            .json()["site"],
        *site
    );
    let trace = &traces(&app)[0];
    assert_eq!((&trace["event_type"], &trace["target_id"]), (&json!("site.created"), &site["id"]));
    assert_eq!(trace["metadata"], json!(r#"{"name":"Alpha new","type":"voice"}"#));

    let least = create(&app, &json!({"name": "Bare"})).json();
    let least = &least["site"];
    assert_eq!((&least["type"], &least["status"]), (&json!("chatbot"), &json!("active")));
    assert_eq!((&least["config"], &least["allowedOrigins"]), (&json!({}), &json!([])));
    for absent in ["domain", "systemPrompt", "keylessOrigin"] {
        assert_eq!(least[absent], Value::Null, "{absent}");
    }
}

#[test]
fn a_body_that_does_not_fit_is_named() {
    let app = TestApp::new();
    for (body, named) in [
        (json!({}), "\"name\" is required."),
        (json!({"name": ""}), "\"name\" must have 1 to 200 characters."),
        (
            json!({"name": "x", "type": "robot"}),
            "\"type\" must be one of chatbot, voice, automation.",
        ),
        (
            json!({"name": "x", "systemPrompt": "a".repeat(20_001)}),
            "\"systemPrompt\" must have at most 20000 characters.",
        ),
        (
            json!({"name": "x", "domain": "https://a.example"}),
            "\"domain\" must be a host name such as www.example.com.",
        ),
        (
            json!({"name": "x", "domain": "a b.example"}),
            "\"domain\" must be a host name such as www.example.com.",
        ),
        (
            json!({"name": "x", "allowedOrigins": "https://a.example"}),
            "\"allowedOrigins\" must be an array.",
        ),
        (
            json!({"name": "x", "keylessOrigin": "https://*.a.example"}),
            "\"keylessOrigin\" must be an origin such as https://www.example.com.",
        ),
        (json!({"name": "x", "config": []}), "\"config\" must be an object."),
        (
            json!({"name": "x", "config": {"a": "b".repeat(33_000)}}),
            "\"config\" must have at most 32 KiB as JSON.",
        ),
        (json!({"name": "x", "googleApiKey": 7}), "\"googleApiKey\" must be a text."),
    ] {
        let answer = create(&app, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
        assert_eq!(answer.json()["detail"], named);
    }
    for entry in ["https://*.com", "https://a.example/path", "ftp://a.example"] {
        let answer =
            create(&app, &json!({"name": "x", "allowedOrigins": ["https://b.example", entry]}));
        assert!(answer.json()["detail"].as_str().unwrap().contains(entry), "{}", answer.text);
    }
    let many = vec!["https://a.example"; 51];
    assert_eq!(create(&app, &json!({"name": "x", "allowedOrigins": many})).status, 400);
    let status = patch(&app, "user_admin_a", "site_a1", &json!({"status": "gone"}));
    assert_eq!(status.json()["detail"], "\"status\" must be one of active, paused, inactive.");
    assert!(traces(&app).is_empty());
    assert_eq!(app.db.value("SELECT count(*) FROM portal_sites"), 5);
}

#[test]
fn a_patch_changes_what_it_holds_and_names_it() {
    let app = TestApp::new();
    let before = app.get_as("user_admin_a", "/portal/sites/site_a1").json();
    let answer = patch(
        &app,
        "user_admin_a",
        "site_a1",
        &json!({"name": "Alpha web", "systemPrompt": "Be very kind.", "domain": null, "status": "inactive", "more": 1}),
    );
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    let mut expected = before["site"].clone();
    expected["systemPrompt"] = json!("Be very kind.");
    expected["domain"] = Value::Null;
    expected["status"] = json!("inactive");
    expected["updatedAt"] = json!("2026-03-15T12:00:00.000Z");
    assert_eq!(answer.json()["site"], expected);
    assert_eq!(stored(&app, "site_a1", "google_api_key"), "AIza-provider-secret");
    let trace = &traces(&app)[0];
    assert_eq!(trace["event_type"], "site.updated");
    assert_eq!(trace["metadata"], json!(r#"{"fields":["status","domain","systemPrompt"]}"#));
}

#[test]
fn a_patch_that_changes_nothing_leaves_no_trace() {
    let app = TestApp::new();
    for body in [
        json!({}),
        json!({"name": null, "type": null}),
        json!({"name": "Alpha web", "domain": "alpha.example", "config": {"contact_line": "Call Alpha at 555-0100."}}),
        json!({"allowedOrigins": ["https://alpha.example", "https://*.alpha.example"], "keylessOrigin": "https://alpha.example"}),
    ] {
        let answer = patch(&app, "user_admin_a", "site_a1", &body);
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.json()["site"]["updatedAt"], "2025-01-01T00:00:00.000Z", "{body}");
    }
    let none = json!({"domain": null, "systemPrompt": "", "googleApiKey": null, "elevenlabsApiKey": "", "config": null, "allowedOrigins": null});
    assert_eq!(patch(&app, "user_admin_a", "site_a3", &none).status, 200);
    assert!(traces(&app).is_empty());
}

#[test]
fn an_origin_reaches_one_site_without_a_key() {
    let app = TestApp::new();
    let taken = json!({"keylessOrigin": "https://ALPHA.example"});
    for answer in [
        patch(&app, "user_staff", "site_a3", &taken),
        patch(&app, "user_owner_b", "site_b1", &taken),
        patch(
            &app,
            "user_staff",
            "site_b1",
            &json!({"name": "x", "keylessOrigin": "https://alpha.example"}),
        ),
        create_as_staff(&app, &json!({"name": "x", "keylessOrigin": "https://alpha.example"})),
    ] {
        let code = if answer.status == 403 { "staff_only" } else { "keyless_origin_taken" };
        assert_eq!(answer.code(), code, "{}", answer.text);
    }
    assert_eq!(stored(&app, "site_b1", "name"), "Beta web");
    assert_eq!(app.db.value("SELECT count(*) FROM portal_sites"), 5);
    assert!(traces(&app).is_empty());
    // Its own site may say it again, and give it up for another.
    assert_eq!(
        patch(
            &app,
            "user_admin_a",
            "site_a1",
            &json!({"keylessOrigin": "https://alpha.example", "name": "A"})
        )
        .status,
        200
    );
    assert_eq!(patch(&app, "user_admin_a", "site_a1", &json!({"keylessOrigin": null})).status, 200);
    assert_eq!(
        patch(&app, "user_staff", "site_a3", &taken).json()["site"]["keylessOrigin"],
        "https://alpha.example"
    );
}

#[test]
fn an_org_cannot_claim_pages_of_its_own_accord() {
    let app = TestApp::new();
    let claim = json!({"name": "x", "keylessOrigin": "https://beta.example"});
    for answer in [create(&app, &claim), patch(&app, "user_owner_a", "site_a3", &claim)] {
        assert_eq!((answer.status, answer.code().as_str()), (403, "staff_only"), "{}", answer.text);
    }
    assert_eq!(stored(&app, "site_a3", "name"), "Alpha phone");
    assert!(traces(&app).is_empty());
}

#[test]
fn provider_keys_are_stored_encrypted_and_never_answered() {
    let app = TestApp::new();
    let set = json!({"googleApiKey": " AIza-fresh-secret ", "elevenlabsApiKey": "xi-fresh-secret"});
    let answer = patch(&app, "user_admin_a", "site_a3", &set);
    assert_eq!(answer.status, 200);
    assert!(!answer.text.contains("secret") && !answer.text.contains("enc:"), "{}", answer.text);
    let site = &answer.json()["site"];
    assert_eq!((&site["hasGoogleKey"], &site["hasElevenlabsKey"]), (&json!(true), &json!(true)));
    let sealed = stored(&app, "site_a3", "google_api_key");
    let sealed = sealed.as_str().unwrap();
    assert!(sealed.starts_with("enc:v1:test:") && !sealed.contains("fresh"), "{sealed}");
    let place = |row| Place { table: "portal_sites", column: "google_api_key", row };
    let (vault, _) = Vault::parse(KEY);
    assert_eq!(vault.open(place("site_a3"), sealed).unwrap().expose(), "AIza-fresh-secret");
    assert!(vault.open(place("site_a1"), sealed).is_err());
    let trace = &traces(&app)[0];
    assert_eq!(trace["metadata"], json!(r#"{"fields":["googleApiKey","elevenlabsApiKey"]}"#));
    for path in ["/portal/sites", "/portal/overview", "/portal/engines", "/portal/audit-logs"] {
        let text = app.get_as("user_admin_a", path).text;
        assert!(!text.contains("secret") && !text.contains("enc:"), "{path}: {text}");
    }
    assert!(!app.lines.text().contains("fresh-secret"), "nor logged");
    // Absent keeps, null and an empty text remove.
    patch(&app, "user_admin_a", "site_a3", &json!({"name": "Kept"}));
    assert_eq!(stored(&app, "site_a3", "google_api_key"), sealed);
    let removed = patch(
        &app,
        "user_admin_a",
        "site_a3",
        &json!({"googleApiKey": null, "elevenlabsApiKey": ""}),
    )
    .json();
    assert_eq!(
        (&removed["site"]["hasGoogleKey"], &removed["site"]["hasElevenlabsKey"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(stored(&app, "site_a3", "google_api_key"), Value::Null);
}

#[test]
fn without_an_encryption_key_no_provider_key_is_stored() {
    let app = TestApp::with(&[("ENCRYPTION_KEYS", "")]);
    let body = json!({"name": "New", "googleApiKey": "AIza"});
    for answer in [create(&app, &body), patch(&app, "user_admin_a", "site_a1", &body)] {
        assert_eq!((answer.status, answer.code().as_str()), (503, "encryption_not_configured"));
        assert!(answer.json()["detail"].as_str().unwrap().contains("ENCRYPTION_KEYS"));
    }
    assert_eq!(app.db.value("SELECT count(*) FROM portal_sites WHERE name = 'New'"), 0);
    assert!(traces(&app).is_empty());
    // Removing one needs no key.
    assert_eq!(patch(&app, "user_admin_a", "site_a1", &json!({"googleApiKey": null})).status, 200);
    assert_eq!(app.get("/health/ready").status, 503, "staging says that it is not set");
}

#[test]
fn a_site_is_paused_and_resumed_by_one_request_each() {
    let app = TestApp::new();
    let chat = || {
        app.post(
            "/chat",
            &[("x-site-key", "sk_a1"), ("origin", "https://alpha.example")],
            r#"{"message":"hi"}"#,
        )
        .status
    };
    assert_eq!(chat(), 200);
    for _ in 0..2 {
        let paused = post(&app, "/portal/sites/site_a1/pause");
        assert_eq!(
            (paused.status, paused.json()["site"]["status"].as_str()),
            (200, Some("paused"))
        );
    }
    assert_eq!(chat(), 403);
    assert_eq!(stored(&app, "site_a1", "updated_at"), "2026-03-15T12:00:00.000Z");
    for _ in 0..2 {
        let resumed = post(&app, "/portal/sites/site_a1/resume");
        assert_eq!(
            (resumed.status, resumed.json()["site"]["status"].as_str()),
            (200, Some("active"))
        );
    }
    assert_eq!(chat(), 200);
    let mut events: Vec<Value> =
        traces(&app).into_iter().map(|trace| trace["event_type"].clone()).collect();
    events.sort_by_key(Value::to_string);
    assert_eq!(events, ["site.paused", "site.resumed"]);
}

#[test]
fn a_leaked_key_is_replaced_at_once() {
    let app = TestApp::new();
    let chat = |key: &str| {
        app.post(
            "/chat",
            &[("x-site-key", key), ("origin", "https://alpha.example")],
            r#"{"message":"hi"}"#,
        )
        .status
    };
    assert_eq!(chat("sk_a1"), 200);
    let leaked = Some(r#"{"overlapHours":0}"#);
    let answer = app.send_as("user_admin_a", "POST", "/portal/sites/site_a1/rotate-key", leaked);
    let body = answer.json();
    let key = body["site"]["siteKey"].as_str().unwrap();
    assert!(key.starts_with("sk_alpha_stg_"), "{key}");
    assert_eq!((chat("sk_a1"), chat(key)), (401, 200));
    let traces = traces(&app);
    assert_eq!((traces.len(), &traces[0]["event_type"]), (1, &json!("site.key_rotated")));
    let text = json!(traces).to_string();
    assert!(!text.contains(key) && !text.contains("sk_a1"), "{text}");
    // Staff who look at all orgs make a key in the name of the site's org.
    let other = app.send_as("user_staff", "POST", "/portal/sites/site_b1/rotate-key", None).json();
    assert!(other["site"]["siteKey"].as_str().unwrap().starts_with("sk_beta_stg_"));
}

#[test]
fn control_characters_and_odd_keys_are_refused() {
    let app = TestApp::new();
    let patch =
        |body: &str| app.send_as("user_admin_a", "PATCH", "/portal/sites/site_a1", Some(body));
    for body in [
        r#"{"name":"a\nb"}"#,
        r#"{"name":"a\u001b[2Jb"}"#,
        r#"{"systemPrompt":"a\u0007b"}"#,
        r#"{"googleApiKey":"AIza x"}"#,
        r#"{"elevenlabsApiKey":"schlüssel"}"#,
    ] {
        let answer = patch(body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_body"), "{body}");
    }
    assert_eq!(patch(r#"{"systemPrompt":"One.\n\n\tTwo."}"#).status, 200);
}
