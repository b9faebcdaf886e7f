-- One lead. Index: leads.id.   ?4 lead
SELECT l.id, l.org_id, l.site_id, l.session_id, l.visitor_id, l.name, l.email, l.phone, l.company, l.message,
       l.status, l.notes, l.assigned_to, l.source, l.consent_text, l.created_at, l.updated_at, l.anonymized_at
FROM leads l
WHERE l.id = +?4 AND (SELECT org_id FROM scope) IN (l.org_id, '*')
