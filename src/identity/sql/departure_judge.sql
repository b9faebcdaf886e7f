-- Finds the organization (org_id) of a membership that Clerk deleted; the last owner who is not switched off stays.
-- Indexes: clerk_events.svix_id, orgs.clerk_org_id, users.clerk_user_id, user_memberships (clerk_user_id, org_id),
-- user_memberships_owners.
-- ?1 event   ?2 delivery   ?3 Clerk's organization   ?4 person   ?5 Clerk's id of the membership
UPDATE clerk_events SET
  org_id = found.org_id,
  reason = found.reason,
  status = CASE WHEN found.reason IS NULL THEN 'processed' ELSE 'skipped' END
FROM (
  SELECT o.id AS org_id, CASE
           WHEN m.role = 'owner' AND coalesce(m.clerk_membership_id, ?5) = ?5 AND u.id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM user_memberships x JOIN users other ON other.clerk_user_id = x.clerk_user_id
                             WHERE x.org_id = o.id AND x.role = 'owner' AND x.id <> m.id AND other.status = 'active')
           THEN 'last_owner'
         END AS reason
  FROM (SELECT 1) AS one
  LEFT JOIN orgs o ON o.clerk_org_id = +?3
  LEFT JOIN users u ON u.clerk_user_id = +?4
  LEFT JOIN user_memberships m ON m.clerk_user_id = +?4 AND m.org_id = o.id
) AS found
WHERE svix_id = +?1 AND delivery_id = +?2 AND status = 'processed'
