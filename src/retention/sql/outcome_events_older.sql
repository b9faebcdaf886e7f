-- How many results of the org are older than a day, counted up to ?3. Index: outcome_events_by_org_time.
-- ?1 org_id   ?2 first day that is kept   ?3 most that are counted
SELECT count(*) AS older
FROM (SELECT 1 FROM outcome_events t WHERE t.org_id = +?1 AND t.recorded_at < ?2 LIMIT +?3)
