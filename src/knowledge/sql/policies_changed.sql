-- Policies, last changed first. Indexes: knowledge_policies_by_org; for all orgs knowledge_policies_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT k.id, k.org_id, k.name, k.description, k.rules, k.created_at, k.updated_at
FROM knowledge_policies k
WHERE (SELECT org_id FROM scope) = k.org_id
  AND (k.updated_at, k.id) < (?4, ?5)
ORDER BY k.updated_at DESC, k.id DESC
LIMIT +?6
