-- The ingestion jobs that changed last. Indexes: knowledge_ingestion_jobs_by_org; for all orgs
-- knowledge_ingestion_jobs_by_time.
-- ?4 limit
SELECT j.id, j.org_id, j.source_id, j.document_id, j.version_id, j.type, j.status, j.error_message,
       j.created_at, j.updated_at
FROM knowledge_ingestion_jobs j
WHERE (SELECT org_id FROM scope) = j.org_id
  AND j.updated_at >= ''
ORDER BY j.updated_at DESC, j.id DESC
LIMIT +?4
