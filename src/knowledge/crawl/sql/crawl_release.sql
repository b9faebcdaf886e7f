-- Gives a crawl back. Index: knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 phase   ?5 failures   ?6 due
UPDATE knowledge_crawls
SET phase = ?4, failures = ?5, due_at = ?6, lease_id = NULL, lease_until = NULL
WHERE source_id = +?2 AND org_id = +?1 AND lease_id = +?3
