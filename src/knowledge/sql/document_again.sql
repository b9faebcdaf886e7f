-- A document whose job is tried again is being processed. Indexes: knowledge_documents.id,
-- knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 job
UPDATE knowledge_documents SET status = 'processing'
WHERE org_id = +?1 AND status = 'failed'
  AND id = (SELECT j.document_id FROM knowledge_ingestion_jobs j WHERE j.id = +?2 AND j.org_id = +?1 AND j.status = 'pending')
