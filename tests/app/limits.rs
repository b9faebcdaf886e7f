//! What surrounds every route: ids, headers, CORS, sizes, rates, the log, and strict paths.

use axum::body::Body;
use http::{Method, Request};

use crate::support::{Answer, TestApp};

const PAGE: &str = "https://app.example.com";

fn from_page(app: &TestApp, method: Method, path: &str, origin: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("origin", origin);
    app.send(request.header("access-control-request-method", "GET").body(Body::empty()).unwrap())
}

#[test]
fn safe_request_ids_are_taken_over_and_others_replaced() {
    let app = TestApp::new();
    let id = |given: &str| {
        let request = Request::get("/health").header("x-request-id", given);
        let answer = app.send(request.body(Body::empty()).unwrap());
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id("trace-0123456789"), "trace-0123456789");
    assert!(id("no spaces allowed").starts_with("req_"));
    assert!(id(&"x".repeat(65)).starts_with("req_"));
}

#[test]
fn security_headers_are_on_every_answer() {
    let app = TestApp::new();
    for answer in [app.get("/health"), app.get("/portal/me"), app.get("/nowhere"), app.get("/chat")]
    {
        for (name, value) in [
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert!(
            answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'")
        );
    }
}

#[test]
fn listed_pages_may_read_answers_and_errors() {
    let app = TestApp::new();
    for path in ["/health", "/portal/me", "/nowhere"] {
        for (origin, allowed) in [
            (PAGE, Some(PAGE)),
            ("https://pr-1.preview.example.com", Some("https://pr-1.preview.example.com")),
            ("https://evil.example", None),
            ("https://app.example.com.evil.example", None),
            ("null", None),
        ] {
            let answer = from_page(&app, Method::GET, path, origin);
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{path} {origin}");
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
}

#[test]
fn preflights_end_early() {
    let app = TestApp::new();
    for path in ["/portal/overview", "/chat", "/nowhere"] {
        let answer = from_page(&app, Method::OPTIONS, path, PAGE);
        assert_eq!((answer.status, answer.text.as_str(), answer.db_trips), (204, "", 0), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|one| methods.contains(one)));
        let headers = answer.header("access-control-allow-headers").unwrap();
        let named = ["Authorization", "Content-Type", "X-Site-Key", "Last-Event-ID"];
        assert!(named.iter().all(|one| headers.split(", ").any(|header| header == *one)));
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        assert!(answer.header("vary").unwrap().contains("Origin"));
    }
    let refused = from_page(&app, Method::OPTIONS, "/portal/overview", "https://evil.example");
    assert_eq!(refused.status, 204);
    assert_eq!(refused.header("access-control-allow-origin"), None);
    assert_eq!(refused.header("access-control-allow-methods"), None);
}

#[test]
fn any_page_may_ask_in_development_only() {
    let any = "https://anything.example";
    let with = |environment| {
        let app = TestApp::with(&[("ENVIRONMENT", environment), ("CORS_ALLOW_ALL", "true")]);
        let answer = from_page(&app, Method::GET, "/portal/me", any);
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(with("development").as_deref(), Some(any));
    assert_eq!(with("staging"), None);
    assert_eq!(with("production"), None);
}

#[test]
fn webhooks_are_not_for_pages() {
    let app = TestApp::new();
    let answer = from_page(&app, Method::POST, "/webhooks/stripe", PAGE);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn paths_and_methods_are_strict() {
    let app = TestApp::new();
    for path in ["/nowhere", "/portal/overview/", "/portal", "/PORTAL/ME", "/portal/me/x"] {
        let answer = app.get(path);
        assert_eq!((answer.status, answer.error().as_str()), (404, "Not found"), "{path}");
    }
    for (method, path, allow) in [
        (Method::POST, "/portal/me", "GET,HEAD"),
        (Method::DELETE, "/health", "GET,HEAD"),
        (Method::GET, "/chat", "POST"),
        (Method::PUT, "/webhooks/stripe", "POST"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = app.send(request);
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{path}");
        assert_eq!(answer.error(), "Method not allowed");
    }
}

#[test]
fn errors_are_problem_documents_that_old_clients_can_read() {
    let app = TestApp::new();
    let answer = app.get("/nowhere");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let body = answer.json();
    assert_eq!(body["status"], 404);
    assert_eq!(body["title"], "Not Found");
    assert_eq!(body["requestId"].as_str(), answer.header("x-request-id"));
}

/// A body whose length is not declared, as a chunked upload's is not.
fn undeclared(bytes: usize) -> Body {
    struct Chunks(usize);
    impl http_body::Body for Chunks {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            let size = self.0.min(1000);
            self.0 -= size;
            let frame = http_body::Frame::data(vec![b' '; size].into());
            std::task::Poll::Ready((size > 0).then_some(Ok(frame)))
        }
    }
    Body::new(Chunks(bytes))
}

#[test]
fn bodies_are_counted_while_they_are_read() {
    let app = TestApp::new();
    let limits = [
        ("/chat", 64 * 1024, "Request too large"),
        ("/webhooks/stripe", 5 * 1024 * 1024, "Request body too large"),
    ];
    for (path, limit, text) in limits {
        let headers = [("x-site-key", "sk_a1"), ("stripe-signature", "t=1,v1=00")];
        let fits = app.post(path, &headers, undeclared(limit));
        assert_eq!(fits.status, 400, "{path}: within the limit the body is judged");
        let over = app.post(path, &headers, undeclared(limit + 1));
        assert_eq!((over.status, over.error().as_str()), (413, text), "{path}");
        let declared = [("content-length", "99999999")];
        assert_eq!(app.post(path, &declared, "{}").status, 413, "{path}");
    }
    assert_eq!(app.lines.of("request_too_large").len(), 4);
}

#[test]
fn requests_are_counted_per_address() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "2")]);
    let from = |ip: &str| {
        let request = Request::get("/portal/me").header("cf-connecting-ip", ip);
        app.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(from("203.0.113.1").header("ratelimit"), Some("\"portal\";r=1;t=60"));
    assert_eq!(from("203.0.113.1").status, 401);
    let refused = from("203.0.113.1");
    assert_eq!((refused.status, refused.error().as_str()), (429, "Rate limit exceeded"));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("ratelimit"), Some("\"portal\";r=0;t=60"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"portal\";q=2;w=60"));
    assert_eq!(from("203.0.113.2").status, 401, "another address has its own window");
    // Who has a network of version 6 has as much as who has one address of version 4.
    let households = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:f::3", "2001:db8:0:1::1"];
    assert_eq!(households.map(|ip| from(ip).status), [401, 401, 429, 401]);
    assert_eq!(from("::ffff:203.0.113.1").status, 429);
    app.clock.advance(60);
    assert_eq!(from("203.0.113.1").status, 401);
    assert_eq!(app.lines.of("rate_limit_exceeded")[0]["clientIp"], "203.0.113.1");
}

#[test]
fn forwarded_addresses_are_not_believed() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1")]);
    let from = |ip: &str| {
        let request = Request::get("/portal/me").header("x-forwarded-for", ip);
        app.send(request.body(Body::empty()).unwrap()).status
    };
    assert_eq!((from("203.0.113.1"), from("203.0.113.2")), (401, 429));
}

#[test]
fn health_preflights_and_webhooks_are_not_counted() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1"), ("CHAT_RATE_LIMIT_MAX", "1")]);
    for _ in 0..3 {
        assert_eq!(app.get("/health").status, 200);
        assert_eq!(from_page(&app, Method::OPTIONS, "/portal/me", PAGE).status, 204);
        assert_eq!(app.post("/webhooks/stripe", &[], "{}").status, 400);
    }
}

#[test]
fn the_shared_limiter_counts_from_a_quarter_of_the_quota_on() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "8")]);
    app.limiter.exhaust();
    let statuses = [(); 3].map(|()| app.get_as("user_owner_a", "/portal/me").status);
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(app.get("/health").status, 200);
}

#[test]
fn each_request_leaves_a_start_and_an_end() {
    let app = TestApp::new();
    let request = Request::get("/portal/overview?orgId=org_a")
        .header("authorization", format!("Bearer {}", app.token("user_owner_a").sign()))
        .header("cf-connecting-ip", "203.0.113.9");
    let answer = app.send(request.body(Body::empty()).unwrap());
    let start = &app.lines.of("request_start")[0];
    assert_eq!((&start["method"], &start["path"]), (&"GET".into(), &"/portal/overview".into()));
    let end = &app.lines.of("request_end")[0];
    assert_eq!(end["requestId"].as_str(), answer.header("x-request-id"));
    for (key, value) in [
        ("level", "info".into()),
        ("route", "/portal/overview".into()),
        ("status", 200.into()),
        ("durationMs", 0.into()),
        ("userId", "user_owner_a".into()),
        ("orgId", "org_a".into()),
        ("clientIp", "203.0.113.9".into()),
        ("d1Queries", 5.into()),
        ("d1RowsWritten", 0.into()),
        ("d1Ms", 2.5.into()),
    ] as [(&str, serde_json::Value); 10]
    {
        assert_eq!(end[key], value, "{key}");
    }
    assert!(end["d1RowsRead"].as_u64().unwrap() > 0);
}

#[test]
fn the_threshold_holds() {
    let app = TestApp::with(&[("LOG_LEVEL", "warn")]);
    app.get("/portal/me");
    let messages: Vec<_> = app.lines.all().iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["auth_failed"]);
}

#[test]
fn nothing_private_reaches_the_log() {
    let app = TestApp::new();
    let token = app.token("user_new").claim("email", "zoe@example.com").sign();
    let request = Request::get("/portal/me?secret=whsec_query")
        .header("authorization", format!("Bearer {token}"));
    app.send(request.body(Body::empty()).unwrap());
    let body = r#"{"message":"my private question","visitor_id":"v","session_id":"nope"}"#;
    app.post("/chat", &[("x-site-key", "sk_a1")], body);
    app.post("/chat", &[("x-site-key", "sk_unknown_key")], body);
    app.post("/webhooks/stripe", &[("stripe-signature", "t=1,v1=deadbeef")], "{}");
    let text = app.lines.text();
    for private in [
        token.as_str(),
        "zoe@example.com",
        "private question",
        "sk_a1",
        "sk_unknown",
        "whsec_",
        "deadbeef",
    ] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    assert!(!app.lines.of("stripe_webhook_failed").is_empty());
}
