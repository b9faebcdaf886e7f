-- The newest questions that found no answer at one site that the caller may see, newest first. Indexes:
-- portal_sites.id, chat_messages_unanswered_by_site; the org's own is shunned (||), since it would read
-- those of all sites. A limit of 0 ends before the first row of a site that may not be seen.
-- ?4 first day   ?5 day after the last   ?6 limit   ?7 site
, site(org_id) AS MATERIALIZED (
  SELECT s.org_id FROM scope CROSS JOIN portal_sites s ON s.id = +?7 AND scope.org_id IN ('*', s.org_id)
)
SELECT m.content, m.created_at, m.site_id, m.session_id
FROM chat_messages m
WHERE m.site_id = +?7
  AND (SELECT org_id FROM site) = m.org_id || ''
  AND m.unanswered = 1
  AND m.created_at >= ?4 AND m.created_at < ?5
ORDER BY m.created_at DESC, m.id DESC
LIMIT iif((SELECT org_id FROM site) IS NULL, 0, ?6)
