-- One ingestion job. Index: knowledge_ingestion_jobs.id.
-- ?4 job
SELECT j.org_id, j.status, j.type, j.document_id
FROM knowledge_ingestion_jobs j
WHERE j.id = +?4 AND (SELECT org_id FROM scope) IN ('*', j.org_id)
