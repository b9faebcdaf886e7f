-- Adds pages that were found, as long as there is room: as many as the source may have, and as many again that
-- only lead to others or are skipped. What is known stays as it is, but for a page that was gone. Indexes:
-- knowledge_pages (its key), knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 now   ?5 pages as [[digest, url], …]   ?6 depth   ?7 redirects   ?8 most
INSERT INTO knowledge_pages (source_id, digest, org_id, url, depth, hops, next_at)
SELECT c.source_id, found.value ->> 0, c.org_id, found.value ->> 1, ?6, ?7, ?4
FROM knowledge_crawls c, json_each(?5) AS found
WHERE c.source_id = ?2 AND c.org_id = ?1 AND c.lease_id = ?3
  AND found.key < ?8 - (SELECT count(*) FROM knowledge_pages p
                        WHERE p.source_id = ?2 AND p.state IN ('pending', 'live', 'failed'))
  AND found.key < 2 * ?8 - (SELECT count(*) FROM knowledge_pages p WHERE p.source_id = ?2)
ON CONFLICT (source_id, digest) DO UPDATE
SET next_at = excluded.next_at, depth = min(depth, excluded.depth)
WHERE state = 'gone' AND round < (SELECT c.round FROM knowledge_crawls c WHERE c.source_id = ?2)
