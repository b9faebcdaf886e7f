-- Closes the open invitations by a deleted person, in all orgs, which would hold seats and open nothing.
-- Indexes: clerk_events.svix_id, users.clerk_user_id, invitations_open_by_inviter.
-- ?1 event   ?2 delivery   ?3 now
UPDATE invitations SET status = 'revoked', revoked_at = ?3
WHERE status = 'open'
  AND invited_by = (SELECT u.id FROM clerk_events e JOIN users u ON u.clerk_user_id = e.object_id
                     WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
