-- Old versions of a document lose their text: of those before the one that is live, all but the newest. What is about
-- to be published or waits to be cut keeps it. Indexes: knowledge_documents.id, knowledge_versions.id,
-- knowledge_versions_numbered, knowledge_ingestion_jobs_by_version.
-- ?1 org_id   ?2 document   ?3 now   ?4 how many keep it   ?5 how many lose it at most
UPDATE knowledge_versions SET emptied_at = ?3, stored_bytes = 0, chunk_count = 0
WHERE org_id = +?1 AND id IN (
  SELECT v.id
  FROM knowledge_documents d
  CROSS JOIN knowledge_versions l ON l.id = d.live_version_id
  CROSS JOIN knowledge_versions v ON v.document_id = d.id AND v.version_number < l.version_number
  WHERE d.id = +?2 AND d.org_id = +?1 AND v.emptied_at IS NULL AND v.id IS NOT d.publishing_version_id
    AND NOT EXISTS (SELECT 1 FROM knowledge_ingestion_jobs j
                     WHERE j.version_id = v.id AND j.status IN ('pending', 'processing'))
  ORDER BY v.version_number DESC
  LIMIT +?5 OFFSET ?4)
