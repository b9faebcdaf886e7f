-- A new policy, unless the org has as many as it may. Index: knowledge_policies_by_org_name.
-- ?1 org_id   ?2 id   ?3 now   ?4 name   ?5 description, or NULL   ?6 rules   ?7 how many at most
INSERT INTO knowledge_policies (id, org_id, name, description, rules, created_at, updated_at)
SELECT ?2, ?1, ?4, ?5, ?6, ?3, ?3
WHERE (SELECT count(*) FROM knowledge_policies p WHERE p.org_id = ?1) < ?7
RETURNING id, org_id, name, description, rules, created_at, updated_at
