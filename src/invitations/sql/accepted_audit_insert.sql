-- The trace of each invitation that the batch accepted. Indexes: user_memberships (clerk_user_id, org_id),
-- invitations.id, users.clerk_user_id.
-- ?1 person   ?2 now   ?3 the batch   ?4 request   ?5 'link' or 'verified_email'
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id,
                        metadata, created_at)
SELECT lower(hex(randomblob(16))), i.org_id, 'user', u.id, ?4, 'invitation.accepted', 'invitation', i.id,
       json_object('clerkUserId', ?1, 'role', i.role, 'via', ?5, 'invitedBy', i.invited_by), ?2
FROM users u
CROSS JOIN user_memberships m ON m.clerk_user_id = u.clerk_user_id
CROSS JOIN invitations i ON i.id = m.id AND i.org_id = m.org_id
WHERE u.clerk_user_id = +?1 AND i.acceptance_id = +?3
