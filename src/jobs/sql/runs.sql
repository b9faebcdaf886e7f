-- The ten newest runs of a job; for staff (scope), as a job serves all orgs. Index: job_runs_by_job.   ?4 job
SELECT r.started_at, r.ended_at, r.outcome, r.items, r.reason
FROM scope CROSS JOIN job_runs r ON r.job = +?4
ORDER BY r.started_at DESC
LIMIT 10
