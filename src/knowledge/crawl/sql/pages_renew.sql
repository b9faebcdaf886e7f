-- Every page that is known is to be visited in the round that begins. Indexes: knowledge_pages_by_org,
-- knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 now   ?5 whether their links are to be looked at anew: then each is sent whole
UPDATE knowledge_pages
SET next_at = ?4, attempts = 0, hops = 0, etag = iif(?5, NULL, etag),
    last_modified = iif(?5, NULL, last_modified)
WHERE source_id = +?2 AND org_id = +?1
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3)
