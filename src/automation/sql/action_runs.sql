-- Action runs, newest first. Indexes: action_runs_by_org; for all orgs action_runs_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT r.id, r.action_id, r.org_id, coalesce(r.status, 'pending') AS status, coalesce(r.attempt, 0) AS attempt,
       coalesce(r.max_retries, 3) AS max_retries, coalesce(r.retry_policy, 'fixed') AS retry_policy,
       r.trigger_source, r.idempotency_key, r.flow_id, r.flow_run_id, r.input, r.output, r.error,
       r.started_at, r.completed_at, r.last_error_at, r.next_retry_at, r.metadata, r.created_at
FROM action_runs r
WHERE (SELECT org_id FROM scope) = r.org_id
  AND (r.created_at, r.id) < (?4, ?5)
ORDER BY r.created_at DESC, r.id DESC
LIMIT +?6
