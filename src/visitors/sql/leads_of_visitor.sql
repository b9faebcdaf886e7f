-- The leads of a visitor, and those of their oldest conversations; one more than is dealt with at a time.
-- Indexes: leads_by_visitor, chat_sessions_of_visitor, leads_by_session.
-- ?4 visitor   ?5 site, or NULL   ?6 how many
SELECT l.id
FROM leads l
WHERE (SELECT org_id FROM scope) = l.org_id
  AND l.visitor_id = +?4
  AND (?5 IS NULL OR l.site_id = +?5)
UNION
SELECT l.id
FROM (
  SELECT c.id, c.org_id
  FROM chat_sessions c
  WHERE (SELECT org_id FROM scope) = c.org_id
    AND c.visitor_id = +?4
    AND (?5 IS NULL OR c.site_id = +?5)
  ORDER BY c.started_at, c.id
  LIMIT +?6
) AS oldest
CROSS JOIN leads l ON l.session_id = oldest.id AND +l.org_id = oldest.org_id
LIMIT +?6
