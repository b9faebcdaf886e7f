-- Moves a crawl that is held forward. Index: knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 phase   ?5 failures   ?6 sitemaps
UPDATE knowledge_crawls
SET phase = ?4, failures = ?5, sitemaps = ?6
WHERE source_id = +?2 AND org_id = +?1 AND lease_id = +?3
RETURNING source_id
