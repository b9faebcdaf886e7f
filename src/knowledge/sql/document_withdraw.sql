-- A document whose version was archived shows it no more, and no longer waits for it. Index: knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 version   ?4 now   ?5 now in milliseconds
UPDATE knowledge_documents SET
  live_version_id = nullif(live_version_id, ?3),
  publishing_version_id = nullif(publishing_version_id, ?3),
  index_seq = max(index_seq + 1, ?5),
  index_due_at = ?4,
  updated_at = ?4
WHERE id = +?2 AND org_id = +?1 AND ?3 IN (live_version_id, publishing_version_id)
