-- Writes parts of a configuration, if it still has the version that the change was made from.
-- Index: portal_config.org_id (UNIQUE).
-- ?1 org_id   ?2 id of a new row   ?3 now   ?4 branding   ?5 modules   ?6 cards   ?7 settings: new values, or defaults
-- ?8 ?9 ?10 ?11 1 for each of these that is written where there is a row
-- ?12 version that must be there, 0 for no row, or NULL for any
INSERT INTO portal_config AS c (id, org_id, branding, enabled_modules, custom_cards, settings, version,
                                created_at, updated_at)
SELECT ?2, ?1, ?4, ?5, ?6, ?7, 1, ?3, ?3
WHERE ?12 IS NULL OR ?12 = 0 OR EXISTS (SELECT 1 FROM portal_config p WHERE p.org_id = +?1)
ON CONFLICT (org_id) DO UPDATE SET
  branding = CASE ?8 WHEN 1 THEN excluded.branding ELSE c.branding END,
  enabled_modules = CASE ?9 WHEN 1 THEN excluded.enabled_modules ELSE c.enabled_modules END,
  custom_cards = CASE ?10 WHEN 1 THEN excluded.custom_cards ELSE c.custom_cards END,
  settings = CASE ?11 WHEN 1 THEN excluded.settings ELSE c.settings END,
  version = c.version + 1,
  updated_at = excluded.updated_at
WHERE ?12 IS NULL OR c.version = +?12
RETURNING org_id, branding, enabled_modules, custom_cards, settings, version, updated_at
