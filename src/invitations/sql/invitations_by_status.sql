-- Invitations of one status, newest first. Each lasts equally long, so that those that expired are the
-- ones made before a moment. Indexes: invitations_by_org_and_status; for all orgs invitations_by_status.
-- ?4 ?5 key of the page before   ?6 limit   ?7 stored status   ?8 made after
SELECT i.id, i.org_id, i.email, i.role, i.status, i.invited_by, i.created_at, i.expires_at, i.accepted_at,
       i.revoked_at
FROM invitations i
WHERE (SELECT org_id FROM scope) = i.org_id
  AND i.status = +?7
  AND (i.created_at, i.id) < (?4, ?5)
  AND i.created_at > ?8
ORDER BY i.created_at DESC, i.id DESC
LIMIT +?6
