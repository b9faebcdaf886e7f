-- Forgets versions of a document that were emptied long ago: all but the newest. Indexes: knowledge_documents.id,
-- knowledge_versions.id, knowledge_versions_numbered.
-- ?1 org_id   ?2 document   ?3 how many are kept   ?4 how many are forgotten at most
DELETE FROM knowledge_versions
WHERE org_id = +?1 AND id IN (
  SELECT v.id
  FROM knowledge_documents d
  CROSS JOIN knowledge_versions l ON l.id = d.live_version_id
  CROSS JOIN knowledge_versions v ON v.document_id = d.id AND v.version_number < l.version_number - ?3
  WHERE d.id = +?2 AND d.org_id = +?1 AND v.emptied_at IS NOT NULL
  ORDER BY v.version_number
  LIMIT +?4)
