-- What a visitor says to a person, if the statement before it in the batch found the session handed off.
-- Indexes: chat_sessions.id, chat_messages.id.
-- ?1 session   ?2 site   ?3 org   ?4 message id   ?5 content
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at)
SELECT ?4, c.id, c.site_id, c.org_id, 'user', ?5, c.last_message_at
FROM chat_sessions c
WHERE c.id = +?1 AND c.site_id = +?2 AND c.org_id = +?3 AND changes() > 0
RETURNING id
