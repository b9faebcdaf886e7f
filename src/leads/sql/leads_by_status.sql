-- An org's leads of one status, newest first.
-- Indexes: leads_by_org_status; for all orgs leads_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 status
SELECT l.id, l.org_id, l.site_id, l.session_id, l.visitor_id, l.name, l.email, l.phone, l.company, l.message,
       l.status, l.notes, l.assigned_to, l.source, l.consent_text, l.created_at, l.updated_at, l.anonymized_at
FROM leads l
WHERE (SELECT org_id FROM scope) = l.org_id
  AND unlikely(l.status = +?8)
  AND (l.created_at, l.id) < (?4, ?5)
  AND l.created_at >= ?7
ORDER BY l.created_at DESC, l.id DESC
LIMIT +?6
