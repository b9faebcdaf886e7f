-- Work on a version's text that is waiting publishes it as well, if that is asked for now.
-- Index: knowledge_ingestion_jobs_by_version.
-- ?1 org_id   ?2 id of the job that was just made   ?3 version   ?4 1 to publish the version then
UPDATE knowledge_ingestion_jobs SET publishes = max(publishes, ?4)
WHERE version_id = +?3 AND org_id = +?1 AND type IN ('ingest_document', 'rechunk')
  AND status IN ('pending', 'processing') AND (publishes < ?4 OR id = +?2)
