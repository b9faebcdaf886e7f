-- An org's conversations, newest started first.
-- Indexes: chat_sessions_by_org; for all orgs chat_sessions_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 0 without a lead, or NULL
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status,
       coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state,
       coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at, c.has_lead, c.preview
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND (?8 IS NULL OR c.has_lead = +?8)
  AND (c.started_at, c.id) < (?4, ?5)
  AND c.started_at >= ?7
ORDER BY c.started_at DESC, c.id DESC
LIMIT +?6
