-- The invitation of a token, and what stands against its acceptance by the caller. Indexes:
-- invitations.token_hash, orgs.id, plan_limits.plan, users.id, user_memberships (clerk_user_id, org_id). ?1 caller   ?4 hash
SELECT i.id, i.org_id, o.name AS org_name, i.role, i.status, i.expires_at,
       o.status IN ('active', 'at_risk') AS is_org_active,
       i.beyond_cap = 1 OR o.member_count < min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)) AS has_seat,
       EXISTS (SELECT 1 FROM user_memberships m
                WHERE m.clerk_user_id = +?1 AND m.org_id = i.org_id) AS is_member,
       EXISTS (SELECT 1 FROM users by WHERE by.id = i.invited_by AND by.status = 'active'
                AND (by.is_koby_staff = 1
                     OR EXISTS (SELECT 1 FROM user_memberships a
                                 WHERE a.clerk_user_id = by.clerk_user_id AND a.org_id = i.org_id
                                   AND (a.role = 'owner' OR a.role = 'admin' AND i.role <> 'owner')))) AS is_backed
FROM invitations i JOIN orgs o ON o.id = i.org_id
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE i.token_hash = +?4
