-- How many calls of connected systems of the org are older than a day, counted up to ?3. Index: webhook_events_by_age.
-- ?1 org_id   ?2 first day that is kept   ?3 most that are counted
SELECT count(*) AS older
FROM (SELECT 1 FROM webhook_events t WHERE t.org_id = +?1 AND t.received_at < ?2 LIMIT +?3)
