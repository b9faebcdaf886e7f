-- Somebody has seen a notification: who was first stays. Index: notifications.id.
-- ?1 org   ?2 notification   ?3 now   ?4 users.id
UPDATE notifications SET read_by = iif(read_at IS NULL, ?4, read_by), read_at = coalesce(read_at, ?3)
WHERE org_id = +?1 AND id = +?2
RETURNING id, org_id, kind, target_type, target_id, created_at, read_at, read_by
