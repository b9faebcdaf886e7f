-- Adds pages that were found, as long as there is room: as many as the source may have, and four times as many that
-- only lead to others, are skipped or are gone. What is known takes no place and stays as it is, but for a page that was
-- gone. Indexes: knowledge_pages (its key), knowledge_crawls.source_id, knowledge_documents_by_external_key.
-- ?1 org   ?2 source   ?3 lease   ?4 now   ?5 pages as [[digest, url], …]   ?6 depth   ?7 redirects   ?8 most
INSERT INTO knowledge_pages (source_id, digest, org_id, url, depth, hops, next_at, document_id)
SELECT c.source_id, found.digest, c.org_id, found.url, ?6, ?7, ?4,
       (SELECT d.id FROM knowledge_documents d
         WHERE d.source_id = c.source_id AND d.external_key = found.url AND d.org_id = c.org_id)
FROM knowledge_crawls c
CROSS JOIN (
  SELECT f.value ->> 0 AS digest, f.value ->> 1 AS url, row_number() OVER (ORDER BY f.key) AS place
  FROM json_each(?5) f
  LEFT JOIN knowledge_pages p ON p.source_id = +?2 AND p.digest = f.value ->> 0
  WHERE p.digest IS NULL OR p.state = 'gone'
) AS found
WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3
  AND found.place <= ?8 - (SELECT count(*) FROM knowledge_pages p
                            WHERE p.source_id = +?2 AND p.state IN ('pending', 'live', 'failed'))
  AND found.place <= 5 * ?8 - (SELECT count(*) FROM knowledge_pages p WHERE p.source_id = +?2)
ON CONFLICT (source_id, digest) DO UPDATE
SET next_at = excluded.next_at, depth = min(depth, excluded.depth)
WHERE state = 'gone' AND round < (SELECT c.round FROM knowledge_crawls c WHERE c.source_id = +?2)
