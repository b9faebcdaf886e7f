-- Changes what a document is called, or takes it into the archive and out of it; the index hears of both.
-- Index: knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 title   ?4 status, each NULL to keep it   ?5 now   ?6 now in milliseconds
UPDATE knowledge_documents SET
  title = coalesce(?3, title),
  status = coalesce(?4, status),
  archived_by = CASE WHEN ?4 IS NULL THEN archived_by END,
  index_seq = max(index_seq + 1, ?6),
  index_due_at = ?5,
  updated_at = ?5
WHERE id = +?2 AND org_id = +?1
RETURNING id
