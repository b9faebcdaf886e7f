-- Revokes the invitation of the event, which nobody accepted, in its organization.
-- Indexes: clerk_events.svix_id, invitations_by_clerk_id.
-- ?1 event   ?2 delivery   ?3 now
UPDATE invitations SET status = 'revoked', revoked_at = ?3
WHERE clerk_invitation_id = (SELECT e.object_id FROM clerk_events e
                              WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
  AND +status = 'open'
  AND +org_id = (SELECT e.org_id FROM clerk_events e WHERE e.svix_id = +?1)
