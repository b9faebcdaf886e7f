-- Revokes an invitation that nobody accepted. Index: invitations.id.
-- ?1 org   ?2 id   ?3 now
UPDATE invitations SET status = 'revoked', revoked_at = ?3
WHERE id = +?2 AND org_id = +?1 AND status = 'open'
RETURNING id
