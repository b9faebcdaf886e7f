-- Invitations of any status, newest first. Indexes: invitations_by_org; for all orgs invitations_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT i.id, i.org_id, i.email, i.role, i.status, i.invited_by, i.created_at, i.expires_at, i.accepted_at,
       i.revoked_at
FROM invitations i
WHERE (SELECT org_id FROM scope) = i.org_id
  AND (i.created_at, i.id) < (?4, ?5)
ORDER BY i.created_at DESC, i.id DESC
LIMIT +?6
