-- What waits for a document and was to go live stays a draft: another of its versions was chosen meanwhile.
-- Index: knowledge_ingestion_jobs_by_document.
-- ?1 org_id   ?2 document   ?3 the version that was chosen
UPDATE knowledge_ingestion_jobs SET publishes = 0
WHERE document_id = +?2 AND org_id = +?1 AND version_id <> ?3 AND publishes = 1
  AND status IN ('pending', 'processing', 'failed')
