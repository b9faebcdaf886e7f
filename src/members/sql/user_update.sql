-- Changes a person, if they still are as they were judged, and active staff remain. A status that is given here is no
-- longer Clerk's to undo.
-- Indexes: users.id, users_active_staff.
-- ?1 id   ?2 address   ?3 name   ?4 staff   ?5 status   ?6 now   ?7 … ?10 address, name, staff, status before
UPDATE users SET email = ?2, name = ?3, is_koby_staff = ?4, status = ?5, updated_at = ?6,
  clerk_suspended = CASE WHEN ?5 = ?10 THEN clerk_suspended ELSE 0 END
WHERE id = +?1 AND email IS +?7 AND name IS +?8 AND coalesce(is_koby_staff, 0) = +?9
  AND coalesce(status, 'inactive') = +?10
  AND (?9 = 0 OR ?10 <> 'active' OR ?4 = 1 AND ?5 = 'active'
       OR EXISTS (SELECT 1 FROM users s WHERE s.is_koby_staff = 1 AND s.status = 'active' AND s.id <> ?1))
RETURNING id
