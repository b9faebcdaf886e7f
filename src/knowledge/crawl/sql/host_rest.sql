-- Nobody asks a host again before a moment, whichever source it is for. Index: knowledge_crawls_by_host.
-- ?1 host   ?2 moment
UPDATE knowledge_crawls
SET due_at = ?2
WHERE host = +?1 AND due_at < ?2
