-- How many messages go with conversations of a visitor. Indexes: chat_sessions.id,
-- chat_messages_by_session_time.
-- ?1 org   ?2 conversations as a JSON array   ?3 visitor
SELECT count(*) AS messages
FROM json_each(?2) AS chosen
CROSS JOIN chat_sessions c ON c.id = chosen.value AND +c.org_id = +?1 AND +c.visitor_id = +?3
CROSS JOIN chat_messages m ON m.session_id = c.id
