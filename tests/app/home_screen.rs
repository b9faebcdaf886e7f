//! The portal's first screen: every call that it makes, on the seeds, and every member that it reads.

use std::path::Path;

use serde_json::Value;

use crate::support::TestApp;
use crate::support::sqlite::sql_files;

/// What the screen does with a member: it breaks on another type.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    Flag,
    /// A text or null.
    TextOrNull,
    /// A number or null.
    NumberOrNull,
    /// A list of any length.
    List,
}

use Kind::{Flag, List, Number, NumberOrNull, Text, TextOrNull};

/// The calls, with the members they read. `a.b` is a member of a member; `a[].b` is one of every entry of a
/// list, which the seeds leave empty nowhere.
const CALLS: &[(&str, &[(&str, Kind)])] = &[
    (
        "/portal/overview",
        &[
            ("stats.totalSessions", Number),
            ("stats.totalMessages", Number),
            ("stats.activeSessions", Number),
            ("stats.leadsCapture", Number),
            ("stats.appointmentsBooked", Number),
            ("stats.avgLatency", Number),
        ],
    ),
    (
        "/portal/engines",
        &[
            ("engines[].name", Text),
            ("engines[].status", Text),
            ("engines[].domain", TextOrNull),
            ("engines[].todaySessions", Number),
        ],
    ),
    (
        "/portal/me",
        &[
            ("user.id", Text),
            ("user.clerkUserId", Text),
            ("user.isKobyStaff", Flag),
            ("memberships[].orgId", Text),
            ("memberships[].orgName", Text),
            ("memberships[].role", Text),
            ("currentOrgId", TextOrNull),
        ],
    ),
    (
        "/portal/insights",
        &[
            ("dailyMetrics[].date", Text),
            ("dailyMetrics[].total_sessions", Number),
            ("insights[].type", Text),
            ("insights[].message", Text),
        ],
    ),
    (
        "/portal/events",
        &[
            ("events[].id", Text),
            ("events[].type", Text),
            ("events[].created_at", Text),
            ("events[].session_id", Text),
            ("events[].content", TextOrNull),
            ("events[].site_id", Text),
            ("events[].org_id", Text),
        ],
    ),
    ("/portal/team", &[("team[].id", Text), ("team[].role", Text)]),
    (
        "/portal/workflows",
        &[("workflows[].id", Text), ("workflows[].name", Text), ("workflows[].lastRun", Text)],
    ),
    (
        "/portal/integrations",
        &[
            ("integrations[].id", Text),
            ("integrations[].connector", Text),
            ("integrations[].status", Text),
            ("integrations[].healthStatus", Text),
            ("integrations[].healthDetail", TextOrNull),
            ("integrations[].lastRefreshedAt", TextOrNull),
        ],
    ),
    (
        "/portal/knowledge",
        &[
            ("sources[].id", Text),
            ("sources[].name", Text),
            ("sources[].type", Text),
            ("sources[].status", Text),
            ("sources[].last_synced_at", TextOrNull),
            ("sources[].error_message", TextOrNull),
            ("documents[].id", Text),
            ("documents[].title", Text),
            ("documents[].mime_type", TextOrNull),
            ("documents[].size_bytes", NumberOrNull),
            ("documents[].status", Text),
            ("policies", List),
        ],
    ),
    (
        "/portal/flows",
        &[
            ("flows[].id", Text),
            ("flows[].name", Text),
            ("flows[].description", TextOrNull),
            ("flows[].status", Text),
            ("flows[].trigger.type", Text),
            ("tests[].id", Text),
            ("tests[].name", Text),
            ("tests[].expected_outcome", TextOrNull),
            ("tests[].last_result", TextOrNull),
            ("insights[].run_id", Text),
            ("insights[].flow_id", Text),
            ("insights[].started_at", Text),
            ("insights[].duration_ms", Number),
            ("insights[].outcome", Text),
        ],
    ),
    (
        "/outcomes",
        &[
            ("outcomes[].id", Text),
            ("outcomes[].outcomeType", Text),
            ("outcomes[].label", TextOrNull),
            ("outcomes[].amountCents", NumberOrNull),
            ("outcomes[].actionRunId", TextOrNull),
            ("outcomes[].recordedAt", Text),
        ],
    ),
    (
        "/billing/usage",
        &[
            ("records[].id", Text),
            ("records[].usageType", Text),
            ("records[].amountCents", Number),
            ("records[].status", Text),
            ("records[].periodStart", Text),
            ("records[].periodEnd", Text),
        ],
    ),
    (
        "/audit/logs",
        &[
            ("logs[].id", Text),
            ("logs[].eventType", Text),
            ("logs[].createdAt", Text),
            ("logs[].actorType", TextOrNull),
            ("logs[].actorId", TextOrNull),
            ("logs[].targetType", TextOrNull),
            ("logs[].targetId", TextOrNull),
        ],
    ),
    (
        "/retention/policies",
        &[
            ("policies[].id", Text),
            ("policies[].dataType", Text),
            ("policies[].ttlDays", Number),
            ("policies[].applyAnonymization", Flag),
            ("policies[].enforcedAt", TextOrNull),
        ],
    ),
    (
        "/portal/config",
        &[
            ("config.branding.company_name", TextOrNull),
            ("config.branding.primary_color", Text),
            ("config.branding.logo_url", TextOrNull),
            ("config.enabled_modules", List),
            ("config.custom_cards", List),
        ],
    ),
    (
        "/actions/runs",
        &[
            ("runs[].id", Text),
            ("runs[].actionId", Text),
            ("runs[].attempt", Number),
            ("runs[].maxRetries", Number),
            ("runs[].status", Text),
            ("runs[].startedAt", TextOrNull),
            ("runs[].completedAt", TextOrNull),
            ("runs[].error", TextOrNull),
        ],
    ),
    ("/billing/overview", &[("currentPlan.status", Text), ("currentPlan.cancelAtPeriodEnd", Flag)]),
];

/// The seeds, at the moment they were applied: their history ends today.
fn seeded() -> TestApp {
    let app = TestApp::new();
    for (_, script) in sql_files(Path::new("seeds")) {
        app.db.run_script(&script);
    }
    let now = app.db.value("SELECT CAST(strftime('%s', 'now') AS INTEGER)").as_i64().unwrap();
    app.clock.advance(now - app.clock.seconds());
    app
}

/// The values at a path; those of every entry where it goes through a list.
fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let (name, is_list) = head.strip_suffix("[]").map_or((head, false), |name| (name, true));
    let member = value.get(name).unwrap_or_else(|| panic!("no member {name} in {value}"));
    let below = if is_list {
        let entries = member.as_array().unwrap_or_else(|| panic!("{name} is no list"));
        assert!(!entries.is_empty(), "the seeds leave {name} empty");
        entries.iter().collect()
    } else {
        vec![member]
    };
    match rest {
        Some(rest) => below.into_iter().flat_map(|value| at(value, rest)).collect(),
        None => below,
    }
}

fn fits(value: &Value, kind: Kind) -> bool {
    match kind {
        Text => value.is_string(),
        Number => value.is_number(),
        Flag => value.is_boolean(),
        TextOrNull => value.is_string() || value.is_null(),
        NumberOrNull => value.is_number() || value.is_null(),
        List => value.is_array(),
    }
}

#[test]
fn every_call_answers_what_the_screen_reads() {
    let app = seeded();
    for (path, members) in CALLS {
        let answer = app.get_as("user_demo_owner", &format!("{path}?orgId=org_dental"));
        assert_eq!((answer.status, answer.db_trips), (200, 1), "{path}: {}", answer.text);
        let body = answer.json();
        for (member, kind) in *members {
            for value in at(&body, member) {
                assert!(fits(value, *kind), "{path}: {member} is {value}, not {kind:?}");
            }
        }
    }
}

#[test]
fn the_screen_of_a_new_org_is_empty_and_whole() {
    let app = seeded();
    for (path, _) in CALLS {
        let answer = app.get_as("user_demo_staff", &format!("{path}?orgId=org_koby_internal"));
        assert_eq!((answer.status, answer.db_trips), (200, 1), "{path}: {}", answer.text);
    }
}

#[test]
fn no_call_tells_of_another_org() {
    let app = seeded();
    for (path, _) in CALLS {
        let answer = app.get_as("user_demo_owner", path);
        assert!(!answer.text.contains("chadis"), "{path}: {}", answer.text);
    }
}
