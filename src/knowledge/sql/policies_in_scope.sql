-- The policies that the answers of the caller's org keep to. Index: knowledge_policies_by_org_name.
SELECT p.id, p.rules
FROM scope
CROSS JOIN knowledge_policies p ON p.org_id = scope.org_id
ORDER BY p.name, p.id
LIMIT 100
