-- Gives a deployment another key. Index: site_deployments.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 key   ?5 when the one before ends
UPDATE site_deployments SET previous_key = deploy_key, deploy_key = ?4, key_rotated_at = ?3, key_expires_at = ?5,
                            updated_at = ?3
WHERE id = +?2 AND org_id = +?1
