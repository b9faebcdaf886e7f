-- Takes a job that is due and that nobody holds: its row, made when it is first heard of. Index: jobs.name (PRIMARY KEY).
-- ?1 name   ?2 now   ?3 lease id   ?4 lease ends
INSERT INTO jobs (name, due_at, lease_id, lease_until, taken_at)
VALUES (?1, ?2, ?3, ?4, ?2)
ON CONFLICT (name) DO UPDATE
SET lease_id = excluded.lease_id, lease_until = excluded.lease_until, taken_at = excluded.taken_at
 WHERE jobs.due_at <= ?2 AND (jobs.lease_until IS NULL OR jobs.lease_until <= ?2)
RETURNING cursor
