-- A site's conversations, newest started first.
-- Indexes: portal_sites.id, chat_sessions_by_site.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 site   ?9 0 without a lead, or NULL
SELECT c.id, c.site_id, c.org_id, c.visitor_id, coalesce(c.status, 'active') AS status,
       coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state,
       coalesce(c.message_count, 0) AS message_count, c.started_at, c.last_message_at, c.ended_at, c.has_lead, c.preview
FROM portal_sites s CROSS JOIN chat_sessions c ON c.site_id = s.id AND +c.org_id = s.org_id
WHERE s.id = +?8
  AND (SELECT org_id FROM scope) = s.org_id
  AND (?9 IS NULL OR c.has_lead = +?9)
  AND (c.started_at, c.id) < (?4, ?5)
  AND c.started_at >= ?7
ORDER BY c.started_at DESC, c.id DESC
LIMIT +?6
