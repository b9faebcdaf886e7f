-- Ingestion jobs, last changed first. Indexes: knowledge_ingestion_jobs_by_org; for all orgs
-- knowledge_ingestion_jobs_by_time.
-- ?4 ?5 key of the page before   ?6 limit
SELECT j.id, j.org_id, j.source_id, j.document_id, j.version_id, j.type, j.status, j.error_message, j.attempts,
       CASE j.status WHEN 'pending' THEN j.next_attempt_at END AS next_attempt_at, j.created_at, j.updated_at
FROM knowledge_ingestion_jobs j
WHERE (SELECT org_id FROM scope) = j.org_id
  AND (j.updated_at, j.id) < (?4, ?5)
ORDER BY j.updated_at DESC, j.id DESC
LIMIT +?6
