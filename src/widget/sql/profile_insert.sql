-- A new profile; of each part it stores what is not null. Index: widget_profiles.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 name   ?5 description, or NULL   ?6 theme   ?7 behavior   ?8 locale   ?9 analytics
INSERT INTO widget_profiles (id, org_id, name, description, theme, behavior, locale, analytics, created_at, updated_at)
VALUES (?2, ?1, ?4, ?5, json_patch('{}', ?6), json_patch('{}', ?7), json_patch('{}', ?8), json_patch('{}', ?9), ?3, ?3)
