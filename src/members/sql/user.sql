-- A person, for staff alone. Indexes: users.id, users.clerk_user_id. ?1 caller   ?4 id
SELECT u.id, u.clerk_user_id, u.email, u.name, u.is_koby_staff, coalesce(u.status, 'inactive') AS status,
       coalesce(u.updated_at, u.created_at, '') AS updated_at
FROM users u
WHERE u.id = +?4
  AND EXISTS (SELECT 1 FROM users s WHERE s.clerk_user_id = +?1 AND s.is_koby_staff = 1 AND s.status = 'active')
