-- Ends the keys that a deployment had before its present one. Index: site_keys_by_deployment.
-- ?1 org_id   ?2 deployment   ?3 now
UPDATE site_keys SET expires_at = ?3
WHERE deployment_id = +?2 AND org_id = +?1 AND expires_at > ?3
