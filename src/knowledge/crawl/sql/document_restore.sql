-- Takes the document of a page that is back out of the archive, unless a person put it there: what was live shows
-- again. Indexes:
-- knowledge_documents_by_external_key, knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 address   ?5 now   ?6 now in milliseconds
UPDATE knowledge_documents
SET status = iif(live_version_id IS NULL, 'processing', 'ready'), index_seq = max(index_seq + 1, ?6),
    index_due_at = ?5, updated_at = ?5, archived_by = NULL
WHERE source_id = +?2 AND external_key = +?4 AND org_id = +?1 AND status = 'archived' AND archived_by = 'crawl'
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3)
