-- What a document is called by its source, where its text is as it was; the index hears of another title.
-- Index: knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 title   ?4 path, each NULL to keep it   ?5 now   ?6 now in milliseconds
UPDATE knowledge_documents SET
  index_seq = CASE WHEN ?3 <> title THEN max(index_seq + 1, ?6) ELSE index_seq END,
  index_due_at = CASE WHEN ?3 <> title THEN ?5 ELSE index_due_at END,
  title = coalesce(?3, title),
  path = coalesce(?4, path),
  updated_at = ?5
WHERE id = +?2 AND org_id = +?1 AND coalesce(status, '') <> 'archived'
