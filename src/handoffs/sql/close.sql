-- Ends a conversation that goes on. Index: chat_sessions.id.
-- ?1 org   ?2 conversation   ?3 now
UPDATE chat_sessions SET status = 'completed', ended_at = ?3, closed_by = 'staff'
WHERE org_id = +?1 AND id = +?2 AND coalesce(status, 'active') = 'active'
RETURNING id, site_id, coalesce(status, '') || '/' || coalesce(handoff, '') AS state, handoff, handoff_reason, handoff_at,
          handoff_user_id, handoff_name, ended_at, token_id IS NOT NULL AS is_servers
