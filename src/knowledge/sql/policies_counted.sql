-- The policies of the caller's org, whose rules are counted before one is added. Index: knowledge_policies_by_org_name.
SELECT p.id, p.rules, p.updated_at
FROM scope
CROSS JOIN knowledge_policies p ON p.org_id = scope.org_id
ORDER BY p.name, p.id
LIMIT 100
