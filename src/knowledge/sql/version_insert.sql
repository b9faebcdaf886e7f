-- The next version of a document, unless one holds the same text. Indexes: knowledge_documents.id,
-- knowledge_versions_numbered (UNIQUE).
-- ?1 org_id   ?2 id   ?3 document   ?4 checksum   ?5 now   ?6 by whom   ?7 note, or NULL
INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, checksum, chunk_count,
                                token_count, created_at, created_by, change_note)
SELECT ?2, d.id, d.org_id,
       1 + coalesce((SELECT max(v.version_number) FROM knowledge_versions v WHERE v.document_id = d.id), 0),
       'draft', 0, ?4, 0, 0, ?5, ?6, ?7
FROM knowledge_documents d
WHERE d.id = ?3 AND d.org_id = ?1 AND coalesce(d.status, '') <> 'archived'
  AND NOT EXISTS (SELECT 1 FROM knowledge_versions v WHERE v.document_id = d.id AND v.checksum = ?4)
RETURNING id
