-- Invites an address, unless it has an open invitation or a member has it, or no seat is left: members
-- and open invitations count; nor beyond what may be sent in a day, 100 by an org and 5 of them to one
-- address, whatever became of them. Indexes: orgs.id, invitations_open_by_email, invitations_open_by_org,
-- plan_limits.plan, invitations_by_org, users_by_email, user_memberships (clerk_user_id, org_id).
-- ?1 org   ?2 id   ?3 address   ?4 role   ?5 hash of the token   ?6 users.id of who invites   ?7 now
-- ?8 expires   ?9 1 when staff invite, whom the cap does not bind   ?10 a day ago
INSERT INTO invitations (id, org_id, email, role, token_hash, invited_by, created_at, expires_at, beyond_cap)
SELECT ?2, o.id, ?3, ?4, ?5, ?6, ?7, ?8, ?9
FROM orgs o
LEFT JOIN plan_limits p ON p.plan = o.limits_plan
WHERE o.id = +?1
  AND NOT EXISTS (SELECT 1 FROM invitations i
                   WHERE i.email = +?3 AND i.org_id = o.id AND i.status = 'open' AND +i.expires_at > ?7)
  AND NOT EXISTS (SELECT 1 FROM users u
                    JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = o.id
                   WHERE u.email IS NOT NULL AND lower(u.email) = +?3)
  AND (?9 = 1 OR o.member_count
         + (SELECT count(*) FROM invitations i
             WHERE i.org_id = o.id AND i.status = 'open' AND i.expires_at > ?7)
       < min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)))
  AND (SELECT count(*) < 100 AND coalesce(sum(d.email = +?3), 0) < 5
         FROM invitations d WHERE d.org_id = o.id AND d.created_at > ?10)
RETURNING id
