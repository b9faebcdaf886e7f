-- Archives the version that is live, once the index holds the one that takes its place. Indexes:
-- knowledge_versions_one_live, knowledge_documents.id.
-- ?1 org_id   ?2 document   ?3 version that goes live   ?4 the change that the index was told of
UPDATE knowledge_versions SET is_live = 0, stage = 'archived'
WHERE document_id = +?2 AND is_live = 1 AND org_id = +?1 AND id <> ?3
  AND EXISTS (SELECT 1 FROM knowledge_documents d
               WHERE d.id = +?2 AND d.index_seq = +?4 AND d.publishing_version_id = +?3)
