-- Empties the personal fields of a visitor's leads, those of their conversations included.
-- Indexes: leads.id, leads_by_session.
-- ?1 org   ?2 conversations as a JSON array   ?3 leads as a JSON array   ?4 now
UPDATE leads SET visitor_id = NULL, name = NULL, email = NULL, phone = NULL, company = NULL, message = NULL,
                 notes = NULL, updated_at = ?4, anonymized_at = ?4
WHERE +org_id = +?1
  AND (session_id IN (SELECT value FROM json_each(?2)) OR id IN (SELECT value FROM json_each(?3)))
  AND anonymized_at IS NULL
RETURNING id
