-- Sets how many may belong to an org, if the cap still is the one that was read.
-- Index: orgs.id. ?1 org   ?2 cap   ?3 cap before   ?4 now
UPDATE orgs SET max_members = ?2, updated_at = ?4 WHERE id = +?1 AND coalesce(max_members, 10) = +?3
RETURNING id
