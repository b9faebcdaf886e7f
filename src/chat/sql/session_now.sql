-- Whose a session is, and whether it goes on. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org
SELECT coalesce(status, 'active') AS status, handoff FROM chat_sessions WHERE id = +?1 AND site_id = +?2 AND org_id = +?3
