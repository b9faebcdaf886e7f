-- Takes the chunks of a version away before others are written, while the job is held. Indexes:
-- knowledge_chunks_by_page, knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 version   ?3 job   ?4 lease id
DELETE FROM knowledge_chunks
WHERE version_id = +?2 AND org_id = +?1
  AND EXISTS (SELECT 1 FROM knowledge_ingestion_jobs j WHERE j.id = +?3 AND j.lease_id = +?4)
