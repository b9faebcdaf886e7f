-- Asks for a version to be published: it goes live once the index holds it. Indexes: knowledge_documents.id,
-- knowledge_versions.id.
-- ?1 org_id   ?2 document   ?3 version   ?4 now   ?5 now in milliseconds
UPDATE knowledge_documents SET publishing_version_id = ?3, index_seq = max(index_seq + 1, ?5), index_due_at = ?4
WHERE id = +?2 AND org_id = +?1 AND coalesce(status, '') <> 'archived'
  AND EXISTS (SELECT 1 FROM knowledge_versions v WHERE v.id = +?3 AND v.document_id = +?2 AND v.chunk_count > 0)
RETURNING id
