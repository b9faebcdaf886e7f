-- One policy. Index: knowledge_policies.id.
-- ?4 id
SELECT p.id, p.org_id, p.name, p.description, p.rules, p.created_at, p.updated_at
FROM knowledge_policies p
WHERE p.id = +?4 AND (SELECT org_id FROM scope) IN ('*', p.org_id)
