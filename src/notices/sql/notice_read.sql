-- Somebody has seen a notice: who was first stays. Index: notices.id.
-- ?1 org   ?2 notice   ?3 now   ?4 users.id
UPDATE notices SET read_by = iif(read_at IS NULL, ?4, read_by), read_at = coalesce(read_at, ?3)
WHERE org_id = +?1 AND id = +?2
RETURNING id, org_id, kind, subject, details, created_at, read_at, read_by
