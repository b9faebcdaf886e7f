-- Gives a conversation back to the assistant. Index: chat_sessions.id.
-- ?1 org   ?2 conversation
UPDATE chat_sessions SET handoff = NULL, handoff_at = NULL, handoff_reason = NULL, handoff_user_id = NULL,
                         handoff_name = NULL
WHERE org_id = +?1 AND id = +?2 AND coalesce(status, 'active') = 'active' AND handoff IS NOT NULL
RETURNING id, site_id, coalesce(status, '') || '/' || coalesce(handoff, '') AS state, handoff, handoff_reason, handoff_at,
          handoff_user_id, handoff_name, ended_at, token_id IS NOT NULL AS is_servers
