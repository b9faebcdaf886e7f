-- All versions of a document, for the index to forget. Index: knowledge_versions_by_document.
-- ?1 org_id   ?2 document
SELECT v.id FROM knowledge_versions v WHERE v.document_id = +?2 AND v.org_id = +?1
