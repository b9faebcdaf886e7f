-- Notes a login, unless one was noted after ?3. Index: users.clerk_user_id.
UPDATE users SET last_login_at = ?2
WHERE clerk_user_id = +?1 AND (last_login_at IS NULL OR last_login_at < ?3)
