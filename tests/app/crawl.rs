//! Web sites that are sources of knowledge: read whole, politely, within bounds, and again; whatever breaks on the way
//! and whatever a site answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use koby_portal::config::Environment;
use koby_portal::http::client::{HttpFailure, HttpRequest};
use koby_portal::ids::OrgId;
use koby_portal::jobs;
use koby_portal::knowledge::crawl;
use koby_portal::time::Clock as _;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::ports::Streamed;

const SITE: &str = "https://www.site.example";

/// What an address answers.
#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn of(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.to_owned() }
    }

    fn html(body: &str) -> Self {
        Self::of(200, "text/html; charset=utf-8", body)
    }

    fn to(target: &str) -> Self {
        Self::of(301, "text/html", "Moved").header("location", target)
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A web site in the test's hands.
#[derive(Clone, Default)]
struct Site {
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
    /// Requests: path, and whether it was conditional.
    seen: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Site {
    fn says(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    fn page(&self, path: &str, title: &str, text: &str, links: &[&str]) {
        let links =
            links.iter().fold(String::new(), |all, link| all + "<a href=\"" + link + "\">x</a>");
        let body = format!(
            "<!doctype html><title>{title}</title><main><h1>{title}</h1><p>{text}</p>{links}</main>"
        );
        self.says(path, Reply::html(&body));
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }

    fn forget_seen(&self) {
        self.seen.lock().unwrap().clear();
    }

    fn open_at(&self, app: &TestApp, origin: &str) {
        let (site, origin) = (self.clone(), origin.to_owned());
        app.http.serve(&origin.clone(), move |request| site.answer(request, &origin));
    }

    fn answer(&self, request: &HttpRequest, origin: &str) -> Result<Streamed, HttpFailure> {
        let path = request.url.strip_prefix(origin).unwrap().to_owned();
        let sent = |name: &str| {
            let (_, value) = request.headers.iter().find(|(known, _)| *known == name)?;
            Some(value.clone())
        };
        let agent = sent("user-agent").unwrap();
        assert!(agent.starts_with("KobyPortalBot/1.0"), "{agent}");
        let condition = sent("if-none-match");
        self.seen.lock().unwrap().push((path.clone(), condition.is_some()));
        let missing = Reply::of(404, "text/html", "Not found");
        let mut reply = self.replies.lock().unwrap().get(&path).cloned().unwrap_or(missing);
        if reply.status == 0 {
            return Err(HttpFailure("connection refused".to_owned()));
        }
        if reply.status == 200 {
            let etag = format!("\"{}\"", reply.body.len());
            if condition.as_deref() == Some(etag.as_str()) {
                return Ok(Streamed::of(304, &[]));
            }
            reply = reply.header("etag", &etag);
        }
        let mut streamed = Streamed::of(reply.status, &[&reply.body]);
        streamed.headers = reply.headers;
        Ok(streamed)
    }
}

/// Asks for `source` to be read, as a route does.
fn ask(app: &TestApp, org: &str, source: &str, config: &Value, anew: bool) {
    let config = config.as_object().unwrap();
    let config = crawl::validate_config(config, Environment::Production).unwrap();
    let stored = Value::Object(config.to_json()).to_string();
    app.db.run_script(&format!(
        "UPDATE knowledge_sources SET config = '{stored}' WHERE id = '{source}'"
    ));
    let op = app.job();
    let org = OrgId::from(org.to_owned());
    block_on(op.write(crawl::enqueue(&org, source, &config, op.now(), anew))).unwrap();
}

fn read(app: &TestApp, config: &Value) {
    ask(app, "org_a", "ksrc_a", config, false);
}

/// What the clock does every minute.
fn tick(app: &TestApp) {
    block_on(jobs::run_due(&app.job()));
}

/// Lets minutes pass until the source is read.
fn until_read(app: &TestApp) {
    for _minute in 0..120 {
        tick(app);
        if crawl_row(app)["phase"] == "rests" {
            // What came in last is cut and published.
            tick(app);
            return;
        }
        app.clock.advance(60);
    }
    panic!("the site was not read: {:?} {:?}", crawl_row(app), pages(app));
}

fn crawl_row(app: &TestApp) -> Value {
    app.db.rows("SELECT * FROM knowledge_crawls WHERE source_id = 'ksrc_a'")[0].clone()
}

fn source(app: &TestApp) -> Value {
    app.db.rows("SELECT * FROM knowledge_sources WHERE id = 'ksrc_a'")[0].clone()
}

fn counts(app: &TestApp) -> Value {
    serde_json::from_str(source(app)["sync_cursor"].as_str().unwrap()).unwrap()
}

/// Path, state and reason of each page that is known.
fn pages(app: &TestApp) -> BTreeMap<String, (String, Option<String>)> {
    let rows = app.db.rows("SELECT * FROM knowledge_pages WHERE source_id = 'ksrc_a'");
    rows.iter()
        .map(|row| {
            let url = row["url"].as_str().unwrap();
            let path = url.strip_prefix(SITE).unwrap_or(url).to_owned();
            let error = row["error"].as_str().map(str::to_owned);
            (path, (row["state"].as_str().unwrap().to_owned(), error))
        })
        .collect()
}

fn state(app: &TestApp, path: &str) -> (String, String) {
    let pages = pages(app);
    let (state, error) = pages.get(path).unwrap_or_else(|| panic!("{path} in {pages:?}"));
    (state.clone(), error.clone().unwrap_or_default())
}

fn live(app: &TestApp) -> Vec<String> {
    pages(app).into_iter().filter(|(_, (state, _))| state == "live").map(|(path, _)| path).collect()
}

/// Title and status of the documents of the site.
fn documents(app: &TestApp) -> Vec<(String, String)> {
    let rows = app.db.rows(
        "SELECT title, status FROM knowledge_documents WHERE source_id = 'ksrc_a' AND id <> 'kdoc_a' ORDER BY title",
    );
    rows.iter()
        .map(|row| {
            (row["title"].as_str().unwrap().to_owned(), row["status"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// Titles of what answers may quote.
fn quotable(app: &TestApp) -> Vec<String> {
    let rows = app.search.rows(
        "SELECT DISTINCT title FROM passages WHERE org_id = 'org_a' AND chunk_id NOT LIKE 'chunk_%' ORDER BY title",
    );
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// A small site: three pages that are documents.
fn small_site(app: &TestApp) -> Site {
    let site = Site::default();
    site.page("/", "Home", "Welcome to our practice.", &["/hours", "/parking?utm_source=home#top"]);
    site.page("/hours", "Hours", "We open at eight on weekdays.", &["/", "/hours"]);
    site.page("/parking", "Parking", "Parking is behind the house.", &[]);
    site.open_at(app, SITE);
    site
}

fn start() -> Value {
    json!({"start_url": format!("{SITE}/")})
}

#[test]
fn a_site_is_read_and_quotable() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    assert_eq!(source(&app)["status"], "syncing");
    until_read(&app);
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
    let ready = |title: &str| (title.to_owned(), "ready".to_owned());
    assert_eq!(documents(&app), [ready("Home"), ready("Hours"), ready("Parking")]);
    let mut seen = site.seen();
    assert_eq!(seen[..3], ["/robots.txt", "/sitemap.xml", "/"]);
    seen.sort();
    assert_eq!(seen[1..], ["/hours", "/parking", "/robots.txt", "/sitemap.xml"], "each once");
    let source = source(&app);
    assert_eq!((&source["status"], &source["error_message"]), (&json!("connected"), &Value::Null));
    assert!(source["last_synced_at"].is_string());
    assert_eq!(
        counts(&app),
        json!({"round": 1, "new": 3, "changed": 0, "unchanged": 0, "gone": 0, "skipped": 0, "failed": 0, "left_out": 0})
    );
    let url = app.db.value("SELECT path FROM knowledge_documents WHERE title = 'Parking'");
    assert_eq!(url, "/parking");
}

#[test]
fn one_request_at_a_time_with_a_pause() {
    let app = TestApp::new();
    let site = small_site(&app);
    let times = Arc::new(Mutex::new(Vec::new()));
    let (clock, noted, inner) = (app.clock.clone(), times.clone(), site.clone());
    app.http.serve(SITE, move |request| {
        noted.lock().unwrap().push(clock.now().millis());
        inner.answer(request, SITE)
    });
    read(&app, &start());
    until_read(&app);
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 5);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000), "{times:?}");
}

#[test]
fn unchanged_pages_cost_one_answer_without_a_body() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    until_read(&app);
    let due = crawl_row(&app)["due_at"].as_str().unwrap().to_owned();
    let (least, most) = ("2026-03-16T09:00", "2026-03-16T16:00");
    assert!(due.as_str() > least && due.as_str() < most, "a day, a tenth sooner or later: {due}");
    site.forget_seen();
    app.clock.advance(27 * 3_600);
    site.page("/parking", "Parking", "Parking is in front of the house now.", &["/new"]);
    site.page("/new", "New", "A page that is new.", &[]);
    until_read(&app);
    let seen = site.seen.lock().unwrap().clone();
    let mut seen: Vec<(&str, bool)> =
        seen.iter().map(|(path, known)| (path.as_str(), *known)).collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            ("/", true),
            ("/hours", true),
            ("/new", false),
            ("/parking", true),
            ("/robots.txt", false),
            ("/sitemap.xml", false),
        ]
    );
    assert_eq!(
        counts(&app),
        json!({"round": 2, "new": 1, "changed": 1, "unchanged": 2, "gone": 0, "skipped": 0, "failed": 0, "left_out": 0})
    );
    let versions = "SELECT count(*) FROM knowledge_versions v JOIN knowledge_documents d ON d.id = v.document_id WHERE d.id <> 'kdoc_a' AND d.title = ";
    assert_eq!(app.db.value(&format!("{versions}'Parking'")), 2);
    assert_eq!(app.db.value(&format!("{versions}'Hours'")), 1);
    let text = app.search.value("SELECT content FROM passages WHERE title = 'Parking'");
    assert!(text.as_str().unwrap().contains("in front"), "{text}");
}

#[test]
fn pages_that_are_gone_are_archived_and_come_back() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    until_read(&app);
    site.says("/parking", Reply::of(410, "text/html", "Gone"));
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!(quotable(&app), ["Home", "Hours"]);
    assert_eq!(state(&app, "/parking").0, "gone");
    assert!(documents(&app).contains(&("Parking".to_owned(), "archived".to_owned())));
    assert_eq!(counts(&app)["gone"], 1);
    site.page("/parking", "Parking", "Parking is behind the house.", &[]);
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
    assert_eq!(counts(&app)["new"], 1);
    // For good: after a month nobody asks any more.
    site.says("/parking", Reply::of(404, "text/html", "Gone"));
    app.clock.advance(27 * 3_600);
    until_read(&app);
    app.clock.advance(31 * 24 * 3_600);
    until_read(&app);
    assert!(!pages(&app).contains_key("/parking"));
}

/// A site that answers whatever a site may answer.
fn odd_site(app: &TestApp) -> Site {
    let site = Site::default();
    let links = [
        "/hidden",
        "/header",
        "/copy",
        "/image",
        "/png.png",
        "/huge",
        "/private",
        "/metadata",
        "/away",
        "/moved",
        "/loop1",
        "/self",
        "/r1",
        "/secret/x",
        "/empty",
        "/plain",
        "mailto:a@b.example",
        "javascript:alert(1)",
        "https://127.0.0.1/x",
        "https://other.example/",
        "/login",
        "/nofollow",
        "/refused?x=1",
        "//evil.example/a",
        "/old-https",
    ];
    site.page("/", "Home", "Welcome.", &links);
    site.says("/robots.txt", Reply::of(200, "text/plain", "User-agent: *\nDisallow: /secret/\n"));
    site.says(
        "/hidden",
        Reply::html(
            "<meta name=robots content=noindex><title>H</title><p>Text</p><a href=/beyond>x</a>",
        ),
    );
    site.page("/beyond", "Beyond", "Behind a page that is not kept.", &[]);
    site.says("/header", Reply::html("<p>Text</p>").header("x-robots-tag", "noindex"));
    site.says("/copy", Reply::html("<link rel=canonical href=/beyond><p>A copy</p>"));
    site.says("/old-https", Reply::html("<title>Old</title><link rel=canonical href=http://site.example/old-https/><p>Itself</p>"));
    site.says("/image", Reply::of(200, "image/png", "not text"));
    site.says("/huge", Reply::html(&"<p>very long</p>".repeat(200_000)));
    site.says("/private", Reply::to("http://10.0.0.1/admin"));
    site.says("/metadata", Reply::to("http://169.254.169.254/latest/meta-data/"));
    site.says("/away", Reply::to("https://other.example/"));
    site.says("/moved", Reply::to("/target"));
    site.page("/target", "Target", "Where it moved to.", &[]);
    site.says("/loop1", Reply::to("/loop2"));
    site.says("/loop2", Reply::to("/loop1"));
    site.says("/self", Reply::to("/self"));
    for hop in 1..=6 {
        site.says(&format!("/r{hop}"), Reply::to(&format!("/r{}", hop + 1)));
    }
    site.says("/empty", Reply::html("<title>Empty</title>"));
    site.says("/plain", Reply::of(200, "text/plain", "Plain words."));
    site.says("/login", Reply::of(403, "text/html", "No"));
    site.says(
        "/nofollow",
        Reply::html(
            "<meta name=robots content=nofollow><title>N</title><p>Text</p><a href=/unseen>x</a>",
        ),
    );
    site.page("/refused?x=1", "Query", "With a query.", &[]);
    site.open_at(app, SITE);
    site
}

#[test]
fn what_a_site_may_answer() {
    let app = TestApp::new();
    odd_site(&app);
    read(&app, &start());
    until_read(&app);

    assert_eq!(
        live(&app),
        ["/", "/beyond", "/nofollow", "/old-https", "/plain", "/refused?x=1", "/target"]
    );
    for (path, expected, reason) in [
        ("/hidden", "skipped", "It asks not to be kept (noindex)."),
        ("/header", "skipped", "It asks not to be kept (noindex)."),
        ("/copy", "skipped", "Its canonical address is https://www.site.example/beyond."),
        ("/image", "skipped", "It is of the type image/png, which is not read."),
        ("/huge", "skipped", "It is larger than 2 MiB."),
        (
            "/private",
            "skipped",
            "It redirects to an address that is not called: it must name a host, not an IP address.",
        ),
        (
            "/metadata",
            "skipped",
            "It redirects to an address that is not called: it must name a host, not an IP address.",
        ),
        (
            "/away",
            "skipped",
            "It redirects to another site, or to a part that the configuration leaves out.",
        ),
        ("/moved", "moved", "It redirects to https://www.site.example/target."),
        ("/self", "skipped", "It redirects to itself."),
        ("/loop1", "moved", "It redirects to https://www.site.example/loop2."),
        ("/r3", "moved", "It redirects to https://www.site.example/r4."),
        ("/r4", "skipped", "It is behind more than three redirects."),
        ("/empty", "skipped", "Document has no text."),
        ("/login", "failed", "The site answered 403."),
    ] {
        assert_eq!(state(&app, path), (expected.to_owned(), reason.to_owned()), "{path}");
    }
    let known = pages(&app);
    for path in ["/png.png", "/secret/x", "/r5", "/unseen"] {
        assert!(!known.contains_key(path), "{path}");
    }
    let asked: Vec<String> = app.http.sent().into_iter().map(|request| request.url).collect();
    assert!(asked.iter().all(|url| url.starts_with(SITE)), "{asked:?}");
    assert_eq!(source(&app)["status"], "connected");
    assert_eq!(quotable(&app).len(), 7);
}

#[test]
fn sitemaps_lead_to_pages() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says(
        "/robots.txt",
        Reply::of(
            200,
            "text/plain",
            "Sitemap: /maps/index.xml\nSitemap: https://evil.example/s.xml",
        ),
    );
    let map = |url: &str| format!("<sitemap><loc>{url}</loc></sitemap>");
    let index = [
        "https://www.site.example/maps/index.xml",
        "https://www.site.example/maps/a.xml",
        "https://www.site.example/maps/nested.xml",
        "http://127.0.0.1/maps/b.xml",
        "https://other.example/maps/c.xml",
    ];
    let index = format!("<sitemapindex>{}</sitemapindex>", index.map(map).concat());
    site.says("/maps/index.xml", Reply::of(200, "application/xml", &index));
    site.says("/maps/nested.xml", Reply::of(200, "application/xml", &index));
    let page = |url: &str| format!("<url><loc>{url}</loc></url>");
    let urls = [
        "https://www.site.example/orphan?utm_source=map",
        "http://site.example/bare",
        "https://other.example/",
        "http://localhost/",
        "https://www.site.example/photo.jpg",
    ];
    let urls = format!("<urlset>{}</urlset>", urls.map(page).concat());
    site.says("/maps/a.xml", Reply::of(200, "text/xml", &urls));
    site.page("/orphan", "Orphan", "Nobody links here.", &[]);
    let bare = Site::default();
    bare.says("/bare", Reply::to("https://www.site.example/bare"));
    bare.open_at(&app, "http://site.example");
    site.page("/bare", "Bare", "By its full name.", &[]);
    read(&app, &start());
    until_read(&app);
    assert_eq!(live(&app), ["/", "/bare", "/hours", "/orphan", "/parking"]);
    let seen = site.seen();
    assert_eq!(seen.iter().filter(|path| path.starts_with("/maps/index")).count(), 2, "{seen:?}");
    assert_eq!(state(&app, "http://site.example/bare").0, "moved");
}

#[test]
fn there_is_an_end_to_pages_and_to_depth() {
    let app = TestApp::new();
    let site = Site::default();
    for day in 0..40 {
        let next = [format!("/day{}", day + 1), format!("/day{}?view=week", day + 1)];
        let next: Vec<&str> = next.iter().map(String::as_str).collect();
        site.page(&format!("/day{day}"), &format!("Day {day}"), &format!("Day {day}"), &next);
        site.page(
            &format!("/day{day}?view=week"),
            &format!("Week {day}"),
            &format!("Week {day}"),
            &next,
        );
    }
    site.open_at(&app, SITE);
    let start = format!("{SITE}/day0");
    read(&app, &json!({"start_url": start, "max_depth": 3, "max_pages": 100}));
    until_read(&app);
    assert_eq!(live(&app).len(), 7, "the start and two pages of each of three days");
    ask(
        &app,
        "org_a",
        "ksrc_a",
        &json!({"start_url": start, "max_depth": 20, "max_pages": 12}),
        true,
    );
    until_read(&app);
    assert_eq!(live(&app).len(), 12);
    assert!(pages(&app).len() <= 24);
}

#[test]
fn what_the_configuration_no_longer_covers_goes() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    until_read(&app);
    let config = json!({"start_url": format!("{SITE}/"), "include_paths": ["/hours"], "exclude_paths": ["/x"]});
    ask(&app, "org_a", "ksrc_a", &config, true);
    until_read(&app);
    assert_eq!(live(&app), ["/", "/hours"]);
    assert_eq!(state(&app, "/parking").1, "The source's configuration leaves it out.");
    assert_eq!(quotable(&app), ["Home", "Hours"]);
}

fn sitemap(paths: &[String]) -> Reply {
    let urls: Vec<String> =
        paths.iter().map(|path| format!("<url><loc>{SITE}{path}</loc></url>")).collect();
    Reply::of(200, "text/xml", &format!("<urlset>{}</urlset>", urls.concat()))
}

#[test]
fn new_pages_of_a_sitemap_are_found_and_what_has_no_room_is_told() {
    let app = TestApp::new();
    let site = Site::default();
    site.open_at(&app, SITE);
    site.page("/", "Home", "Welcome.", &[]);
    let paths: Vec<String> = (0..14).map(|at| format!("/p{at}")).collect();
    for path in &paths {
        site.page(path, path, &format!("Page {path}"), &[]);
    }
    site.says("/sitemap.xml", sitemap(&paths[..7]));
    let config = json!({"start_url": format!("{SITE}/"), "max_pages": 10});
    read(&app, &config);
    until_read(&app);
    assert_eq!((live(&app).len(), &counts(&app)["left_out"]), (8, &json!(0)));
    // Two new ones at the end of the list, as sitemaps have them.
    site.says("/sitemap.xml", sitemap(&paths[..9]));
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!(live(&app).len(), 10);
    site.says("/sitemap.xml", sitemap(&paths));
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!((live(&app).len(), &counts(&app)["left_out"]), (10, &json!(5)));
}

#[test]
fn pages_that_are_of_no_use_do_not_fill_the_bound() {
    let app = TestApp::new();
    let site = Site::default();
    site.open_at(&app, SITE);
    site.page("/", "Home", "Welcome.", &[]);
    let tags: Vec<String> = (0..9).map(|at| format!("/tag{at}")).collect();
    for tag in &tags {
        site.says(tag, Reply::html("<meta name=robots content=noindex><p>x</p>"));
    }
    site.says("/sitemap.xml", sitemap(&tags));
    let config = json!({"start_url": format!("{SITE}/"), "max_pages": 5});
    for _round in 0..3 {
        read(&app, &config);
        until_read(&app);
        app.clock.advance(27 * 3_600);
    }
    assert_eq!(pages(&app).len(), 10, "nine of no use, for five pages");
    site.page("/new", "New", "A page that is new.", &[]);
    site.says("/sitemap.xml", sitemap(&[tags, vec!["/new".to_owned()]].concat()));
    until_read(&app);
    assert_eq!(live(&app), ["/", "/new"]);
    app.clock.advance(31 * 24 * 3_600);
    site.says("/sitemap.xml", sitemap(&[]));
    until_read(&app);
    assert_eq!(pages(&app).len(), 2, "after a month they are forgotten");
}

#[test]
fn who_keeps_fewer_pages_has_fewer_documents() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    until_read(&app);
    assert_eq!(quotable(&app).len(), 3);
    let fewer = json!({"start_url": format!("{SITE}/"), "max_pages": 2});
    ask(&app, "org_a", "ksrc_a", &fewer, true);
    until_read(&app);
    assert_eq!((live(&app).len(), quotable(&app).len()), (2, 2));
    ask(&app, "org_a", "ksrc_a", &start(), true);
    until_read(&app);
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"], "and back again");
}

#[test]
fn a_site_that_is_being_deployed_loses_nothing() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    until_read(&app);
    for path in ["/", "/hours"] {
        site.says(path, Reply::of(404, "text/html", "Not found"));
    }
    site.says("/parking", Reply::to("https://maintenance.example/"));
    app.clock.advance(27 * 3_600);
    for _minute in 0..5 {
        tick(&app);
        app.clock.advance(60);
    }
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
    let back = small_site(&app);
    until_read(&app);
    assert!(back.seen().contains(&"/hours".to_owned()));
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
    assert_eq!(counts(&app)["gone"], 0);
}

#[test]
fn what_a_person_archived_stays_so() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    until_read(&app);
    let id = app.db.value("SELECT id FROM knowledge_documents WHERE title = 'Parking'");
    let path = format!("/portal/knowledge/documents/{}", id.as_str().unwrap());
    let archived = app.send_as("user_admin_a", "PATCH", &path, Some(r#"{"status":"archived"}"#));
    assert_eq!(archived.status, 200, "{}", archived.text);
    for reply in [Reply::of(410, "text/html", "Gone"), Reply::html("<p>Parking is back.</p>")] {
        site.says("/parking", reply);
        app.clock.advance(27 * 3_600);
        until_read(&app);
    }
    assert_eq!(quotable(&app), ["Home", "Hours"]);
}

#[test]
fn a_step_that_fails_and_a_run_that_is_lost_come_again_later() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    let due = |app: &TestApp| crawl_row(app)["due_at"].as_str().unwrap().to_owned();
    app.db.before_batch(
        1,
        "CREATE TRIGGER no_rounds BEFORE UPDATE OF phase ON knowledge_crawls WHEN new.phase = 'maps'
         BEGIN SELECT RAISE(FAIL, 'too long'); END",
    );
    let mut waits = Vec::new();
    for failures in 1..=4 {
        tick(&app);
        let row = crawl_row(&app);
        assert_eq!((&row["failures"], &row["lease_id"]), (&json!(failures), &Value::Null));
        waits.push(due(&app));
        app.clock.advance(3_600);
    }
    let seconds = |text: &str| text[11..19].to_owned();
    assert_eq!(
        waits.iter().map(|text| seconds(text)).collect::<Vec<String>>(),
        ["12:01:00", "13:02:00", "14:04:00", "15:08:00"]
    );
    app.db.run_script(
        "DROP TRIGGER no_rounds;
         UPDATE knowledge_crawls SET lease_id = 'lost', lease_until = '2026-03-15T15:00:00.000Z'",
    );
    tick(&app);
    let row = crawl_row(&app);
    assert_eq!((&row["failures"], &row["lease_id"]), (&json!(5), &Value::Null));
    assert_eq!(seconds(&due(&app)), "16:16:00");
    app.clock.advance(3_600);
    until_read(&app);
    assert_eq!((live(&app).len(), &crawl_row(&app)["failures"]), (3, &json!(0)));
}

#[test]
fn one_org_s_sites_do_not_keep_others_waiting() {
    let app = TestApp::new();
    let site = small_site(&app);
    app.db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO knowledge_sources (id, org_id, name, type, config)
         SELECT 'ksrc_b' || i, 'org_b', 'B', 'url', '{\"start_url\":\"https://b.example/\"}' FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO knowledge_crawls (source_id, org_id, host, due_at)
         SELECT 'ksrc_b' || i, 'org_b', iif(i <= 200, 'b.example', 'b' || i || '.example'), '2026-03-01T00:00:00.000Z' FROM n",
    );
    app.http.serve("https://b.example", |_| Ok(Streamed::of(503, &[])));
    read(&app, &start());
    tick(&app);
    assert!(site.seen().contains(&"/robots.txt".to_owned()), "{:?}", site.seen());
    let taken = "SELECT count(*) FROM knowledge_crawls WHERE claimed_at IS NOT NULL";
    assert_eq!(app.db.value(taken), 4);
}

#[test]
fn a_site_that_failed_is_not_asked_each_time_that_people_ask() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says("/robots.txt", Reply::of(503, "text/plain", "Busy"));
    read(&app, &start());
    tick(&app);
    assert_eq!(site.seen().len(), 1);
    for _minute in 0..8 {
        ask(&app, "org_a", "ksrc_a", &start(), false);
        app.db.run_script(
            "UPDATE knowledge_crawls SET due_at = max(due_at, '2026-03-15T12:30:00.000Z')",
        );
        ask(&app, "org_a", "ksrc_a", &start(), false);
        tick(&app);
        app.clock.advance(60);
    }
    assert_eq!(site.seen().len(), 1);
    app.clock.advance(180);
    ask(&app, "org_a", "ksrc_a", &start(), false);
    tick(&app);
    assert_eq!((site.seen().len(), &crawl_row(&app)["failures"]), (2, &json!(2)));
}

#[test]
fn robots_are_obeyed() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says(
        "/robots.txt",
        Reply::of(
            200,
            "text/plain",
            "User-agent: *\nAllow: /\n\nUser-agent: KobyPortalBot\nDisallow: /\n",
        ),
    );
    read(&app, &start());
    until_read(&app);
    assert_eq!(site.seen(), ["/robots.txt"]);
    let before = source(&app);
    assert_eq!(
        (&before["status"], &before["error_message"]),
        (&json!("error"), &json!("robots.txt forbids /."))
    );
    // The site's owner thinks better of it.
    site.says(
        "/robots.txt",
        Reply::of(200, "text/plain", "User-agent: *\nDisallow: /parking\nCrawl-delay: 30\n"),
    );
    app.clock.advance(27 * 3_600);
    site.forget_seen();
    tick(&app);
    assert_eq!(site.seen().len(), 1, "the next request is half a minute away");
    until_read(&app);
    assert_eq!(live(&app), ["/", "/hours"]);
    assert_eq!(source(&app)["status"], "connected");
    // A page that may no longer be read is no longer quoted.
    site.says("/robots.txt", Reply::of(200, "text/plain", "User-agent: *\nDisallow: /hours\n"));
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!(state(&app, "/hours").1, "robots.txt forbids /hours.");
    assert_eq!(quotable(&app), ["Home", "Parking"]);
}

#[test]
fn a_site_without_readable_robots_waits() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says("/robots.txt", Reply::of(503, "text/plain", "Busy"));
    read(&app, &start());
    for minute in 0..3 {
        assert_eq!(source(&app)["status"], "syncing", "minute {minute}");
        tick(&app);
        app.clock.advance(240);
    }
    let row = source(&app);
    assert_eq!(row["status"], "error");
    assert_eq!(row["error_message"], "robots.txt cannot be read: the site answered 503.");
    assert!(site.seen().iter().all(|path| path == "/robots.txt"));
    site.says("/robots.txt", Reply::to("/other-robots.txt"));
    site.says(
        "/other-robots.txt",
        Reply::of(200, "text/plain", "User-agent: *\nDisallow: /parking"),
    );
    app.clock.advance(3_600);
    until_read(&app);
    assert_eq!(live(&app), ["/", "/hours"]);
    assert_eq!(
        (&source(&app)["status"], &source(&app)["error_message"]),
        (&json!("connected"), &Value::Null)
    );
}

#[test]
fn a_page_that_fails_is_tried_again_and_keeps_what_it_was() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    until_read(&app);
    app.clock.advance(27 * 3_600);
    site.says("/hours", Reply::of(500, "text/html", "Oops"));
    site.forget_seen();
    until_read(&app);
    assert_eq!(site.seen().iter().filter(|path| *path == "/hours").count(), 3);
    assert_eq!(state(&app, "/hours"), ("live".to_owned(), "The site answered 500.".to_owned()));
    assert_eq!(counts(&app)["failed"], 1);
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
    assert_eq!(source(&app)["status"], "connected");
}

#[test]
fn a_site_that_dies_is_left_alone_for_longer_and_longer() {
    let app = TestApp::new();
    let site = Site::default();
    let links: Vec<String> = (0..20).map(|page| format!("/p{page}")).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    site.page("/", "Home", "Welcome.", &links);
    for link in &links {
        site.says(link, Reply::of(0, "", ""));
    }
    site.open_at(&app, SITE);
    read(&app, &start());
    tick(&app);
    let row = source(&app);
    assert_eq!(
        (&row["status"], &row["error_message"]),
        (&json!("error"), &json!("The site does not answer."))
    );
    let asked = site.seen().len();
    assert_eq!(asked, 3 + 5, "five failures one after another are enough");
    for _minute in 0..10 {
        app.clock.advance(60);
        tick(&app);
    }
    assert_eq!(site.seen().len(), asked);
    for link in &links {
        site.page(link, "Back", &format!("Back at {link}"), &[]);
    }
    app.clock.advance(3_600);
    until_read(&app);
    assert_eq!(live(&app).len(), 21);
    assert_eq!(source(&app)["status"], "connected");
}

#[test]
fn a_site_that_asks_for_time_gets_it() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says("/hours", Reply::of(429, "text/plain", "Slow down").header("retry-after", "600"));
    read(&app, &start());
    tick(&app);
    let asked = site.seen().len();
    app.clock.advance(300);
    tick(&app);
    assert_eq!(site.seen().len(), asked);
    site.page("/hours", "Hours", "We open at eight.", &[]);
    app.clock.advance(400);
    until_read(&app);
    assert_eq!(live(&app).len(), 3);
}

#[test]
fn a_site_with_nothing_to_read_is_an_error_that_says_why() {
    let app = TestApp::new();
    let site = Site::default();
    site.open_at(&app, SITE);
    read(&app, &start());
    until_read(&app);
    let row = source(&app);
    assert_eq!(
        (&row["status"], &row["error_message"]),
        (&json!("error"), &json!("The page is gone."))
    );
}

#[test]
fn pages_are_read_in_the_encoding_that_they_declare() {
    let app = TestApp::new();
    let site = small_site(&app);
    let wide: String = "<p>Written in wide letters.".chars().flat_map(|c| ['\0', c]).collect();
    site.says("/hours", Reply::of(200, "text/html; charset=UTF-16BE", &wide));
    let japanese = "<p>\u{1b}$B$3$s$K$A$O\u{1b}(B";
    site.says("/parking", Reply::of(200, "text/html; charset=iso-2022-jp", japanese));
    read(&app, &start());
    until_read(&app);
    let content = "SELECT content FROM passages WHERE content LIKE 'Written%'";
    assert_eq!(app.search.value(content), "Written in wide letters.");
    let refused = ("skipped".to_owned(), "Document is in another encoding.".to_owned());
    assert_eq!(state(&app, "/parking"), refused);
}

#[test]
fn a_body_that_trickles_is_given_up() {
    let app = TestApp::new();
    let clock = app.clock.clone();
    app.http.serve(SITE, move |request| {
        if !request.url.ends_with('/') {
            return Ok(Streamed::of(404, &[]));
        }
        let mut streamed = Streamed::of(200, &["<p>slow</p>"; 1_000]);
        streamed.headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        // From here on each look at the clock is a second later.
        clock.ticks(1_000);
        Ok(streamed)
    });
    read(&app, &start());
    tick(&app);
    app.clock.ticks(0);
    assert_eq!(state(&app, "/").1, "The site does not answer.");
    assert!(app.http.aborted() > 0, "the other side is told to stop");
}

/// What matters of a site that was read: pages, documents and versions, passages.
fn outcome(app: &TestApp) -> (Value, Value, Value) {
    let pages = "SELECT url, state, outcome, round, depth, checksum, error, document_id IS NOT NULL AS has_document
                 FROM knowledge_pages ORDER BY url";
    let documents = "SELECT d.title, d.status, (SELECT count(*) FROM knowledge_versions v WHERE v.document_id = d.id) AS versions
                     FROM knowledge_documents d WHERE source_id = 'ksrc_a' AND id <> 'kdoc_a' ORDER BY title";
    let passages = "SELECT title, content FROM passages WHERE chunk_id NOT LIKE 'chunk_%' ORDER BY title, content";
    (app.db.rows(pages).into(), app.db.rows(documents).into(), app.search.rows(passages).into())
}

#[test]
fn a_reading_that_is_cut_off_anywhere_goes_on() {
    let whole = TestApp::new();
    small_site(&whole);
    read(&whole, &start());
    let before = whole.db.round_trips();
    until_read(&whole);
    let trips = whole.db.round_trips() - before;
    let expected = outcome(&whole);
    assert!(trips > 20, "{trips}");
    for cut in 0..trips {
        let app = TestApp::new();
        small_site(&app);
        read(&app, &start());
        app.db.fail_after(cut, "D1_ERROR: Network connection lost.");
        tick(&app);
        // What was held is free again after its lease.
        app.clock.advance(180);
        until_read(&app);
        app.clock.advance(180);
        tick(&app);
        assert_eq!(outcome(&app), expected, "cut at {cut}");
        assert_eq!(source(&app)["status"], "connected", "cut at {cut}");
    }
}

#[test]
fn a_page_that_nobody_survives_is_given_up() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    for _death in 0..8 {
        // Robots, sitemaps and the page that was taken; then the run is gone.
        app.db.run_script(
            "UPDATE knowledge_pages SET attempts = attempts + 1 WHERE url LIKE '%/hours' AND next_at IS NOT NULL",
        );
        tick(&app);
        app.clock.advance(180);
    }
    until_read(&app);
    assert_eq!(live(&app), ["/", "/hours", "/parking"], "a page that is read in time is kept");
    app.db.run_script(
        "UPDATE knowledge_pages SET attempts = 5, next_at = '2026-03-15T12:00:00.000Z' WHERE url LIKE '%/hours';
         UPDATE knowledge_crawls SET phase = 'reads', due_at = '2026-03-15T12:00:00.000Z'",
    );
    until_read(&app);
    assert_eq!(state(&app, "/hours").1, "The page cannot be read: each attempt broke off.");
}

#[test]
fn whoever_lost_a_crawl_changes_nothing_in_it() {
    let mut stolen = 0;
    for nth in 1..60 {
        let app = TestApp::new();
        small_site(&app);
        read(&app, &start());
        app.db.before_batch(
            nth,
            "UPDATE knowledge_crawls SET lease_id = 'other', lease_until = '2099-01-01T00:00:00.000Z'
               WHERE lease_id IS NOT NULL;
             CREATE TABLE stolen AS SELECT url, state, attempts, fetched_at FROM knowledge_pages;
             CREATE TABLE stolen_crawl AS SELECT phase, round, failures, lease_id FROM knowledge_crawls",
        );
        tick(&app);
        let crawl = app.db.rows("SELECT phase, round, failures, lease_id FROM knowledge_crawls");
        if crawl[0]["lease_id"] != "other" {
            continue;
        }
        stolen += 1;
        let now = app.db.rows("SELECT url, state, attempts, fetched_at FROM knowledge_pages");
        assert_eq!(now, app.db.rows("SELECT * FROM stolen"), "from batch {nth} on");
        assert_eq!(crawl, app.db.rows("SELECT * FROM stolen_crawl"), "from batch {nth} on");
    }
    assert!(stolen > 8, "{stolen}");
}

#[test]
fn a_host_is_asked_by_one_reader_at_a_time() {
    let app = TestApp::new();
    let site = small_site(&app);
    app.db.run_script(
        "INSERT INTO knowledge_sources (id, org_id, name, type, created_at, updated_at) VALUES
          ('ksrc_b', 'org_b', 'Same site', 'url', '2025-01-05T00:00:00.000Z', '2025-01-05T00:00:00.000Z')",
    );
    let start = json!({"start_url": format!("{SITE}/"), "max_depth": 0, "resync_hours": 0});
    ask(&app, "org_a", "ksrc_a", &start, false);
    ask(&app, "org_b", "ksrc_b", &start, false);
    tick(&app);
    let robots = site.seen().iter().filter(|path| *path == "/robots.txt").count();
    assert_eq!(robots, 1, "the other one waits");
    app.clock.advance(60);
    tick(&app);
    let of_b = app.db.rows("SELECT org_id, url FROM knowledge_pages WHERE source_id = 'ksrc_b'");
    assert_eq!(of_b, [json!({"org_id": "org_b", "url": format!("{SITE}/")})]);
    tick(&app);
    let titles = "SELECT count(*) FROM knowledge_documents WHERE title = 'Home' AND org_id = ";
    assert_eq!(app.db.value(&format!("{titles}'org_a'")), 1);
    assert_eq!(app.db.value(&format!("{titles}'org_b'")), 1);
    let due = app.db.rows("SELECT due_at FROM knowledge_crawls");
    assert!(due.iter().all(|row| row["due_at"].is_null()), "never again by itself: {due:?}");
}

#[test]
fn sites_are_read_beside_each_other() {
    let app = TestApp::new();
    let site = small_site(&app);
    let other = Site::default();
    other.page("/", "Other", "Another site.", &[]);
    other.open_at(&app, "https://other.example");
    app.db.run_script(
        "INSERT INTO knowledge_sources (id, org_id, name, type, created_at, updated_at) VALUES
          ('ksrc_b', 'org_b', 'Other site', 'url', '2025-01-05T00:00:00.000Z', '2025-01-05T00:00:00.000Z')",
    );
    ask(&app, "org_a", "ksrc_a", &start(), false);
    ask(&app, "org_b", "ksrc_b", &json!({"start_url": "https://other.example/"}), false);
    tick(&app);
    assert_eq!((site.seen().len(), other.seen().len()), (5, 3), "both in one run");
}

#[test]
fn sources_that_are_paused_or_whose_org_is_closed_are_left_alone() {
    for change in [
        "UPDATE knowledge_sources SET status = 'paused' WHERE id = 'ksrc_a'",
        "UPDATE orgs SET status = 'inactive' WHERE id = 'org_a'",
        "UPDATE knowledge_sources SET removed_at = '2026-03-15T00:00:00.000Z' WHERE id = 'ksrc_a'",
    ] {
        let app = TestApp::new();
        let site = small_site(&app);
        read(&app, &start());
        app.db.run_script(change);
        tick(&app);
        assert!(site.seen().is_empty(), "{change}");
    }
}

#[test]
fn a_source_that_is_deleted_takes_its_pages_along() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    until_read(&app);
    app.db.run_script(
        "DELETE FROM knowledge_documents WHERE source_id = 'ksrc_a';
         DELETE FROM knowledge_sources WHERE id = 'ksrc_a'",
    );
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_pages"), 0);
    assert_eq!(app.db.value("SELECT count(*) FROM knowledge_crawls"), 0);
}

#[test]
fn a_document_that_was_deleted_by_hand_is_read_anew() {
    let app = TestApp::new();
    small_site(&app);
    read(&app, &start());
    until_read(&app);
    app.db.run_script("DELETE FROM knowledge_documents WHERE title = 'Hours'");
    app.clock.advance(27 * 3_600);
    until_read(&app);
    assert_eq!(quotable(&app), ["Home", "Hours", "Parking"]);
}

#[test]
fn a_configuration_that_does_not_fit_any_more_is_told() {
    let app = TestApp::new();
    let site = small_site(&app);
    read(&app, &start());
    app.db.run_script(
        "UPDATE knowledge_sources SET config = '{\"url\":\"http://169.254.169.254/\"}' WHERE id = 'ksrc_a'",
    );
    tick(&app);
    assert!(site.seen().is_empty());
    let row = source(&app);
    assert_eq!(row["status"], "error");
    assert!(row["error_message"] == "\"config.url\" must name a host, not an IP address.", "{row}");
    assert!(crawl_row(&app)["due_at"].is_null());
}

#[test]
fn a_reading_under_way_goes_on_or_begins_anew() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says("/robots.txt", Reply::of(200, "text/plain", "User-agent: *\nCrawl-delay: 60"));
    read(&app, &start());
    tick(&app);
    assert_eq!(crawl_row(&app)["phase"], "maps");
    ask(&app, "org_a", "ksrc_a", &start(), false);
    assert_eq!(crawl_row(&app)["phase"], "maps", "who asks twice is not read twice");
    ask(&app, "org_a", "ksrc_a", &start(), true);
    assert_eq!(crawl_row(&app)["phase"], "begins");
    // A source of another org or type is not.
    let op = app.job();
    let config =
        crawl::validate_config(start().as_object().unwrap(), Environment::Production).unwrap();
    for (org, source) in [("org_b", "ksrc_a"), ("org_a", "nowhere")] {
        let org = OrgId::from(org.to_owned());
        app.db.run_script("DELETE FROM knowledge_crawls");
        block_on(op.write(crawl::enqueue(&org, source, &config, op.now(), true))).unwrap();
        assert_eq!(app.db.value("SELECT count(*) FROM knowledge_crawls"), 0);
    }
}

#[test]
fn pages_are_listed_with_when_and_why() {
    let app = TestApp::new();
    let site = small_site(&app);
    site.says("/parking", Reply::html("<meta name=robots content=noindex><p>x</p>"));
    read(&app, &start());
    until_read(&app);
    let path = "/portal/knowledge/sources/ksrc_a/pages";
    let answer = app.get_as("user_viewer_a", &format!("{path}?limit=2"));
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    let first = answer.json();
    let next = first["nextCursor"].as_str().unwrap();
    let second = app.get_as("user_viewer_a", &format!("{path}?limit=2&cursor={next}")).json();
    let of = |page: &Value| -> Vec<Value> { page["pages"].as_array().unwrap().clone() };
    let pages = [of(&first), of(&second)].concat();
    let urls: Vec<&str> = pages.iter().map(|page| page["url"].as_str().unwrap()).collect();
    assert_eq!(
        urls,
        [
            "https://www.site.example/",
            "https://www.site.example/hours",
            "https://www.site.example/parking"
        ]
    );
    assert!(second.get("nextCursor").is_none());
    let due = crawl_row(&app)["due_at"].clone();
    assert!(
        pages.iter().all(|page| page["fetched_at"].is_string() && page["next_at"] == due),
        "{pages:?}"
    );
    assert!(pages[0]["document_id"].is_string());
    assert_eq!(
        (&pages[0]["state"], &pages[0]["outcome"], &pages[0]["depth"]),
        (&json!("live"), &json!("new"), &json!(0))
    );
    assert_eq!(
        (&pages[2]["state"], &pages[2]["error"]),
        (&json!("skipped"), &json!("It asks not to be kept (noindex)."))
    );
    assert_eq!(app.get_as("user_owner_b", path).status, 404);
    assert_eq!(app.get_as("user_owner_b", "/portal/knowledge/sources/nowhere/pages").status, 404);
    assert_eq!(app.get_as("user_staff", path).status, 200);
    app.db.run_script("UPDATE knowledge_sources SET removed_at = '2026-03-15T00:00:00.000Z'");
    assert_eq!(app.get_as("user_staff", path).status, 404, "it is being deleted");
}

#[test]
fn a_site_is_told_asked_for_and_paused_by_its_admins() {
    let app = TestApp::new();
    let site = small_site(&app);
    let body = json!({"name": "Site", "type": "url", "config": {"start_url": format!("{SITE}/?utm_source=x"), "max_pages": 2}});
    let made =
        app.send_as("user_admin_a", "POST", "/portal/knowledge/sources", Some(&body.to_string()));
    assert_eq!((made.status, made.db_trips), (201, 2), "{}", made.text);
    let made = made.json()["source"].clone();
    assert_eq!(made["status"], "syncing");
    assert_eq!(
        made["config"],
        json!({"start_url": format!("{SITE}/"), "include_paths": [], "exclude_paths": [], "max_pages": 2, "max_depth": 5, "resync_hours": 24})
    );
    let id = made["id"].as_str().unwrap();
    let path = format!("/portal/knowledge/sources/{id}");
    for _minute in 0..3 {
        tick(&app);
        app.clock.advance(60);
    }
    let known = app.get_as("user_viewer_a", &format!("{path}/pages")).json();
    assert_eq!(known["pages"].as_array().unwrap().len(), 2);
    let told = app.get_as("user_viewer_a", "/portal/knowledge").json();
    assert_eq!(
        (&told["sources"][0]["id"], &told["sources"][0]["status"]),
        (&json!(id), &json!("connected"))
    );

    // By hand, long before it is due.
    site.forget_seen();
    let asked = app.send_as("user_admin_a", "POST", &format!("{path}/sync"), None);
    assert_eq!(
        (asked.status, &asked.json()["source"]["status"]),
        (202, &json!("syncing")),
        "{}",
        asked.text
    );
    tick(&app);
    assert_eq!(site.seen().len(), 4, "{:?}", site.seen());

    // Told something else, each page is looked at anew.
    app.clock.advance(60);
    site.forget_seen();
    let body = json!({"config": {"start_url": format!("{SITE}/"), "exclude_paths": ["/hours"]}});
    let patched = app.send_as("user_admin_a", "PATCH", &path, Some(&body.to_string()));
    assert_eq!(patched.status, 200, "{}", patched.text);
    tick(&app);
    let seen = site.seen();
    assert!(
        seen.contains(&"/parking".to_owned()) && !seen.contains(&"/hours".to_owned()),
        "{seen:?}"
    );

    // Paused, nothing is read; when it goes on, what it was told meanwhile counts.
    app.clock.advance(60);
    site.forget_seen();
    let pause = app.send_as("user_admin_a", "PATCH", &path, Some(r#"{"status":"paused"}"#));
    assert_eq!(pause.json()["source"]["status"], "paused");
    let body = json!({"config": {"start_url": format!("{SITE}/hours"), "max_depth": 0}});
    let patched = app.send_as("user_admin_a", "PATCH", &path, Some(&body.to_string()));
    assert_eq!(patched.json()["source"]["status"], "paused");
    tick(&app);
    assert!(site.seen().is_empty());
    app.send_as("user_admin_a", "PATCH", &path, Some(r#"{"status":"connected"}"#));
    app.clock.advance(60);
    tick(&app);
    assert!(site.seen().contains(&"/hours".to_owned()));
}

#[test]
fn hostile_configurations_are_refused_by_name() {
    let app = TestApp::new();
    for (config, hint) in [
        (json!({}), "\"config.start_url\" is required."),
        (
            json!({"start_url": "http://127.0.0.1:8787/"}),
            "\"config.start_url\" must name a host, not an IP address.",
        ),
        (
            json!({"start_url": "https://metadata.google.internal/"}),
            "\"config.start_url\" must name a host that is reachable from the internet.",
        ),
        (
            json!({"start_url": "https://a:b@site.example/"}),
            "\"config.start_url\" must have no user name and no password.",
        ),
        (
            json!({"start_url": SITE, "max_pages": 5_000}),
            "\"config.max_pages\" must be a whole number from 1 to 1000.",
        ),
    ] {
        let body = json!({"name": "Site", "type": "url", "config": config}).to_string();
        let answer = app.send_as("user_admin_a", "POST", "/portal/knowledge/sources", Some(&body));
        assert_eq!(
            (answer.status, answer.json()["detail"].as_str()),
            (400, Some(hint)),
            "{config}"
        );
    }
    // A source that was never told what to read.
    let asked = app.send_as("user_admin_a", "POST", "/portal/knowledge/sources/ksrc_a/sync", None);
    assert_eq!(
        (asked.status, &asked.json()["code"]),
        (409, &json!("source_not_configured")),
        "{}",
        asked.text
    );
    // Sources from before say "url".
    app.db.run_script(r#"UPDATE knowledge_sources SET config = '{"url":"https://www.site.example/visit"}' WHERE id = 'ksrc_a'"#);
    let asked = app.send_as("user_admin_a", "POST", "/portal/knowledge/sources/ksrc_a/sync", None);
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(crawl_row(&app)["host"], "www.site.example");
}
