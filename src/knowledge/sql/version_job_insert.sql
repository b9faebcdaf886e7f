-- Work on a version's text, unless some is waiting already. Indexes: knowledge_versions.id, knowledge_documents.id,
-- knowledge_ingestion_jobs_by_version.
-- ?1 org_id   ?2 id   ?3 version   ?4 type   ?5 now   ?6 1 to publish the version then
INSERT INTO knowledge_ingestion_jobs (id, org_id, source_id, document_id, version_id, type, status, next_attempt_at,
                                      publishes, created_at, updated_at)
SELECT ?2, v.org_id, d.source_id, d.id, v.id, ?4, 'pending', ?5, ?6, ?5, ?5
FROM knowledge_versions v JOIN knowledge_documents d ON d.id = v.document_id AND d.org_id = v.org_id
WHERE v.id = +?3 AND v.org_id = +?1
  AND NOT EXISTS (SELECT 1 FROM knowledge_ingestion_jobs j
                   WHERE j.version_id = v.id AND j.type IN ('ingest_document', 'rechunk')
                     AND j.status IN ('pending', 'processing'))
RETURNING id
