-- The crawls that a lease holds, with what their sources were told. Indexes: knowledge_crawls_by_lease,
-- knowledge_sources.id.
-- ?1 lease
SELECT c.source_id, c.org_id, c.host, c.phase, c.failures, c.robots, c.sitemaps, k.config
FROM knowledge_crawls c
JOIN knowledge_sources k ON k.id = c.source_id AND k.org_id = c.org_id
WHERE c.lease_id = +?1
