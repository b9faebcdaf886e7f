-- Adds a turn to the site's day, if its answer was stored. A visitor is new to the day with the first
-- session of the site and day. A day knows at most 100 topics. Indexes: chat_messages.id,
-- metrics_daily (org_id, site_id, date), chat_sessions_by_visitor.
-- ?1 org   ?2 site   ?3 day   ?4 answer id   ?5 latency in ms   ?6 1 for a new session
-- ?7 visitor, or NULL   ?8 session   ?9 hour of a new session, or NULL   ?10 topic, or NULL
-- ?11 1 if nothing was found   ?12 tokens
INSERT INTO metrics_daily (id, org_id, site_id, date, total_sessions, total_messages, answers,
                           latency_ms_total, avg_latency_ms, unique_visitors, hours, topics, unanswered,
                           total_tokens, created_at)
SELECT ?1 || '_' || ?2 || '_' || ?3, m.org_id, m.site_id, ?3, ?6, 2, 1, ?5, ?5,
       ?6 = 1 AND ?7 IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM chat_sessions c
          WHERE c.site_id = +?2 AND c.visitor_id = +?7 AND c.started_at >= ?3 AND c.id <> ?8),
       iif(?9 IS NULL, '{}', json_object(?9, 1)), iif(?10 IS NULL, '{}', json_object(?10, 1)), ?11, ?12,
       m.created_at
FROM chat_messages m
WHERE m.id = +?4 AND m.org_id = +?1 AND m.site_id = +?2
ON CONFLICT (org_id, site_id, date) DO UPDATE SET
  total_sessions = total_sessions + excluded.total_sessions,
  total_messages = total_messages + excluded.total_messages,
  answers = answers + 1,
  latency_ms_total = latency_ms_total + excluded.latency_ms_total,
  avg_latency_ms = (latency_ms_total + excluded.latency_ms_total) * 1.0 / (answers + 1),
  unique_visitors = unique_visitors + excluded.unique_visitors,
  hours = CASE WHEN ?9 IS NULL THEN hours ELSE json_patch(hours, json_object(?9,
    1 + coalesce((SELECT e.value FROM json_each(metrics_daily.hours) e WHERE e.key = +?9), 0))) END,
  topics = CASE
    WHEN ?10 IS NULL THEN topics
    WHEN EXISTS (SELECT 1 FROM json_each(metrics_daily.topics) e WHERE e.key = +?10)
      OR (SELECT count(*) FROM json_each(metrics_daily.topics)) < 100
    THEN json_patch(topics, json_object(?10,
      1 + coalesce((SELECT e.value FROM json_each(metrics_daily.topics) e WHERE e.key = +?10), 0)))
    ELSE topics END,
  unanswered = unanswered + excluded.unanswered,
  total_tokens = coalesce(total_tokens, 0) + excluded.total_tokens
