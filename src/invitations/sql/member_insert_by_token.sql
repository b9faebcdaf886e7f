-- Makes the person a member by the invitation whose token they brought, if it is open, its org active, a
-- seat free, and who invited may still do so; nothing for who is a member already. Indexes:
-- invitations.token_hash, orgs.id, plan_limits.plan, users.id, users.clerk_user_id, user_memberships (clerk_user_id, org_id). ?1 person   ?2 now   ?3 hash of the token
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at)
SELECT i.id, ?1, i.org_id, i.role, ?2, ?2
FROM invitations i JOIN orgs o ON o.id = i.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE i.token_hash = +?3 AND i.status = 'open' AND i.expires_at > ?2
  AND o.status IN ('active', 'at_risk')
  AND (i.beyond_cap = 1 OR o.member_count < min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)))
  AND EXISTS (SELECT 1 FROM users by WHERE by.id = i.invited_by AND by.status = 'active'
                AND (by.is_koby_staff = 1
                     OR EXISTS (SELECT 1 FROM user_memberships a
                                 WHERE a.clerk_user_id = by.clerk_user_id AND a.org_id = i.org_id
                                   AND (a.role = 'owner' OR a.role = 'admin' AND i.role <> 'owner'))))
  AND EXISTS (SELECT 1 FROM users u WHERE u.clerk_user_id = +?1 AND u.status = 'active')
ON CONFLICT DO NOTHING
