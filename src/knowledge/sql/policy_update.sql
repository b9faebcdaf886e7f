-- Changes a policy, unless its rules change and the org has another that was not counted with them.
-- Indexes: knowledge_policies.id, knowledge_policies_by_org_name.
-- ?1 org_id   ?2 id   ?3 now   ?4 name, or NULL to keep it   ?5 1 to change the description   ?6 description
-- ?7 rules, or NULL to keep them   ?8 what was counted: array of [id, updated_at]
UPDATE knowledge_policies SET
  name = coalesce(?4, name),
  description = CASE ?5 WHEN 1 THEN ?6 ELSE description END,
  rules = coalesce(?7, rules),
  updated_at = ?3
WHERE id = +?2 AND org_id = +?1
  AND (?7 IS NULL OR NOT EXISTS (
    SELECT 1 FROM knowledge_policies p
    WHERE p.org_id = +?1 AND p.id <> ?2
      AND NOT EXISTS (
        SELECT 1 FROM json_each(?8)
        WHERE json_each.value ->> 0 = p.id AND json_each.value ->> 1 = p.updated_at
      )
  ))
RETURNING id, org_id, name, description, rules, created_at, updated_at
