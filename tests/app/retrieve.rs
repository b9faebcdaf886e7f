//! Passages as the portal finds them: of live versions, of one org, as the policies let them be shown; and the index
//! written anew.

use std::time::Duration;

use futures_executor::block_on;
use koby_portal::ids::OrgId;
use koby_portal::jobs;
use koby_portal::knowledge::retrieval::tenant_key;
use koby_portal::models::ai::AiFailure;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const RETRIEVE: &str = "/portal/knowledge/retrieve";

fn ask(app: &TestApp, query: &str) -> Answer {
    app.send_as("user_viewer_a", "POST", RETRIEVE, Some(&json!({ "query": query }).to_string()))
}

fn chunks(answer: &Answer) -> Vec<String> {
    let results = answer.json()["results"].clone();
    results
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["chunkId"].as_str().unwrap().to_owned())
        .collect()
}

fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

fn count(app: &TestApp, condition: &str) -> i64 {
    app.search.value(&format!("SELECT count(*) FROM passages WHERE {condition}")).as_i64().unwrap()
}

/// Puts a passage into the index, and its document and version into `DB`.
fn add(app: &TestApp, org: &str, id: &str, content: &str) {
    let key = tenant_key(&OrgId::from(org.to_owned()));
    let source = if org == "org_a" { "ksrc_a" } else { "ksrc_b" };
    app.db.run_script(&format!(
        "INSERT INTO knowledge_sources (id, org_id, name, type) VALUES ('{source}', '{org}', 'S', 'file') ON CONFLICT DO NOTHING;
         INSERT INTO knowledge_documents (id, org_id, source_id, title, status) VALUES ('d_{id}', '{org}', '{source}', 'Title', 'ready');
         INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, chunk_count) VALUES ('v_{id}', 'd_{id}', '{org}', 1, 'live', 1, 1);
         UPDATE knowledge_documents SET live_version_id = 'v_{id}' WHERE id = 'd_{id}';
         INSERT INTO knowledge_chunks (id, version_id, org_id, content) VALUES ('c_{id}', 'v_{id}', '{org}', '{content}')"
    ));
    app.search.run_script(&format!(
        "INSERT INTO passages (chunk_id, org_id, tenant_key, source_id, document_id, version_id, title, content)
         VALUES ('c_{id}', '{org}', '{key}', '{source}', 'd_{id}', 'v_{id}', 'Title', '{content}')"
    ));
}

#[test]
fn a_hit_has_its_score_and_its_citation() {
    let app = TestApp::new();
    let answer = ask(&app, "When are you open on Saturdays?");
    assert_eq!(
        (answer.status, answer.db_trips, answer.search_trips),
        (200, 1, 1),
        "{}",
        answer.text
    );
    let body = answer.json();
    assert_eq!(body["query"], "When are you open on Saturdays?");
    let best = &body["results"][0];
    let score = best["score"].as_f64().unwrap();
    assert!(score > 0.3 && score <= 1.0, "{score}");
    assert_eq!(
        *best,
        json!({
            "chunkId": "chunk_a_hours", "documentId": "doc_a_hours", "sourceId": "src_a", "versionId": "ver_a_hours",
            "content": "We are a family practice near the park. Our opening hours on Saturday are nine to one. Parking is free.",
            "score": best["score"], "policiesTriggered": [],
            "citations": [{"chunk_id": "chunk_a_hours", "source_id": "src_a", "version_id": "ver_a_hours", "pointer": "Hours"}],
        })
    );
    assert!(!answer.text.contains("Beta"), "the other org's hours");
}

#[test]
fn a_question_comes_in_the_body_or_the_query() {
    let app = TestApp::new();
    let send = |path: &str, body: Option<&str>| app.send_as("user_viewer_a", "POST", path, body);
    let by_query = send("/portal/knowledge/retrieve?q=whitening&limit=1", None);
    assert_eq!(chunks(&by_query), ["chunk_a_prices"]);
    let wins = send("/portal/knowledge/retrieve?q=whitening", Some(r#"{"query":" parking "}"#));
    assert_eq!(
        (chunks(&wins), &wins.json()["query"]),
        (vec!["chunk_a_hours".to_owned()], &json!("parking"))
    );
    for (body, code) in [
        ("{}", "query_required"),
        (r#"{"query":"  "}"#, "query_required"),
        (r#"{"query":null}"#, "query_required"),
        (r#"{"query":7}"#, "invalid_body"),
        (r#"{"query":["a"]}"#, "invalid_body"),
        ("null", "invalid_body"),
        ("[", "invalid_body"),
        ("{", "invalid_json"),
    ] {
        let answer = send(RETRIEVE, Some(body));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
    let long = json!({"query": "x".repeat(5_001)}).to_string();
    assert_eq!(send(RETRIEVE, Some(&long)).code(), "query_too_long");
    let nothing = send(RETRIEVE, Some(r#"{"query":"and so on?"}"#));
    assert_eq!(
        (nothing.status, nothing.search_trips, chunks(&nothing).len()),
        (200, 0, 0),
        "no topic, no search"
    );
    let hostile = ask(&app, "\" OR tenant_key:x* NEAR( ' -- hours");
    assert_eq!(hostile.status, 200, "{}", hostile.text);
}

#[test]
fn the_limit_is_brought_into_its_bounds() {
    let app = TestApp::new();
    for number in 0..30 {
        add(&app, "org_a", &format!("many{number}"), "A page about zirconia and nothing else.");
    }
    let count = |limit: &Value| {
        let body = json!({"query": "zirconia", "limit": limit}).to_string();
        let answer = app.send_as("user_viewer_a", "POST", RETRIEVE, Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text);
        chunks(&answer).len()
    };
    for (limit, expected) in [
        (json!(null), 5),
        (json!(3), 3),
        (json!(0), 1),
        (json!(-7), 1),
        (json!(1e9), 20),
        (json!(2.9), 2),
        (json!("x"), 5),
    ] {
        assert_eq!(count(&limit), expected, "{limit}");
    }
    for (limit, expected) in [("", 5), ("7", 7), ("-1", 1), ("x", 5), ("99", 20), ("NaN", 5)] {
        let path = format!("{RETRIEVE}?q=zirconia&limit={limit}");
        assert_eq!(
            chunks(&app.send_as("user_viewer_a", "POST", &path, None)).len(),
            expected,
            "{limit}"
        );
    }
}

#[test]
fn staff_name_the_org() {
    let app = TestApp::new();
    let body = Some(r#"{"query":"saturday hours"}"#);
    let without = app.send_as("user_staff", "POST", RETRIEVE, body);
    assert_eq!((without.status, without.code().as_str()), (400, "org_required"));
    let other = app.send_as("user_staff", "POST", &format!("{RETRIEVE}?orgId=org_b"), body);
    assert_eq!(chunks(&other), ["chunk_b_hours"]);
}

#[test]
fn misspelt_words_and_other_forms_are_found() {
    let app = TestApp::new();
    for question in [
        "whitning",
        "whitenings",
        "is bleaching expensive",
        "clenaing cost",
        "¿cuánto cuesta una limpieza?",
    ] {
        assert_eq!(
            chunks(&ask(&app, question)).first().map(String::as_str),
            Some("chunk_a_prices"),
            "{question}"
        );
    }
}

#[test]
fn what_the_index_says_of_documents_it_was_not_told_of_is_not_shown() {
    let app = TestApp::new();
    add(&app, "org_a", "live", "Our zirconia crowns.");
    add(&app, "org_a", "old", "Our zirconia crowns of last year.");
    add(&app, "org_a", "archived", "Our archived zirconia crowns.");
    add(&app, "org_a", "deleted", "Our deleted zirconia crowns.");
    add(&app, "org_a", "renewed", "Our renewed zirconia crowns.");
    let found = |app: &TestApp| {
        let mut found = chunks(&ask(app, "zirconia crowns"));
        found.sort();
        found
    };
    assert_eq!(found(&app).len(), 5);
    app.db.run_script(
        "INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live) VALUES ('v_old2', 'd_old', 'org_a', 2, 'archived', 0);
         UPDATE knowledge_documents SET live_version_id = 'v_old2', index_due_at = '2026-03-15T11:59:00.000Z' WHERE id = 'd_old';
         UPDATE knowledge_documents SET status = 'archived', index_due_at = '2026-03-15T11:59:00.000Z' WHERE id = 'd_archived';
         UPDATE knowledge_documents SET live_version_id = NULL, publishing_version_id = 'v_renewed', index_due_at = '2026-03-15T11:59:00.000Z' WHERE id = 'd_renewed';
         UPDATE knowledge_documents SET live_version_id = NULL WHERE id = 'd_deleted';
         DELETE FROM knowledge_documents WHERE id = 'd_deleted'",
    );
    let answer = ask(&app, "zirconia crowns");
    assert_eq!((answer.db_trips, answer.search_trips), (1, 1));
    assert_eq!(found(&app), ["c_live", "c_renewed"]);
}

#[test]
fn policies_mask_and_drop_what_is_found() {
    let app = TestApp::new();
    app.db.run_script(crate::routes::retrieve::POLICIES);
    add(&app, "org_a", "contact", "For zirconia write to ann@mail.example.");
    add(&app, "org_a", "internal", "Zirconia: api_key=abc123def");
    app.db.run_script(
        r#"INSERT INTO knowledge_policies (id, org_id, name, rules) VALUES
           ('kpol_a2', 'org_a', 'Secrets', '[{"id":"s","type":"restrict","match":"secrets","applies_to":"chunks","enforcement":"block"}]'),
           ('kpol_a3', 'org_a', 'Broken', '[{"type":"redact","match":"regex","pattern":"("}, 7]'),
           ('kpol_b2', 'org_b', 'Everything', '[{"type":"restrict","match":"keyword","pattern":"zirconia","applies_to":"chunks"}]')"#,
    );
    let body = ask(&app, "zirconia").json();
    let results = body["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{body}");
    assert_eq!(results[0]["content"], "For zirconia write to [removed].");
    assert_eq!(results[0]["policiesTriggered"], json!(["kpol_a"]));
    assert_eq!(body["policiesTriggered"], json!(["kpol_a", "kpol_a2"]));
}

#[test]
fn a_turn_quotes_the_policies_org_alone() {
    // The tenant is in every probe: text that looks like another org's key finds nothing of it.
    let app = TestApp::new();
    let key = tenant_key(&OrgId::from("org_b".to_owned()));
    add(&app, "org_a", "bait", &format!("zirconia {key}"));
    add(&app, "org_b", "theirs", "zirconia of theirs");
    assert_eq!(chunks(&ask(&app, &format!("zirconia {key}"))), ["c_bait"]);
}

const MODEL: &str = "@cf/baai/bge-m3";

fn with_vectors() -> TestApp {
    TestApp::with(&[("EMBEDDING_PROVIDER", "workers-ai")])
}

#[test]
fn vectors_find_what_words_do_not() {
    let app = with_vectors();
    app.search.run_script("DELETE FROM passages");
    add(&app, "org_a", "pets", "Dogs and cats may come along.");
    add(&app, "org_a", "fees", "Animal figurines are sold at the desk.");
    let job = |app: &TestApp| {
        app.db.rows("SELECT outcome, items FROM job_runs WHERE job = 'knowledge_embeddings' ORDER BY started_at DESC, id DESC")[0].clone()
    };
    app.ai.answer_with(MODEL, json!({"data": [[1.0, 0.0], [0.3, 1.0]]}));
    tick(&app);
    assert_eq!(job(&app), json!({"outcome": "done", "items": 2}));
    assert_eq!(app.search.value("SELECT count(*) FROM passage_vectors"), 2);
    app.ai.answer_with(MODEL, json!({"data": [[1.0, 0.0]]}));
    let answer = ask(&app, "is my puppy welcome");
    assert_eq!(chunks(&answer)[0], "c_pets", "{}", answer.text);
    assert_eq!((answer.db_trips, answer.search_trips), (1, 1));
    let asked = app.ai.asked();
    let asked = asked.last().unwrap();
    assert_eq!(
        (asked.input.clone(), asked.timeout),
        (json!({"text": ["is my puppy welcome"]}), Duration::from_millis(800))
    );

    // A passage that changes loses its vector, and gets another by the next round.
    app.search
        .run_script("UPDATE passages SET content = 'Dogs stay outside.' WHERE chunk_id = 'c_pets'");
    assert_eq!(app.search.value("SELECT count(*) FROM passage_vectors WHERE model = ''"), 1);
    app.clock.advance(600);
    tick(&app);
    assert_eq!(job(&app), json!({"outcome": "done", "items": 1}));
    // One that goes takes it along.
    app.search.run_script("DELETE FROM passages WHERE chunk_id = 'c_pets'");
    assert_eq!(app.search.value("SELECT count(*) FROM passage_vectors"), 1);
}

/// Numbers from -1 to 1 that a model may give, others for each seed.
fn direction(seed: u32) -> Vec<f64> {
    let number = |at: u32| ((f64::from(seed) * 7.3 + 1.7) * (f64::from(at) + 1.1) * 3.9).sin();
    (0..64).map(number).collect()
}

/// `org_a` with 257 passages that have vectors, of which `c_pets` alone, neither the first nor the last of them, lies in
/// the direction of what is asked.
fn with_many_vectors() -> TestApp {
    let app = with_vectors();
    app.search.run_script("DELETE FROM passages");
    let others: Vec<Vec<f64>> = (0..16).map(direction).collect();
    let add_others = |from: u32, to: u32| {
        for number in from..to {
            add(&app, "org_a", &format!("n{number:03}"), "You are welcome at our desk.");
        }
        app.ai.answer_with(MODEL, json!({ "data": &others }));
        tick(&app);
        app.clock.advance(600);
    };
    add_others(0, 128);
    add(&app, "org_a", "pets", "Dogs and cats may come along.");
    app.ai.answer_with(MODEL, json!({"data": [direction(99)]}));
    tick(&app);
    app.clock.advance(600);
    add_others(128, 256);
    assert_eq!(
        app.search.value("SELECT count(*) FROM passage_vectors WHERE signs_6 IS NOT NULL"),
        257
    );
    let mut near = direction(99);
    near.iter_mut().step_by(3).for_each(|number| *number *= 0.6);
    app.ai.answer_with(MODEL, json!({ "data": [near] }));
    app
}

#[test]
fn of_many_passages_the_one_that_means_the_same_is_found() {
    let app = with_many_vectors();
    // No passage holds a word of the first and the last; more than are read hold one of the second.
    for question in ["hamsters indoors", "is my puppy welcome", "我可以带小狗吗"] {
        let answer = ask(&app, question);
        assert_eq!(
            chunks(&answer).first().map(String::as_str),
            Some("c_pets"),
            "{question}: {}",
            answer.text
        );
        assert_eq!((answer.db_trips, answer.search_trips), (1, 1));
    }
    // Words still find what lies elsewhere.
    add(&app, "org_a", "gold", "Fillings are of gold.");
    assert_eq!(chunks(&ask(&app, "gold fillings"))[..2], ["c_gold", "c_pets"]);
}

#[test]
fn vectors_of_another_org_are_not_seen() {
    let app = with_many_vectors();
    app.search.run_script(
        "UPDATE passages SET org_id = 'org_b', tenant_key = 'tb' WHERE chunk_id = 'c_pets';
         UPDATE passage_vectors SET org_id = 'org_b'
         WHERE passage_id = (SELECT id FROM passages WHERE chunk_id = 'c_pets')",
    );
    let found = chunks(&ask(&app, "is my puppy welcome"));
    assert!(!found.is_empty() && !found.contains(&"c_pets".to_owned()), "{found:?}");
    // Nor where the vector says that it is of this org: the passage is not.
    app.search.run_script("UPDATE passage_vectors SET org_id = 'org_a'");
    assert!(!chunks(&ask(&app, "is my puppy welcome")).contains(&"c_pets".to_owned()));
}

#[test]
fn vectors_of_older_versions_get_their_signatures() {
    let app = with_many_vectors();
    let unsigned = "SELECT count(*) FROM passage_vectors WHERE signs_1 IS NULL";
    let before =
        app.search.value("SELECT group_concat(signs_1 || ' ' || signs_6) FROM passage_vectors");
    // As older versions wrote them.
    app.search.run_script(
        "UPDATE passage_vectors
         SET signs_1 = NULL, signs_2 = NULL, signs_3 = NULL, signs_4 = NULL, signs_5 = NULL, signs_6 = NULL",
    );
    assert_eq!(app.search.value(unsigned), 257);
    assert_eq!(chunks(&ask(&app, "hamsters indoors")), Vec::<String>::new());
    let asked = app.ai.asked().len();
    tick(&app);
    assert_eq!(app.search.value(unsigned), 0);
    assert_eq!(
        app.search.value("SELECT group_concat(signs_1 || ' ' || signs_6) FROM passage_vectors"),
        before
    );
    assert_eq!(app.ai.asked().len(), asked, "a model is not asked again");
    assert_eq!(chunks(&ask(&app, "hamsters indoors"))[0], "c_pets");

    // A vector that changes as older versions write it loses its signature; an empty one stays without.
    app.search.run_script("UPDATE passage_vectors SET vector = 'fwA=' WHERE passage_id % 2 = 0");
    assert_eq!(app.search.value(unsigned), 128);
    app.search.run_script("UPDATE passage_vectors SET vector = '' WHERE passage_id % 4 = 0");
    let asked = app.ai.asked().len();
    app.clock.advance(600);
    tick(&app);
    assert_eq!((app.search.value(unsigned), app.ai.asked().len()), (json!(64), asked));
}

#[test]
fn a_model_that_fails_fails_no_question() {
    let app = with_vectors();
    app.ai.fail_with(MODEL, AiFailure::TimedOut(800));
    let answer = ask(&app, "whitening");
    assert_eq!((answer.status, chunks(&answer)), (200, vec!["chunk_a_prices".to_owned()]));
    assert_eq!(app.lines.of("embedding_failed").len(), 1);
    assert!(!app.lines.text().contains("whitening"), "no words of a question in the log");
    for broken in
        [json!({}), json!({"data": []}), json!({"data": [["x"]]}), json!({"data": [[0.0]]})]
    {
        app.ai.answer_with(MODEL, broken);
        assert_eq!(chunks(&ask(&app, "whitening")), ["chunk_a_prices"]);
    }
}

#[test]
fn a_passage_that_a_model_refuses_keeps_no_other_from_its_vector() {
    let app = with_vectors();
    app.search.run_script("DELETE FROM passages");
    add(&app, "org_a", "pets", "Dogs and cats may come along.");
    add(&app, "org_a", "fees", "Animal figurines are sold at the desk.");
    // Two texts at once are too much for it.
    app.ai.answer_with(MODEL, json!({"data": [[1.0, 0.0]]}));
    tick(&app);
    let made = "SELECT count(*) FROM passage_vectors WHERE vector <> ''";
    assert_eq!(app.search.value(made), 2);
    let outcome = "SELECT outcome FROM job_runs WHERE job = 'knowledge_embeddings'";
    assert_eq!(app.db.value(outcome), "done");
}

#[test]
fn vectors_of_another_model_are_not_compared() {
    let app = with_vectors();
    app.search.run_script(
        "INSERT INTO passage_vectors (passage_id, org_id, model, vector)
         SELECT id, org_id, 'workers-ai:other', 'fwA=' FROM passages",
    );
    app.ai.answer_with(MODEL, json!({"data": [[1.0, 0.0]]}));
    assert_eq!(chunks(&ask(&app, "puppies")), Vec::<String>::new());
    assert_eq!(chunks(&ask(&app, "whitening")), ["chunk_a_prices"]);
}

#[test]
fn an_openai_kind_of_server_makes_vectors_too() {
    let app = TestApp::with(&[
        ("EMBEDDING_PROVIDER", "openai"),
        ("EMBEDDING_MODEL", "small"),
        ("OPENAI_BASE_URL", "https://models.example/v1"),
        ("OPENAI_API_KEY", "sk-1"),
    ]);
    app.http.answer_at(
        "https://models.example/v1/embeddings",
        200,
        &json!({"data": [{"index": 0, "embedding": [1.0, 0.0]}]}).to_string(),
    );
    assert_eq!(chunks(&ask(&app, "whitening")), ["chunk_a_prices"]);
    let sent = &app.http.sent()[0];
    assert_eq!(sent.url, "https://models.example/v1/embeddings");
    assert!(sent.headers.contains(&("authorization", "Bearer sk-1".to_owned())));
    let body: Value = serde_json::from_slice(sent.body.as_ref().unwrap()).unwrap();
    assert_eq!(body, json!({"model": "small", "input": ["whitening"]}));
}

#[test]
fn an_orgs_part_of_the_index_is_written_anew() {
    let app = TestApp::new();
    for number in 0..120 {
        add(&app, "org_a", &format!("n{number:03}"), "Zirconia.");
    }
    add(&app, "org_b", "theirs", "Zirconia of theirs.");
    // Passages were lost, one says what was never written, and one is of a document that is gone.
    app.search.run_script(
        "DELETE FROM passages WHERE chunk_id IN ('c_n003', 'c_n117');
         UPDATE passages SET content = 'Something else' WHERE chunk_id = 'c_n050';
         UPDATE passages SET document_id = 'd_gone', version_id = 'v_gone', chunk_id = 'c_gone' WHERE chunk_id = 'c_n060'",
    );
    let answer = app.send_as("user_admin_a", "POST", "/portal/knowledge/reindex", None);
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(
        answer.json(),
        json!({"reindex": {"org_id": "org_a", "requested_at": "2026-03-15T12:00:00.000Z"}})
    );
    for _ in 0..12 {
        tick(&app);
        app.clock.advance(60);
    }
    assert_eq!(
        app.db.value("SELECT count(*) FROM knowledge_reindexes"),
        0,
        "it has come to its end"
    );
    assert_eq!(
        app.db.value("SELECT count(*) FROM knowledge_documents WHERE index_due_at IS NOT NULL"),
        0
    );
    assert_eq!(count(&app, "content = 'Zirconia.'"), 120);
    assert_eq!(count(&app, "document_id = 'd_gone'"), 0);
    // The fixture's own passages are of no document in DB: they went as well, and those of the other org did not.
    assert_eq!(count(&app, "org_id = 'org_a'"), 120);
    assert_eq!(count(&app, "org_id = 'org_b'"), 2);
}

#[test]
fn a_rebuild_that_is_cut_off_goes_on_where_it_was() {
    let app = TestApp::new();
    for number in 0..120 {
        add(&app, "org_a", &format!("n{number:03}"), "Zirconia.");
    }
    app.search.run_script("DELETE FROM passages WHERE org_id = 'org_a'");
    app.send_as("user_admin_a", "POST", "/portal/knowledge/reindex", None);
    tick(&app);
    let cursor = app.db.value("SELECT cursor FROM knowledge_reindexes");
    assert!(cursor.as_str().unwrap().starts_with('d'), "{cursor}");
    app.search.fail_after(1, "D1_ERROR: internal error");
    for _ in 0..14 {
        app.clock.advance(121);
        tick(&app);
    }
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_reindexes"), 0);
    assert_eq!(count(&app, "org_id = 'org_a'"), 120);
}

#[test]
fn drift_is_found_once_a_day_and_mended() {
    let app = TestApp::new();
    app.db.run_script("DELETE FROM jobs");
    add(&app, "org_b", "kept", "Zirconia.");
    add(&app, "org_b", "lost", "Zirconia.");
    app.search.run_script(
        "DELETE FROM passages WHERE org_id = 'org_a' OR chunk_id IN ('c_lost', 'chunk_b_hours')",
    );
    tick(&app);
    assert_eq!(app.lines.of("search_drift").len(), 1);
    assert_eq!(app.lines.of("search_drift")[0]["orgs"], json!(["org_b"]));
    for _ in 0..4 {
        app.clock.advance(60);
        tick(&app);
    }
    assert_eq!(count(&app, "org_id = 'org_b'"), 2);
    app.clock.advance(86_400);
    tick(&app);
    assert_eq!(app.lines.of("search_drift").len(), 1, "all is as it should be");
}
