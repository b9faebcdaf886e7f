-- Parts a session from its visitor and ends it, as nobody may go on with it; a mark tells that it was done. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now
UPDATE chat_sessions SET visitor_id = NULL, metadata = '{"forgotten":true}', preview = NULL, locale = NULL,
                         closed_by = iif(coalesce(status, 'active') = 'active', 'visitor', closed_by),
                         status = iif(coalesce(status, 'active') = 'active', 'completed', status),
                         ended_at = coalesce(ended_at, ?4)
WHERE id = +?1 AND site_id = +?2 AND org_id = +?3
RETURNING id
