-- Deletes a visitor's leads, those of their conversations included. Indexes: leads.id, leads_by_session.
-- ?1 org   ?2 conversations as a JSON array   ?3 leads as a JSON array
DELETE FROM leads
WHERE +org_id = +?1
  AND (session_id IN (SELECT value FROM json_each(?2)) OR id IN (SELECT value FROM json_each(?3)))
RETURNING id
