-- How many pieces of ingestion work of the org are older than a day, counted up to ?3. Index: knowledge_ingestion_jobs_by_age.
-- ?1 org_id   ?2 first day that is kept   ?3 most that are counted
SELECT count(*) AS older
FROM (SELECT 1 FROM knowledge_ingestion_jobs t WHERE t.org_id = +?1 AND t.created_at < ?2 LIMIT +?3)
