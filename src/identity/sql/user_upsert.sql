-- Takes over a person's snapshot; whether they are staff stays. Who is banned or locked at Clerk is suspended, and active
-- again once they are not, unless somebody here suspended them.
-- Indexes: clerk_events.svix_id, users.clerk_user_id.
-- ?1 event   ?2 delivery   ?3 row id   ?4 address   ?5 name   ?6 picture   ?7 1 if suspended   ?8 now
INSERT INTO users (id, clerk_user_id, email, name, avatar_url, is_koby_staff, status, clerk_suspended, created_at,
                   updated_at)
SELECT ?3, e.object_id, ?4, ?5, ?6, 0, CASE WHEN ?7 = 1 THEN 'suspended' ELSE 'active' END, ?7, ?8, ?8
FROM clerk_events e
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
ON CONFLICT (clerk_user_id) DO UPDATE SET
  email = excluded.email,
  name = excluded.name,
  avatar_url = excluded.avatar_url,
  status = CASE
    WHEN excluded.clerk_suspended = 1 AND users.status = 'active' THEN 'suspended'
    WHEN excluded.clerk_suspended = 0 AND users.status = 'suspended' AND users.clerk_suspended = 1 THEN 'active'
    ELSE users.status
  END,
  clerk_suspended = excluded.clerk_suspended = 1 AND (users.status IS 'active' OR users.clerk_suspended = 1),
  updated_at = excluded.updated_at
WHERE users.email IS NOT excluded.email
   OR users.name IS NOT excluded.name
   OR users.avatar_url IS NOT excluded.avatar_url
   OR excluded.clerk_suspended = 1 AND users.status = 'active'
   OR excluded.clerk_suspended = 0 AND users.clerk_suspended = 1
