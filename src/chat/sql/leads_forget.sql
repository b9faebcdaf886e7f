-- Empties the personal fields of a session's leads. Index: leads_by_session.
-- ?1 session   ?2 site   ?3 org   ?4 now
UPDATE leads SET visitor_id = NULL, name = NULL, email = NULL, phone = NULL, company = NULL, message = NULL,
                 notes = NULL, updated_at = ?4, anonymized_at = ?4
WHERE session_id = +?1 AND +site_id = +?2 AND +org_id = +?3 AND anonymized_at IS NULL
