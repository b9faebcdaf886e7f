//! Lists that may only shrink: every `.sql` file prepares, is scoped to its tenant, and has a plan
//! without a scan; every route refuses whom it must.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::support::TestApp;
use crate::support::sqlite::Sqlite;

/// Statements that name no org, each with the reason.
const UNSCOPED: [(&str, &str); 5] = [
    ("billing/sql/event_failed.sql", "an event whose org is not known yet"),
    ("auth/sql/user_insert.sql", "a person's own row; people belong to no tenant"),
    ("auth/sql/user_touch.sql", "a person's own row"),
    ("health/sql/migrations_applied.sql", "wrangler's own table"),
    ("auth/sql/caller.sql", "the caller's own row and memberships"),
];

/// Scans that are meant, each with the reason.
const SCANS: [(&str, &str, &str); 8] = [
    ("*", "SCAN CONSTANT ROW", "an expression without a table"),
    ("event_claim", "SCAN found", "one row"),
    ("migrations_applied", "SCAN d1_migrations", "tens of rows"),
    ("*", "SCAN o", "all orgs, in the staff view of `scope.sql` alone"),
    ("*", "SCAN scope", "one row"),
    ("*", "SCAN visible", "one row, or the orgs of the staff view"),
    ("passages_match", "SCAN passages_fts VIRTUAL TABLE", "a full-text match, not a scan"),
    ("*", "2-ROW VALUES CLAUSE", "the values of one turn"),
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

/// The statement as it is sent: with the scope in front if it reads from it.
fn whole(sources: &BTreeMap<String, String>, text: &str) -> String {
    let sql: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
    if words.any(|word| word == "scope" || word == "visible") {
        format!("{}{text}", sources["auth/sql/scope.sql"])
    } else {
        text.to_owned()
    }
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

#[test]
fn every_statement_has_a_plan_without_scans() {
    let sources = sources();
    let db = Sqlite::migrated("migrations");
    let search = Sqlite::migrated("migrations/search");
    let mut plans = String::new();
    let mut scans = Vec::new();
    for (name, text) in &sources {
        if name == "auth/sql/scope.sql" {
            continue;
        }
        let database = if text.contains("passages") { &search } else { &db };
        let plan = database.plan(&whole(&sources, text));
        writeln!(plans, "{name}").unwrap();
        for step in plan {
            writeln!(plans, "  {step}").unwrap();
            // An automatic index is a scan that SQLite makes each time.
            let scan = step.starts_with("SCAN") || step.contains("AUTOMATIC");
            let meant = SCANS.iter().any(|(file, allowed, _)| {
                (*file == "*" || name.contains(file)) && step.contains(allowed)
            });
            if scan && !meant {
                scans.push(format!("{name}: {step}"));
            }
        }
    }
    assert_eq!(scans, Vec::<String>::new());
    insta::assert_snapshot!("plans", plans);
}

/// The portal's routes, with a path that answers 200 for an owner.
const PORTAL_ROUTES: [&str; 2] = ["/portal/overview", "/portal/engines"];

#[test]
fn every_portal_route_refuses_whom_it_must() {
    let app = TestApp::with(&[("PORTAL_RATE_LIMIT_MAX", "1000")]);
    for path in PORTAL_ROUTES {
        assert_eq!(app.get_as("user_owner_a", path).status, 200, "{path}");
        assert_eq!(app.get(path).status, 401, "anonymous {path}");
        assert_eq!(
            app.get_as("user_owner_a", &format!("{path}?orgId=org_b")).status,
            403,
            "{path}"
        );
        assert_eq!(app.get_as("user_suspended", path).status, 403, "suspended {path}");
        assert_eq!(app.get_as("user_closed", path).status, 403, "inactive org {path}");
        assert_eq!(app.get_as("user_none", path).status, 400, "no org {path}");
        assert_eq!(app.get_as("user_nobody", path).status, 400, "no row {path}");
        assert_eq!(app.get_as("user_owner_a", &format!("{path}?scope=all")).status, 403, "{path}");
    }
    assert_eq!(app.get("/portal/me").status, 401);
}

#[test]
fn the_ledger_knows_every_portal_route() {
    let source = include_str!("../../src/router.rs");
    let routed: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"/portal/"))
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| *path != "me")
        .collect();
    let listed: Vec<&str> =
        PORTAL_ROUTES.iter().map(|path| path.trim_start_matches("/portal/")).collect();
    assert_eq!(routed, listed);
}
