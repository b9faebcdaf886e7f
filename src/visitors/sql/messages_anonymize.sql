-- Empties the messages of conversations. Index: chat_messages_by_session_time.
-- ?1 org   ?2 conversations as a JSON array   ?3 what stands in their place
UPDATE chat_messages SET content = ?3
WHERE session_id IN (SELECT value FROM json_each(?2)) AND +org_id = ?1 AND content <> ?3
