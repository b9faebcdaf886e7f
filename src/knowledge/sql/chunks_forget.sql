-- Deletes the chunks of versions that were just emptied. Indexes: knowledge_versions_numbered,
-- knowledge_chunks_by_page.
-- ?1 org_id   ?2 document   ?3 when they were
DELETE FROM knowledge_chunks
WHERE org_id = +?1
  AND version_id IN (SELECT v.id FROM knowledge_versions v WHERE v.document_id = +?2 AND v.org_id = +?1 AND v.emptied_at = +?3)
