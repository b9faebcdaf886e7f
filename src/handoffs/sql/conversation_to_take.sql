-- Where a conversation stands. Index: chat_sessions.id.   ?4 conversation
SELECT c.org_id, c.id, c.site_id, coalesce(c.status, '') || '/' || coalesce(c.handoff, '') AS state, c.handoff,
       c.handoff_reason, c.handoff_at, c.handoff_user_id, c.handoff_name, c.ended_at,
       c.token_id IS NOT NULL AS is_servers
FROM chat_sessions c
WHERE c.id = +?4 AND (SELECT org_id FROM scope) IN (c.org_id, '*')
