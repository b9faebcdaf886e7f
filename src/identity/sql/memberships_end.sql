-- Ends a person's membership of the event's organization, unless Clerk made it anew meanwhile; or all of a person who was
-- deleted. Indexes: clerk_events.svix_id, user_memberships.clerk_user_id.
-- ?1 event   ?2 delivery   ?3 person   ?4 Clerk's id of the one membership, or NULL for all
DELETE FROM user_memberships
WHERE clerk_user_id = +?3
  AND EXISTS (SELECT 1 FROM clerk_events e
               WHERE e.svix_id = +?1 AND e.delivery_id = +?2 AND e.status = 'processed'
                 AND (?4 IS NULL
                      OR user_memberships.org_id = e.org_id
                         AND (user_memberships.clerk_membership_id IS NULL
                              OR user_memberships.clerk_membership_id = +?4)))
