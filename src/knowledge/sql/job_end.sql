-- Ends a job that is still held by this run: done, failed for good, or to be tried again.
-- Index: knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 id   ?3 lease id   ?4 status   ?5 next attempt, or NULL   ?6 message for people, or NULL   ?7 now
UPDATE knowledge_ingestion_jobs SET status = ?4, next_attempt_at = ?5, error_message = ?6, lease_id = NULL, updated_at = ?7
WHERE id = +?2 AND org_id = +?1 AND lease_id = +?3
RETURNING id
