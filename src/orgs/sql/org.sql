-- The org of the request, and how its seats are taken. Indexes: orgs.id, plan_limits.plan, invitations_open_by_org, which
-- holds no more than the org's cap. ?4 now
SELECT o.id, o.name, o.slug, coalesce(o.status, 'inactive') AS status, coalesce(o.plan, 'chatbot') AS plan,
       coalesce(o.max_members, 10) AS max_members,
       min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)) AS seats, o.member_count,
       (SELECT count(*) FROM invitations i
         WHERE i.org_id = o.id AND i.status = 'open' AND i.expires_at > ?4) AS open_invitations
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE o.id = (SELECT org_id FROM scope)
