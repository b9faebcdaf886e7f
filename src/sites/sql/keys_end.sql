-- Ends the keys that a site had before its present one. Index: site_keys_by_site.
-- ?1 org_id   ?2 id   ?3 now
UPDATE site_keys SET expires_at = ?3
WHERE site_id = +?2 AND org_id = +?1 AND deployment_id IS NULL AND expires_at > ?3
