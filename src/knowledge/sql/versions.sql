-- The versions of a document, highest number first. Indexes: knowledge_documents.id,
-- knowledge_versions_by_document.
-- ?4 document   ?5 ?6 key of the page before   ?7 limit
SELECT v.id, v.document_id, v.org_id, v.version_number, coalesce(v.stage, 'draft') AS stage, v.is_live,
       v.checksum, coalesce(v.chunk_count, 0) AS chunk_count, coalesce(v.token_count, 0) AS token_count,
       v.created_at, v.created_by, v.change_note
FROM knowledge_documents d
CROSS JOIN knowledge_versions v ON v.document_id = d.id AND v.org_id = d.org_id
WHERE d.id = +?4 AND (SELECT org_id FROM scope) IN (d.org_id, '*')
  AND (v.version_number, v.id) < (?5, ?6)
ORDER BY v.version_number DESC, v.id DESC
LIMIT +?7
