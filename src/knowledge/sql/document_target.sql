-- One document. Index: knowledge_documents.id.
-- ?4 document
SELECT d.id, d.org_id, d.title, coalesce(d.status, 'processing') AS status, d.mime_type
FROM knowledge_documents d
WHERE d.id = +?4 AND (SELECT org_id FROM scope) IN ('*', d.org_id)
