-- Adds a turn to the site's day, if its answer was stored. A visitor is new to the day with the first
-- session of the site and day. Indexes: chat_messages.id, metrics_daily (org_id, site_id, date),
-- chat_sessions_by_visitor.
-- ?1 row id   ?2 org   ?3 site   ?4 day   ?5 answer id   ?6 latency in ms   ?7 1 for a new session
-- ?8 visitor, or NULL   ?9 session
INSERT INTO metrics_daily (id, org_id, site_id, date, total_sessions, total_messages, answers,
                           latency_ms_total, avg_latency_ms, unique_visitors, created_at)
SELECT ?1, m.org_id, m.site_id, ?4, ?7, 2, 1, ?6, ?6,
       ?7 = 1 AND ?8 IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM chat_sessions c
          WHERE c.site_id = ?3 AND c.visitor_id = ?8 AND c.started_at >= ?4 AND c.id <> ?9),
       m.created_at
FROM chat_messages m
WHERE m.id = ?5 AND m.org_id = ?2 AND m.site_id = ?3
ON CONFLICT (org_id, site_id, date) DO UPDATE SET
  total_sessions = total_sessions + excluded.total_sessions,
  total_messages = total_messages + excluded.total_messages,
  answers = answers + 1,
  latency_ms_total = latency_ms_total + excluded.latency_ms_total,
  avg_latency_ms = (latency_ms_total + excluded.latency_ms_total) * 1.0 / (answers + 1),
  unique_visitors = unique_visitors + excluded.unique_visitors
