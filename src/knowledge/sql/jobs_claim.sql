-- Takes jobs of a type that are due, of all orgs (org_id), the longest due first: those that wait, and those whose
-- run was lost. Each run finds others. Index: knowledge_ingestion_jobs_due.
-- ?1 type   ?2 now   ?3 lease id   ?4 lease ends   ?5 how many
UPDATE knowledge_ingestion_jobs SET status = 'processing', lease_id = ?3, attempts = attempts + 1, next_attempt_at = ?4,
  updated_at = ?2
WHERE id IN (
  SELECT j.id FROM knowledge_ingestion_jobs j
   WHERE j.type = ?1 AND j.status IN ('pending', 'processing') AND coalesce(j.next_attempt_at, '') <= ?2
   ORDER BY coalesce(j.next_attempt_at, ''), j.id
   LIMIT ?5)
RETURNING id, org_id, document_id, version_id, attempts
