-- An org's notifications, newest first. Indexes: notifications_by_org; for all orgs notifications_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT n.id, n.org_id, n.kind, n.target_type, n.target_id, n.created_at, n.read_at, n.read_by
FROM notifications n
WHERE (SELECT org_id FROM scope) = n.org_id
  AND (n.created_at, n.id) < (?4, ?5)
ORDER BY n.created_at DESC, n.id DESC
LIMIT +?6
