-- What a key opens: its site, which names its org_id, the deployment, how the widget looks there, and its pin.
-- A key is public. Indexes: site_keys.key, portal_sites.site_key, deployment_version_pins.deployment_id, and the ids
-- of what these refer to.
-- ?1 key   ?2 now
WITH opened (site_id, deployment_id, expires_at) AS (
  SELECT k.site_id, k.deployment_id, k.expires_at FROM site_keys k WHERE k.key = +?1
  UNION ALL
  SELECT s.id, NULL, NULL FROM portal_sites s WHERE s.site_key = +?1
  LIMIT 1
)
SELECT k.expires_at AS key_ends_at, k.expires_at IS NOT NULL AND k.expires_at <= ?2 AS key_is_over,
       s.id AS site_id, s.org_id, o.slug AS org_slug, o.status AS org_status, s.name AS site_name,
       s.type AS site_type, s.status AS site_status, s.domain, s.keyless_origin,
       coalesce(d.allowed_origins, s.allowed_origins) AS allowed_origins, s.config,
       d.id AS deployment_id, d.status AS deployment_status, d.environment,
       p.theme, p.behavior, p.locale, p.analytics,
       n.channel AS pin_channel, n.rollout_percentage,
       v.version AS pinned_version, v.script_url AS pinned_script_url, v.styles_url AS pinned_styles_url,
       v.integrity_hash AS pinned_integrity_hash, v.min_profile_version AS pinned_min_profile_version,
       v.status AS pinned_status
FROM opened k
CROSS JOIN portal_sites s ON s.id = k.site_id
CROSS JOIN orgs o ON o.id = s.org_id
LEFT JOIN site_deployments d ON d.id = k.deployment_id AND d.org_id = s.org_id
LEFT JOIN widget_profiles p ON p.id = d.widget_profile_id AND p.org_id = s.org_id
LEFT JOIN deployment_version_pins n ON n.deployment_id = d.id AND n.org_id = s.org_id
LEFT JOIN widget_versions v ON v.id = n.widget_version_id
