-- The row of a person who signs in for the first time; a second first request changes nothing, and a session that has
-- ended makes none. Indexes: users.clerk_user_id (UNIQUE), ended_sessions.session_id.
-- ?1 row id   ?2 person   ?3 address   ?4 name   ?5 picture   ?6 now   ?7 session of the token, or NULL
INSERT INTO users (id, clerk_user_id, email, name, avatar_url, is_koby_staff, status, last_login_at, created_at, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5, 0, 'active', ?6, ?6, ?6
WHERE NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.session_id = +?7)
ON CONFLICT (clerk_user_id) DO NOTHING
