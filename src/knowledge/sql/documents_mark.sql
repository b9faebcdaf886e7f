-- Marks the next documents of an org as changed, so that the index is told of them again.
-- Index: knowledge_documents_by_org_id.
-- ?1 org_id   ?2 now   ?3 now in milliseconds   ?4 the last document before   ?5 how many
UPDATE knowledge_documents SET index_seq = max(index_seq + 1, ?3), index_due_at = coalesce(index_due_at, ?2)
WHERE id IN (SELECT d.id FROM knowledge_documents d WHERE d.org_id = +?1 AND d.id > ?4 ORDER BY d.id LIMIT +?5)
RETURNING id
