-- An org's notices that nobody has read, newest first. Indexes: notices_unread_by_org; for all orgs
-- notices_unread_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT n.id, n.org_id, n.kind, n.subject, n.details, n.created_at, n.read_at, n.read_by
FROM notices n
WHERE (SELECT org_id FROM scope) = n.org_id
  AND n.read_at IS NULL
  AND (n.created_at, n.id) < (?4, ?5)
ORDER BY n.created_at DESC, n.id DESC
LIMIT +?6
