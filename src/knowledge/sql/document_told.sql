-- The index was told of a document, unless it changed meanwhile: what was being published is live.
-- Index: knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 version that is live now, or NULL   ?4 the change that the index was told of   ?5 now
UPDATE knowledge_documents SET
  live_version_id = coalesce(?3, live_version_id),
  status = CASE WHEN ?3 IS NULL THEN status ELSE 'ready' END,
  updated_at = CASE WHEN ?3 IS NULL THEN updated_at ELSE ?5 END,
  publishing_version_id = NULL,
  index_due_at = NULL
WHERE id = +?2 AND org_id = +?1 AND index_seq = +?4
RETURNING id
