-- Changes the named fields of a lead that was not anonymized, if the person it is to be assigned to is a
-- member of the org_id. An empty text becomes NULL.
-- Indexes: leads.id, users.id, user_memberships (clerk_user_id, org_id).
-- ?1 org   ?2 lead   ?3 now   ?4 status, or NULL   then pairs of 1 to change it and the value:
-- ?5 ?6 notes   ?7 ?8 assigned to   ?9 ?10 name   ?11 ?12 email   ?13 ?14 phone   ?15 ?16 company
UPDATE leads SET
  status = coalesce(?4, status),
  notes = iif(?5, nullif(?6, ''), notes),
  assigned_to = iif(?7, nullif(?8, ''), assigned_to),
  name = iif(?9, nullif(?10, ''), name),
  email = iif(?11, nullif(?12, ''), email),
  phone = iif(?13, nullif(?14, ''), phone),
  company = iif(?15, nullif(?16, ''), company),
  updated_at = ?3
WHERE org_id = +?1 AND id = +?2 AND anonymized_at IS NULL
  AND (nullif(?8, '') IS NULL OR EXISTS (
    SELECT 1 FROM users u
      JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = +?1
     WHERE u.id = +?8 AND u.status = 'active'))
RETURNING id, org_id, site_id, session_id, visitor_id, name, email, phone, company, message,
          status, notes, assigned_to, source, consent_text, created_at, updated_at, anonymized_at
