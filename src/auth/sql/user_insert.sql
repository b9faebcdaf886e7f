-- The row of a person who signs in for the first time; a second first request changes nothing.
-- Index: users.clerk_user_id (UNIQUE).
INSERT INTO users (id, clerk_user_id, email, name, avatar_url, is_koby_staff, status, last_login_at, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, 0, 'active', ?6, ?6, ?6)
ON CONFLICT (clerk_user_id) DO NOTHING
