-- Deletes a conversation with its messages; its leads stay. Index: chat_sessions.id.
-- ?1 org   ?2 conversation
DELETE FROM chat_sessions WHERE org_id = +?1 AND id = +?2
RETURNING id
