-- The oldest conversations of a visitor with the number of their messages; one more than is dealt with at
-- a time. Indexes: chat_sessions_of_visitor, chat_messages_by_session_time.
-- ?4 visitor   ?5 site, or NULL   ?6 how many
SELECT c.id, (SELECT count(*) FROM chat_messages m WHERE m.session_id = c.id) AS messages
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND c.visitor_id = ?4
  AND (?5 IS NULL OR c.site_id = ?5)
ORDER BY c.started_at, c.id
LIMIT ?6
