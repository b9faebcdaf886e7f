-- What stood against an invitation that was not made. Indexes: invitations_open_by_email,
-- invitations_by_org, users_by_email, user_memberships (clerk_user_id, org_id).
-- ?1 org   ?2 address   ?3 now   ?4 a day ago
SELECT EXISTS (SELECT 1 FROM invitations i
                WHERE i.email = +?2 AND i.org_id = +?1 AND i.status = 'open' AND +i.expires_at > ?3) AS is_invited,
       EXISTS (SELECT 1 FROM users u
                 JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = +?1
                WHERE u.email IS NOT NULL AND lower(u.email) = +?2) AS is_member,
       (SELECT count(*) >= 100 OR coalesce(sum(d.email = +?2), 0) >= 5
          FROM invitations d WHERE d.org_id = +?1 AND d.created_at > ?4) AS is_flood
