-- Deletes some documents of a source that is being deleted. Indexes: knowledge_documents_by_source,
-- knowledge_sources.id.
-- ?1 org_id   ?2 source   ?3 how many
DELETE FROM knowledge_documents
WHERE id IN (SELECT d.id FROM knowledge_documents d
              JOIN knowledge_sources k ON k.id = d.source_id AND k.removed_at IS NOT NULL
             WHERE d.source_id = +?2 AND d.org_id = +?1 ORDER BY d.id LIMIT +?3)
RETURNING 1 AS one
