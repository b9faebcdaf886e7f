-- The traces of the memberships that the statement behind it ends. Indexes: clerk_events.svix_id,
-- user_memberships.clerk_user_id.
-- ?1 event   ?2 delivery   ?3 person   ?4 Clerk's id of the one membership, or NULL for all   ?5 request   ?6 now
-- ?7 reason, or NULL
INSERT INTO audit_logs (id, org_id, actor_type, actor_id, request_id, event_type, target_type, target_id, metadata,
                        created_at)
SELECT lower(hex(randomblob(16))), m.org_id, 'integration', 'clerk', ?5, 'membership.deleted', 'membership', m.id,
       json_object('clerkUserId', m.clerk_user_id, 'role', m.role, 'reason', ?7), ?6
FROM clerk_events e
CROSS JOIN user_memberships m ON m.clerk_user_id = +?3
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
  AND (?4 IS NULL
       OR m.org_id = e.org_id AND (m.clerk_membership_id IS NULL OR m.clerk_membership_id = +?4))
