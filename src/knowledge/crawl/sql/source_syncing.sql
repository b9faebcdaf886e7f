-- Says of a source that it waits to be read or is being read. Index: knowledge_sources.id.
-- ?1 org   ?2 source   ?3 now
UPDATE knowledge_sources
SET status = 'syncing', error_message = NULL, updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND type = 'url' AND status <> 'paused'
