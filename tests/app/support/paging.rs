//! Walks the pages of a list as a client would.

use serde_json::Value;

use super::TestApp;

/// The ids of a list from page to page. `path` states the limit; `cursor` is the parameter that takes what
/// the answer's member `next` gave.
pub fn walk(app: &TestApp, path: &str, list: &str, cursor: &str, next: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut asked = path.to_owned();
    for _page in 0..50 {
        let answer = app.get_as("user_owner_a", &asked);
        assert_eq!((answer.status, answer.db_trips), (200, 1), "{asked}: {}", answer.text);
        let body = answer.json();
        seen.extend(ids(&body, list));
        let Some(given) = body[next].as_str() else { return seen };
        asked = format!("{path}&{cursor}={given}");
    }
    panic!("{path} never ends");
}

/// The ids of a list in an answer.
pub fn ids(body: &Value, list: &str) -> Vec<String> {
    let rows = body[list].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}
