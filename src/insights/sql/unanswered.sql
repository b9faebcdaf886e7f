-- The newest questions that found no answer, newest first. Indexes: chat_messages_unanswered_by_org; for
-- all orgs chat_messages_unanswered_by_time.
-- ?4 first day   ?5 day after the last   ?6 limit
SELECT m.content, m.created_at, m.site_id, m.session_id
FROM chat_messages m
WHERE (SELECT org_id FROM scope) = m.org_id
  AND m.unanswered = 1
  AND m.created_at >= ?4 AND m.created_at < ?5
ORDER BY m.created_at DESC, m.id DESC
LIMIT +?6
