-- Takes crawls that are due: one of each host that nobody else asks. Orgs take turns: first one crawl of each, that of the
-- org that waited longest; then a second of each. Indexes: knowledge_crawls_due, knowledge_crawls_by_host,
-- knowledge_crawls_by_org_claim, knowledge_sources.id, orgs.id.
-- ?1 now   ?2 lease   ?3 until   ?4 how many
WITH due AS MATERIALIZED (
  SELECT c.source_id, c.org_id, c.host, c.due_at,
         coalesce((SELECT max(s.claimed_at) FROM knowledge_crawls s WHERE s.org_id = c.org_id), '') AS last
  FROM knowledge_crawls c
  JOIN knowledge_sources k ON k.id = c.source_id AND k.org_id = c.org_id AND k.type = 'url'
  JOIN orgs o ON o.id = c.org_id AND o.status IN ('active', 'at_risk')
  WHERE c.due_at <= ?1
    AND coalesce(k.status, 'connected') <> 'paused'
    AND k.removed_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM knowledge_crawls s WHERE s.host = c.host AND s.lease_until > ?1)
  ORDER BY c.due_at
  LIMIT 1000
),
of_host AS (
  SELECT due.source_id, due.org_id, due.due_at, due.last,
         row_number() OVER (PARTITION BY due.host ORDER BY due.last, due.due_at, due.source_id) AS place
  FROM due
),
of_org AS (
  SELECT of_host.source_id, of_host.due_at, of_host.last,
         row_number() OVER (PARTITION BY of_host.org_id ORDER BY of_host.due_at, of_host.source_id) AS place
  FROM of_host WHERE of_host.place = 1
)
UPDATE knowledge_crawls
SET lease_id = ?2, lease_until = ?3, claimed_at = ?1
WHERE source_id IN (
  SELECT of_org.source_id FROM of_org ORDER BY of_org.place, of_org.last, of_org.due_at LIMIT +?4
)
