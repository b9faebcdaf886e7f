-- Gives a crawl back whose step failed: it is taken again later, where it was. Index: knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 due
UPDATE knowledge_crawls
SET failures = failures + 1, due_at = ?4, lease_id = NULL, lease_until = NULL
WHERE source_id = +?2 AND org_id = +?1 AND lease_id = +?3
