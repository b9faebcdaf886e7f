-- What the visitor thinks of an answer of the session. Index: chat_messages.id.
-- ?1 org   ?2 site   ?3 session   ?4 message   ?5 up, down or NULL   ?6 comment, or NULL   ?7 now
UPDATE chat_messages SET feedback = ?5, feedback_comment = ?6, feedback_at = ?7
WHERE id = +?4 AND session_id = +?3 AND site_id = +?2 AND org_id = +?1 AND role = 'assistant'
RETURNING id
