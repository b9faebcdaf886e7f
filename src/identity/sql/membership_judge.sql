-- Finds the organization (org_id) of a membership that Clerk made or changed, and what stands against it: what it refers
-- to is not known (yet), it is an owner's, it was ended here, a newer one took its place, or no seat is left.
-- Indexes: clerk_events.svix_id, orgs.clerk_org_id, users.clerk_user_id, user_memberships (clerk_user_id, org_id),
-- clerk_snapshots.object_id, invitations_open_by_org, plan_limits.plan.
-- ?1 event   ?2 delivery   ?3 Clerk's organization   ?4 person   ?5 Clerk's id of the membership   ?6 updated, in ms
-- ?7 now   ?8 a day ago: until then it is asked for again
UPDATE clerk_events SET
  org_id = found.org_id,
  reason = found.reason,
  status = CASE
    WHEN found.reason IS NULL THEN 'processed'
    WHEN found.reason IN ('org_unknown', 'user_unknown')
      AND clerk_events.happened_at > ?8 AND clerk_events.received_at > ?8 THEN 'failed'
    ELSE 'skipped'
  END
FROM (
  SELECT o.id AS org_id, CASE
           WHEN o.id IS NULL THEN 'org_unknown'
           WHEN gone.deleted_at IS NOT NULL THEN 'org_deleted'
           WHEN dead.deleted_at IS NOT NULL THEN 'user_deleted'
           WHEN u.id IS NULL THEN 'user_unknown'
           WHEN m.role = 'owner' THEN 'owner_untouched'
           WHEN m.clerk_membership_id <> ?5 AND newer.updated_ms > ?6 THEN 'superseded'
           WHEN m.id IS NULL AND known.object_id IS NOT NULL THEN 'removed_here'
           WHEN m.id IS NULL AND o.member_count
                  + (SELECT count(*) FROM invitations i
                      WHERE i.org_id = o.id AND i.status = 'open' AND i.expires_at > ?7)
                >= min(coalesce(o.max_members, 10), coalesce(p.members, 9e18)) THEN 'cap_reached'
         END AS reason
  FROM (SELECT 1) AS one
  LEFT JOIN orgs o ON o.clerk_org_id = +?3
  LEFT JOIN plan_limits p ON p.plan = o.limits_plan
  LEFT JOIN users u ON u.clerk_user_id = +?4
  LEFT JOIN user_memberships m ON m.clerk_user_id = +?4 AND m.org_id = o.id
  LEFT JOIN clerk_snapshots gone ON gone.object_id = +?3
  LEFT JOIN clerk_snapshots dead ON dead.object_id = +?4
  LEFT JOIN clerk_snapshots known ON known.object_id = +?5
  LEFT JOIN clerk_snapshots newer ON newer.object_id = m.clerk_membership_id
) AS found
WHERE svix_id = +?1 AND delivery_id = +?2 AND status = 'processed'
