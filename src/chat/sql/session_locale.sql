-- Notes the language of a session. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 language
UPDATE chat_sessions SET locale = ?4
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3 AND locale IS NOT ?4
