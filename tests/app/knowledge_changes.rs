//! What people let their assistants know: sources, documents, questions, versions.

use futures_executor::block_on;
use koby_portal::jobs;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const ADMIN: &str = "user_admin_a";
const UPLOAD: &str = "/portal/knowledge/documents/upload?sourceId=ksrc_a";

fn send(app: &TestApp, method: &str, path: &str, body: &Value) -> Answer {
    app.send_as(ADMIN, method, path, Some(&body.to_string()))
}

fn upload(app: &TestApp, path: &str, media_type: &str, file: impl Into<Vec<u8>>) -> Answer {
    app.send_typed(&app.token(ADMIN), "POST", path, media_type, Some(file.into()))
}

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn indexed(app: &TestApp) -> Vec<Value> {
    app.search.rows("SELECT * FROM passages WHERE chunk_id NOT LIKE 'chunk_%' ORDER BY chunk_id")
}

fn events(app: &TestApp) -> Vec<String> {
    let rows = app.db.rows("SELECT event_type FROM audit_logs ORDER BY rowid");
    rows.iter().map(|row| row["event_type"].as_str().unwrap().to_owned()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A PDF of one page.
fn pdf(line: &str) -> Vec<u8> {
    let content = format!("BT /F1 11 Tf 60 700 Td ({line}) Tj ET");
    let content = compress_to_vec_zlib(content.as_bytes(), 6);
    let mut file = b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [3 0 R]>> endobj
        3 0 obj <</Type /Page /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>> endobj
        5 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> endobj\n4 0 obj ".to_vec();
    file.extend(format!("<</Filter /FlateDecode /Length {}>> stream\n", content.len()).bytes());
    file.extend(content);
    file.extend(b"\nendstream endobj\ntrailer <</Root 1 0 R>>\n%%EOF");
    file
}

/// A ZIP of one deflated file.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let data = compress_to_vec(content, 6);
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let half = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let head = [
        &[20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &word(data.len()),
        &word(content.len()),
        &half(name.len()),
        &[0, 0],
    ]
    .concat();
    let local = [b"PK\x03\x04", &head[..], name.as_bytes(), &data].concat();
    let entry = [b"PK\x01\x02", &[20, 0][..], &head, &[0; 14], name.as_bytes()].concat();
    let counts = [0, 0, 0, 0, 1, 0, 1, 0];
    let end =
        [b"PK\x05\x06", &counts[..], &word(entry.len()), &word(local.len()), &[0, 0]].concat();
    [local, entry, end].concat()
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

#[test]
fn an_upload_is_answered_at_once_and_quoted_within_seconds() {
    let app = TestApp::new();
    let path = format!("{UPLOAD}&title=House%20rules&path=rules.md");
    let answer = upload(
        &app,
        &path,
        "text/markdown",
        "# Rules\n\n## Dogs\n\nDogs stay outside the practice.",
    );
    assert_eq!((answer.status, answer.db_trips), (201, 2), "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["effect"], "queued");
    let document = &body["document"];
    assert_eq!(
        (&document["title"], &document["path"], &document["status"], &document["mime_type"]),
        (&json!("House rules"), &json!("rules.md"), &json!("processing"), &json!("text/markdown"))
    );
    assert_eq!(events(&app), ["knowledge.document.uploaded"]);
    let asked = r#"{"message": "Do dogs stay outside?"}"#;
    let chat = app.post("/chat", &[("x-site-key", "sk_a1")], asked);
    let citation = &chat.json()["citations"][0];
    assert_eq!(citation["document_id"], document["id"], "{}", chat.text);
    assert_eq!(citation["title"], "House rules");
    let chunks = format!("/portal/knowledge/chunks?versionId={}", text(&body["version_id"]));
    let chunk = app.get_as("user_viewer_a", &chunks).json()["chunks"][0].clone();
    assert_eq!(chunk["metadata"]["context"], "Rules");
    assert_eq!(chunk["content"], "Rules\nDogs\nDogs stay outside the practice.");
}

#[test]
fn each_kind_of_file_is_read() {
    let app = TestApp::new();
    let word = "<w:document><w:p><w:r><w:t>Cats sleep here.</w:t></w:r></w:p></w:document>";
    for (media_type, file, content, label) in [
        ("application/pdf", pdf("Birds sing here."), "Birds sing here.", Some("p. 1")),
        (DOCX, zip("word/document.xml", word.as_bytes()), "Cats sleep here.", None),
        ("text/html; charset=utf-8", b"<p>Fish swim here.".to_vec(), "Fish swim here.", None),
        ("text/plain", b"\xff\xfeC\0o\0w\0s\0".to_vec(), "Cows", None),
        ("text/plain; charset=iso-8859-15", b"Hay costs 5 \xa4.".to_vec(), "Hay costs 5 €.", None),
        ("text/html", b"<meta charset=latin1><p>Gr\xfc\xdfe".to_vec(), "Grüße", None),
    ] {
        let answer = upload(&app, UPLOAD, media_type, file);
        assert_eq!(answer.status, 201, "{media_type}: {}", answer.text);
        let shown = indexed(&app);
        let passage = shown.iter().find(|passage| passage["content"] == content).unwrap();
        assert_eq!(passage["page_label"].as_str(), label);
    }
}

#[test]
fn a_file_that_is_not_read_is_refused_with_words_and_stores_nothing() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000")]);
    let bomb = zip("word/document.xml", &vec![b' '; 25 << 20]);
    let mut locked = pdf("Secret");
    locked.extend(b"\ntrailer <</Root 1 0 R /Encrypt 9 0 R>>");
    for (media_type, file, status, code) in [
        ("application/zip", b"PK".to_vec(), 415, "unsupported_document_type"),
        ("", b"x".to_vec(), 415, "unsupported_document_type"),
        ("application/pdf", b"%PDF-1.7 and no more".to_vec(), 400, "document_broken"),
        ("application/pdf", b"<html>".to_vec(), 400, "document_broken"),
        ("application/pdf", locked, 400, "document_encrypted"),
        ("application/pdf", pdf(""), 400, "document_without_text"),
        (DOCX, bomb, 400, "document_too_complex"),
        (DOCX, b"PK\x03\x04".to_vec(), 400, "document_broken"),
        ("text/plain", b" \n\t".to_vec(), 400, "document_without_text"),
        ("text/plain", (0..=255).collect(), 400, "document_broken"),
        (
            "text/html",
            b"<meta charset=shift_jis><p>\x82\xb1\x82\xf1".to_vec(),
            400,
            "document_charset",
        ),
        (
            "text/plain; charset=koi8-r",
            b"\xf0\xd2\xc9\xd7\xc5\xd4".to_vec(),
            400,
            "document_charset",
        ),
        ("text/plain", b"word ".repeat(500_000), 413, "document_too_long"),
        ("text/plain", vec![b'x'; 10 * 1024 * 1024 + 1], 413, "request_too_large"),
    ] {
        let answer = upload(&app, UPLOAD, media_type, file);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
        assert!(answer.json()["detail"].is_string(), "{code} says what to do");
    }
    for (path, status, code) in [
        ("/portal/knowledge/documents/upload", 400, "invalid_query"),
        (
            "/portal/knowledge/documents/upload?sourceId=ksrc_a&documentId=kdoc_a",
            400,
            "invalid_query",
        ),
        ("/portal/knowledge/documents/upload?documentId=nowhere", 404, "document_not_found"),
        ("/portal/knowledge/documents/upload?sourceId=nowhere", 404, "source_not_found"),
        (
            "/portal/knowledge/documents/upload?sourceId=ksrc_a&publish=perhaps",
            400,
            "invalid_query",
        ),
    ] {
        let answer = upload(&app, path, "text/plain", "Text");
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
    }
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_documents WHERE id <> 'kdoc_a'"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM audit_logs"), 0);
}

#[test]
fn a_new_file_of_a_document_is_its_next_version_and_can_be_taken_back() {
    let app = TestApp::new();
    let first = upload(&app, UPLOAD, "text/plain", "A cleaning costs 90 dollars.").json();
    let document = text(&first["document"]["id"]).to_owned();
    let path =
        format!("/portal/knowledge/documents/upload?documentId={document}&changeNote=This%20year");
    let second = upload(&app, &path, "text/plain", "A cleaning costs 95 dollars.");
    assert_eq!((second.status, second.json()["effect"].clone()), (200, json!("queued")));
    let same = upload(&app, &path, "text/plain", "A cleaning  costs 95 dollars.\n");
    assert_eq!((same.status, same.json()["effect"].clone()), (200, json!("unchanged")));
    assert_eq!(same.json()["version_id"], Value::Null);
    let path = format!("/portal/knowledge/versions?documentId={document}");
    let versions = app.get_as("user_viewer_a", &path).json()["versions"].clone();
    let stages = [&versions[0]["stage"], &versions[1]["stage"]];
    assert_eq!(stages, ["live", "archived"]);
    assert_eq!(
        (&versions[0]["changeNote"], &versions[0]["createdBy"]),
        (&json!("This year"), &json!("u_admin_a"))
    );

    let path = format!("/portal/knowledge/documents/{document}/rollback");
    let answer = send(&app, "POST", &path, &json!({"versionId": first["version_id"]}));
    assert_eq!(
        (answer.status, answer.json()["version"]["id"].clone()),
        (202, first["version_id"].clone())
    );
    assert_eq!(indexed(&app).len(), 1);
    assert!(text(&indexed(&app)[0]["content"]).contains("90"));
    let foreign = send(&app, "POST", &path, &json!({"versionId": "kver_a"}));
    assert_eq!(
        (foreign.status, foreign.code().as_str()),
        (404, "version_not_found"),
        "of another document"
    );
    assert_eq!(events(&app).last().unwrap(), "knowledge.version.rolled_back");
}

#[test]
fn a_text_may_be_sent_as_json_and_again_under_its_own_name() {
    let app = TestApp::new();
    let body = json!({"sourceId": "ksrc_a", "title": "Parking", "externalId": "crm-7", "checksum": "abc",
        "content": "Parking is free.", "mimeType": "text/plain"});
    let first = send(&app, "POST", "/portal/knowledge/documents", &body);
    assert_eq!((first.status, first.db_trips), (201, 2), "{}", first.text);
    let document = first.json()["document"].clone();
    assert_eq!((&document["external_id"], &document["checksum"]), (&json!("crm-7"), &json!("abc")));
    let mut other = body.clone();
    other["content"] = json!("Parking costs 2 dollars.");
    other["publish"] = json!(false);
    let second = send(&app, "POST", "/portal/knowledge/documents", &other);
    assert_eq!(
        (second.status, second.json()["document"]["id"].clone()),
        (200, document["id"].clone())
    );
    assert!(text(&indexed(&app)[0]["content"]).contains("free"), "the other is a draft");
    let drafts = app.db.value("SELECT count(*) FROM knowledge_versions WHERE stage = 'draft'");
    assert_eq!(drafts, 1);
}

#[test]
fn a_document_without_content_is_refused_with_words() {
    let app = TestApp::new();
    for (body, code) in [
        (json!({"sourceId": "ksrc_a", "title": "Parking"}), "content_required"),
        (json!({"title": "Parking", "content": "x"}), "source_and_title_required"),
        (json!({"sourceId": "ksrc_a", "content": "x"}), "source_and_title_required"),
        (json!({"sourceId": "ksrc_a", "title": "P", "content": 7}), "invalid_body"),
        (
            json!({"sourceId": "ksrc_a", "title": "P", "content": "x", "mimeType": "application/pdf"}),
            "invalid_body",
        ),
        (json!({"sourceId": "ksrc_a", "title": "P", "content": " "}), "document_without_text"),
    ] {
        let answer = send(&app, "POST", "/portal/knowledge/documents", &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
    let foreign = json!({"sourceId": "ksrc_b", "title": "P", "content": "x"});
    assert_eq!(send(&app, "POST", "/portal/knowledge/documents", &foreign).status, 404);
}

#[test]
fn a_document_is_renamed_archived_and_deleted_where_it_is_quoted() {
    let app = TestApp::new();
    let made = upload(&app, UPLOAD, "text/plain", "Dogs stay outside.").json();
    let path = format!("/portal/knowledge/documents/{}", text(&made["document"]["id"]));
    let renamed = send(&app, "PATCH", &path, &json!({"title": "Animals"}));
    assert_eq!(
        (renamed.status, renamed.json()["document"]["title"].clone()),
        (200, json!("Animals"))
    );
    assert_eq!(indexed(&app)[0]["title"], "Animals");
    let archived = send(&app, "PATCH", &path, &json!({"status": "archived"}));
    assert_eq!(archived.json()["document"]["status"], "archived");
    assert!(indexed(&app).is_empty());
    let upload_path =
        format!("/portal/knowledge/documents/upload?documentId={}", text(&made["document"]["id"]));
    let refused = upload(&app, &upload_path, "text/plain", "Other");
    assert_eq!((refused.status, refused.code().as_str()), (409, "document_archived"));
    let publish = format!("/portal/knowledge/versions/{}/publish", text(&made["version_id"]));
    assert_eq!(app.send_as(ADMIN, "POST", &publish, None).code(), "document_archived");
    let back = send(&app, "PATCH", &path, &json!({"status": "ready"}));
    assert_eq!(back.json()["document"]["status"], "ready");
    assert_eq!(indexed(&app).len(), 1);
    assert_eq!(send(&app, "PATCH", &path, &json!({})).code(), "nothing_to_change");
    assert_eq!(send(&app, "PATCH", &path, &json!({"status": "failed"})).code(), "invalid_body");
    assert_eq!(app.send_as(ADMIN, "DELETE", &path, None).status, 200);
    assert!(indexed(&app).is_empty());
    for table in
        ["knowledge_versions WHERE id <> 'kver_a'", "knowledge_chunks", "knowledge_contents"]
    {
        assert_eq!(app.db.value(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    assert_eq!(app.send_as(ADMIN, "DELETE", &path, None).status, 404);
}

#[test]
fn of_a_version_that_is_archived_nothing_is_quoted() {
    let app = TestApp::new();
    let made = upload(&app, UPLOAD, "text/plain", "Dogs stay outside.").json();
    let version = text(&made["version_id"]).to_owned();
    let path = |what: &str| format!("/portal/knowledge/versions/{version}/{what}");
    let answer = app.send_as(ADMIN, "POST", &path("archive"), None);
    assert_eq!(
        (answer.status, answer.json()["version"]["stage"].clone()),
        (200, json!("archived"))
    );
    assert!(indexed(&app).is_empty());
    assert_eq!(
        app.db.value("SELECT count(*) FROM knowledge_documents WHERE live_version_id IS NOT NULL"),
        0
    );
    assert_eq!(app.send_as(ADMIN, "POST", &path("publish"), None).status, 202);
    assert_eq!(indexed(&app).len(), 1);
    app.db.run_script("UPDATE knowledge_chunks SET content = 'cut in another way'");
    let again = app.send_as(ADMIN, "POST", &path("rechunk"), None);
    assert_eq!(again.status, 202);
    assert_eq!(indexed(&app)[0]["content"], "Dogs stay outside.");
    let unready = app.send_as(ADMIN, "POST", "/portal/knowledge/versions/kver_a/publish", None);
    assert_eq!((unready.status, unready.code().as_str()), (409, "version_not_ready"));
}

#[test]
fn questions_with_their_answers_are_one_passage() {
    let app = TestApp::new();
    let pair = json!({"question": "Are dogs welcome?", "answer": "Yes.\nOn a lead."});
    let made = send(&app, "POST", "/portal/knowledge/qa", &pair);
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    let document = made.json()["document"].clone();
    assert_eq!(
        (&document["source_id"], &document["mime_type"]),
        (&json!("qa-org_a"), &json!("text/x-qa"))
    );
    assert_eq!(indexed(&app)[0]["content"], "Are dogs welcome? — Yes.\nOn a lead.");
    send(&app, "POST", "/portal/knowledge/qa", &json!({"question": "Cats?", "answer": "No."}));
    assert_eq!(
        app.db.value("SELECT count(*) FROM knowledge_sources WHERE name = 'Questions and answers'"),
        1
    );

    let path = format!("/portal/knowledge/qa/{}", text(&document["id"]));
    let changed = send(&app, "PATCH", &path, &json!({"answer": "Only small ones."}));
    assert_eq!((changed.status, changed.db_trips), (200, 2), "{}", changed.text);
    let content = "SELECT content FROM passages WHERE title = 'Are dogs welcome?'";
    assert_eq!(app.search.value(content), "Are dogs welcome? — Only small ones.");
    send(&app, "PATCH", &path, &json!({"question": "May dogs come?"}));
    let content = "SELECT content FROM passages WHERE title = 'May dogs come?'";
    assert_eq!(app.search.value(content), "May dogs come? — Only small ones.");
    assert_eq!(indexed(&app).len(), 2);

    for (path, body) in
        [(path.as_str(), json!({})), ("/portal/knowledge/qa", json!({"question": "x"}))]
    {
        let method = if path.ends_with("qa") { "POST" } else { "PATCH" };
        assert_eq!(send(&app, method, path, &body).status, 400);
    }
    let other = send(&app, "PATCH", "/portal/knowledge/qa/kdoc_a", &json!({"answer": "x"}));
    assert_eq!((other.status, other.code().as_str()), (404, "pair_not_found"), "no question");
    assert_eq!(app.send_as(ADMIN, "DELETE", "/portal/knowledge/qa/kdoc_a", None).status, 404);
    assert_eq!(app.send_as(ADMIN, "DELETE", &path, None).status, 200);
    assert_eq!(indexed(&app).len(), 1);
}

#[test]
fn a_version_is_cut_as_what_it_is_whatever_its_document_became() {
    let app = TestApp::new();
    let pair = json!({"question": "Are dogs welcome?", "answer": "Yes.\nOn a lead."});
    let made = send(&app, "POST", "/portal/knowledge/qa", &pair).json();
    let (document, version) = (text(&made["document"]["id"]), text(&made["version_id"]));
    let path = format!("/portal/knowledge/documents/upload?documentId={document}");
    assert_eq!(upload(&app, &path, "text/plain", "Now a text.\n\nOf two lines.").status, 200);
    assert_eq!(indexed(&app)[0]["content"], "Now a text.\nOf two lines.");
    for step in ["rechunk", "publish"] {
        let path = format!("/portal/knowledge/versions/{version}/{step}");
        assert_eq!(app.send_as(ADMIN, "POST", &path, None).status, 202, "{step}");
    }
    assert_eq!(indexed(&app)[0]["content"], "Are dogs welcome? — Yes.\nOn a lead.");
}

#[test]
fn sources_are_made_paused_and_asked_for() {
    let app = TestApp::new();
    let body =
        json!({"name": "Site", "type": "url", "config": {"start_url": "https://a.example/"}});
    let made = send(&app, "POST", "/portal/knowledge/sources", &body);
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    let source = made.json()["source"].clone();
    assert_eq!(
        (&source["status"], &source["created_at"]),
        (&json!("syncing"), &source["updated_at"]),
        "it is read at once"
    );
    let path = format!("/portal/knowledge/sources/{}", text(&source["id"]));
    let paused = send(&app, "PATCH", &path, &json!({"status": "paused", "name": "Our site"}));
    let source = paused.json()["source"].clone();
    assert_eq!((&source["status"], &source["name"]), (&json!("paused"), &json!("Our site")));
    let sync = format!("{path}/sync");
    assert_eq!(app.send_as(ADMIN, "POST", &sync, None).code(), "source_paused");
    send(&app, "PATCH", &path, &json!({"status": "connected"}));
    assert_eq!(app.send_as(ADMIN, "POST", &sync, None).status, 202);
    assert_eq!(app.send_as(ADMIN, "POST", &sync, None).status, 202, "asked for before");
    let made =
        send(&app, "POST", "/portal/knowledge/sources", &json!({"name": "F", "type": "file"}));
    let file = format!("/portal/knowledge/sources/{}/sync", text(&made.json()["source"]["id"]));
    assert_eq!(app.send_as(ADMIN, "POST", &file, None).code(), "source_not_read");
    for (body, hint) in [
        (json!({"type": "url"}), "\"name\" is a text of 1 to 200 characters"),
        (
            json!({"name": "S", "type": "ftp"}),
            "\"type\" must be one of file, url, notion, google_drive, s3, webhook.",
        ),
        (
            json!({"name": "S", "type": "s3", "config": {"accessKey": "k"}}),
            "\"config\" must hold no secrets",
        ),
        (
            json!({"name": "S", "type": "s3", "config": {"a": "x".repeat(33_000)}}),
            "\"config\" must have at most 32 KiB",
        ),
        (json!({"name": "S", "type": "s3", "config": []}), "\"config\" must be an object."),
    ] {
        let refused = send(&app, "POST", "/portal/knowledge/sources", &body);
        assert_eq!(refused.status, 400);
        assert!(text(&refused.json()["detail"]).starts_with(hint), "{}", refused.text);
    }
    assert_eq!(send(&app, "PATCH", &path, &json!({"status": "syncing"})).status, 400);
}

#[test]
fn a_source_goes_with_all_its_documents_some_at_a_time() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000")]);
    for n in 0..60 {
        let path = format!("{UPLOAD}&externalId=n{n}");
        assert_eq!(upload(&app, &path, "text/plain", format!("Room {n} is green.")).status, 201);
    }
    assert_eq!(indexed(&app).len(), 60);
    let answer = app.send_as(ADMIN, "DELETE", "/portal/knowledge/sources/ksrc_a", None);
    assert_eq!((answer.status, answer.db_trips), (200, 2));
    tick(&app);
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_sources WHERE id = 'ksrc_a'"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_documents WHERE org_id = 'org_a'"), 0);
    assert!(indexed(&app).is_empty());
    assert_eq!(app.send_as(ADMIN, "DELETE", "/portal/knowledge/sources/ksrc_a", None).status, 404);
}

#[test]
fn a_source_that_is_being_deleted_is_gone_for_everybody() {
    let app = TestApp::new();
    app.db.run_script("UPDATE knowledge_sources SET removed_at = '2026-03-15T11:00:00.000Z'");
    assert_eq!(app.get_as(ADMIN, "/portal/knowledge").json()["sources"], json!([]));
    assert_eq!(upload(&app, UPLOAD, "text/plain", "Text").status, 404);
    for (method, path) in [("PATCH", ""), ("DELETE", ""), ("POST", "/sync")] {
        let path = format!("/portal/knowledge/sources/ksrc_a{path}");
        assert_eq!(send(&app, method, &path, &json!({"name": "x"})).status, 404, "{method} {path}");
    }
}

#[test]
fn a_document_that_another_request_removed_meanwhile_stores_nothing() {
    let app = TestApp::new();
    app.db.before_batch(2, "UPDATE knowledge_sources SET removed_at = 'x' WHERE id = 'ksrc_a'");
    let answer = upload(&app, UPLOAD, "text/plain", "Text");
    assert_eq!((answer.status, answer.code().as_str()), (409, "document_changed"));
    for table in ["knowledge_contents", "knowledge_ingestion_jobs", "audit_logs"] {
        assert_eq!(app.db.value(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[test]
fn two_uploads_of_one_name_at_once_make_one_document() {
    let app = TestApp::new();
    app.db.before_batch(
        2,
        "INSERT INTO knowledge_documents (id, org_id, source_id, title, external_id, external_key)
         VALUES ('faster', 'org_a', 'ksrc_a', 'T', 'crm-7', 'crm-7')",
    );
    let path = format!("{UPLOAD}&externalId=crm-7");
    assert_eq!(upload(&app, &path, "text/plain", "Text").status, 409);
    assert_eq!(
        upload(&app, &path, "text/plain", "Text").status,
        200,
        "sent again, it is a version"
    );
    assert_eq!(
        app.db.value("SELECT count(*) FROM knowledge_documents WHERE external_id = 'crm-7'"),
        1
    );
}

#[test]
fn a_plan_bounds_what_an_org_keeps() {
    let app = TestApp::new();
    let limit = |column: &str, most: i64| {
        app.db.run_script(&format!("UPDATE plan_limits SET {column} = {most}"));
    };
    let used = |column: &str| {
        let used = format!("SELECT {column} FROM knowledge_usage WHERE org_id = 'org_a'");
        app.db.value(&used).as_i64().unwrap_or(0)
    };
    let refused = |answer: &Answer, code: &str, number: &str| {
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!(code)), "{}", answer.text);
        assert!(text(&answer.json()["detail"]).contains(number), "{}", answer.text);
    };
    let audited = events(&app).len();
    limit("knowledge_sources", used("sources"));
    let body = json!({"name": "Handbook", "type": "file"});
    let number = used("sources").to_string();
    refused(&send(&app, "POST", "/portal/knowledge/sources", &body), "too_many_sources", &number);
    limit("knowledge_sources", used("sources") + 1);
    assert_eq!(send(&app, "POST", "/portal/knowledge/sources", &body).status, 201);

    limit("knowledge_documents", used("documents"));
    let number = used("documents").to_string();
    let answer = upload(&app, UPLOAD, "text/plain", "Parking is free.");
    refused(&answer, "too_many_documents", &number);
    limit("knowledge_documents", used("documents") + 1);
    let made = upload(&app, UPLOAD, "text/plain", "Parking is free.");
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["document"]["id"].as_str().unwrap().to_owned();

    // A new version of what is there has to fit as well.
    limit("knowledge_bytes", used("bytes") + 20);
    let path = format!("/portal/knowledge/documents/upload?documentId={id}");
    let number = (used("bytes") + 20).to_string();
    let answer = upload(&app, &path, "text/plain", "Parking is free for an hour.");
    refused(&answer, "knowledge_full", &number);
    assert_eq!(upload(&app, &path, "text/plain", "Parking costs.").status, 200);
    assert_eq!(events(&app).len(), audited + 3, "of what was refused there is no trace");
}

#[test]
fn what_a_new_source_or_document_lacks_is_said_as_ever() {
    let app = TestApp::new();
    for (path, body, sentence) in [
        ("sources", json!({"name": "Handbook"}), "Name and type are required"),
        ("sources", json!({"name": "", "type": "file"}), "Name and type are required"),
        ("documents", json!({"title": "Parking"}), "Source and title are required"),
        ("documents", json!({"sourceId": "ksrc_a", "title": ""}), "Source and title are required"),
    ] {
        let answer = send(&app, "POST", &format!("/portal/knowledge/{path}"), &body);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(sentence)), "{body}");
    }
}

#[test]
fn of_a_source_that_is_being_deleted_nothing_is_quoted() {
    let app = TestApp::new();
    let hits = |app: &TestApp| {
        let asked = json!({"query": "bicycle shed"});
        let answer = send(app, "POST", "/portal/knowledge/retrieve", &asked);
        answer.json()["results"].as_array().unwrap().len()
    };
    upload(&app, UPLOAD, "text/plain", "The bicycle shed is open at night.");
    assert_eq!(hits(&app), 1);
    app.db.run_script("UPDATE knowledge_sources SET removed_at = '2026-03-15T12:00:00.000Z'");
    assert_eq!(hits(&app), 0);
}
