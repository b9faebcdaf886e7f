-- What a version was cut into, while the job is held. Indexes: knowledge_versions.id, knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 version   ?3 job   ?4 lease id   ?5 chunks   ?6 tokens
UPDATE knowledge_versions SET chunk_count = ?5, token_count = ?6
WHERE id = +?2 AND org_id = +?1
  AND EXISTS (SELECT 1 FROM knowledge_ingestion_jobs j WHERE j.id = +?3 AND j.lease_id = +?4)
