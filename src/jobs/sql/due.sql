-- Which jobs are due and not held, in their order. Index: jobs.name (PRIMARY KEY).
-- ?1 names as a JSON array   ?2 now
SELECT n.value AS name
FROM json_each(?1) n
LEFT JOIN jobs j ON j.name = n.value
WHERE j.name IS NULL OR (j.due_at <= ?2 AND (j.lease_until IS NULL OR j.lease_until <= ?2))
ORDER BY n.key
