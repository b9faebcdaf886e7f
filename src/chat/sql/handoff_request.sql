-- Asks for a person in a session that the assistant answers. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now   ?5 reason
UPDATE chat_sessions SET handoff = 'requested', handoff_at = ?4, handoff_reason = ?5
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3 AND coalesce(status, 'active') = 'active' AND handoff IS NULL
RETURNING id
