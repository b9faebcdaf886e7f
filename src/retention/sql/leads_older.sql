-- How many leads of the org are older than a day, counted up to ?3. Index: leads_by_org.
-- ?1 org_id   ?2 first day that is kept   ?3 most that are counted
SELECT count(*) AS older
FROM (SELECT 1 FROM leads t WHERE t.org_id = +?1 AND t.created_at < ?2 LIMIT +?3)
