-- A new policy, unless the org has as many as it may, or one that was not counted with its rules.
-- Index: knowledge_policies_by_org_name.
-- ?1 org_id   ?2 id   ?3 now   ?4 name   ?5 description, or NULL   ?6 rules   ?7 how many at most
-- ?8 what was counted: array of [id, updated_at]
INSERT INTO knowledge_policies (id, org_id, name, description, rules, created_at, updated_at)
SELECT ?2, ?1, ?4, ?5, ?6, ?3, ?3
WHERE (SELECT count(*) FROM knowledge_policies p WHERE p.org_id = +?1) < ?7
  AND NOT EXISTS (
    SELECT 1 FROM knowledge_policies p
    WHERE p.org_id = +?1
      AND NOT EXISTS (
        SELECT 1 FROM json_each(?8)
        WHERE json_each.value ->> 0 = p.id AND json_each.value ->> 1 = p.updated_at
      )
  )
RETURNING id, org_id, name, description, rules, created_at, updated_at
