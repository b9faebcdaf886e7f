-- Takes the page that is to be visited next, nearest to the start first. The attempt counts before it is made, so
-- that a page which nobody survives is given up. Indexes: knowledge_pages_due, knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 now
UPDATE knowledge_pages
SET attempts = attempts + 1
WHERE source_id = +?2 AND org_id = +?1
  AND digest = (SELECT p.digest FROM knowledge_pages p
                WHERE p.source_id = +?2 AND p.next_at IS NOT NULL AND p.next_at <= ?4
                ORDER BY p.depth, p.digest
                LIMIT 1)
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3)
RETURNING digest, url, state, depth, hops, etag, last_modified, checksum, document_id, attempts
