-- Gives a site another key. Index: portal_sites.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 key
UPDATE portal_sites SET site_key = ?4, updated_at = ?3
WHERE id = +?2 AND org_id = +?1
