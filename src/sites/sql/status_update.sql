-- Pauses or resumes a site; one that is so already stays as it is. Index: portal_sites.id.
-- ?1 org_id   ?2 id   ?3 now   ?4 status
UPDATE portal_sites SET status = ?4, updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND status IS NOT ?4
