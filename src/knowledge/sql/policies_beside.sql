-- The other policies of a policy's org, whose rules are counted before its own are changed.
-- Indexes: knowledge_policies.id, knowledge_policies_by_org_name.
-- ?4 id
SELECT p.id, p.rules, p.updated_at
FROM knowledge_policies own
CROSS JOIN knowledge_policies p ON p.org_id = own.org_id AND p.id <> own.id
WHERE own.id = +?4 AND (SELECT org_id FROM scope) IN ('*', own.org_id)
ORDER BY p.name, p.id
LIMIT 100
