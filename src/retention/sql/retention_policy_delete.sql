-- Removes a policy. Index: retention_policies.id.
-- ?1 org_id   ?2 id
DELETE FROM retention_policies WHERE id = +?2 AND org_id = +?1
RETURNING id
