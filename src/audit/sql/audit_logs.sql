-- The audit trail, newest first. Indexes: audit_logs_by_org; for all orgs audit_logs_by_time.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day
SELECT a.id, a.org_id, a.actor_type, a.actor_id, a.impersonator_id, a.request_id, a.event_type, a.target_type,
       a.target_id, a.metadata, a.created_at
FROM audit_logs a
WHERE (SELECT org_id FROM scope) = a.org_id
  AND (a.created_at, a.id) < (?4, ?5)
  AND a.created_at >= ?7
ORDER BY a.created_at DESC, a.id DESC
LIMIT +?6
