-- Those whose address begins so, for staff alone, by address. Indexes: users_by_email, users.clerk_user_id.
-- For others the limit is 0, which ends before the first row.
-- ?1 caller   ?4 ?5 key of the page before, at first the beginning   ?6 limit   ?7 offset   ?8 end
SELECT u.id, u.clerk_user_id, u.email, u.name, u.avatar_url, u.is_koby_staff,
       coalesce(u.status, 'inactive') AS status, u.org_count, u.last_login_at, u.created_at
FROM users u
WHERE u.email IS NOT NULL
  AND lower(u.email) >= ?4 AND lower(u.email) < ?8
  AND (lower(u.email), u.id) > (?4, ?5)
ORDER BY lower(u.email), u.id
LIMIT +?6 * EXISTS (SELECT 1 FROM users s WHERE s.clerk_user_id = +?1 AND s.is_koby_staff = 1 AND s.status = 'active')
OFFSET ?7
