-- Changes a profile: of each part the fields that the merge patch names, so that two changes of different fields do
-- not undo each other. Index: widget_profiles.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 name, or NULL to keep it   ?5 1 to change the description   ?6 description, or NULL
-- ?7 theme   ?8 behavior   ?9 locale   ?10 analytics, as merge patches
UPDATE widget_profiles SET
  name = coalesce(?4, name),
  description = CASE ?5 WHEN 1 THEN ?6 ELSE description END,
  theme = json_patch(iif(json_valid(theme), theme, '{}'), ?7),
  behavior = json_patch(iif(json_valid(behavior), behavior, '{}'), ?8),
  locale = json_patch(iif(json_valid(locale), locale, '{}'), ?9),
  analytics = json_patch(iif(json_valid(analytics), analytics, '{}'), ?10),
  updated_at = ?3
WHERE id = +?2 AND org_id = +?1
