-- One profile after a change. Index: widget_profiles.id.
-- ?1 org_id   ?2 id
SELECT p.id, p.org_id, p.name, p.description, p.theme, p.behavior, p.locale, p.analytics, p.created_at, p.updated_at
FROM widget_profiles p
WHERE p.id = +?2 AND p.org_id = +?1
