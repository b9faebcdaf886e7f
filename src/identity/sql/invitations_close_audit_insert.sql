-- The traces of the open invitations that the two statements behind it close: those to a deleted person and those by them.
-- Indexes: clerk_events.svix_id, users.clerk_user_id, invitations_open_by_email, invitations_open_by_inviter, invitations.id.
-- ?1 event   ?2 delivery   ?3 request   ?4 now
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id, metadata,
                        created_at)
SELECT lower(hex(randomblob(16))), i.org_id, 'integration', 'clerk', ?3, 'invitation.revoked', 'invitation', i.id,
       json_object('role', i.role, 'reason', 'user_deleted'), ?4
FROM clerk_events e
CROSS JOIN users u ON u.clerk_user_id = e.object_id
CROSS JOIN invitations i ON i.id IN (
  SELECT t.id FROM invitations t WHERE t.email = lower(u.email) AND t.status = 'open'
  UNION
  SELECT b.id FROM invitations b WHERE b.invited_by = u.id AND b.status = 'open')
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
