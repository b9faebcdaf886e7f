-- One ingestion job after a change. Index: knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 job
SELECT j.id, j.org_id, j.source_id, j.document_id, j.version_id, j.type, j.status, j.error_message, j.attempts,
       CASE j.status WHEN 'pending' THEN j.next_attempt_at END AS next_attempt_at, j.created_at, j.updated_at
FROM knowledge_ingestion_jobs j
WHERE j.id = +?2 AND j.org_id = +?1
