-- What a person says, if the statement before it in the batch found the conversation theirs.
-- Indexes: chat_sessions.id, chat_messages.id.
-- ?1 org   ?2 conversation   ?3 message id   ?4 content   ?5 users.id   ?6 name, or NULL
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, created_at, author_user_id, author_name)
SELECT ?3, c.id, c.site_id, c.org_id, 'assistant', ?4, c.last_message_at, ?5, ?6
FROM chat_sessions c
WHERE c.id = +?2 AND c.org_id = +?1 AND changes() > 0
RETURNING id, role, content, author_user_id, author_name, created_at
