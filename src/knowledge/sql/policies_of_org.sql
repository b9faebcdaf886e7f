-- The policies that an org's answers keep to. Index: knowledge_policies_by_org_name.
-- ?1 org_id
SELECT p.id, p.rules FROM knowledge_policies p WHERE p.org_id = ?1 ORDER BY p.name, p.id LIMIT 100
