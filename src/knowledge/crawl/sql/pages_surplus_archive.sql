-- Archives the documents of pages that a source has no room for any more, since it is told to keep fewer: those
-- furthest from the start. Indexes: knowledge_crawls.source_id, knowledge_pages (its key), knowledge_documents.id.
-- ?1 org   ?2 source   ?3 lease   ?4 most   ?5 now   ?6 now in milliseconds
UPDATE knowledge_documents
SET status = 'archived', archived_by = 'crawl', index_seq = max(index_seq + 1, ?6), index_due_at = ?5, updated_at = ?5
WHERE org_id = +?1 AND coalesce(status, '') <> 'archived'
  AND id IN (SELECT s.document_id FROM (
    SELECT p.document_id
    FROM knowledge_crawls c
    JOIN knowledge_pages p ON p.source_id = c.source_id AND p.state IN ('pending', 'live', 'failed')
    WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3
    ORDER BY p.state <> 'live', p.depth, p.digest
    LIMIT 10000 OFFSET ?4) s)
