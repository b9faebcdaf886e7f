//! Lists that may only shrink: every `.sql` file prepares, is scoped to its tenant, and has a plan
//! without a scan; every route refuses whom it must.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use koby_portal::db::{Param, all_orgs_length, for_all_orgs};
use koby_portal::page::LAST;

use crate::routes::{Entry, Least, entries};
use crate::support::sqlite::Sqlite;
use crate::support::{Answer, TestApp};

/// Statements that name no org, each with the reason.
const UNSCOPED: &[(&str, &str)] = &[
    ("billing/mirror/sql/event_failed.sql", "an event whose org is not known yet"),
    ("billing/mirror/sql/price_upsert.sql", "prices belong to no tenant"),
    ("billing/mirror/sql/price_unsettled.sql", "prices belong to no tenant"),
    ("billing/mirror/sql/product_upsert.sql", "products belong to no tenant"),
    ("billing/mirror/sql/product_unsettled.sql", "products belong to no tenant"),
    ("billing/mirror/sql/customers_known.sql", "a job serves all orgs"),
    ("billing/mirror/sql/event_settled.sql", "an event by its own id"),
    ("billing/mirror/sql/events_failed.sql", "a job serves all orgs"),
    ("billing/mirror/sql/events_missing.sql", "a job serves all orgs"),
    ("billing/mirror/sql/subscriptions_live.sql", "a job serves all orgs"),
    ("billing/mirror/sql/subscriptions_mirrored.sql", "a job serves all orgs"),
    ("billing/mirror/sql/prices_upsert.sql", "prices belong to no tenant"),
    ("jobs/sql/due_now.sql", "a job serves all orgs"),
    ("identity/sql/event_failed.sql", "an event whose org is not known yet"),
    ("identity/sql/snapshot_upsert.sql", "an object of Clerk's, by its own id"),
    ("identity/sql/session_end.sql", "sessions belong to no tenant"),
    ("identity/sql/user_upsert.sql", "people belong to no tenant"),
    ("identity/sql/user_bury.sql", "people belong to no tenant"),
    ("identity/sql/invitations_forget.sql", "a person's address, in all orgs"),
    ("identity/sql/invitations_withdraw.sql", "what a person made, in all orgs"),
    ("identity/sql/author_forget.sql", "a person's name, in all orgs"),
    ("identity/sql/handler_forget.sql", "a person's name, in all orgs"),
    ("jobs/sql/ended_sessions_forget.sql", "sessions belong to no tenant"),
    ("jobs/sql/clerk_events_forget.sql", "a job serves all orgs"),
    ("billing/usage/sql/records_close.sql", "days of all orgs that are over, closed by a job"),
    ("auth/sql/user_insert.sql", "a person's own row; people belong to no tenant"),
    ("auth/sql/user_touch.sql", "a person's own row"),
    ("members/sql/user.sql", "people belong to no tenant; staff only, in SQL"),
    ("members/sql/user_update.sql", "people belong to no tenant"),
    ("members/sql/user_sessions_revoke.sql", "people belong to no tenant"),
    ("members/sql/users.sql", "people belong to no tenant; staff only, in SQL"),
    ("members/sql/users_by_email.sql", "people belong to no tenant; staff only, in SQL"),
    ("orgs/sql/orgs_all.sql", "all orgs; staff only, in SQL"),
    ("orgs/sql/org_insert.sql", "an org that is new"),
    ("orgs/sql/org_slug.sql", "an org by its own id"),
    ("orgs/sql/org_update.sql", "an org by its own id"),
    ("orgs/sql/org_close.sql", "an org by its own id"),
    ("orgs/sql/org_cap_update.sql", "an org by its own id"),
    ("orgs/sql/org_sessions_revoke.sql", "an org by its own id"),
    ("health/sql/migrations_applied.sql", "wrangler's own table"),
    ("auth/sql/caller.sql", "the caller's own row and memberships"),
    ("conversations/sql/changes_delete.sql", "the queue of all orgs, by number"),
    ("conversations/sql/search_forget.sql", "messages of all orgs that are gone, by id"),
    ("conversations/sql/search_advance.sql", "how far the feed of all orgs has come"),
    ("chat/sql/limits_used.sql", "limits that found.sql found for one org"),
    ("chat/sql/budget.sql", "limits that found.sql found for one org"),
    ("voice/sql/voice.sql", "the key of the site that found.sql found for one org"),
    ("voice/sql/limits.sql", "limits that found.sql found for one org"),
    ("jobs/sql/due.sql", "a job serves all orgs"),
    ("jobs/sql/claim.sql", "a job serves all orgs"),
    ("jobs/sql/run_lost.sql", "a job serves all orgs"),
    ("jobs/sql/release.sql", "a job serves all orgs"),
    ("jobs/sql/run_insert.sql", "a job serves all orgs"),
    ("jobs/sql/runs_forget.sql", "a job serves all orgs"),
    ("jobs/sql/turns_forget.sql", "the turns of all orgs"),
    ("jobs/sql/counters_forget.sql", "the minutes of all orgs"),
    ("widget/sql/builds_offered.sql", "builds belong to no tenant"),
    ("widget/sql/version_after.sql", "builds belong to no tenant"),
    ("widget/sql/version_insert.sql", "builds belong to no tenant; staff only"),
    ("widget/sql/version_update.sql", "builds belong to no tenant; staff only"),
    ("jobs/sql/turns_fail.sql", "a job serves all orgs"),
    ("jobs/sql/notifications_forget.sql", "a job serves all orgs"),
    ("jobs/sql/notices_forget.sql", "a job serves all orgs"),
    ("notices/sql/deliveries_lost.sql", "a job serves all orgs"),
    ("knowledge/crawl/sql/crawls_lost.sql", "a job serves all orgs"),
    ("knowledge/crawl/sql/host_rest.sql", "whoever asks a host waits, of whichever org"),
    ("knowledge/sql/search_document_advance.sql", "how far the index has come with a document"),
    ("knowledge/sql/search_documents_close.sql", "the same, of documents that are gone"),
    ("knowledge/sql/search_documents_forget.sql", "the same, of documents that are gone"),
];

/// Scans that are meant, each with the reason.
const SCANS: &[(&str, &str, &str)] = &[
    ("*", "SCAN CONSTANT ROW", "an expression without a table"),
    ("event_claim", "SCAN found", "one row"),
    ("event_claim", "SCAN named", "one row"),
    ("mirror/sql/due_of_", "SCAN due", "the orgs that may change"),
    ("mirror/sql/due_of_", "SCAN t", "the same"),
    ("due_of_prices", "SCAN p VIRTUAL TABLE", "a page of Stripe's"),
    ("identity/sql/", "SCAN one", "one row"),
    ("identity/sql/", "SCAN found", "one row"),
    ("migrations_applied", "SCAN d1_migrations", "tens of rows"),
    ("meter_events_insert", "SCAN r", "at most 200 records, found by an index"),
    ("*", "SCAN o", "all orgs, in the staff view of `scope.sql` alone"),
    ("*", "SCAN scope", "one row"),
    ("*", "SCAN visible", "one row, or the orgs of the staff view"),
    ("flows_tests", "SCAN page", "the flows of one page"),
    ("passages_match", "SCAN passages_words VIRTUAL TABLE", "a full-text match, not a scan"),
    ("passages_match", "SCAN probe", "the words of one question"),
    ("passages_match", "SCAN exact", "the words of one question"),
    ("passages_match", "SCAN rare", "one row"),
    ("passages_match", "SCAN common", "one row"),
    ("passages_match", "SCAN hits", "the words of one question"),
    ("passages_match", "SCAN f", "at most 400 passages for each word"),
    ("passages_match", "SCAN i VIRTUAL TABLE", "at most 400 passages for each word"),
    ("passages_match", "SCAN counted", "at most 400 passages for each word"),
    ("passages_match", "SCAN best", "60 rows"),
    ("passages_match", "SCAN w", "the words of one question"),
    ("passages_match", "SCAN counts", "at most 20 000 vectors of the org"),
    ("passages_match", "SCAN near", "60 rows"),
    ("passages_without_vector", "SCAN l", "the next 2 000 passages, and 16 of them"),
    ("passages_without_vector", "SCAN (subquery", "one row"),
    ("_of_named", "SCAN n", "the site that a request names"),
    ("_of_named", "SCAN j VIRTUAL TABLE", "the sites of a token"),
    ("unsettled_", "SCAN u", "at most 500 documents"),
    ("unsettled_", "SCAN (subquery", "at most 500 documents"),
    ("reindex_next", "SCAN (subquery", "at most 50 documents"),
    ("passages_match", "SCAN c", "100 rows"),
    ("passages_match", "SCAN (subquery", "at most 4 000 entries of an index"),
    ("user_update", "SCAN s USING COVERING INDEX users_active_staff", "two rows"),
    ("members_insert_by_email", "SCAN address VIRTUAL TABLE", "one person's addresses"),
    ("site", "SCAN site", "the site that is asked for, or none"),
    ("_advance", "VIRTUAL TABLE INDEX", "the hours and topics of one day"),
    ("*", "SCAN json_each VIRTUAL TABLE", "the entries of one parameter"),
    ("chat/sql/", "SCAN n", "the site that a request names, or the nine kinds of limit"),
    ("chat/sql/", "SCAN f", "the site that a request names"),
    ("chat/sql/", "SCAN u", "its nine limits"),
    ("chat/sql/", "CONSTANT ROWS", "the kinds of limit"),
    ("chat/sql/", "VIRTUAL TABLE", "the sites of a token, or the origins of a page"),
    ("voice/sql/", "SCAN n", "the site that a request names, or the nine kinds of limit"),
    ("voice/sql/", "SCAN f", "the site that a request names"),
    ("voice/sql/", "SCAN v", "its voice"),
    ("voice/sql/", "SCAN u", "its nine limits"),
    ("voice/sql/", "SCAN l", "its nine limits"),
    ("voice/sql/", "CONSTANT ROWS", "the kinds of limit"),
    ("voice/sql/", "VIRTUAL TABLE", "the sites of a token, or the origins of a page"),
    ("messages_of_sessions", "SCAN chosen VIRTUAL TABLE", "at most 500 ids"),
    ("conversations_found", "SCAN found VIRTUAL TABLE", "at most 200 ids"),
    ("search_conversations", "SCAN messages_fts VIRTUAL TABLE", "a full-text match, not a scan"),
    ("search_conversations", "SCAN newest", "at most 1000 rows"),
    ("search_upsert", "SCAN told VIRTUAL TABLE", "the messages of one pass"),
    ("conversations/sql/changes.sql", "SCAN", "a queue, along its key, as far as the limit"),
    ("*", "2-ROW VALUES CLAUSE", "the values of one turn"),
    ("invoice_lines_", "SCAN l VIRTUAL TABLE", "the lines of one invoice"),
    ("mirror/sql/events_missing", "SCAN j VIRTUAL TABLE", "a page of Stripe's"),
    ("mirror/sql/customers_known", "SCAN j VIRTUAL TABLE", "a page of Stripe's"),
    ("mirror/sql/subscriptions_mirrored", "SCAN j VIRTUAL TABLE", "a page of Stripe's"),
    ("mirror/sql/prices_upsert", "SCAN p VIRTUAL TABLE", "a page of Stripe's"),
    ("account/sql/prices", "SCAN p", "tens of prices"),
    ("checkout_basis", "SCAN k", "three checkouts"),
    ("checkout_basis", "CO-ROUTINE k", "three checkouts"),
    ("subscription_items_", "SCAN i VIRTUAL TABLE", "the items of one subscription"),
    ("invoices_total", "SCAN (subquery", "at most 10 000 entries of an index"),
    ("site_insert", "SCAN chat_messages", "planned by a trigger's count, never run for a new site"),
    ("site_insert", "SCAN metrics_daily", "planned by a trigger's count, never run for a new site"),
    ("overview_sites", "SCAN (subquery", "the sites of one of two views, 500 at most"),
    ("overview_sites", "INDEX portal_sites_active_by_time", "along an index, until 500 are found"),
    ("widget/sql/", "SCAN k", "the one row of a key"),
    ("jobs/sql/sessions_close", "SCAN asked", "the visitor's last message"),
    ("crawls_claim", "SCAN due", "at most 1 000 crawls that are due"),
    ("crawls_claim", "SCAN of_", "at most 1 000 crawls that are due"),
    ("crawls_claim", "SCAN (subquery", "at most 1 000 crawls that are due"),
    ("deliveries_claim", "SCAN d", "at most 500 deliveries that are due"),
    ("deliveries_held", "SCAN (subquery", "the deliveries that one run holds"),
    ("deliveries_claim", "SCAN due", "at most 500 deliveries that are due"),
    ("deliveries_claim", "SCAN (subquery", "at most 500 deliveries that are due"),
    ("jobs_claim", "SCAN w", "the orgs whose work is waiting"),
    ("jobs_claim", "SCAN due", "at most four jobs of each"),
    ("jobs_claim", "SCAN (subquery", "at most four jobs of each"),
    ("pages_surplus", "SCAN s", "the pages of one site that are too many"),
    ("crawl/sql/pages_", "SCAN f VIRTUAL TABLE", "the entries of one parameter"),
    ("pages_add", "SCAN (subquery", "the entries of one parameter"),
    ("jobs/sql/due.sql", "SCAN n VIRTUAL TABLE", "the names of the jobs"),
    ("version_insert", "SCAN n", "at most 100 versions of one document"),
    ("pages_add", "SCAN found", "the links of one page, or the entries of one sitemap"),
    ("knowledge/sql/intake_of_", "SCAN n", "at most 100 versions of one document"),
    ("_older", "SCAN (subquery", "the rows that are counted, as many as the limit says"),
];

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// What stands in front of others, or behind them, and is no statement by itself.
const PARTS: [&str; 8] = [
    "auth/sql/scope.sql",
    "billing/account/sql/invoice_columns.sql",
    "billing/mirror/sql/entitlement.sql",
    "billing/mirror/sql/receipt_columns.sql",
    "chat/sql/found.sql",
    "chat/sql/named.sql",
    "chat/sql/named_site.sql",
    "voice/sql/speech.sql",
];

/// The statement as it is sent: with the columns that it names in front, and the scope if it reads from it.
fn whole(sources: &BTreeMap<String, String>, text: &str) -> String {
    let sql: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    let (named, found) = (&sources["chat/sql/named.sql"], &sources["chat/sql/found.sql"]);
    if ["FROM voice", "FROM speech"].iter().any(|read| sql.contains(read)) {
        return format!("{named}{found}{}{text}", sources["voice/sql/speech.sql"]);
    }
    if ["FROM found", "FROM limits", "FROM used"].iter().any(|read| sql.contains(read)) {
        return format!("{named}{found}{text}");
    }
    if sql.starts_with("WITH due(") {
        return format!("{text}{}", sources["billing/mirror/sql/entitlement.sql"]);
    }
    if sql.contains("FROM named_site") {
        return format!("{named}{}{text}", sources["chat/sql/named_site.sql"]);
    }
    let comment: String = text.lines().filter(|line| line.starts_with("--")).collect();
    let columns = sources.iter().find(|(name, _)| {
        let file = name.rsplit('/').next().unwrap();
        file.ends_with("_columns.sql") && comment.contains(file)
    });
    let columns = columns.map_or("", |(_, columns)| columns);
    let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
    if words.any(|word| word == "scope" || word == "visible") {
        format!("{}{columns}{text}", sources["auth/sql/scope.sql"])
    } else {
        text.to_owned()
    }
}

/// A list's statement for the view of all orgs; nothing for others.
fn for_all_orgs_of(sql: &str) -> Option<String> {
    // The longest text that a list may have; the const function needs its length while compiling.
    const ROOM: usize = 16_384;
    let length = all_orgs_length(sql);
    if length == sql.len() {
        return None;
    }
    let padded = format!("{sql}{}", " ".repeat(ROOM - length));
    Some(String::from_utf8(for_all_orgs::<ROOM>(&padded).to_vec()).unwrap())
}

#[test]
fn every_statement_says_what_it_answers_and_which_index_serves_it() {
    for (name, text) in sources() {
        assert!(text.starts_with("-- "), "{name} has no first line that says what it answers");
        let comment: String = text.lines().filter(|line| line.starts_with("--")).collect();
        let told = comment.contains("Index") || comment.contains("rows");
        assert!(told, "{name} does not say which index serves it");
    }
}

#[test]
fn every_statement_on_tenant_data_names_its_org() {
    for (name, text) in sources() {
        let sql: String =
            text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let scoped = ["org_id", "scope", "visible"].iter().any(|word| sql.contains(word));
        let meant = UNSCOPED.iter().any(|(file, _)| *file == name);
        assert!(scoped || meant, "{name} touches tenant data without its org");
    }
}

/// Calls with each statement as it is sent: what it is, its database, its text.
fn each_statement(mut call: impl FnMut(&str, &Sqlite, &str)) {
    let sources = sources();
    let db = Sqlite::migrated("migrations");
    let search = Sqlite::migrated("migrations/search");
    for (name, text) in &sources {
        if PARTS.contains(&name.as_str()) {
            continue;
        }
        let of_search = text.contains("passages") || name.contains("/search_");
        let database = if of_search { &search } else { &db };
        let sql = whole(&sources, text);
        let all = for_all_orgs_of(&sql);
        call(name, database, &sql);
        if let Some(sql) = all {
            call(&format!("{name} (all orgs)"), database, &sql);
        }
    }
}

#[test]
fn every_statement_has_a_plan_without_scans() {
    let mut plans = String::new();
    let mut scans = Vec::new();
    each_statement(|name, database, sql| {
        writeln!(plans, "{name}").unwrap();
        for step in database.plan(sql) {
            writeln!(plans, "  {step}").unwrap();
            // An automatic index is a scan that SQLite makes each time. A list of all orgs reads
            // along an index until its page is full.
            let along_index =
                name.ends_with("(all orgs)") && step.contains("USING") && step.contains("INDEX");
            let scan = step.starts_with("SCAN") && !along_index || step.contains("AUTOMATIC");
            let meant = SCANS.iter().any(|(file, allowed, _)| {
                (*file == "*" || name.contains(file)) && step.contains(allowed)
            });
            if scan && !meant {
                scans.push(format!("{name}: {step}"));
            }
        }
    });
    assert_eq!(scans, Vec::<String>::new());
    insta::assert_snapshot!("plans", plans);
}

/// SQLite plans `column = ?1` for the value that is bound, and again for each that is bound after it: no statement that
/// the database keeps would be used a second time. It does not look behind a sign: `column = +?1`.
#[test]
fn no_statement_is_planned_again_for_its_values() {
    let mut planned_again = Vec::new();
    each_statement(|name, database, sql| {
        if database.plans_again(sql) {
            planned_again.push(name.to_owned());
        }
    });
    assert_eq!(planned_again, Vec::<String>::new());
}

#[test]
fn the_view_of_all_orgs_costs_callers_of_one_org_nothing() {
    let sources = sources();
    let db = &TestApp::new().db;
    db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO audit_logs (id, org_id, event_type, created_at)
         SELECT 'many_' || i, 'org_b', 'x', '2026-01-01T00:00:00.000Z' FROM n",
    );
    let sql = for_all_orgs_of(&whole(&sources, &sources["audit/sql/audit_logs.sql"])).unwrap();
    let steps = |user: &str| {
        let mut params: Vec<Param> = vec![user.into(), Param::Null, false.into()];
        params.extend([LAST.into(), LAST.into(), 201_i64.into()]);
        params.push("".into());
        db.steps(&sql, &params)
    };
    assert!(steps("user_staff") > 2_000, "201 rows are read");
    for user in ["user_owner_a", "user_none", "nobody"] {
        assert!(steps(user) < 300, "{user}: {}", steps(user));
    }
}

#[test]
fn the_list_of_clients_costs_nobody_but_staff() {
    let sources = sources();
    let db = &TestApp::new().db;
    db.run_script(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO orgs (id, name, status) SELECT 'many_' || i, 'Many ' || i, 'active' FROM n",
    );
    let sql = whole(&sources, &sources["portfolio/sql/clients.sql"]);
    let steps = |user: &str| {
        let mut params: Vec<Param> = vec![user.into(), Param::Null, false.into()];
        params.extend(["".into(), "".into(), "".into(), 101_i64.into(), LAST.into(), Param::Null]);
        db.steps(&sql, &params)
    };
    assert!(steps("user_staff") > 2_000, "101 rows are read");
    for user in ["user_owner_a", "user_none", "nobody"] {
        assert!(steps(user) < 300, "{user}: {}", steps(user));
    }
}

/// A method and path of `src/router.rs`, and the handler behind it.
#[derive(Debug, Clone)]
pub struct Routed {
    pub method: String,
    pub path: String,
    pub handler: String,
}

/// Every route of `src/router.rs`, read from its text.
pub fn routed() -> Vec<Routed> {
    let source = include_str!("../../src/router.rs");
    let mut routes = Vec::new();
    for call in source.split(".route(").skip(1) {
        let mut parts = call.splitn(3, '"');
        let (_, path) = (parts.next(), parts.next().unwrap());
        let handlers = parts.next().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            for (at, _) in handlers.match_indices(&format!("{method}(")) {
                // `.get(x)` and `get(x)`, but not `budget(x)`.
                let before = handlers[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let name = handlers[at + method.len() + 1..].split(')').next().unwrap().trim();
                let handler = name.rsplit("::").next().unwrap().to_owned();
                if handler != "panic_probe" {
                    let (method, path) = (method.to_uppercase(), path.to_owned());
                    routes.push(Routed { method, path, handler });
                }
            }
        }
    }
    routes
}

/// Routes that ask for no signed-in person, each with the reason.
const OPEN: &[(&str, &str)] = &[
    ("/openapi.json", "the API's document"),
    ("/docs", "the API's document"),
    ("/health", "uptime monitors"),
    ("/health/ready", "uptime monitors"),
    ("/v1/health", "uptime monitors"),
    ("/api/health", "uptime monitors"),
    ("/", "visitors, by site key"),
    ("/chat", "visitors, by site key"),
    ("/v1/chat", "visitors, by site key"),
    ("/widget/config/{deployKey}", "visitors, by key and page"),
    ("/widget/check", "whoever embeds the widget, by key"),
    ("/widget/events", "visitors, by key and page"),
    ("/chat/sessions/{id}", "visitors, by site key"),
    ("/chat/sessions/{id}/end", "visitors, by site key"),
    ("/chat/sessions/{id}/handoff", "visitors, by site key"),
    ("/chat/sessions/{id}/lead", "visitors, by site key"),
    ("/chat/sessions/{id}/messages", "visitors, by site key"),
    ("/chat/sessions/{id}/messages/{messageId}/feedback", "visitors, by site key"),
    ("/voice", "visitors, by site key"),
    ("/voice/signed-url", "visitors, by site key"),
    ("/bots", "servers, by gateway token"),
    ("/v1/models", "servers, by gateway token"),
    ("/v1/models/{id}", "servers, by gateway token"),
    ("/v1/chat/completions", "servers, by gateway token"),
    ("/webhooks/stripe", "signed by Stripe"),
    ("/webhooks/clerk", "signed by Clerk's Svix"),
];
const OPEN_ALIASES: [(&str, &str); 3] = [
    ("/billing/webhook", "signed by Stripe"),
    ("/voice/tts", "visitors, by site key"),
    ("/api/elevenlabs-signed-url", "visitors, by site key"),
];

#[test]
fn the_ledger_knows_every_route_that_asks_who_calls() {
    let open: Vec<&str> = OPEN.iter().chain(&OPEN_ALIASES).map(|(path, _)| *path).collect();
    let routed: BTreeSet<String> = routed()
        .into_iter()
        .filter(|route| !open.contains(&route.path.as_str()))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let listed: BTreeSet<String> = entries().map(|entry| entry.route.to_owned()).collect();
    assert_eq!(routed, listed);
}

/// A fresh application with room for many requests, a Stripe that answers, a conversation that a member has taken over,
/// and what this request is about.
fn app(entry: &Entry) -> TestApp {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000"), ("STRIPE_SECRET_KEY", "sk_test")]);
    app.http.answer_at(
        "https://api.stripe.com/v1/billing_portal/sessions",
        200,
        r#"{"id": "bps_1", "url": "https://billing.stripe.com/p/1"}"#,
    );
    app.http.answer_at(
        "https://api.stripe.com/v1/checkout/sessions",
        200,
        r#"{"id": "cs_1", "url": "https://checkout.stripe.com/c/1"}"#,
    );
    app.db.run_script(include_str!("../fixtures/taken_over.sql"));
    app.db.run_script(entry.given);
    app
}

fn send(app: &TestApp, entry: &Entry, user: &str, query: &str) -> Answer {
    let joint = if entry.path.contains('?') { '&' } else { '?' };
    let path = if query.is_empty() {
        entry.path.to_owned()
    } else {
        format!("{}{joint}{query}", entry.path)
    };
    let method = entry.route.split(' ').next().unwrap();
    app.send_typed(&app.token(user), method, &path, entry.media_type, entry.body)
}

#[test]
fn every_route_refuses_whom_it_must() {
    for entry in entries() {
        let app = app(entry);
        let name = entry.route;
        let (method, _) = name.split_once(' ').unwrap();
        let refused = |user: &str, query: &str, status: u16| {
            let answer = send(&app, entry, user, query);
            assert_eq!(answer.status, status, "{name} as {user} with {query:?}: {}", answer.text);
            assert!(answer.json()["code"].is_string(), "{name}: no problem document");
        };
        let anonymous = app.send_without_token(method, entry.path, entry.body);
        assert_eq!(anonymous.status, 401, "{name} without a token");
        refused("user_suspended", "", 403);
        refused("user_owner_a", "orgId=org_b", 403);
        refused("user_owner_a", "orgId=org_nowhere", 403);
        let below: &[&str] = match entry.least {
            Least::SignedIn | Least::Viewer => &[],
            Least::Member => &["user_viewer_a"],
            Least::Admin => &["user_viewer_a", "user_member_a"],
            Least::Owner => &["user_viewer_a", "user_member_a", "user_admin_a"],
            Least::Staff => &["user_viewer_a", "user_member_a", "user_admin_a", "user_owner_a"],
        };
        for user in below {
            refused(user, "", 403);
        }
        if entry.least != Least::SignedIn {
            refused("user_closed", "", if entry.names_org { 404 } else { 403 });
            let without_org = match (entry.least, entry.names_org) {
                (Least::Staff, _) => 403,
                _ if entry.body_names_org => 403,
                (_, true) => 404,
                (_, false) => 400,
            };
            refused("user_none", "", without_org);
        }
        if let Some(path) = entry.foreign_path {
            let answer = app.send_as("user_owner_a", method, path, entry.body);
            assert_eq!(answer.status, 404, "{name} at {path}: {}", answer.text);
        }
        let user = if entry.least == Least::Staff { "user_staff" } else { "user_owner_a" };
        let token = app.token(user);
        app.clock.advance(2);
        app.db.run_script("UPDATE users SET sessions_revoked_at = '2026-03-15T12:00:01.000Z'");
        let ended = app.send_with(Some(&token), method, entry.path, entry.body);
        assert_eq!(ended.status, 401, "{name} with an ended session: {}", ended.text);
        assert_eq!(
            app.db.value("SELECT count(*) FROM audit_logs"),
            0,
            "{name} left a trace of a refusal"
        );
    }
}

#[test]
fn every_route_serves_whom_it_must_in_few_trips_and_leaves_a_trace() {
    for entry in entries() {
        let name = entry.route;
        let least = match entry.least {
            Least::SignedIn | Least::Viewer => "user_viewer_a",
            Least::Member => "user_member_a",
            Least::Admin => "user_admin_a",
            Least::Owner => "user_owner_a",
            Least::Staff => "user_staff",
        };
        let app = app(entry);
        let answer = send(&app, entry, least, "");
        assert!((200..300).contains(&answer.status), "{name} as {least}: {}", answer.text);
        let is_read = name.starts_with("GET ");
        let trips = if is_read { 1 } else { 2 };
        assert!(answer.db_trips <= trips, "{name}: {} round trips", answer.db_trips);
        let traces = app.db.rows("SELECT * FROM audit_logs");
        // What is taken out as a file is traced as well.
        let is_traced = if is_read { name.contains("/export.csv") } else { entry.changes };
        assert_eq!(is_traced, !traces.is_empty(), "{name}: {traces:?}");
        for trace in traces {
            assert_eq!(trace["actor_type"], "user", "{name}");
            assert!(trace["actor_id"].is_string() && trace["request_id"].is_string(), "{name}");
        }
    }
}

#[test]
fn heads_are_answered_where_gets_are() {
    for entry in entries().filter(|entry| entry.route.starts_with("GET ")) {
        let user = if entry.least == Least::Staff { "user_staff" } else { "user_owner_a" };
        let app = app(entry);
        let answer = app.send_as(user, "HEAD", entry.path, None);
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{}", entry.route);
        let refused = app.send_as(user, "TRACE", entry.path, None);
        assert_eq!(refused.status, 405, "{}", entry.route);
        assert!(refused.header("allow").unwrap().contains("GET"), "{}", entry.route);
    }
}
