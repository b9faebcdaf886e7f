//! Documents come in, are cut and go live, whatever breaks on the way.

use futures_executor::block_on;
use koby_portal::ids::{DocumentId, OrgId};
use koby_portal::jobs;
use koby_portal::knowledge::index::{Entry, Published, publish};
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

#[test]
fn the_same_text_makes_no_version_and_an_earlier_one_goes_live_again() {
    let app = TestApp::new();
    bring(&app, &page("Parking is behind the house."), true);
    tick(&app);
    let same = page("Parking   is <b>behind</b> the house.");
    assert_eq!(bring(&app, &same, true), TakenIn::Unchanged);
    bring(&app, &page("Parking is in the street."), true);
    tick(&app);
    assert_eq!(versions(&app), [(1, "archived".to_owned(), 0), (2, "live".to_owned(), 1)]);
    assert_eq!(indexed(&app).len(), 1);
    assert!(indexed(&app)[0]["content"].as_str().unwrap().contains("in the street"));
    let again = bring(&app, &page("Parking is behind the house."), true);
    assert!(matches!(again, TakenIn::Republished { .. }), "{again:?}");
    tick(&app);
    assert_eq!(versions(&app), [(1, "live".to_owned(), 1), (2, "archived".to_owned(), 0)]);
    assert!(indexed(&app)[0]["content"].as_str().unwrap().contains("behind the house"));
    assert_eq!(documents(&app).len(), 1);
}

#[test]
fn a_draft_waits_and_the_live_version_stays() {
    let app = TestApp::new();
    bring(&app, &page("First."), true);
    tick(&app);
    bring(&app, &page("Second, not approved."), false);
    tick(&app);
    assert_eq!(versions(&app), [(1, "live".to_owned(), 1), (2, "draft".to_owned(), 0)]);
    assert_eq!(documents(&app)[0]["status"], "ready");
    assert!(indexed(&app)[0]["content"].as_str().unwrap().contains("First"));
    let draft = app.db.value("SELECT id FROM knowledge_versions WHERE stage = 'draft'");
    let path = format!("/portal/knowledge/versions/{}/publish", draft.as_str().unwrap());
    let answer = app.send_as("user_admin_a", "POST", &path, None);
    assert_eq!((answer.status, answer.json()["is_publishing"].clone()), (202, json!(true)));
    assert_eq!(versions(&app), [(1, "archived".to_owned(), 0), (2, "live".to_owned(), 1)]);
    let again = app.send_as("user_admin_a", "POST", &path, None);
    assert_eq!((again.status, again.json()["is_publishing"].clone()), (200, json!(false)));
}

#[test]
fn a_run_that_is_cut_off_anywhere_is_made_up_for() {
    for from in 10..22 {
        for is_search in [false, true] {
            let app = TestApp::new();
            bring(&app, &page("First."), true);
            tick(&app);
            bring(&app, &page("Second."), true);
            let database = if is_search { &app.search } else { &app.db };
            for batch in from..from + 12 {
                database.fail_after(batch, "D1_ERROR: Network connection lost.");
            }
            tick(&app);
            // Whatever was cut: nothing is half published, and the index shows one version alone.
            let shown = indexed(&app);
            assert_eq!(shown.len(), 1, "{from} {is_search}: {shown:?}");
            let live = versions(&app).iter().filter(|(_, _, is_live)| *is_live == 1).count();
            assert_eq!(live, 1, "{from} {is_search}");
            // The twelve failures may fall on one batch of each tick.
            for _ in 0..24 {
                app.clock.advance(3_600);
                tick(&app);
            }
            assert_eq!(
                versions(&app),
                [(1, "archived".to_owned(), 0), (2, "live".to_owned(), 1)],
                "{from} {is_search}"
            );
            let shown = indexed(&app);
            assert_eq!(shown.len(), 1, "{from} {is_search}: {shown:?}");
            assert!(shown[0]["content"].as_str().unwrap().contains("Second."));
            let open = "SELECT count(*) FROM knowledge_ingestion_jobs WHERE status <> 'succeeded'";
            assert_eq!(app.db.value(open), 0, "{from} {is_search}");
            let due = "SELECT count(*) FROM knowledge_documents WHERE index_due_at IS NOT NULL";
            assert_eq!(app.db.value(due), 0, "{from} {is_search}");
        }
    }
}

#[test]
fn a_job_is_taken_by_one_run() {
    let app = TestApp::new();
    bring(&app, &page("Parking."), true);
    let taken = "UPDATE knowledge_ingestion_jobs SET status = 'processing', lease_id = 'other', attempts = 1,
        next_attempt_at = '2026-03-15T12:02:00.000Z'";
    // Fourteen batches are of the frame and the jobs before; right before the claim another run is faster.
    app.db.before_batch(15, taken);
    tick(&app);
    assert_eq!(indexed(&app).len(), 0);
    let held = app.db.value("SELECT lease_id FROM knowledge_ingestion_jobs");
    assert_eq!(held, "other", "the other run keeps it");
    app.clock.advance(121);
    tick(&app);
    assert_eq!(indexed(&app).len(), 1);
    assert_eq!(app.db.value("SELECT attempts FROM knowledge_ingestion_jobs"), 2);
}

#[test]
fn a_run_that_lost_its_job_writes_nothing() {
    let app = TestApp::new();
    bring(&app, &page("Parking."), true);
    // Right before its result is written, another run has taken the job over.
    app.db.before_batch(17, "UPDATE knowledge_ingestion_jobs SET lease_id = 'other'");
    tick(&app);
    assert_eq!(app.db.value("SELECT lease_id FROM knowledge_ingestion_jobs"), "other");
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_chunks"), 0);
    assert_eq!(app.db.value("SELECT status FROM knowledge_ingestion_jobs"), "processing");
}

#[test]
fn what_fails_again_and_again_is_given_up_and_can_be_begun_anew() {
    let app = TestApp::new();
    bring(&app, &page("Parking."), true);
    // Reading its text fails whatever happens.
    app.db.run_script("ALTER TABLE knowledge_contents RENAME TO hidden");
    for attempt in 1..=5 {
        tick(&app);
        let job = &app.db.rows("SELECT * FROM knowledge_ingestion_jobs")[0];
        assert_eq!(job["attempts"], attempt);
        assert_eq!(job["error_message"], "The document could not be processed.");
        let status = if attempt == 5 { "failed" } else { "pending" };
        assert_eq!(job["status"], status);
        tick(&app);
        assert_eq!(app.db.value("SELECT attempts FROM knowledge_ingestion_jobs"), attempt);
        app.clock.advance(60 * 49);
    }
    assert_eq!(documents(&app)[0]["status"], "failed");
    let line = &app.lines.of("ingestion_failed")[0];
    assert!(line["reason"].as_str().unwrap().contains("knowledge_contents"), "{line}");

    app.db.run_script("ALTER TABLE hidden RENAME TO knowledge_contents");
    let jobs = app.get_as("user_viewer_a", "/portal/knowledge/jobs");
    assert_eq!((jobs.status, jobs.db_trips), (200, 1));
    let job = jobs.json()["jobs"][0].clone();
    assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(5)));
    assert_eq!(job["next_attempt_at"], Value::Null);
    let path = format!("/portal/knowledge/jobs/{}/retry", job["id"].as_str().unwrap());
    let answer = app.send_as("user_admin_a", "POST", &path, None);
    assert_eq!((answer.status, answer.json()["job"]["status"].clone()), (200, json!("pending")));
    assert_eq!(documents(&app)[0]["status"], "ready", "it was done after the answer");
    let done = app.send_as("user_admin_a", "POST", &path, None);
    assert_eq!((done.status, done.code().as_str()), (409, "job_not_failed"));
}

#[test]
fn jobs_of_the_system_before_fail_with_words() {
    let app = TestApp::new();
    app.db.run_script(
        "INSERT INTO knowledge_ingestion_jobs (id, org_id, document_id, type) VALUES ('old', 'org_a', 'kdoc_a', 'ingest_document')",
    );
    tick(&app);
    let job = &app.db.rows("SELECT * FROM knowledge_ingestion_jobs")[0];
    assert_eq!(job["status"], "failed");
    assert_eq!(job["error_message"], "There is no text to process; upload the document again.");
    assert_eq!(app.db.value("SELECT status FROM knowledge_documents"), "ready");
}

#[test]
fn a_source_of_another_org_is_not_there() {
    let app = TestApp::new();
    let incoming = Incoming {
        external_id: "x",
        title: None,
        path: None,
        mime: "text/plain",
        bytes: b"Text",
        published: true,
    };
    let org = OrgId::from("org_b".to_owned());
    let refused = block_on(take_in(&app.job(), &org, "ksrc_a", incoming)).unwrap_err();
    assert_eq!(refused.code(), "source_not_found");
    assert!(documents(&app).is_empty());
}

#[test]
fn of_two_writers_to_the_index_the_older_one_changes_nothing() {
    let app = TestApp::new();
    let (org, document) = (org_a(), DocumentId::from("d".to_owned()));
    let versions = ["v1".to_owned(), "v2".to_owned()];
    let write = |version: &str, seq: i64| {
        let passages = [Entry {
            id: format!("{version}-0000"),
            content: version.to_owned(),
            page_label: None,
        }];
        let published = Published {
            org: &org,
            source_id: "s",
            document: &document,
            title: "T",
            versions: &versions,
            version: Some(version),
            passages: &passages,
            seq,
        };
        block_on(publish(&app.job(), &published)).unwrap();
    };
    write("v2", 7);
    write("v1", 6);
    assert_eq!(indexed(&app)[0]["content"], "v2", "told late, nothing happens");
    write("v2", 7);
    assert_eq!(indexed(&app).len(), 1, "told twice, it is the same");
    write("v1", 8);
    assert_eq!((indexed(&app).len(), &indexed(&app)[0]["content"]), (1, &json!("v1")));
}

#[test]
fn what_is_deleted_is_forgotten_and_late_writers_stay_away() {
    let app = TestApp::new();
    bring(&app, &page("Parking."), true);
    tick(&app);
    let document = documents(&app)[0]["id"].as_str().unwrap().to_owned();
    let seq = documents(&app)[0]["index_seq"].as_i64().unwrap();
    app.db.run_script("DELETE FROM knowledge_documents WHERE id <> 'kdoc_a'");
    app.clock.advance(1);
    tick(&app);
    assert_eq!(indexed(&app).len(), 0);
    let late = Published {
        org: &org_a(),
        source_id: "s",
        document: &DocumentId::from(document),
        title: "T",
        versions: &[],
        version: Some("v"),
        passages: &[Entry { id: "late".to_owned(), content: "late".to_owned(), page_label: None }],
        seq,
    };
    block_on(publish(&app.job(), &late)).unwrap();
    assert_eq!(indexed(&app).len(), 0, "it was deleted meanwhile");
    app.clock.advance(3_601);
    tick(&app);
    tick(&app);
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_removals"), 0);
    assert_eq!(
        app.search.value(
            "SELECT count(*) FROM feeds WHERE name LIKE 'document:%' AND name <> 'document:kdoc_a'"
        ),
        0
    );
}

#[test]
fn a_long_text_is_stored_in_parts_and_found_whole() {
    let app = TestApp::new();
    let text: String =
        (0..40_000).fold(String::new(), |text, n| text + &format!("Room {n} is painted green. "));
    bring(&app, &page(&text), true);
    tick(&app);
    let parts = app.db.rows("SELECT length(CAST(text AS BLOB)) AS bytes FROM knowledge_contents");
    assert!(
        parts.len() >= 2 && parts.iter().all(|part| part["bytes"].as_i64().unwrap() <= 500_000)
    );
    let version = &app.db.rows("SELECT * FROM knowledge_versions WHERE id <> 'kver_a'")[0];
    let chunks = version["chunk_count"].as_i64().unwrap();
    assert!(chunks > 500, "{chunks}");
    assert_eq!(indexed(&app).len(), usize::try_from(chunks).unwrap());
    let found =
        app.search.value("SELECT count(*) FROM passages WHERE content LIKE '%Room 39999 is%'");
    assert_eq!(found, 1);
}

#[test]
fn only_the_newest_of_the_earlier_versions_keep_their_text() {
    let app = TestApp::new();
    let before = "SELECT bytes FROM knowledge_usage WHERE org_id = 'org_a'";
    let before = app.db.value(before).as_i64().unwrap_or(0);
    for version in 1..=14 {
        bring(&app, &page(&format!("It is now {version} o'clock.")), true);
        tick(&app);
        app.clock.advance(60);
    }
    let document = documents(&app)[0]["id"].as_str().unwrap().to_owned();
    let kept = "SELECT version_number FROM knowledge_versions WHERE id <> 'kver_a' AND emptied_at IS NULL ORDER BY version_number";
    let kept: Vec<i64> =
        app.db.rows(kept).iter().map(|row| row["version_number"].as_i64().unwrap()).collect();
    assert_eq!(kept, (4..=14).collect::<Vec<i64>>());
    for table in ["knowledge_contents", "knowledge_chunks"] {
        let held = format!(
            "SELECT count(DISTINCT version_id) FROM {table} WHERE version_id IN
             (SELECT id FROM knowledge_versions WHERE document_id = '{document}')"
        );
        assert_eq!(app.db.value(&held), 11, "{table}");
    }
    let stored = app.db.value("SELECT sum(length(CAST(text AS BLOB))) FROM knowledge_contents");
    let counted = app.db.value("SELECT bytes FROM knowledge_usage WHERE org_id = 'org_a'");
    assert_eq!(counted.as_i64().unwrap() - before, stored.as_i64().unwrap());
    let first = app.db.value(&format!(
        "SELECT id FROM knowledge_versions WHERE document_id = '{document}' AND version_number = 1"
    ));
    let body = json!({"versionId": first}).to_string();
    let path = format!("/portal/knowledge/documents/{document}/rollback");
    let answer = app.send_as("user_admin_a", "POST", &path, Some(&body));
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("version_emptied")));
    // Its text again is a version of its own.
    let again = bring(&app, &page("It is now 1 o'clock."), true);
    assert!(matches!(again, TakenIn::Queued { .. }), "{again:?}");
    tick(&app);
    assert!(indexed(&app)[0]["content"].as_str().unwrap().contains("now 1 o'clock"));
    app.db.run_script(&format!("DELETE FROM knowledge_documents WHERE id = '{document}'"));
    let counted = app.db.value("SELECT bytes FROM knowledge_usage WHERE org_id = 'org_a'");
    assert_eq!(counted, before);
}

#[test]
fn a_text_that_waits_as_a_draft_goes_live_when_that_is_asked_for() {
    let app = TestApp::new();
    bring(&app, &page("Parking is behind the house."), false);
    let again = bring(&app, &page("Parking is behind the house."), true);
    assert!(matches!(again, TakenIn::Queued { .. }), "{again:?}");
    tick(&app);
    assert_eq!(versions(&app), [(1, "live".to_owned(), 1)]);
}

#[test]
fn a_text_of_long_ago_is_a_version_of_its_own() {
    let app = TestApp::new();
    bring(&app, &page("First."), true);
    tick(&app);
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
         INSERT INTO knowledge_versions (id, document_id, org_id, version_number, checksum)
         SELECT 'draft_' || i, d.id, 'org_a', i, 'c' || i FROM n, knowledge_documents d WHERE d.id <> 'kdoc_a' AND d.org_id = 'org_a' AND d.title = 'Parking'",
    );
    bring(&app, &page("Second."), true);
    tick(&app);
    let again = bring(&app, &page("First."), true);
    let TakenIn::Queued { version_id, .. } = again else { panic!("{again:?}") };
    tick(&app);
    let live = "SELECT live_version_id FROM knowledge_documents WHERE title = 'Parking'";
    assert_eq!(app.db.value(live), json!(version_id));
}

#[test]
fn a_page_with_another_title_is_called_so() {
    let app = TestApp::new();
    let bring = |title: &'static str| {
        let incoming = Incoming {
            external_id: "https://a.example/parking",
            title: Some(title),
            path: Some("/parking"),
            mime: "text/plain",
            bytes: b"Parking is behind the house.",
            published: true,
        };
        block_on(take_in(&app.job(), &org_a(), "ksrc_a", incoming)).unwrap()
    };
    bring("Parking");
    tick(&app);
    assert_eq!(bring("Where to park"), TakenIn::Unchanged);
    tick(&app);
    assert_eq!(documents(&app)[0]["title"], "Where to park");
    assert_eq!(indexed(&app)[0]["title"], "Where to park");
    assert_eq!(versions(&app).len(), 1);
}

#[test]
fn whoever_goes_back_is_not_overtaken_by_what_waited() {
    let app = TestApp::new();
    for text in ["First.", "Second."] {
        bring(&app, &page(text), true);
        tick(&app);
    }
    bring(&app, &page("Third."), true);
    let document = documents(&app)[0]["id"].as_str().unwrap().to_owned();
    let first = app.db.value(&format!(
        "SELECT id FROM knowledge_versions WHERE document_id = '{document}' AND version_number = 1"
    ));
    let body = json!({"versionId": first}).to_string();
    let path = format!("/portal/knowledge/documents/{document}/rollback");
    let answer = app.send_as("user_admin_a", "POST", &path, Some(&body));
    assert_eq!(answer.status, 202, "{}", answer.text);
    for _minute in 0..3 {
        tick(&app);
        app.clock.advance(60);
    }
    let stages = ["live", "archived", "draft"].map(str::to_owned);
    let found: Vec<String> = versions(&app).into_iter().map(|(_, stage, _)| stage).collect();
    assert_eq!(found, stages);
}

#[test]
fn a_text_whose_document_changed_meanwhile_is_not_said_to_be_taken() {
    let app = TestApp::new();
    bring(&app, &page("First."), true);
    tick(&app);
    app.db.before_batch(2, "UPDATE knowledge_documents SET status = 'archived'");
    let text = page("Second.");
    let incoming = Incoming {
        external_id: "https://a.example/parking",
        title: None,
        path: None,
        mime: "text/html",
        bytes: text.as_bytes(),
        published: true,
    };
    let error = block_on(take_in(&app.job(), &org_a(), "ksrc_a", incoming)).unwrap_err();
    assert_eq!(error.code(), "document_changed");
    assert_eq!(versions(&app).len(), 1);
}
