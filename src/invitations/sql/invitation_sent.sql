-- Notes which invitation of Clerk's sent the e-mail. Index: invitations.id.
-- ?1 org   ?2 id   ?3 Clerk's id
UPDATE invitations SET clerk_invitation_id = ?3 WHERE id = +?2 AND org_id = +?1
