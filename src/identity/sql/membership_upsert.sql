-- Takes over a membership in the event's organization, but never that of an owner.
-- Indexes: clerk_events.svix_id, user_memberships (clerk_user_id, org_id).
-- ?1 event   ?2 delivery   ?3 row id   ?4 person   ?5 role   ?6 now
INSERT INTO user_memberships (id, clerk_user_id, org_id, role, clerk_membership_id, created_at, updated_at)
SELECT ?3, ?4, e.org_id, ?5, e.object_id, ?6, ?6
FROM clerk_events e
WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed' AND e.org_id IS NOT NULL
ON CONFLICT (clerk_user_id, org_id) DO UPDATE SET
  role = excluded.role, clerk_membership_id = excluded.clerk_membership_id, updated_at = excluded.updated_at
WHERE user_memberships.role IS NOT 'owner'
  AND (user_memberships.role IS NOT excluded.role
       OR user_memberships.clerk_membership_id IS NOT excluded.clerk_membership_id)
