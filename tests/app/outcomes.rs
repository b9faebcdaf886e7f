//! Outcomes and their sums.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::paging::{ids, walk};
use crate::support::sqlite::{Sqlite, sql_files};

const OUTCOMES: &str = "INSERT INTO outcome_events (id, org_id, action_run_id, outcome_type, label, amount_cents, currency, recorded_at, metadata) VALUES
  ('o1', 'org_a', NULL, 'lead_captured', 'Whitening', 35000, 'USD', '2026-03-01T08:00:00.000Z', '{\"a\":1}'),
  ('o2', 'org_a', NULL, 'appointment_booked', NULL, 9500, NULL, '2026-03-02 08:00:00', 'broken'),
  ('o3', 'org_a', NULL, 'call_deflected', 'Hours', NULL, 'USD', '2026-03-03T08:00:00.000Z', '{}'),
  ('o4', 'org_a', NULL, 'lead_captured', 'Implant', 1000, 'eur', '2026-03-03T09:00:00.000Z', '{}'),
  ('o_b', 'org_b', NULL, 'lead_captured', 'Foreign', 500, 'USD', '2026-03-04T08:00:00.000Z', '{}')";

fn app() -> TestApp {
    let app = TestApp::new();
    app.db.run_script(OUTCOMES);
    app
}

#[test]
fn outcomes_of_an_org() {
    let app = app();
    let answer = app.get_as("user_viewer_a", "/outcomes");
    assert_eq!((answer.status, answer.db_trips), (200, 1));
    insta::assert_json_snapshot!("outcomes", answer.json());
}

#[test]
fn totals_cover_all_that_fits_and_not_the_page_alone() {
    let app = app();
    let totals = |query: &str| {
        let body = app.get_as("user_owner_a", &format!("/outcomes?limit=1&{query}")).json();
        let totals = &body["totals"];
        (totals["count"].as_i64().unwrap(), totals["amountCents"].as_i64().unwrap())
    };
    assert_eq!(totals(""), (4, 44_500), "euros are told apart");
    assert_eq!(totals("from=2026-03-02"), (3, 9_500));
    assert_eq!(totals("to=2026-03-02"), (2, 44_500));
    assert_eq!(totals("from=2026-03-02&to=2026-03-02"), (1, 9_500));
    assert_eq!(totals("type=lead_captured"), (2, 35_000));
    assert_eq!(totals("type=lead_captured&from=2026-03-02"), (1, 1_000), "no dollars among them");
    assert_eq!(totals("type=nothing"), (0, 0));
    assert_eq!(totals("from=2027-01-01"), (0, 0));
    let asked = app.get_as("user_owner_a", "/outcomes?to=2026-03-02").json();
    assert_eq!(asked["totals"]["period"], json!({"from": null, "to": "2026-03-02"}));
}

#[test]
fn what_the_sums_rest_on_is_not_changed() {
    let app = app();
    for change in [
        "amount_cents = 1",
        "currency = 'EUR'",
        "outcome_type = 'x'",
        "recorded_at = '2026'",
        "org_id = 'org_b'",
    ] {
        let sql = format!("UPDATE outcome_events SET {change} WHERE id = 'o1'");
        let refused = app.db.try_script(&sql).unwrap_err();
        assert!(refused.contains("not changed once it is recorded"), "{change}: {refused}");
    }
    app.db.run_script(
        "UPDATE outcome_events SET label = 'Bleaching', metadata = '{}', org_id = org_id WHERE id = 'o1'",
    );
}

#[test]
fn outcomes_are_filtered_and_paged() {
    let app = app();
    for (query, expected) in [
        ("type=lead_captured", vec!["o4", "o1"]),
        ("from=2026-03-03", vec!["o4", "o3"]),
        ("to=2026-03-02", vec!["o2", "o1"]),
        ("from=2026-03-02&to=2026-03-03&type=lead_captured", vec!["o4"]),
        ("from=2026-03-02&to=2026-03-02", vec!["o2"]),
    ] {
        let body = app.get_as("user_owner_a", &format!("/outcomes?{query}")).json();
        assert_eq!(ids(&body, "outcomes"), expected, "{query}");
        let path = format!("/outcomes?limit=1&{query}");
        assert_eq!(walk(&app, &path, "outcomes", "cursor", "nextCursor"), expected, "{query}");
    }
    let all = walk(&app, "/outcomes?limit=1", "outcomes", "cursor", "nextCursor");
    assert_eq!(all, ["o4", "o3", "o2", "o1"]);
    app.db.run_script(
        "INSERT INTO outcome_events (id, org_id, outcome_type, recorded_at)
         VALUES ('o_day', 'org_a', 'lead_captured', '2026-03-03')",
    );
    for kind in ["", "&type=lead_captured"] {
        let body = app.get_as("user_owner_a", &format!("/outcomes?to=2026-03-02{kind}")).json();
        let listed = ids(&body, "outcomes");
        assert!(!listed.contains(&"o_day".to_owned()), "the next day is not in: {listed:?}");
    }
    for query in ["limit=201", "cursor=x", "from=soon", "from=2026-03-02&to=2026-03-01"] {
        assert_eq!(
            app.get_as("user_owner_a", &format!("/outcomes?{query}")).status,
            400,
            "{query}"
        );
    }
}

#[test]
fn staff_read_the_outcomes_of_all_orgs() {
    let app = app();
    let all = app.get_as("user_staff", "/outcomes").json();
    assert_eq!(ids(&all, "outcomes"), ["o_b", "o4", "o3", "o2", "o1"]);
    assert_eq!(
        (&all["totals"]["count"], &all["totals"]["amountCents"]),
        (&json!(5), &json!(45_000))
    );
    let days = app.get_as("user_staff", "/outcomes?from=2026-03-04").json();
    assert_eq!(days["totals"]["amountCents"], 500);
    let one = app.get_as("user_staff", "/outcomes?orgId=org_b").json();
    assert_eq!((&one["totals"]["count"], ids(&one, "outcomes")), (&json!(1), vec!["o_b".into()]));
}

/// The sums as they are stored.
fn sums(database: &Sqlite) -> [Vec<Value>; 2] {
    ["outcomes_daily", "outcomes_ever"]
        .map(|table| database.rows(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3, 4")))
}

#[test]
fn an_outcome_that_is_there_already_is_not_counted_again() {
    let app = app();
    let before = sums(&app.db);
    let again =
        "(id, org_id, outcome_type, amount_cents) VALUES ('o1', 'org_a', 'lead_captured', 1)";
    app.db.run_script(&format!("INSERT OR IGNORE INTO outcome_events {again}"));
    app.db.run_script(&format!("INSERT INTO outcome_events {again} ON CONFLICT DO NOTHING"));
    assert_eq!(sums(&app.db), before);
    let new = "(id, org_id, outcome_type, amount_cents, recorded_at) VALUES ('o9', 'org_a', 'lead_captured', 1, '2026-03-01T09:00:00.000Z')";
    app.db.run_script(&format!("INSERT OR IGNORE INTO outcome_events {new}"));
    let sum =
        "SELECT amount_cents FROM outcomes_daily WHERE scope_id = 'org_a' AND date = '2026-03-01'";
    assert_eq!(
        app.db.value(sum),
        35_001,
        "adds to the day's row, also from a statement that ignores"
    );
}

#[test]
fn the_migration_sums_what_was_recorded_before_it() {
    let files = sql_files(std::path::Path::new("migrations"));
    let summing = files.iter().position(|(_, script)| script.contains("outcomes_daily")).unwrap();
    let (earlier, later) = files.split_at(summing);
    let records = format!(
        "INSERT INTO orgs (id, name) VALUES ('org_a', 'A'), ('org_b', 'B'); {OUTCOMES}; {USAGE}"
    );
    let (before, after) = (Sqlite::empty(), Sqlite::empty());
    for (_, script) in earlier {
        before.run_script(script);
        after.run_script(script);
    }
    before.run_script(&records);
    before.run_script(&later[0].1);
    after.run_script(&later[0].1);
    after.run_script(&records);
    assert_eq!(sums(&before), sums(&after));
    assert!(sums(&before).iter().all(|rows| !rows.is_empty()));
    let usage = "SELECT * FROM usage_of_all_orgs ORDER BY 1, 2, 3, 4";
    assert_eq!(before.rows(usage), after.rows(usage));
    assert_eq!(before.rows(usage).len(), 2);
}

const USAGE: &str = "INSERT INTO billing_records (id, org_id, usage_type, quantity, amount_cents, status, period_start, period_end) VALUES
  ('m1', 'org_a', 'messages', 10, 100, 'paid', '2026-01-01', '2026-02-01'),
  ('m2', 'org_b', 'messages', 20, 200, 'paid', '2026-01-01', '2026-02-01'),
  ('m3', 'org_b', 'minutes', NULL, NULL, NULL, '2026-01-01', '2026-02-01')";
