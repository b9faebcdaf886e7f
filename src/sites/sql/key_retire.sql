-- Keeps a site's present key, before it is replaced, until it ends; from then on it opens nothing for ever.
-- Indexes: portal_sites.id, site_keys.key.
-- ?1 org_id   ?2 id   ?3 now   ?4 when it ends
INSERT INTO site_keys (key, site_id, org_id, expires_at, created_at)
SELECT s.site_key, s.id, s.org_id, ?4, ?3 FROM portal_sites s
WHERE s.id = +?2 AND s.org_id = +?1
ON CONFLICT (key) DO NOTHING
RETURNING key
