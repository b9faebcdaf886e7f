-- Forgets these pages. Indexes: knowledge_crawls.source_id, knowledge_pages (its key).
-- ?1 org   ?2 source   ?3 lease   ?4 most
DELETE FROM knowledge_pages
WHERE source_id = +?2 AND org_id = +?1
  AND digest IN (SELECT s.digest FROM (
    SELECT p.digest
    FROM knowledge_crawls c
    JOIN knowledge_pages p ON p.source_id = c.source_id AND p.state IN ('pending', 'live', 'failed')
    WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3
    ORDER BY p.state <> 'live', p.depth, p.digest
    LIMIT 10000 OFFSET ?4) s)
