-- Forgets old runs, some at a time. Index: job_runs_by_time.
-- ?1 before   ?2 how many at most
DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs WHERE started_at < ?1 ORDER BY started_at LIMIT +?2)
RETURNING 1 AS one
