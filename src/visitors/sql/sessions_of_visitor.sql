-- The oldest conversations of a visitor. Index: chat_sessions_of_visitor.
-- ?4 visitor   ?5 site, or NULL   ?6 how many
SELECT c.id
FROM chat_sessions c
WHERE (SELECT org_id FROM scope) = c.org_id
  AND c.visitor_id = +?4
  AND (?5 IS NULL OR c.site_id = +?5)
ORDER BY c.started_at, c.id
LIMIT +?6
