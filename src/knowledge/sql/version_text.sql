-- The text of a version in its parts, and the type of its document. Indexes: knowledge_versions.id,
-- knowledge_documents.id, knowledge_contents (PRIMARY KEY).
-- ?1 org_id   ?2 version
SELECT d.mime_type, c.text
FROM knowledge_versions v
JOIN knowledge_documents d ON d.id = v.document_id
CROSS JOIN knowledge_contents c ON c.version_id = v.id
WHERE v.id = ?2 AND v.org_id = ?1
ORDER BY c.part
