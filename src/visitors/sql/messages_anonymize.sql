-- Empties the messages of conversations; a question without its words waits for no answer.
-- Index: chat_messages_by_session_time.
-- ?1 org   ?2 conversations as a JSON array   ?3 what stands in their place
UPDATE chat_messages SET content = ?3, unanswered = 0, feedback_comment = NULL
WHERE session_id IN (SELECT value FROM json_each(?2)) AND +org_id = +?1
  AND (content <> ?3 OR unanswered <> 0 OR feedback_comment IS NOT NULL)
