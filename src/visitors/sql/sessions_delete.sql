-- Deletes conversations with their messages. Index: chat_sessions.id.
-- ?1 org   ?2 conversations as a JSON array   ?3 visitor
DELETE FROM chat_sessions
WHERE id IN (SELECT value FROM json_each(?2)) AND +org_id = +?1 AND +visitor_id = +?3
RETURNING id
