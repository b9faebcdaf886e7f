-- Leaves of a deleted person nothing but their ids, switched off for good; also of one who is not known yet, so that
-- nobody signs in as them. Indexes: clerk_events.svix_id, users.clerk_user_id.
-- ?1 event   ?2 delivery   ?3 row id   ?4 now
INSERT INTO users (id, clerk_user_id, is_koby_staff, status, sessions_revoked_at, created_at, updated_at)
SELECT ?3, e.object_id, 0, 'inactive', ?4, ?4, ?4
FROM clerk_events e
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (clerk_user_id) DO UPDATE SET
  email = NULL, name = NULL, avatar_url = NULL, status = 'inactive', clerk_suspended = 0,
  sessions_revoked_at = excluded.sessions_revoked_at, updated_at = excluded.updated_at
