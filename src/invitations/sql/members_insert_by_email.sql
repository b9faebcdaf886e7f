-- Makes the person a member wherever one of their addresses has an open invitation, the org is active,
-- a seat free, and who invited may still do so. Indexes: invitations_open_by_email, orgs.id, users.id,
-- users.clerk_user_id, user_memberships (clerk_user_id, org_id).
-- ?1 person   ?2 now   ?3 verified addresses: a JSON array
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at)
SELECT i.id, ?1, i.org_id, i.role, ?2, ?2
FROM json_each(?3) AS address CROSS JOIN invitations i ON i.email = address.value
JOIN orgs o ON o.id = i.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE i.status = 'open' AND i.expires_at > ?2
  AND o.status IN ('active', 'at_risk')
  AND (i.beyond_cap = 1 OR o.member_count < min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)))
  AND EXISTS (SELECT 1 FROM users by WHERE by.id = i.invited_by AND by.status = 'active'
                AND (by.is_koby_staff = 1
                     OR EXISTS (SELECT 1 FROM user_memberships a
                                 WHERE a.clerk_user_id = by.clerk_user_id AND a.org_id = i.org_id
                                   AND (a.role = 'owner' OR a.role = 'admin' AND i.role <> 'owner'))))
  AND EXISTS (SELECT 1 FROM users u WHERE u.clerk_user_id = +?1 AND u.status = 'active')
ON CONFLICT DO NOTHING
