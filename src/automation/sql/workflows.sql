-- Flows, last changed first, each with its newest run, of which one row is read. Indexes: flows_by_org,
-- idx_flow_runs_flow_id_started_at; for all orgs flows_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT f.id, f.name, f.updated_at, r.started_at, r.outcome
FROM flows f
LEFT JOIN flow_runs r ON r.rowid = (SELECT n.rowid FROM flow_runs n
                                     WHERE n.flow_id = f.id
                                     ORDER BY n.started_at DESC, n.rowid DESC LIMIT 1)
WHERE (SELECT org_id FROM scope) = f.org_id
  AND (f.updated_at, f.id) < (?4, ?5)
ORDER BY f.updated_at DESC, f.id DESC
LIMIT +?6
