-- Profiles, newest first. Indexes: widget_profiles_by_org; for all orgs widget_profiles_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT p.id, p.org_id, p.name, p.description, p.theme, p.behavior, p.locale, p.analytics, p.created_at, p.updated_at
FROM widget_profiles p
WHERE (SELECT org_id FROM scope) = p.org_id
  AND (p.created_at, p.id) < (?4, ?5)
ORDER BY p.created_at DESC, p.id DESC
LIMIT +?6
