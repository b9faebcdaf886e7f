-- Takes conversations out of the index. Index: messages_by_session.
-- ?1 org   ?2 conversations as a JSON array
DELETE FROM messages
WHERE session_id IN (SELECT value FROM json_each(?2)) AND +org_id = +?1
