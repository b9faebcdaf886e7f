-- The org of a conversation. Index: chat_sessions.id.   ?4 conversation
SELECT c.org_id FROM chat_sessions c
WHERE c.id = +?4 AND (SELECT org_id FROM scope) IN (c.org_id, '*')
