-- A visitor's conversations, newest started first. Indexes: chat_sessions_of_visitor; for all orgs
-- chat_sessions_by_visitor_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 site, or NULL   ?9 status, or NULL
-- ?10 1 with a lead, 0 without, or NULL   ?11 visitor
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status,
       coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state,
       coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at, c.has_lead, c.preview
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND c.visitor_id = +?11
  AND (?8 IS NULL OR c.site_id = +?8)
  AND (?9 IS NULL OR c.status = +?9)
  AND (?10 IS NULL OR c.has_lead = +?10)
  AND (c.started_at, c.id) < (?4, ?5)
  AND c.started_at >= ?7
ORDER BY c.started_at DESC, c.id DESC
LIMIT +?6
