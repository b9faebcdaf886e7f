-- The orgs that this request is about, resolved from the caller alone. Put before every tenant-scoped
-- statement, so that a forgotten check elsewhere still returns nothing. Indexes: users.clerk_user_id,
-- user_memberships (clerk_user_id, org_id), orgs.id.
-- ?1 Clerk user id   ?2 org asked for, or NULL   ?3 1 when staff ask for all orgs
-- scope:   no row, or one: the org's id, or '*' for all orgs (staff only).
-- visible: the ids of these orgs.
WITH scope(org_id) AS MATERIALIZED (
  SELECT coalesce(
    (SELECT m.org_id
       FROM user_memberships m JOIN orgs o ON o.id = m.org_id
      WHERE m.clerk_user_id = u.clerk_user_id
        AND (?2 IS NULL OR m.org_id = +?2)
        AND ?3 = 0
        AND o.status IN ('active', 'at_risk')
      ORDER BY m.created_at, m.id
      LIMIT 1),
    CASE WHEN u.is_koby_staff = 1 THEN
      CASE WHEN ?2 IS NULL THEN '*' ELSE (SELECT o.id FROM orgs o WHERE o.id = +?2) END
    END)
  FROM users u
  WHERE u.clerk_user_id = +?1 AND u.status = 'active'
),
visible(org_id) AS (
  SELECT org_id FROM scope WHERE org_id <> '*'
  UNION ALL
  SELECT o.id FROM scope CROSS JOIN orgs o WHERE scope.org_id = '*'
)
