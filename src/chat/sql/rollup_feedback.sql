-- Moves the thumbs of the org's day and of the day of all orgs alike.
-- Indexes: chat_messages.id, metrics_rollup (scope_id, date).
-- ?1 org   ?2 site   ?3 session   ?4 message   ?5 up, down or NULL
INSERT INTO metrics_rollup (scope_id, date, thumbs_up, thumbs_down)
SELECT counted.column1, substr(m.created_at, 1, 10),
       (?5 IS 'up') - (m.feedback IS 'up'), (?5 IS 'down') - (m.feedback IS 'down')
FROM chat_messages m
CROSS JOIN (VALUES (?1), ('*')) AS counted
WHERE m.id = +?4 AND m.session_id = +?3 AND m.site_id = +?2 AND m.org_id = +?1 AND m.role = 'assistant'
  AND m.feedback IS NOT ?5
ON CONFLICT (scope_id, date) DO UPDATE SET
  thumbs_up = max(0, thumbs_up + excluded.thumbs_up),
  thumbs_down = max(0, thumbs_down + excluded.thumbs_down)
