-- Every page that is known is to be visited in the round that begins. Indexes: knowledge_pages (its key),
-- knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 now
UPDATE knowledge_pages
SET next_at = ?4, attempts = 0, hops = 0
WHERE source_id = ?2 AND org_id = ?1
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = ?2 AND c.org_id = ?1 AND c.lease_id = ?3)
