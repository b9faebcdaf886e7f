-- Makes a version live, once the index holds it. Indexes: knowledge_versions.id, knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 version   ?4 the change that the index was told of
UPDATE knowledge_versions SET is_live = 1, stage = 'live'
WHERE id = +?3 AND org_id = +?1 AND document_id = +?2
  AND EXISTS (SELECT 1 FROM knowledge_documents d
               WHERE d.id = +?2 AND d.index_seq = +?4 AND d.publishing_version_id = +?3)
