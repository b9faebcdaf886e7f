-- Takes over a conversation that nobody has. Index: chat_sessions.id.
-- ?1 org   ?2 conversation   ?3 now   ?4 users.id   ?5 name, or NULL
UPDATE chat_sessions SET handoff = 'accepted', handoff_user_id = ?4, handoff_name = ?5,
                         handoff_at = coalesce(handoff_at, ?3), handoff_reason = coalesce(handoff_reason, 'staff')
WHERE org_id = +?1 AND id = +?2 AND coalesce(status, 'active') = 'active' AND token_id IS NULL
  AND (handoff IS NULL OR handoff = 'requested')
RETURNING id, site_id, coalesce(status, '') || '/' || coalesce(handoff, '') AS state, handoff, handoff_reason, handoff_at,
          handoff_user_id, handoff_name, ended_at, token_id IS NOT NULL AS is_servers
