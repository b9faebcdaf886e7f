-- The org_id that waits longest for its part of the index to be written anew, and how many of its documents the index
-- has yet to be told of (50 at most). Indexes: knowledge_reindexes_by_time, knowledge_documents_due_by_org.
-- ?1 now
SELECT r.org_id, r.requested_at, r.cursor,
       (SELECT count(*) FROM (
          SELECT 1 FROM knowledge_documents d WHERE d.org_id = r.org_id AND d.index_due_at IS NOT NULL LIMIT 50)) AS waiting
FROM knowledge_reindexes r
WHERE r.requested_at <= ?1
ORDER BY r.requested_at
LIMIT 1
