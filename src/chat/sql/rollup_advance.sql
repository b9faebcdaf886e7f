-- Adds a turn to the org's day and to the day of all orgs, if its answer was stored.
-- Indexes: chat_messages.id, metrics_rollup (scope_id, date), chat_sessions_by_visitor.
-- ?1 org   ?2 site   ?3 day   ?4 answer id   ?5 latency in ms   ?6 1 for a new session
-- ?7 visitor, or NULL   ?8 session
INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, unique_visitors)
SELECT counted.column1, ?3, ?6, 2, 1, ?5,
       ?6 = 1 AND ?7 IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM chat_sessions c
          WHERE c.site_id = ?2 AND c.visitor_id = ?7 AND c.started_at >= ?3 AND c.id <> ?8)
FROM chat_messages m
CROSS JOIN (VALUES (?1), ('*')) AS counted
WHERE m.id = ?4 AND m.org_id = ?1 AND m.site_id = ?2
ON CONFLICT (scope_id, date) DO UPDATE SET
  sessions = sessions + excluded.sessions,
  messages = messages + excluded.messages,
  answers = answers + excluded.answers,
  latency_ms_total = latency_ms_total + excluded.latency_ms_total,
  unique_visitors = unique_visitors + excluded.unique_visitors
