-- Begins a round of a crawl that is held: robots.txt was read. Index: knowledge_crawls.source_id.
-- ?1 org   ?2 source   ?3 lease   ?4 robots   ?5 sitemaps
UPDATE knowledge_crawls
SET phase = 'maps', round = round + 1, failures = 0, left_out = 0, robots = ?4, sitemaps = ?5
WHERE source_id = +?2 AND org_id = +?1 AND lease_id = +?3
RETURNING round
