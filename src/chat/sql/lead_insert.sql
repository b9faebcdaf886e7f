-- A lead from a session, unless it has one with that address, or, without one, with that number; five at most.
-- Indexes: chat_sessions.id, leads_by_session.
-- ?1 session   ?2 site   ?3 org   ?4 now   ?5 name   ?6 e-mail   ?7 phone   ?8 company   ?9 message
-- ?10 id   ?11 consent   ?12 source   ?13 1 if the session must go on
INSERT INTO leads (id, org_id, site_id, session_id, visitor_id, name, email, phone, company, message, status, source,
                   consent_text, created_at, updated_at)
SELECT ?10, c.org_id, c.site_id, c.id, c.visitor_id, ?5, ?6, ?7, ?8, ?9, 'new', ?12, ?11, ?4, ?4
FROM chat_sessions c
WHERE c.id = +?1 AND c.site_id = +?2 AND c.org_id = +?3
  AND (?13 = 0 OR coalesce(c.status, 'active') = 'active')
  AND NOT EXISTS (
    SELECT 1 FROM leads l
    WHERE l.session_id = +?1
      AND CASE WHEN ?6 IS NULL THEN l.phone = +?7 ELSE lower(l.email) = lower(?6) END)
  AND (SELECT count(*) FROM leads l WHERE l.session_id = +?1) < 5
RETURNING id
