-- Gives a job back, if it is still held by this run. Index: jobs.name
-- (PRIMARY KEY).   ?1 name   ?2 lease id   ?3 due again   ?4 cursor
UPDATE jobs SET due_at = ?3, cursor = ?4, lease_id = NULL, lease_until = NULL
 WHERE name = +?1 AND lease_id = +?2
