//! The API's document as the Worker serves it.

use crate::support::TestApp;

#[test]
fn the_document_is_served_whole() {
    let answer = TestApp::new().get("/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let checked_in: serde_json::Value =
        serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    assert_eq!(answer.json(), checked_in);
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[test]
fn the_page_runs_its_own_script_and_no_other() {
    let answer = TestApp::new().get("/docs");
    assert_eq!(answer.status, 200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.text.matches("<script>").count(), 1);
    assert!(!include_str!("../../src/docs/docs.js").contains("innerHTML"));
}
