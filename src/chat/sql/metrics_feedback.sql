-- Moves the thumbs of the day of an answer by what its visitor thinks of it now, before that is written.
-- Indexes: chat_messages.id, metrics_daily (org_id, site_id, date).
-- ?1 org   ?2 site   ?3 session   ?4 message   ?5 up, down or NULL
INSERT INTO metrics_daily (id, org_id, site_id, date, thumbs_up, thumbs_down, created_at)
SELECT ?1 || '_' || ?2 || '_' || substr(m.created_at, 1, 10), m.org_id, m.site_id, substr(m.created_at, 1, 10),
       (?5 IS 'up') - (m.feedback IS 'up'), (?5 IS 'down') - (m.feedback IS 'down'), m.created_at
FROM chat_messages m
WHERE m.id = +?4 AND m.session_id = +?3 AND m.site_id = +?2 AND m.org_id = +?1 AND m.role = 'assistant'
  AND m.feedback IS NOT ?5
ON CONFLICT (org_id, site_id, date) DO UPDATE SET
  thumbs_up = max(0, thumbs_up + excluded.thumbs_up),
  thumbs_down = max(0, thumbs_down + excluded.thumbs_down)
