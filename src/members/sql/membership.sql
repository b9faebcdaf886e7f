-- A membership, for who belongs to its org, or staff; also where the request is about another org by
-- default. Indexes: user_memberships.id, (clerk_user_id, org_id), orgs.id, users.clerk_user_id.
-- ?1 caller   ?2 org asked for, or NULL   ?4 id
SELECT m.org_id, m.id, m.clerk_user_id, o.name AS org_name, coalesce(m.role, 'viewer') AS role
FROM user_memberships m JOIN orgs o ON o.id = m.org_id JOIN users u ON u.clerk_user_id = +?1
WHERE m.id = +?4
  AND (?2 IS NULL OR m.org_id = +?2)
  AND u.status = 'active'
  AND (u.is_koby_staff = 1
       OR o.status IN ('active', 'at_risk')
          AND EXISTS (SELECT 1 FROM user_memberships own
                       WHERE own.clerk_user_id = +?1 AND own.org_id = m.org_id))
