-- Takes the jobs that are due and that nobody holds: their rows, made when they are first heard of. Index: jobs.name (PRIMARY KEY).
-- ?1 names as a JSON array   ?2 now   ?3 lease id   ?4 lease ends
INSERT INTO jobs (name, due_at, lease_id, lease_until)
SELECT value, ?2, ?3, ?4 FROM json_each(?1) WHERE 1
ON CONFLICT (name) DO UPDATE SET lease_id = excluded.lease_id, lease_until = excluded.lease_until
 WHERE jobs.due_at <= ?2 AND (jobs.lease_until IS NULL OR jobs.lease_until <= ?2)
RETURNING name, cursor
