-- Makes the person a member by the invitation whose token they brought, if it is open, its org active and
-- a seat free; nothing for who is a member already. Indexes: invitations.token_hash, orgs.id,
-- users.clerk_user_id. ?1 person   ?2 now   ?3 hash of the token
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, created_at, updated_at)
SELECT i.id, ?1, i.org_id, i.role, ?2, ?2
FROM invitations i JOIN orgs o ON o.id = i.org_id
WHERE i.token_hash = ?3 AND i.status = 'open' AND i.expires_at > ?2
  AND o.status IN ('active', 'at_risk')
  AND (i.beyond_cap = 1 OR o.member_count < coalesce(o.max_members, 10))
  AND EXISTS (SELECT 1 FROM users u WHERE u.clerk_user_id = ?1 AND u.status = 'active')
ON CONFLICT DO NOTHING
