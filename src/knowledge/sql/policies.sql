-- Policies by name. Indexes: knowledge_policies_by_org_name; for all orgs knowledge_policies_by_name.
-- ?4 ?5 key of the page before   ?6 limit
SELECT p.id, p.org_id, p.name, p.description, p.rules, p.created_at, p.updated_at
FROM knowledge_policies p
WHERE (SELECT org_id FROM scope) = p.org_id
  AND (p.name, p.id) > (?4, ?5)
ORDER BY p.name, p.id
LIMIT +?6
