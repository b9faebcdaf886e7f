-- The newest questions at one site that found no answer, newest first. Index:
-- chat_messages_unanswered_by_site; the org's own is shunned (||), since it would read those of all sites.
-- ?4 first day   ?5 day after the last   ?6 limit   ?7 site
SELECT m.content, m.created_at, m.site_id, m.session_id
FROM chat_messages m
WHERE m.site_id = ?7
  AND (SELECT org_id FROM scope) = m.org_id || ''
  AND m.unanswered = 1
  AND m.created_at >= ?4 AND m.created_at < ?5
ORDER BY m.created_at DESC, m.id DESC
LIMIT ?6
