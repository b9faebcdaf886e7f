-- The last messages of a session of the named site (org_id) and of this visitor, newest first.
-- Indexes: chat_sessions.id, chat_messages_by_session_time.
-- ?10 session   ?11 visitor, or NULL   ?12 how many at most   ?13 characters of one at most
SELECT m.role, substr(m.content, 1, ?13) AS content
FROM named_site f
JOIN chat_sessions c ON c.id = +?10 AND c.site_id = f.id AND c.org_id = f.org_id
 AND (c.visitor_id IS NULL OR c.visitor_id = +?11)
JOIN chat_messages m ON m.session_id = c.id AND m.org_id = c.org_id
ORDER BY m.created_at DESC, m.id DESC
LIMIT +?12
