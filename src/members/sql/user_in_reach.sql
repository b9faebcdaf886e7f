-- A person and what the caller has to do with them: an org of both, one that the caller administers, and
-- whether the person belongs to others as well. Indexes: users.id, users.clerk_user_id,
-- user_memberships (clerk_user_id, org_id), orgs.id. ?1 caller   ?2 org asked for, or NULL   ?4 id
SELECT u.id, u.clerk_user_id, u.is_koby_staff,
       (SELECT own.org_id
          FROM user_memberships own JOIN orgs o ON o.id = own.org_id
          JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = own.org_id
         WHERE own.clerk_user_id = +?1 AND (?2 IS NULL OR own.org_id = +?2)
           AND o.status IN ('active', 'at_risk')
         LIMIT 1) AS shared_org_id,
       (SELECT own.org_id
          FROM user_memberships own JOIN orgs o ON o.id = own.org_id
          JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = own.org_id
         WHERE own.clerk_user_id = +?1 AND (?2 IS NULL OR own.org_id = +?2)
           AND o.status IN ('active', 'at_risk') AND own.role IN ('owner', 'admin')
         LIMIT 1) AS administered_org_id,
       EXISTS (SELECT 1 FROM user_memberships m
                WHERE m.clerk_user_id = u.clerk_user_id
                  AND NOT EXISTS (SELECT 1 FROM user_memberships own
                                   WHERE own.clerk_user_id = +?1 AND own.org_id = m.org_id
                                     AND own.role IN ('owner', 'admin'))) AS is_elsewhere
FROM users u
WHERE u.id = +?4
