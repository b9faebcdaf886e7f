//! Documents come in, are cut and go live, whatever breaks on the way.

use futures_executor::block_on;
use koby_portal::ids::OrgId;
use koby_portal::jobs;
use koby_portal::knowledge::ingestion::{Incoming, TakenIn, take_in};
use serde_json::{Value, json};

use crate::support::TestApp;

fn org_a() -> OrgId {
    OrgId::from("org_a".to_owned())
}

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

/// A page of the source `ksrc_a`, as a crawl brings it.
fn bring(app: &TestApp, text: &str, published: bool) -> TakenIn {
    let incoming = Incoming {
        external_id: "https://a.example/parking",
        title: None,
        path: Some("/parking"),
        mime: "text/html; charset=utf-8",
        bytes: text.as_bytes(),
        published,
    };
    block_on(take_in(&app.job(), &org_a(), "ksrc_a", incoming)).unwrap()
}

fn page(text: &str) -> String {
    format!("<title>Parking</title><h1>Parking</h1><p>{text}</p>")
}

/// The documents, but for the one of the fixture.
fn documents(app: &TestApp) -> Vec<Value> {
    app.db.rows("SELECT * FROM knowledge_documents WHERE id <> 'kdoc_a' ORDER BY created_at, id")
}

/// What the index holds of documents that came in.
fn indexed(app: &TestApp) -> Vec<Value> {
    app.search.rows("SELECT * FROM passages WHERE chunk_id NOT LIKE 'chunk_%' ORDER BY chunk_id")
}

fn versions(app: &TestApp) -> Vec<(i64, String, i64)> {
    let rows = app
        .db
        .rows("SELECT * FROM knowledge_versions WHERE id <> 'kver_a' ORDER BY version_number");
    let version = |row: &Value| {
        let stage = row["stage"].as_str().unwrap().to_owned();
        (row["version_number"].as_i64().unwrap(), stage, row["is_live"].as_i64().unwrap())
    };
    rows.iter().map(version).collect()
}

#[test]
fn a_page_comes_in_and_goes_live() {
    let app = TestApp::new();
    let taken = bring(&app, &page("Parking is behind the house."), true);
    let TakenIn::Queued { document_id, version_id } = taken else { panic!("{taken:?}") };
    assert_eq!(documents(&app)[0]["status"], "processing");
    tick(&app);
    let document = &documents(&app)[0];
    assert_eq!(
        (&document["id"], &document["status"], &document["live_version_id"], &document["title"]),
        (&json!(document_id), &json!("ready"), &json!(version_id), &json!("Parking"))
    );
    assert_eq!(versions(&app), [(1, "live".to_owned(), 1)]);
    let passage = &indexed(&app)[0];
    assert_eq!(passage["content"], "Parking\nParking is behind the house.");
    assert_eq!((&passage["org_id"], &passage["version_id"]), (&json!("org_a"), &json!(version_id)));
}
