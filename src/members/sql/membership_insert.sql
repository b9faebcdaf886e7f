-- Makes a person a member, unless they are one or no seat is left: members and open invitations count.
-- Indexes: orgs.id, plan_limits.plan, invitations_open_by_org, user_memberships (clerk_user_id, org_id).
-- ?1 org   ?2 id   ?3 person   ?4 role   ?5 now   ?6 1 for staff, whom the cap does not bind
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at)
SELECT ?2, ?3, o.id, ?4, ?5, ?5
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE o.id = +?1
  AND (?6 = 1 OR o.member_count
         + (SELECT count(*) FROM invitations i
             WHERE i.org_id = o.id AND i.status = 'open' AND i.expires_at > ?5)
       < min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)))
ON CONFLICT (clerk_user_id, org_id) DO NOTHING
RETURNING id
