-- The members of one org, the oldest first. Indexes: user_memberships_by_org, users.clerk_user_id.
-- ?4 ?5 key of the page before   ?6 limit
SELECT m.id, u.id AS user_id, m.clerk_user_id, u.name, u.email, u.avatar_url,
       coalesce(m.role, 'viewer') AS role,
       CASE WHEN u.id IS NULL THEN NULL ELSE coalesce(u.status, 'inactive') END AS status,
       u.last_login_at AS last_active, m.created_at
FROM user_memberships m
LEFT JOIN users u ON u.clerk_user_id = m.clerk_user_id
WHERE m.org_id = (SELECT org_id FROM scope)
  AND (m.created_at, m.id) > (?4, ?5)
ORDER BY m.created_at, m.id
LIMIT +?6
