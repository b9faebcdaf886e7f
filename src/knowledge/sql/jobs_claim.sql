-- Takes jobs of a type that are due: those that wait, and those whose run was lost. Orgs (org_id) take turns: each
-- org's longest due first, then the second of each; which org comes first is left to chance, so that none waits behind
-- others for long. Each run finds others. Index: knowledge_ingestion_jobs_due_by_org.
-- ?1 type   ?2 now   ?3 lease id   ?4 lease ends   ?5 how many
WITH RECURSIVE waiting(org_id) AS (
  SELECT min(j.org_id) FROM knowledge_ingestion_jobs j WHERE j.type = +?1 AND j.status IN ('pending', 'processing')
  UNION ALL
  SELECT (SELECT min(j.org_id) FROM knowledge_ingestion_jobs j
           WHERE j.type = +?1 AND j.status IN ('pending', 'processing') AND j.org_id > w.org_id)
  FROM waiting w WHERE w.org_id IS NOT NULL
),
due AS (
  SELECT j.id, row_number() OVER (PARTITION BY j.org_id ORDER BY coalesce(j.next_attempt_at, ''), j.id) AS place
  FROM waiting w
  CROSS JOIN knowledge_ingestion_jobs j ON j.id IN (
    SELECT d.id FROM knowledge_ingestion_jobs d
     WHERE d.type = +?1 AND d.org_id = w.org_id AND d.status IN ('pending', 'processing')
       AND coalesce(d.next_attempt_at, '') <= ?2
     ORDER BY coalesce(d.next_attempt_at, ''), d.id
     LIMIT +?5)
)
UPDATE knowledge_ingestion_jobs SET status = 'processing', lease_id = ?3, attempts = attempts + 1, next_attempt_at = ?4,
  updated_at = ?2
WHERE id IN (SELECT due.id FROM due ORDER BY due.place, random() LIMIT +?5)
RETURNING id, org_id, document_id, version_id, attempts
