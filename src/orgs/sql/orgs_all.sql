-- All orgs, for staff alone, newest first; one, where the request names its org_id.
-- Indexes: orgs_by_time, users.clerk_user_id.
-- ?1 caller   ?2 org asked for, or NULL   ?4 ?5 key of the page before   ?6 limit
SELECT o.id, o.name, o.slug, coalesce(o.status, 'inactive') AS status, coalesce(o.plan, 'chatbot') AS plan,
       o.member_count, o.site_count, o.created_at
FROM orgs o
WHERE EXISTS (SELECT 1 FROM users s WHERE s.clerk_user_id = +?1 AND s.is_koby_staff = 1 AND s.status = 'active')
  AND (?2 IS NULL OR o.id = +?2)
  AND (o.created_at, o.id) < (?4, ?5)
ORDER BY o.created_at DESC, o.id DESC
LIMIT +?6
