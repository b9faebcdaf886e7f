-- Adds a turn to the org's day and to the day of all orgs, if its answer was stored. A day knows at most
-- 100 topics. Indexes: chat_messages.id, metrics_rollup (scope_id, date), chat_sessions_by_visitor.
-- ?1 org   ?2 site   ?3 day   ?4 answer id   ?5 latency in ms   ?6 1 for a new session
-- ?7 visitor, or NULL   ?8 session   ?9 hour of a new session, or NULL   ?10 topic, or NULL
-- ?11 1 if nothing was found   ?12 tokens
INSERT INTO metrics_rollup (scope_id, date, sessions, messages, answers, latency_ms_total, unique_visitors,
                            hours, topics, unanswered, tokens, last_message_at)
SELECT counted.column1, ?3, ?6, 2, 1, ?5,
       ?6 = 1 AND ?7 IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM chat_sessions c
          WHERE c.site_id = +?2 AND c.visitor_id = +?7 AND c.started_at >= ?3 AND c.id <> ?8),
       iif(?9 IS NULL, '{}', json_object(?9, 1)), iif(?10 IS NULL, '{}', json_object(?10, 1)), ?11, ?12,
       m.created_at
FROM chat_messages m
CROSS JOIN (VALUES (?1), ('*')) AS counted
WHERE m.id = +?4 AND m.org_id = +?1 AND m.site_id = +?2
ON CONFLICT (scope_id, date) DO UPDATE SET
  sessions = sessions + excluded.sessions,
  messages = messages + excluded.messages,
  answers = answers + excluded.answers,
  latency_ms_total = latency_ms_total + excluded.latency_ms_total,
  unique_visitors = unique_visitors + excluded.unique_visitors,
  hours = CASE WHEN ?9 IS NULL THEN hours ELSE json_patch(hours, json_object(?9,
    1 + coalesce((SELECT e.value FROM json_each(metrics_rollup.hours) e WHERE e.key = +?9), 0))) END,
  topics = CASE
    WHEN ?10 IS NULL THEN topics
    WHEN EXISTS (SELECT 1 FROM json_each(metrics_rollup.topics) e WHERE e.key = +?10)
      OR (SELECT count(*) FROM json_each(metrics_rollup.topics)) < 100
    THEN json_patch(topics, json_object(?10,
      1 + coalesce((SELECT e.value FROM json_each(metrics_rollup.topics) e WHERE e.key = +?10), 0)))
    ELSE topics END,
  unanswered = unanswered + excluded.unanswered,
  tokens = tokens + excluded.tokens,
  last_message_at = max(coalesce(last_message_at, ''), excluded.last_message_at)
