-- A deployment of a site, unless it has one in that environment, with a profile of the same org_id or none.
-- Indexes: portal_sites.id, widget_profiles.id, site_deployments (site_id, environment).
-- ?1 org_id   ?2 id   ?3 now   ?4 site   ?5 environment   ?6 key   ?7 profile, or NULL   ?8 allowed origins
-- ?9 messages a minute   ?10 messages a day   ?11 status   ?12 when it went live, or NULL
INSERT INTO site_deployments (id, site_id, org_id, environment, deploy_key, widget_profile_id, allowed_origins,
                              rate_limit_rpm, rate_limit_daily, status, created_at, updated_at, deployed_at)
SELECT ?2, s.id, s.org_id, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?3, ?3, ?12
FROM portal_sites s
WHERE s.id = +?4 AND s.org_id = +?1
  AND (?7 IS NULL OR EXISTS (SELECT 1 FROM widget_profiles p WHERE p.id = +?7 AND p.org_id = +?1))
ON CONFLICT (site_id, environment) DO NOTHING
