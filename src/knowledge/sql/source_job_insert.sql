-- Asks for a source to be read, unless that was asked already. Indexes: knowledge_sources.id,
-- knowledge_ingestion_jobs_by_source.
-- ?1 org_id   ?2 id   ?3 source   ?4 now
INSERT INTO knowledge_ingestion_jobs (id, org_id, source_id, type, status, next_attempt_at, created_at, updated_at)
SELECT ?2, k.org_id, k.id, 'sync', 'pending', ?4, ?4, ?4
FROM knowledge_sources k
WHERE k.id = ?3 AND k.org_id = ?1 AND k.removed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM knowledge_ingestion_jobs j
                   WHERE j.source_id = k.id AND j.type = 'sync' AND j.status IN ('pending', 'processing'))
RETURNING id
