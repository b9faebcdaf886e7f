-- The pages of a source by address, and when each is visited next. Indexes: knowledge_sources.id,
-- knowledge_crawls.source_id, knowledge_pages_by_url.
-- ?4 source   ?5 ?6 key of the page before   ?7 limit
SELECT p.digest AS id, p.source_id, p.org_id, p.url, p.state, p.outcome, p.depth, p.document_id, p.error, p.attempts,
       p.fetched_at, p.changed_at, coalesce(p.next_at, c.due_at) AS next_at
FROM knowledge_sources k
CROSS JOIN knowledge_pages p ON p.source_id = k.id AND p.org_id = k.org_id
LEFT JOIN knowledge_crawls c ON c.source_id = k.id
WHERE k.id = +?4 AND (SELECT org_id FROM scope) IN (k.org_id, '*')
  AND (p.url, p.digest) > (?5, ?6)
ORDER BY p.url, p.digest
LIMIT +?7
