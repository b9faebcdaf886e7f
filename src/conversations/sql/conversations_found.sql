-- Of the conversations that a search found, those that the caller may see and that fit, newest started
-- first. Indexes: chat_sessions.id.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 site, or NULL   ?9 status, or NULL
-- ?10 1 with a lead, 0 without, or NULL   ?11 visitor, or NULL   ?12 ids as a JSON array, at most 200
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status,
       coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state,
       coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at, c.has_lead, c.preview
FROM json_each(?12) AS found
CROSS JOIN chat_sessions c ON c.id = found.value
WHERE (SELECT org_id FROM scope) = c.org_id
  AND (?11 IS NULL OR c.visitor_id = +?11)
  AND (?8 IS NULL OR c.site_id = +?8)
  AND (?9 IS NULL OR c.status = +?9)
  AND (?10 IS NULL OR c.has_lead = +?10)
  AND (c.started_at, c.id) < (?4, ?5)
  AND c.started_at >= ?7
ORDER BY c.started_at DESC, c.id DESC
LIMIT +?6
