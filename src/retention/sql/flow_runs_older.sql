-- How many runs of flows of the org are older than a day, counted up to ?3. Index: flow_runs_by_org.
-- ?1 org_id   ?2 first day that is kept   ?3 most that are counted
SELECT count(*) AS older
FROM (SELECT 1 FROM flow_runs t WHERE t.org_id = +?1 AND t.started_at < ?2 LIMIT +?3)
