-- Changes a source. Index: knowledge_sources.id.
-- ?1 org_id   ?2 source   ?3 name   ?4 status   ?5 config, each NULL to keep it   ?6 now
UPDATE knowledge_sources SET
  name = coalesce(?3, name),
  status = coalesce(?4, status),
  error_message = CASE WHEN ?4 IS NULL THEN error_message END,
  config = coalesce(?5, config),
  updated_at = ?6
WHERE id = +?2 AND org_id = +?1 AND removed_at IS NULL
RETURNING id
