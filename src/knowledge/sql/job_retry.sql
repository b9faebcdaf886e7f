-- Tries a job again now, with all its attempts, unless it is under way or done. Index: knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 job   ?3 now
UPDATE knowledge_ingestion_jobs SET status = 'pending', attempts = 0, next_attempt_at = ?3, error_message = NULL,
  lease_id = NULL, updated_at = ?3
WHERE id = +?2 AND org_id = +?1 AND status IN ('pending', 'failed')
RETURNING id
