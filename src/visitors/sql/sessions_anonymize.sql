-- Parts conversations from their visitor and ends them, as nobody may go on with them.
-- Index: chat_sessions.id.
-- ?1 org   ?2 conversations as a JSON array   ?3 visitor   ?4 now
UPDATE chat_sessions SET visitor_id = NULL, metadata = '{}', preview = NULL,
                         status = iif(coalesce(status, 'active') = 'active', 'completed', status),
                         ended_at = coalesce(ended_at, ?4)
WHERE id IN (SELECT value FROM json_each(?2)) AND +org_id = +?1 AND +visitor_id = +?3
RETURNING id
