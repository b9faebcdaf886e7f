-- One deployment after a change. Indexes: site_deployments.id, deployment_version_pins.deployment_id.
-- ?1 org_id   ?2 id
SELECT d.id, d.org_id, d.site_id, s.name AS site_name, d.environment, d.deploy_key, d.widget_profile_id,
       d.allowed_origins, d.rate_limit_rpm, d.rate_limit_daily, d.previous_key, d.key_rotated_at, d.key_expires_at,
       d.status, d.created_at, d.updated_at, d.deployed_at,
       n.pin_type, n.channel, n.widget_version_id, v.version AS pinned_version, n.rollout_percentage
FROM site_deployments d
LEFT JOIN portal_sites s ON s.id = d.site_id AND s.org_id = d.org_id
LEFT JOIN deployment_version_pins n ON n.deployment_id = d.id AND n.org_id = d.org_id
LEFT JOIN widget_versions v ON v.id = n.widget_version_id
WHERE d.id = +?2 AND d.org_id = +?1
