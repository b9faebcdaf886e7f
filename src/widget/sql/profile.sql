-- One profile. Index: widget_profiles.id.
-- ?4 id
SELECT p.id, p.org_id, p.name, p.description, p.theme, p.behavior, p.locale, p.analytics, p.created_at, p.updated_at
FROM widget_profiles p
WHERE p.id = +?4 AND (SELECT org_id FROM scope) IN ('*', p.org_id)
