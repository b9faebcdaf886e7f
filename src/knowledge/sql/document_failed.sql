-- Marks a document that has nothing live, if the statement before ended its job. Index: knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 now
UPDATE knowledge_documents SET status = 'failed', updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND status = 'processing' AND live_version_id IS NULL AND changes() > 0
