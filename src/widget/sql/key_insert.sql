-- Makes a deployment's present key open its site. Indexes: site_deployments.id, site_keys.key.
-- ?1 org_id   ?2 deployment   ?3 now
INSERT INTO site_keys (key, site_id, org_id, deployment_id, expires_at, created_at)
SELECT d.deploy_key, d.site_id, d.org_id, d.id, NULL, ?3
FROM site_deployments d
WHERE d.id = +?2 AND d.org_id = +?1
