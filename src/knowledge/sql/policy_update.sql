-- Changes a policy. Index: knowledge_policies.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 name, or NULL to keep it   ?5 1 to change the description   ?6 description
-- ?7 rules, or NULL to keep them
UPDATE knowledge_policies SET
  name = coalesce(?4, name),
  description = CASE ?5 WHEN 1 THEN ?6 ELSE description END,
  rules = coalesce(?7, rules),
  updated_at = ?3
WHERE id = ?2 AND org_id = ?1
RETURNING id, org_id, name, description, rules, created_at, updated_at
