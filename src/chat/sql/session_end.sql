-- Ends a session that goes on. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now   ?5 visitor or staff
UPDATE chat_sessions SET status = 'completed', ended_at = ?4, closed_by = ?5
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3 AND coalesce(status, 'active') = 'active'
RETURNING id
