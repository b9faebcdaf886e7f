-- Deletes a source that is being deleted, once it has no document left. Indexes: knowledge_sources.id,
-- knowledge_documents_by_source.
-- ?1 org_id   ?2 source
DELETE FROM knowledge_sources
WHERE id = +?2 AND org_id = +?1 AND removed_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM knowledge_documents d WHERE d.source_id = +?2)
RETURNING 1 AS one
