-- What becomes of a document whose version was cut, while the job is held: the version is to be published, unless a
-- newer one is or was; else the document is ready as it is. Indexes: knowledge_documents.id, knowledge_versions.id,
-- knowledge_ingestion_jobs.id.
-- ?1 org_id   ?2 version   ?3 job   ?4 lease id   ?5 now   ?6 now in milliseconds
UPDATE knowledge_documents SET
  publishing_version_id = CASE WHEN w.publishes THEN ?2 ELSE publishing_version_id END,
  index_seq = CASE WHEN w.publishes THEN max(index_seq + 1, ?6) ELSE index_seq END,
  index_due_at = CASE WHEN w.publishes THEN ?5 ELSE index_due_at END,
  status = CASE WHEN NOT w.publishes AND status IN ('processing', 'failed') THEN 'ready' ELSE status END,
  updated_at = ?5
FROM (SELECT v.document_id, j.publishes = 1 AND v.version_number >= coalesce(p.version_number, 0) AS publishes
        FROM knowledge_ingestion_jobs j
        JOIN knowledge_versions v ON v.id = j.version_id AND v.org_id = j.org_id
        JOIN knowledge_documents d ON d.id = v.document_id
        LEFT JOIN knowledge_versions p ON p.id = coalesce(d.publishing_version_id, d.live_version_id)
       WHERE j.id = +?3 AND j.org_id = +?1 AND j.lease_id = +?4 AND v.id = +?2) AS w
WHERE knowledge_documents.id = w.document_id AND knowledge_documents.org_id = +?1
  AND coalesce(knowledge_documents.status, '') <> 'archived'
