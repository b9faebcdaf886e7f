-- The newest runs of any flow. Indexes: flow_runs_by_org; for all orgs flow_runs_by_time.
-- ?4 limit
SELECT r.flow_id, r.id AS run_id, r.started_at, coalesce(r.duration_ms, 0) AS duration_ms,
       coalesce(r.outcome, 'running') AS outcome, r.triggered_policy_ids
FROM flow_runs r
WHERE (SELECT org_id FROM scope) = r.org_id
  AND r.started_at >= ''
ORDER BY r.started_at DESC, r.id DESC
LIMIT +?4
