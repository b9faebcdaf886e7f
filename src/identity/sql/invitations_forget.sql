-- Takes the address of a deleted person out of the invitations that they got, in all orgs, and closes those that are open.
-- Indexes: clerk_events.svix_id, users.clerk_user_id, invitations_open_by_email, invitations_closed_by_email,
-- invitations_by_acceptor, invitations.id.
-- ?1 event   ?2 delivery   ?3 now   ?4 what stands in place of the address
UPDATE invitations SET
  email = ?4,
  status = CASE WHEN status = 'open' THEN 'revoked' ELSE status END,
  revoked_at = CASE WHEN status = 'open' THEN ?3 ELSE revoked_at END
WHERE id IN (
  SELECT i.id
  FROM clerk_events e
  CROSS JOIN users u ON u.clerk_user_id = e.object_id
  CROSS JOIN invitations i
    ON i.email = lower(u.email) AND i.status = 'open'
    OR i.email = lower(u.email) AND i.status <> 'open'
    OR i.accepted_by = u.clerk_user_id
  WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed')
