-- Finds the organization (org_id) of an invitation that Clerk revoked, if it is one of ours and open.
-- Indexes: clerk_events.svix_id, invitations_by_clerk_id, orgs.id.
-- ?1 event   ?2 delivery   ?3 Clerk's organization, or NULL where the event names none
UPDATE clerk_events SET
  org_id = found.org_id,
  reason = found.reason,
  status = CASE WHEN found.reason IS NULL THEN 'processed' ELSE 'skipped' END
FROM (
  SELECT CASE WHEN ?3 IS NULL OR o.clerk_org_id = ?3 THEN i.org_id END AS org_id,
         CASE
           WHEN i.id IS NULL THEN 'invitation_unknown'
           WHEN ?3 IS NOT NULL AND o.clerk_org_id IS NOT ?3 THEN 'other_org'
           WHEN i.status <> 'open' THEN 'invitation_closed'
         END AS reason
  FROM clerk_events e
  LEFT JOIN invitations i ON i.clerk_invitation_id = e.object_id
  LEFT JOIN orgs o ON o.id = i.org_id
  WHERE e.svix_id = +?1
) AS found
WHERE svix_id = +?1 AND delivery_id = +?2 AND status = 'processed'
