-- What a change to a lead depends on, and whether the person it is to be assigned to is a member of its org.
-- Indexes: leads.id, users.id, user_memberships (clerk_user_id, org_id).
-- ?4 lead   ?5 users.id, or NULL
SELECT l.org_id, l.status, l.anonymized_at,
       EXISTS (SELECT 1 FROM users u
                 JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id AND m.org_id = l.org_id
                WHERE u.id = +?5 AND u.status = 'active') AS is_assignable
FROM leads l
WHERE l.id = +?4 AND (SELECT org_id FROM scope) IN (l.org_id, '*')
