-- Empties the messages of a session; a question without its words waits for no answer.
-- Index: chat_messages_by_session_time.
-- ?1 session   ?2 site   ?3 org   ?4 what stands in their place
UPDATE chat_messages SET content = ?4, unanswered = 0, citations = NULL, feedback_comment = NULL
WHERE session_id = +?1 AND +site_id = +?2 AND +org_id = +?3
