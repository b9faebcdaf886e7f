-- Who calls: the person, one row per membership (oldest first), and the org the request is about.
-- Indexes: users.clerk_user_id, user_memberships.clerk_user_id, orgs.id, ended_sessions.session_id.
-- ?4 session of the token, or NULL
SELECT u.id AS user_id, u.clerk_user_id, u.email, u.name, u.avatar_url, u.is_koby_staff,
       u.status AS user_status, u.last_login_at, u.created_at AS user_created_at,
       u.sessions_revoked_at AS user_revoked_at,
       m.id AS membership_id, m.org_id, m.role, m.created_at AS member_since,
       o.name AS org_name, o.slug AS org_slug, o.status AS org_status, o.plan AS org_plan,
       o.billing_standing AS org_standing,
       o.sessions_revoked_at AS org_revoked_at,
       (SELECT org_id FROM scope) AS scope_org_id,
       EXISTS (SELECT 1 FROM ended_sessions e WHERE e.session_id = +?4) AS is_session_ended
FROM users u
LEFT JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id
LEFT JOIN orgs o ON o.id = m.org_id
WHERE u.clerk_user_id = +?1
ORDER BY m.created_at, m.id
LIMIT 1000
