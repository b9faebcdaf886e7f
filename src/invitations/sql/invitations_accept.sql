-- Ends the open invitations of which the batch made memberships: these have their ids.
-- Indexes: user_memberships (clerk_user_id, org_id), invitations.id.
-- `+` keeps the planner from reading all that are open. ?1 person   ?2 now   ?3 the batch
UPDATE invitations SET status = 'accepted', accepted_at = ?2, accepted_by = ?1, acceptance_id = ?3
WHERE +status = 'open'
  AND id IN (SELECT m.id FROM user_memberships m WHERE m.clerk_user_id = +?1)
RETURNING id, org_id
