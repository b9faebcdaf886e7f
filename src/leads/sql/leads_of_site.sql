-- A site's leads, newest first.
-- Indexes: portal_sites.id, leads_by_site.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 site
SELECT l.id, l.org_id, l.site_id, l.session_id, l.visitor_id, l.name, l.email, l.phone, l.company, l.message,
       l.status, l.notes, l.assigned_to, l.source, l.consent_text, l.created_at, l.updated_at, l.anonymized_at
FROM portal_sites s CROSS JOIN leads l ON l.site_id = s.id AND +l.org_id = s.org_id
WHERE s.id = +?8
  AND (SELECT org_id FROM scope) = s.org_id
  AND (l.created_at, l.id) < (?4, ?5)
  AND l.created_at >= ?7
ORDER BY l.created_at DESC, l.id DESC
LIMIT +?6
