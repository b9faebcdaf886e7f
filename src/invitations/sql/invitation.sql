-- An invitation, for who belongs to its org, or staff; also where the request is about another org by
-- default. Indexes: invitations.id, orgs.id, users.clerk_user_id, user_memberships (clerk_user_id, org_id).
-- ?1 caller   ?2 org asked for, or NULL   ?4 id
SELECT i.org_id, i.id, i.role, i.clerk_invitation_id
FROM invitations i JOIN orgs o ON o.id = i.org_id JOIN users u ON u.clerk_user_id = +?1
WHERE i.id = +?4
  AND (?2 IS NULL OR i.org_id = +?2)
  AND u.status = 'active'
  AND (u.is_koby_staff = 1
       OR o.status IN ('active', 'at_risk')
          AND EXISTS (SELECT 1 FROM user_memberships own
                       WHERE own.clerk_user_id = +?1 AND own.org_id = i.org_id))
