-- Takes the crawls that are due, longest due first: one of each host that nobody else asks. Indexes:
-- knowledge_crawls_due, knowledge_crawls_by_host, knowledge_sources.id, orgs.id.
-- ?1 now   ?2 lease   ?3 until   ?4 how many
UPDATE knowledge_crawls
SET lease_id = ?2, lease_until = ?3
WHERE source_id IN (
  SELECT first.source_id
  FROM (
    SELECT due.source_id, min(due.due_at) AS due_at
    FROM (
      SELECT c.source_id, c.host, c.due_at
      FROM knowledge_crawls c
      JOIN knowledge_sources k ON k.id = c.source_id AND k.org_id = c.org_id AND k.type = 'url'
      JOIN orgs o ON o.id = c.org_id AND o.status IN ('active', 'at_risk')
      WHERE c.due_at <= ?1
        AND coalesce(k.status, 'connected') <> 'paused'
        AND k.removed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM knowledge_crawls s WHERE s.host = c.host AND s.lease_until > ?1)
      ORDER BY c.due_at
      LIMIT 100
    ) AS due
    GROUP BY due.host
  ) AS first
  ORDER BY first.due_at
  LIMIT ?4
)
