-- The policies of a flow's org by name, at most 200. Indexes: flows.id, knowledge_policies_by_org_name.
-- ?4 flow
SELECT p.id, p.org_id, p.name, p.description, p.rules, p.created_at, p.updated_at
FROM flows f
CROSS JOIN knowledge_policies p ON p.org_id = f.org_id
WHERE f.id = +?4 AND (SELECT org_id FROM scope) IN (f.org_id, '*')
ORDER BY p.name, p.id
LIMIT 200
