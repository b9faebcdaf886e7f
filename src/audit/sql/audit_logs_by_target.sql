-- The entries of one target, newest first. Indexes: audit_logs_by_org_and_target; for all orgs
-- audit_logs_by_time, along which staff may read far. `unlikely` has the planner take the former.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?10 target
-- ?8 event, or NULL   ?9 actor, or NULL
SELECT a.id, a.org_id, a.actor_type, a.actor_id, a.impersonator_id, a.request_id, a.event_type, a.target_type,
       a.target_id, a.metadata, a.created_at
FROM audit_logs a
WHERE (SELECT org_id FROM scope) = a.org_id
  AND unlikely(a.target_id = +?10)
  AND (a.created_at, a.id) < (?4, ?5)
  AND a.created_at >= ?7
  AND (?8 IS NULL OR a.event_type = +?8)
  AND (?9 IS NULL OR a.actor_id = +?9)
ORDER BY a.created_at DESC, a.id DESC
LIMIT +?6
