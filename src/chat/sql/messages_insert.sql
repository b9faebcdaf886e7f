-- Both messages of a turn, if the session is open and of this site and org. Index: chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 question id   ?5 question   ?6 asked at
-- ?7 answer id   ?8 answer   ?9 answered at   ?10 latency in ms   ?11 1 if nothing was found
INSERT INTO chat_messages (id, session_id, site_id, org_id, role, content, latency_ms, tokens_used, created_at,
                           unanswered)
SELECT turn.column1, c.id, c.site_id, c.org_id, turn.column2, turn.column3, turn.column4, NULL, turn.column5,
       turn.column6
FROM chat_sessions c
CROSS JOIN (VALUES (?4, 'user', ?5, NULL, ?6, ?11), (?7, 'assistant', ?8, ?10, ?9, 0)) AS turn
WHERE c.id = ?1 AND c.site_id = ?2 AND c.org_id = ?3 AND c.status = 'active'
RETURNING id
