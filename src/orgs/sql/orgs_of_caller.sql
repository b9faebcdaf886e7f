-- The orgs of a person who is not staff, newest first: as many rows as memberships are sorted.
-- Indexes: users.clerk_user_id, user_memberships (clerk_user_id, org_id), orgs.id.
-- ?1 caller   ?2 org asked for, or NULL   ?4 ?5 key of the page before   ?6 limit
SELECT o.id, o.name, o.slug, coalesce(o.status, 'inactive') AS status, coalesce(o.plan, 'chatbot') AS plan,
       o.member_count, o.site_count, o.created_at
FROM users u
CROSS JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id
CROSS JOIN orgs o ON o.id = m.org_id
WHERE u.clerk_user_id = +?1 AND u.status = 'active' AND coalesce(u.is_koby_staff, 0) = 0
  AND (?2 IS NULL OR o.id = +?2)
  AND (o.created_at, o.id) < (?4, ?5)
ORDER BY o.created_at DESC, o.id DESC
LIMIT +?6
