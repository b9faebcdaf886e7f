-- Records a visit. Indexes: knowledge_pages (its key), knowledge_crawls.source_id,
-- knowledge_documents_by_external_key.
-- ?1 org   ?2 source   ?3 lease   ?4 now   ?5 digest   ?6 state   ?7 outcome   ?8 etag   ?9 last modified
-- ?10 checksum   ?11 error   ?12 next visit in this round
UPDATE knowledge_pages
SET state = ?6,
    outcome = iif(?12 IS NULL, ?7, outcome),
    round = (SELECT c.round FROM knowledge_crawls c WHERE c.source_id = +?2),
    etag = ?8,
    last_modified = ?9,
    changed_at = iif(checksum IS NOT ?10 OR state <> ?6, ?4, changed_at),
    checksum = ?10,
    document_id = (SELECT d.id FROM knowledge_documents d
                   WHERE d.source_id = +?2 AND d.external_key = url AND d.org_id = +?1),
    fetched_at = ?4,
    next_at = ?12,
    attempts = iif(?7 = 'failed', attempts, 0),
    error = ?11
WHERE source_id = +?2 AND digest = +?5 AND org_id = +?1
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3)
