// Fills a migrated and seeded DB with many orgs and a long history, in one transaction.

/** Sizes of the population: 1 000 orgs with 100 sessions of 10 messages each are 10⁶ messages. */
export const SIZES = { orgs: 1_000, days: 90, sessionsPerOrg: 100, messagesPerSession: 10 };

const series = (count) => `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`;
const pairs = (orgs, count) => `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${orgs * count}),
  k(i, o, j) AS (SELECT i, i / ${count}, i % ${count} FROM n)`;
const org = "printf('org_%05d', o)";
/** A moment `seconds` before now, as the Worker writes them. */
const ago = (seconds) => `strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (${seconds}) || ' seconds')`;

/** The statements, each with what it makes. */
export function statements({ orgs, days, sessionsPerOrg, messagesPerSession } = SIZES) {
  const spread = days * 86_400;
  // Sessions of an org lie evenly over the days, and orgs a little apart.
  const sessionAge = `((j + 1) * ${Math.floor(spread / (sessionsPerOrg + 1))} + o * 37 % 600)`;
  return [
    ["orgs", `${series(orgs)} INSERT INTO orgs (id, name, slug, status, plan, max_members, created_at, updated_at)
      SELECT printf('org_%05d', i), 'Practice ' || i, printf('practice-%05d', i),
             CASE i % 20 WHEN 0 THEN 'at_risk' ELSE 'active' END, 'bundle', 50, ${ago("i * 60")}, ${ago("i * 60")} FROM n`],
    ["people", `${pairs(orgs, 3)} INSERT INTO users (id, clerk_user_id, email, name, status, last_login_at, created_at, updated_at)
      SELECT printf('u_%06d', i), printf('user_%05d_%d', o, j), printf('p%d@practice-%05d.example', j, o), 'Person ' || i, 'active',
             ${ago("60")}, ${ago("i * 30")}, ${ago("i * 30")} FROM k`],
    ["memberships", `${pairs(orgs, 3)} INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at)
      SELECT printf('m_%06d', i), printf('user_%05d_%d', o, j), ${org}, CASE j WHEN 0 THEN 'owner' WHEN 1 THEN 'admin' ELSE 'viewer' END,
             ${ago("i * 30")}, ${ago("i * 30")} FROM k`],
    ["sites", `${pairs(orgs, 2)} INSERT INTO portal_sites (id, org_id, site_key, name, type, status, created_at, updated_at)
      SELECT printf('site_%05d_%d', o, j), ${org}, printf('sk_%05d_%d', o, j), 'Site ' || j, 'chatbot', 'active', ${ago("i * 45")}, ${ago("i * 45")} FROM k`],
    ["sessions", `${pairs(orgs, sessionsPerOrg)} INSERT INTO chat_sessions (id, site_id, org_id, visitor_id, started_at, last_message_at, ended_at, message_count, status)
      SELECT printf('s_%05d_%04d', o, j), printf('site_%05d_%d', o, j % 2), ${org}, printf('v_%05d_%d', o, j % 40), ${ago(sessionAge)}, ${ago(`${sessionAge} - 300`)},
             CASE WHEN j % 3 = 0 THEN ${ago(`${sessionAge} - 310`)} END, ${messagesPerSession}, CASE WHEN j % 3 = 0 THEN 'completed' ELSE 'active' END FROM k`],
    ["messages", `${series(messagesPerSession)} INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, created_at)
      SELECT c.id || '_' || printf('%02d', n.i), c.id, c.site_id, c.org_id, CASE n.i % 2 WHEN 0 THEN 'user' ELSE 'assistant' END,
             'A question or an answer of ordinary length, about opening hours and prices, number ' || n.i, CASE n.i % 2 WHEN 1 THEN 400 END,
             strftime('%Y-%m-%dT%H:%M:%fZ', c.started_at, '+' || (n.i * 20) || ' seconds')
      FROM chat_sessions c CROSS JOIN n WHERE c.id LIKE 's\\_%' ESCAPE '\\' AND c.org_id GLOB 'org_[0-9]*'`],
    ["daily figures per site", `INSERT INTO metrics_daily (id, org_id, site_id, date, total_sessions, total_messages, answers, latency_ms_total, avg_latency_ms, unique_visitors)
      SELECT org_id || '_' || site_id || '_' || substr(started_at, 1, 10), org_id, site_id, substr(started_at, 1, 10), count(*), sum(message_count),
             sum(message_count) / 2, sum(message_count) / 2 * 400, 400, count(DISTINCT visitor_id)
      FROM chat_sessions WHERE org_id GLOB 'org_[0-9]*' GROUP BY org_id, site_id, substr(started_at, 1, 10)`],
    ["daily figures per org", `INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, unique_visitors)
      SELECT org_id, date, sum(total_sessions), sum(total_messages), sum(answers), sum(latency_ms_total), sum(unique_visitors)
      FROM metrics_daily WHERE org_id GLOB 'org_[0-9]*' GROUP BY org_id, date`],
    ["daily figures of all", `INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, unique_visitors)
      SELECT '*', date, sum(sessions), sum(messages), sum(answers), sum(latency_ms_total), sum(unique_visitors)
      FROM metrics_rollup WHERE scope_id GLOB 'org_[0-9]*' GROUP BY date
      ON CONFLICT (scope_id, date) DO UPDATE SET sessions = sessions + excluded.sessions, messages = messages + excluded.messages,
        answers = answers + excluded.answers, latency_ms_total = latency_ms_total + excluded.latency_ms_total`],
    ["leads", `${pairs(orgs, 20)} INSERT INTO leads (id, org_id, site_id, session_id, visitor_id, name, email, status, created_at, updated_at)
      SELECT printf('lead_%06d', i), ${org}, printf('site_%05d_%d', o, j % 2), printf('s_%05d_%04d', o, j), printf('v_%05d_%d', o, j), 'Lead ' || i,
             printf('lead%d@example.com', i), 'new', ${ago("j * 86400 + o")}, ${ago("j * 86400 + o")} FROM k`],
    ["flows", `${pairs(orgs, 3)} INSERT INTO flows (id, org_id, name, status, created_at, updated_at)
      SELECT printf('f_%06d', i), ${org}, 'Flow ' || j, 'active', ${ago("i * 60")}, ${ago("i * 60")} FROM k`],
    ["flow runs", `${pairs(orgs, 60)} INSERT INTO flow_runs (id, flow_id, org_id, started_at, duration_ms, outcome)
      SELECT printf('fr_%06d', i), printf('f_%06d', o * 3 + j % 3), ${org}, ${ago("j * 3600 + o")}, 120, 'success' FROM k`],
    ["actions", `${pairs(orgs, 2)} INSERT INTO action_definitions (id, org_id, key, name, created_at, updated_at)
      SELECT printf('a_%06d', i), ${org}, 'key' || j, 'Action ' || j, ${ago("i * 60")}, ${ago("i * 60")} FROM k`],
    ["action runs", `${pairs(orgs, 60)} INSERT INTO action_runs (id, action_id, org_id, status, attempt, created_at, completed_at)
      SELECT printf('ar_%06d', i), printf('a_%06d', o * 2 + j % 2), ${org}, 'succeeded', 1, ${ago("j * 3600 + o")}, ${ago("j * 3600 + o - 5")} FROM k`],
    ["outcomes", `${pairs(orgs, 60)} INSERT INTO outcome_events (id, org_id, outcome_type, label, amount_cents, recorded_at)
      SELECT printf('oe_%06d', i), ${org}, CASE j % 2 WHEN 0 THEN 'lead_captured' ELSE 'appointment_booked' END, 'Outcome', 100, ${ago("j * 3600 + o")} FROM k`],
    ["integrations", `${pairs(orgs, 3)} INSERT INTO integration_connections (id, org_id, connector, created_at, updated_at)
      SELECT printf('ic_%06d', i), ${org}, 'connector' || j, ${ago("i * 60")}, ${ago("i * 60")} FROM k`],
    ["audit entries", `${pairs(orgs, 100)} INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, created_at)
      SELECT printf('al_%06d', i), ${org}, 'user', printf('u_%06d', o * 3), 'site.updated', ${ago("j * 3600 + o")} FROM k`],
    ["usage", `${pairs(orgs, 24)} INSERT INTO billing_records (id, org_id, usage_type, quantity, amount_cents, period_start, period_end, created_at, updated_at)
      SELECT printf('br_%06d', i), ${org}, 'messages', 100, 500, ${ago("(j + 1) * 2592000")}, ${ago("j * 2592000")}, ${ago("j * 2592000")}, ${ago("j * 2592000")} FROM k`],
    ["retention", `${pairs(orgs, 3)} INSERT INTO retention_policies (id, org_id, data_type, ttl_days, created_at, updated_at)
      SELECT printf('rp_%06d', i), ${org}, CASE j WHEN 0 THEN 'chat_messages' WHEN 1 THEN 'chat_sessions' ELSE 'audit_logs' END, 365, ${ago("i")}, ${ago("i")} FROM k`],
    ["knowledge sources", `${pairs(orgs, 2)} INSERT INTO knowledge_sources (id, org_id, name, type, created_at, updated_at)
      SELECT printf('ks_%06d', i), ${org}, 'Source ' || j, 'file', ${ago("i * 60")}, ${ago("i * 60")} FROM k`],
    ["knowledge documents", `${pairs(orgs, 10)} INSERT INTO knowledge_documents (id, org_id, source_id, title, status, created_at, updated_at)
      SELECT printf('kd_%06d', i), ${org}, printf('ks_%06d', o * 2 + j % 2), 'Document ' || j, 'ready', ${ago("i * 30")}, ${ago("i * 30")} FROM k`],
    ["knowledge versions", `${pairs(orgs, 10)} INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, created_at)
      SELECT printf('kv_%06d', i), printf('kd_%06d', i), ${org}, 1, 'live', 1, ${ago("i * 30")} FROM k`],
    ["knowledge chunks", `${pairs(orgs, 30)} INSERT INTO knowledge_chunks (id, version_id, org_id, content, page_label)
      SELECT printf('kc_%06d', i), printf('kv_%06d', o * 10 + j % 10), ${org}, 'A passage of a document.', 'p. ' || j FROM k`],
  ];
}

/** Fills the database; `say` is told what was made. */
export function populate(database, say, sizes = SIZES) {
  database.exec("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
  for (const [what, sql] of statements(sizes)) {
    const { changes } = database.prepare(sql).run();
    say(`${String(changes).padStart(9)} ${what}`);
  }
  database.exec("COMMIT");
}
