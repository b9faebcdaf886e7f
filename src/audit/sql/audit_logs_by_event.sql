-- The entries of one event, newest first. Indexes: audit_logs_by_org_and_event; for all orgs
-- audit_logs_by_time, along which staff may read far. `unlikely` has the planner take the former.
-- ?4 ?5 key of the page before   ?6 limit   ?7 first day   ?8 event
-- ?9 actor, or NULL   ?10 target, or NULL
SELECT a.id, a.org_id, a.actor_type, a.actor_id, a.impersonator_id, a.request_id, a.event_type, a.target_type,
       a.target_id, a.metadata, a.created_at
FROM audit_logs a
WHERE (SELECT org_id FROM scope) = a.org_id
  AND unlikely(a.event_type = +?8)
  AND (a.created_at, a.id) < (?4, ?5)
  AND a.created_at >= ?7
  AND (?9 IS NULL OR a.actor_id = +?9)
  AND (?10 IS NULL OR a.target_id = +?10)
ORDER BY a.created_at DESC, a.id DESC
LIMIT +?6
