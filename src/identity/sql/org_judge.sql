-- Finds the organization (org_id) that is linked to Clerk's; others are none of ours.
-- Indexes: clerk_events.svix_id, orgs.clerk_org_id.
-- ?1 event   ?2 delivery
UPDATE clerk_events SET
  org_id = (SELECT o.id FROM orgs o WHERE o.clerk_org_id = clerk_events.object_id),
  status = CASE WHEN EXISTS (SELECT 1 FROM orgs o WHERE o.clerk_org_id = clerk_events.object_id)
                THEN 'processed' ELSE 'skipped' END,
  reason = CASE WHEN EXISTS (SELECT 1 FROM orgs o WHERE o.clerk_org_id = clerk_events.object_id)
                THEN NULL ELSE 'org_not_linked' END
WHERE svix_id = +?1 AND delivery_id = +?2 AND status = 'processed'
