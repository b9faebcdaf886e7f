-- Removes a policy. Index: knowledge_policies.id.
-- ?1 org_id   ?2 id
DELETE FROM knowledge_policies WHERE id = +?2 AND org_id = +?1
RETURNING id
