-- Adds what a visitor says now to the lead of the session that it belongs to: one with that address, or, without one,
-- with that number; else one that lacks what is said now. Indexes: leads_by_session,
-- chat_sessions.id.
-- ?1 session   ?2 site   ?3 org   ?4 now   ?5 name   ?6 e-mail   ?7 phone   ?8 company   ?9 message
-- ?10 1 if the session must go on
UPDATE leads SET name = coalesce(name, ?5), email = coalesce(email, ?6), phone = coalesce(phone, ?7),
                 company = coalesce(company, ?8), message = coalesce(message, ?9), updated_at = ?4
WHERE id = (
  SELECT l.id FROM leads l
  WHERE l.session_id = +?1 AND +l.site_id = +?2 AND +l.org_id = +?3 AND l.anonymized_at IS NULL
    AND CASE WHEN ?6 IS NULL THEN l.phone = +?7 OR l.phone IS NULL
             ELSE lower(l.email) = lower(?6) OR l.email IS NULL END
  ORDER BY CASE WHEN ?6 IS NULL THEN l.phone IS NULL ELSE l.email IS NULL END, l.created_at, l.id
  LIMIT 1)
  AND (?10 = 0 OR EXISTS (
    SELECT 1 FROM chat_sessions c WHERE c.id = +?1 AND c.org_id = +?3 AND coalesce(c.status, 'active') = 'active'))
RETURNING id
