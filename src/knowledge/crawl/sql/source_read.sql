-- Says of a source how its reading went: the counts are of the round's visits. Indexes: knowledge_sources.id,
-- knowledge_crawls.source_id, knowledge_pages (its key).
-- ?1 org   ?2 source   ?3 lease   ?4 now   ?5 status   ?6 error   ?7 whether the round has ended
UPDATE knowledge_sources
SET status = iif(status = 'paused', status, ?5),
    error_message = ?6,
    last_synced_at = iif(?7, ?4, last_synced_at),
    sync_cursor = (
      SELECT json_object(
        'round', c.round,
        'new', count(*) FILTER (WHERE p.outcome = 'new'),
        'changed', count(*) FILTER (WHERE p.outcome = 'changed'),
        'unchanged', count(*) FILTER (WHERE p.outcome = 'unchanged'),
        'gone', count(*) FILTER (WHERE p.outcome = 'gone'),
        'skipped', count(*) FILTER (WHERE p.outcome = 'skipped'),
        'failed', count(*) FILTER (WHERE p.outcome = 'failed'),
        'left_out', c.left_out)
      FROM knowledge_crawls c
      LEFT JOIN knowledge_pages p ON p.source_id = c.source_id AND p.round = c.round AND p.next_at IS NULL
      WHERE c.source_id = +?2),
    updated_at = ?4
WHERE id = +?2 AND org_id = +?1
  AND EXISTS (SELECT 1 FROM knowledge_crawls c WHERE c.source_id = +?2 AND c.org_id = +?1 AND c.lease_id = +?3)
