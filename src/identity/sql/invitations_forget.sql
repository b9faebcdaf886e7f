-- Closes the open invitations to a deleted person and by them, of all orgs (org_id), and takes their address out of those
-- that they got. Indexes: clerk_events.svix_id, users.clerk_user_id, invitations_by_email, invitations_by_acceptor,
-- invitations_open_by_inviter.
-- ?1 event   ?2 delivery   ?3 now   ?4 what stands in place of the address
UPDATE invitations SET
  email = CASE WHEN theirs.is_recipient THEN ?4 ELSE email END,
  status = CASE WHEN status = 'open' THEN 'revoked' ELSE status END,
  revoked_at = CASE WHEN status = 'open' THEN ?3 ELSE revoked_at END
FROM (
  SELECT i.id, i.accepted_by IS u.clerk_user_id OR i.email = lower(u.email) AS is_recipient
  FROM clerk_events e
  CROSS JOIN users u ON u.clerk_user_id = e.object_id
  CROSS JOIN invitations i
    ON i.email = lower(u.email) OR i.accepted_by = u.clerk_user_id OR i.invited_by = u.id AND i.status = 'open'
  WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
) AS theirs
WHERE invitations.id = theirs.id
