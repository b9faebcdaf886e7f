-- What happened at one site that the caller may see, newest first: its sessions and messages, as one merge.
-- Indexes: portal_sites.id, chat_sessions_by_site, chat_sessions_by_site_end,
-- chat_messages_by_site_time; the org's own are shunned (||), since they would read the rows of all its
-- sites. A limit of 0 ends before the first row of a site that may not be seen.
-- ?4 ?5 ?6 key of the page before   ?7 type of event, or NULL   ?8 limit   ?9 site
, site(org_id) AS MATERIALIZED (
  SELECT s.org_id FROM scope CROSS JOIN portal_sites s ON s.id = +?9 AND scope.org_id IN ('*', s.org_id)
)
SELECT c.started_at AS at, c.id AS id, 'began' AS arm, c.org_id AS org_id, c.site_id AS site_id,
       c.id AS session_id, NULL AS subject, NULL AS content, c.metadata AS metadata
FROM chat_sessions c
WHERE c.site_id = +?9
  AND (SELECT org_id FROM site) = c.org_id || ''
  AND (c.started_at, c.id, 'began') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'session_started')
UNION ALL
SELECT c.ended_at, c.id, 'ended', c.org_id, c.site_id, c.id, NULL, NULL, c.metadata
FROM chat_sessions c
WHERE c.site_id = +?9
  AND (SELECT org_id FROM site) = c.org_id || ''
  AND c.ended_at IS NOT NULL
  AND (c.ended_at, c.id, 'ended') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'session_ended')
UNION ALL
SELECT m.created_at, m.id, 'message', m.org_id, m.site_id, m.session_id, m.role, m.content, NULL
FROM chat_messages m
WHERE m.site_id = +?9
  AND (SELECT org_id FROM site) = m.org_id || ''
  AND (m.role = 'user' OR m.role = 'assistant')
  AND (m.created_at, m.id, 'message') < (?4, ?5, ?6)
  AND (?7 IS NULL OR ?7 = 'user_message' OR ?7 = 'assistant_message')
  AND (?7 IS NULL OR ?7 = iif(m.role = 'user', 'user_message', 'assistant_message'))
ORDER BY 1 DESC, 2 DESC, 3 DESC
LIMIT iif((SELECT org_id FROM site) IS NULL, 0, ?8)
