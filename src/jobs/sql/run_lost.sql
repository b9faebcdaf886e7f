-- Records a run that was lost, before its job is taken by another. Index: jobs.name (PRIMARY KEY).
-- ?1 id   ?2 job   ?3 now   ?4 reason
INSERT INTO job_runs (id, job, started_at, ended_at, outcome, items, reason)
SELECT ?1, j.name, coalesce(j.taken_at, j.lease_until), j.lease_until, 'failed', 0, ?4
FROM jobs j
WHERE j.name = +?2 AND j.lease_id IS NOT NULL AND j.lease_until <= ?3 AND j.due_at <= ?3
