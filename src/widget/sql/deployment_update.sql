-- Changes a deployment, whose profile is of the same org_id or none. Indexes: site_deployments.id, widget_profiles.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 allowed origins   ?5 messages a minute   ?6 messages a day   ?7 status, each NULL to
-- keep it   ?8 1 to change the profile   ?9 profile, or NULL
UPDATE site_deployments SET
  allowed_origins = coalesce(?4, allowed_origins),
  rate_limit_rpm = coalesce(?5, rate_limit_rpm),
  rate_limit_daily = coalesce(?6, rate_limit_daily),
  status = coalesce(?7, status),
  widget_profile_id = CASE ?8 WHEN 1 THEN ?9 ELSE widget_profile_id END,
  deployed_at = CASE WHEN ?7 = 'active' AND status <> 'active' THEN ?3 ELSE deployed_at END,
  updated_at = ?3
WHERE id = +?2 AND org_id = +?1
  AND (?9 IS NULL OR EXISTS (SELECT 1 FROM widget_profiles p WHERE p.id = +?9 AND p.org_id = +?1))
RETURNING id
