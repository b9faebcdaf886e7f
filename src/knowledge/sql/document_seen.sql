-- Whether the caller may see a document. Index: knowledge_documents.id.
-- ?4 document
SELECT d.id
FROM knowledge_documents d
WHERE d.id = +?4 AND (SELECT org_id FROM scope) IN (d.org_id, '*')
