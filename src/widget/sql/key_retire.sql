-- Lets a deployment's present key, before it is replaced, go on until it ends; from then on it opens nothing for ever.
-- Indexes: site_deployments.id, site_keys.key.
-- ?1 org_id   ?2 deployment   ?3 now   ?4 when it ends
INSERT INTO site_keys (key, site_id, org_id, deployment_id, expires_at, created_at)
SELECT d.deploy_key, d.site_id, d.org_id, d.id, ?4, ?3
FROM site_deployments d
WHERE d.id = +?2 AND d.org_id = +?1
ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at
  WHERE site_keys.deployment_id = excluded.deployment_id
