-- The newest text of a question with its answer. Indexes: knowledge_documents.id, knowledge_versions_by_document,
-- knowledge_contents (PRIMARY KEY).
-- ?4 document
SELECT d.org_id, (SELECT c.text FROM knowledge_versions v JOIN knowledge_contents c ON c.version_id = v.id AND c.part = 1
                   WHERE v.document_id = d.id ORDER BY v.version_number DESC LIMIT 1) AS text
FROM knowledge_documents d
WHERE d.id = +?4 AND (SELECT org_id FROM scope) IN ('*', d.org_id) AND d.mime_type = 'text/x-qa'
