-- The leads that a conversation brought, oldest first, at most 100. Index: leads_by_session.
-- ?4 conversation
SELECT l.id, l.org_id, l.site_id, l.session_id, l.visitor_id, l.name, l.email, l.phone, l.company, l.message,
       l.status, l.notes, l.assigned_to, l.source, l.consent_text, l.created_at, l.updated_at, l.anonymized_at
FROM leads l
WHERE l.session_id = +?4 AND (SELECT org_id FROM scope) IN (l.org_id, '*')
ORDER BY l.created_at, l.id
LIMIT 100
