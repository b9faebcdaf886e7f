-- What a document is called and made of, once it has a new version. One that is live stays so meanwhile; the index
-- hears of another title. Indexes: knowledge_documents.id, knowledge_versions.id.
-- ?1 org_id   ?2 document   ?3 the new version   ?4 title, NULL to keep it   ?5 path, NULL to keep it
-- ?6 media type   ?7 bytes   ?8 now   ?9 now in milliseconds
UPDATE knowledge_documents SET
  index_seq = CASE WHEN ?4 <> title AND live_version_id IS NOT NULL THEN max(index_seq + 1, ?9) ELSE index_seq END,
  index_due_at = CASE WHEN ?4 <> title AND live_version_id IS NOT NULL THEN ?8 ELSE index_due_at END,
  title = coalesce(?4, title),
  path = coalesce(?5, path),
  mime_type = ?6,
  size_bytes = ?7,
  status = CASE WHEN live_version_id IS NULL THEN 'processing' ELSE status END,
  updated_at = ?8
WHERE id = +?2 AND org_id = +?1 AND EXISTS (SELECT 1 FROM knowledge_versions v WHERE v.id = +?3 AND v.document_id = +?2)
