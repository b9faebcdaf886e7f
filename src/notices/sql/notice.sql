-- One notice. Index: notices.id.   ?4 notice
SELECT n.id, n.org_id, n.kind, n.subject, n.details, n.created_at, n.read_at, n.read_by
FROM notices n
WHERE n.id = +?4 AND (SELECT org_id FROM scope) IN (n.org_id, '*')
