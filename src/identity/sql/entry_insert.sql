-- The trace of the statement before it in the batch, if that one changed a row: with the event's org_id, or none for a
-- person's own account. Indexes: clerk_events.svix_id, users.clerk_user_id, user_memberships (clerk_user_id, org_id),
-- invitations_by_clerk_id.
-- ?1 row id   ?2 event   ?3 delivery   ?4 request   ?5 what happened   ?6 kind of target   ?7 Clerk's id: of the person
-- for a user or a membership, else of the target   ?8 metadata   ?9 now
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id, metadata,
                        created_at)
SELECT ?1, e.org_id, 'integration', 'clerk', ?4, ?5, ?6,
       CASE ?6
         WHEN 'user' THEN (SELECT u.id FROM users u WHERE u.clerk_user_id = +?7)
         WHEN 'membership' THEN (SELECT m.id FROM user_memberships m
                                  WHERE m.clerk_user_id = +?7 AND m.org_id = e.org_id)
         WHEN 'invitation' THEN (SELECT i.id FROM invitations i
                                  WHERE i.clerk_invitation_id = +?7 AND i.org_id = e.org_id)
         ELSE e.org_id
       END, ?8, ?9
FROM clerk_events e
WHERE e.svix_id = +?2 AND e.delivery_id = +?3 AND changes() > 0
